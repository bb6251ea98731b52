"""Puts rows into the OLTP: all of a load in one transaction, and the same load twice gives the same tables."""

from estate.oltp import scripts
from estate.types import Batches, Progress
from portal.stores.types import Sql, Store

# In an order that reads well; keys are put back at the end, so it need not follow them.
TABLES = (
    "merchants", "customers", "payment_methods", "payment_intents", "charges", "refunds", "disputes", "payouts",
    "balance_transactions", "invoices", "invoice_items",
)  # fmt: skip
LIMIT_S = 1800.0
KEYS = Sql(
    "select conname::text as name from pg_constraint where connamespace = 'public'::regnamespace "
    "union all select indexname::text from pg_indexes where schemaname = 'public'"
)


def ensure_schema(store: Store) -> None:
    """Creates what is missing: tables, comments, foreign keys, indexes."""
    store.execute(*scripts.schema(), timeout_s=LIMIT_S)
    with store.read(KEYS) as rows:
        there = {row["name"] for batch in rows for row in batch.to_pylist()}
    if missing := scripts.missing_keys(there):
        store.execute(*missing, timeout_s=LIMIT_S)


def load(store: Store, batches: Batches, *, progress: Progress) -> dict[str, int]:
    """Rows taken per table. New rows are inserted, changed ones updated; a row that is as it was keeps its
    `updated_at`, so that nobody extracts it again. Keys must be unique within the load. Raises StoreError."""
    counts: dict[str, int] = {}
    staged: dict[str, list[str]] = {}
    with store.transaction() as bound:
        bound.execute(*scripts.drop_keys(), timeout_s=LIMIT_S)
        empty = [table for table in TABLES if is_empty(bound, table)]
        bound.execute(*(_drop_primary_key(table) for table in empty))
        for table, batch in batches:
            if table not in empty and table not in staged:
                staged[table] = list(batch.schema.names)
                bound.execute(_stage(table))
            # Into an empty table at once, its key built afterwards: four times as fast as through a stage.
            bound.write(("public", table) if table in empty else ("pg_temp", f"load_{table}"), [batch])
            counts[table] = counts.get(table, 0) + batch.num_rows
            progress(table, counts[table])
        bound.execute(*(_merge(table, staged[table]) for table in TABLES if table in staged))
        bound.execute(*(_add_primary_key(table) for table in empty))
        bound.execute(*scripts.keys())
    return counts


def is_empty(store: Store, table: str) -> bool:
    with store.read(Sql(f"select 1 as one from public.{table} limit 1")) as rows:  # noqa: S608 - a name of ours
        return not any(batch.num_rows for batch in rows)


def _drop_primary_key(table: str) -> Sql:
    return Sql(f"alter table public.{table} drop constraint if exists {table}_pkey")


def _add_primary_key(table: str) -> Sql:
    return Sql(f"alter table public.{table} add constraint {table}_pkey primary key (id)")


def _stage(table: str) -> Sql:
    return Sql(f"create temporary table load_{table} (like public.{table} including defaults) on commit drop")


def _merge(table: str, columns: list[str]) -> Sql:
    names = ", ".join(columns)
    values = [name for name in columns if name != "id"]
    assign = ", ".join(f"{name} = excluded.{name}" for name in values)
    old = ", ".join(f"held.{name}" for name in values)
    new = ", ".join(f"excluded.{name}" for name in values)
    return Sql(
        f"insert into public.{table} as held ({names}, updated_at) "  # noqa: S608 - names of our own tables
        f"select {names}, clock_timestamp() from pg_temp.load_{table} "
        f"on conflict (id) do update set {assign}, updated_at = excluded.updated_at "
        f"where ({old}) is distinct from ({new})"
    )
