"""A pipeline small enough to run many times: one table, one collection, three models. Its datasets are its own, so
that it never meets those of the estate on the same servers."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from estate.pipelines.definition import Agreement, Column, Extract, Measure, Pipeline, Transform
from portal.stores import open_store
from portal.stores.types import Command, Documents, Sql, StoreError

START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = Extract(
    key="oltp.tiny_orders",
    source="oltp",
    path=("public", "tiny_orders"),
    target=("ANALYTICS", "RAW", "TINY_ORDERS"),
    columns=(
        Column("id", "ID", "VARCHAR"),
        Column("email", "EMAIL", "VARCHAR"),
        Column("amount", "AMOUNT", "NUMBER(38,0)"),
        Column("currency", "CURRENCY", "VARCHAR"),
        Column("address", "ADDRESS", "VARCHAR"),
        Column("detail", "DETAIL", "VARIANT"),
        Column("updated_at", "UPDATED_AT", "TIMESTAMP_TZ"),
    ),
)
VISITS = Extract(
    key="documents.tiny_visits",
    source="documents",
    path=("tiny_visits",),
    target=("ANALYTICS", "RAW", "TINY_VISITS"),
    columns=(
        Column("_id", "ID", "VARCHAR"),
        Column("place.city", "PLACE_CITY", "VARCHAR"),
        Column("score", "SCORE", "NUMBER(38,0)"),
        Column("tags", "TAGS", "VARIANT"),
        Column("updated_at", "UPDATED_AT", "TIMESTAMP_TZ"),
    ),
    keys=("_id",),
)
MONEY = "currency, count(*) as n, coalesce(sum(amount), 0) as total"
NEWEST = (
    "select * from ANALYTICS.RAW.TINY_ORDERS qualify row_number() over (partition by ID order by UPDATED_AT desc) = 1"
)
AGREE = Agreement(
    key="orders_agree",
    title="Orders agree by currency",
    groups=("currency",),
    figures=("rows", "amount"),
    measures=(
        Measure(
            "oltp",
            "PostgreSQL",
            f"select {MONEY} from public.tiny_orders group by currency",
            ("public", "tiny_orders"),
        ),
        Measure("warehouse", "RAW", f"select {MONEY} from ({NEWEST}) as newest group by currency"),
    ),
)
BUILT = Agreement(
    key="totals_agree",
    title="Totals agree by currency",
    groups=("currency",),
    figures=("rows", "amount"),
    measures=(
        *AGREE.measures[:1],
        Measure(
            "warehouse",
            "TINY",
            "select CURRENCY, ORDERS, AMOUNT from ANALYTICS.TINY.TOTALS",
            ("ANALYTICS", "TINY", "TOTALS"),
        ),
    ),
)
LOADS = Pipeline("tiny_loads", "Tiny loads", "Loads only.", "tests", (ORDERS, VISITS), (), (AGREE,))
WHOLE = Pipeline(
    "tiny",
    "Tiny",
    "Loads, builds, checks.",
    "tests",
    (ORDERS, VISITS),
    (Transform(Path(__file__).with_name("tiny_dbt")),),
    (BUILT,),
)
BUILDS = Pipeline("tiny_builds", "Tiny builds", "Builds only.", "tests", (), WHOLE.transforms, ())
PIPELINES = {
    "tiny_loads": "tests.pipelines.tiny.LOADS",
    "tiny": "tests.pipelines.tiny.WHOLE",
    "tiny_builds": "tests.pipelines.tiny.BUILDS",
}
TABLES = ("RAW.TINY_ORDERS", "RAW.TINY_VISITS", "TINY.ORDERS", "TINY.TOTALS")


def create() -> None:
    drop()
    open_store("oltp", "owner").execute(
        Sql(
            "create table public.tiny_orders (id text primary key, email text, amount bigint not null, "
            "currency char(3) not null, address inet, detail jsonb, token text, updated_at timestamptz not null)"
        ),
        Sql("create index on public.tiny_orders (updated_at, id)"),
    )
    open_store("documents", "owner").execute(Command({"create": "tiny_visits"}))


def drop() -> None:
    open_store("oltp", "owner").execute(Sql("drop table if exists public.tiny_orders"))
    with suppress(StoreError):  # there is none yet
        open_store("documents", "owner").execute(Command({"drop": "tiny_visits"}))
    empty_warehouse()


def empty_warehouse() -> None:
    store = open_store("warehouse", "owner")
    for name in TABLES:
        store.execute(Sql(f"drop table if exists ANALYTICS.{name}"))
    store.execute(Sql("drop view if exists ANALYTICS.TINY.VISITS"))


def add_orders(first: int, count: int, *, at: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
    """Orders numbered from `first`, one every `step`."""
    open_store("oltp", "owner").execute(
        Sql(
            "insert into public.tiny_orders select 'o' || lpad(n::text, 8, '0'), 'p' || n || '@example.com', n * 7, "
            "(array['BRL','EUR','JPY'])[1 + n % 3], ('10.0.0.' || n % 256)::inet, jsonb_build_object('n', n), 'x', "
            "%s::timestamptz + %s::interval * (n - %s) from generate_series(%s::int, %s::int) n",
            (at.isoformat(), f"{step.total_seconds()} seconds", first, first, first + count - 1),
        )
    )


def fill_raw(orders: int) -> None:
    """RAW as loads would leave it, for those who only build."""
    store = open_store("warehouse", "owner")
    store.execute(
        Sql(
            "create or replace table ANALYTICS.RAW.TINY_ORDERS as select 'o' || SEQ as ID, 'p@example.com' as EMAIL, "
            "SEQ * 7 as AMOUNT, case SEQ % 3 when 0 then 'BRL' when 1 then 'EUR' else 'JPY' end as CURRENCY, "
            "'2026-01-01 00:00:00'::timestamp as UPDATED_AT "
            f"from (select row_number() over (order by 1) as SEQ from table(generator(rowcount => {orders})))"
        )
    )
    store.execute(Sql("create or replace table ANALYTICS.RAW.TINY_VISITS (ID text, PLACE_CITY text, TAGS variant)"))


def add_visits(first: int, count: int, *, at: datetime = START) -> None:
    documents = [
        {
            "_id": f"v{n}",
            "place": {"city": f"city {n % 5}"},
            "score": "five" if n % 100 == 7 else n,  # documents promise no types
            "tags": "alone" if n % 50 == 3 else [{"t": n}],
            "updated_at": at + timedelta(seconds=n),
        }
        for n in range(first, first + count)
    ]
    open_store("documents", "owner").execute(Command({"insert": "tiny_visits", "documents": documents}))


def rows_of(table: str) -> list[tuple[object, ...]]:
    """Every row without what each load adds by itself, sorted."""
    with open_store("warehouse", "loader").read(Sql(f"select * from ANALYTICS.{table}")) as rows:
        names = [name for name in rows.schema.names if not name.startswith("_")]
        found = [tuple(str(row[name]) for name in names) for batch in rows for row in batch.to_pylist()]
    return sorted(found)


def fingerprint(*tables: str) -> str:
    return hashlib.sha256(repr([(table, rows_of(table)) for table in tables]).encode()).hexdigest()


def source_count(collection: str = "tiny_visits") -> int:
    counted = Documents(collection, ({"$count": "n"},))
    with open_store("documents", "loader").read(counted) as rows:
        return sum(row["n"] for batch in rows for row in batch.to_pylist())
