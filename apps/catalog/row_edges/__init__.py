"""Owns row edges: which columns decide what rows a dataset has.
Offers `row_upstream`, `row_downstream` and what writes them; stands on the catalog's columns and datasets.
"""
