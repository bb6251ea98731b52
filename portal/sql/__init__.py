"""Owns parsing, scopes and name resolution per dialect, pure. Lineage and policy both stand on it."""
