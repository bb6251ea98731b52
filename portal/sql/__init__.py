"""Owns parsing, scopes and name resolution per dialect, pure. Lineage and policy both stand on it.
Offers `parse_query`, `bind_tables`, `qualify` and the error `SqlProblem` that says where and why.
Stands on sqlglot alone.
"""
