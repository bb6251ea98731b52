"""Owns statements that were executed in a store: taken in, kept without their literals, as evidence of lineage.
Offers `import_statements`; stands on the catalog's columns and edges and on the lineage engine of `portal.sql`.
"""
