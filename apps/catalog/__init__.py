"""Owns sources, datasets, columns, their categories, owners, lineage, checks, and search over them.
Offers schemas to the gate, `services` to those who load and check data, pages and an API to people.
Stands on stores (introspection), sql (lineage of a statement), accounts (who may know of what) and audit."""
