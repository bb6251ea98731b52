"""Owns pipelines: definitions, schedules, cursors, extraction, loads with their receipts, dbt, checks.
Offers step kinds to durable runs, `manage.py run_pipeline`, pages and an API.
Stands on portal.runs (durable work), portal.stores (rows) and catalog.services (lineage, checks, freshness).
"""
