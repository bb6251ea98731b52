"""Seeing more for a while: somebody asks for a column or a dataset, somebody else decides, the grant ends by itself.
Stands on the policy's choice of a mask; knows nothing of queries.
"""
