"""The same small table in each store, and how each store says the same things."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pyarrow as pa

from portal.stores.types import Command, Documents, Sql, Statement, Store

AT = datetime(2026, 3, 29, 1, 30, 0, 123000, tzinfo=timezone(timedelta(hours=2)))
SCHEMA = pa.schema(
    [
        pa.field("ID", pa.int64()),
        pa.field("AMOUNT", pa.decimal128(20, 2)),
        pa.field("NAME", pa.string()),
        pa.field("AT", pa.timestamp("us", "UTC")),
        pa.field("OK", pa.bool_()),
    ]
)
ROWS: list[dict[str, Any]] = [
    {"ID": 1, "AMOUNT": Decimal("123456789012345678.91"), "NAME": "Zoë 😀 'q' \"d\" \\ ,\n", "AT": AT, "OK": True},
    {"ID": 2, "AMOUNT": Decimal("-0.01"), "NAME": "", "AT": datetime(1969, 12, 31, 23, 59, tzinfo=UTC), "OK": False},
    {"ID": 3, "AMOUNT": None, "NAME": None, "AT": None, "OK": None},
]


def batch(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA)


@dataclass
class PostgresLab:
    name = "oltp"
    kind = "postgres"
    decimals = pa.decimal128(20, 2)
    dataset: str = field(default_factory=lambda: f"t_{uuid4().hex[:12]}")

    @property
    def target(self) -> tuple[str, ...]:
        return ("payments", "public", self.dataset)

    def create(self, store: Store) -> None:
        store.execute(
            Sql(
                f'create table "{self.dataset}" ("ID" bigint primary key, "AMOUNT" numeric(20,2), '
                '"NAME" text, "AT" timestamptz, "OK" boolean)'
            )
        )

    def drop(self, store: Store) -> None:
        store.execute(Sql(f'drop table if exists "{self.dataset}"'))

    def all(self) -> Statement:
        return Sql(f'select * from "{self.dataset}" order by "ID"')

    def matching(self, name: str, at: datetime) -> Statement:
        return Sql(f'select "ID" from "{self.dataset}" where "NAME" = %s and "AT" = %s', (name, at))

    def none(self) -> Statement:
        return Sql(f'select * from "{self.dataset}" where false')

    def numbers(self, count: int) -> Statement:
        return Sql(f"select i::bigint as n from generate_series(1, {count}) i")

    def slow(self) -> Statement:
        return Sql("select pg_sleep(30)")

    def writing(self) -> Sequence[Statement]:
        table = f'"{self.dataset}"'
        return (
            Sql(f"delete from {table}"),
            Sql(f"with gone as (delete from {table} returning 1) select * from gone"),
            Sql(f"create table {self.dataset}_x as select 1 as n"),
            Sql("set transaction read write"),
        )

    def broken(self) -> Statement:
        return Sql("select 1\nfrm x y")

    def unknown(self) -> Statement:
        return Sql("select * from nowhere")

    def misfit(self) -> Statement:
        return Sql("select 1 / (n - 1) from (select 1 as n) t")

    def add(self, identity: int) -> Sql | Command:
        return Sql(f'insert into "{self.dataset}" ("ID") values (%s)', (identity,))

    def remove_all(self) -> Sql | Command:
        return Sql(f'delete from "{self.dataset}"')


@dataclass
class SnowflakeLab:
    name = "warehouse"
    kind = "snowflake"
    decimals = pa.decimal128(20, 2)
    dataset: str = field(default_factory=lambda: f"T_{uuid4().hex[:12].upper()}")

    @property
    def target(self) -> tuple[str, ...]:
        return ("ANALYTICS", "RAW", self.dataset)

    def create(self, store: Store) -> None:
        store.execute(
            Sql(
                f"create table RAW.{self.dataset} (ID NUMBER(38,0) primary key, AMOUNT NUMBER(20,2), "
                '"NAME" VARCHAR, "AT" TIMESTAMP_TZ, "OK" BOOLEAN)'
            )
        )

    def drop(self, store: Store) -> None:
        store.execute(Sql(f"drop table if exists RAW.{self.dataset}"))

    def all(self) -> Statement:
        return Sql(f"select * from RAW.{self.dataset} order by ID")

    def matching(self, name: str, at: datetime) -> Statement:
        return Sql(f'select ID from RAW.{self.dataset} where "NAME" = %s and "AT" = %s', (name, at))

    def none(self) -> Statement:
        return Sql(f"select * from RAW.{self.dataset} where false")

    def numbers(self, count: int) -> Statement:
        return Sql(f"select seq4() + 1 as n from table(generator(rowcount => {count}))")

    def slow(self) -> Statement:
        rows = "(select seq4() i from table(generator(rowcount => 300000)))"
        return Sql(f"select count(*) as n from {rows} a, {rows} b where a.i * b.i % 7 = 3")

    def writing(self) -> Sequence[Statement]:
        return (
            Sql(f"delete from RAW.{self.dataset}"),
            Sql(f"/* select */ delete from RAW.{self.dataset}"),
            Sql(f"create table RAW.{self.dataset}_X as select 1 as n"),
            Sql("commit"),
        )

    def broken(self) -> Statement:
        return Sql("select 1\nfrm x y")

    def unknown(self) -> Statement:
        return Sql("select * from RAW.NOWHERE")

    def misfit(self) -> Statement:
        return Sql("select to_number('x')")

    def add(self, identity: int) -> Sql | Command:
        return Sql(f"insert into RAW.{self.dataset} (ID) select %s", (identity,))

    def remove_all(self) -> Sql | Command:
        return Sql(f"delete from RAW.{self.dataset}")


BUSY = "function() { const end = Date.now() + 30000; while (Date.now() < end) {} return true }"


@dataclass
class MongoLab:
    name = "documents"
    kind = "mongo"
    decimals = pa.decimal128(20, 2)
    dataset: str = field(default_factory=lambda: f"c_{uuid4().hex[:12]}")

    @property
    def target(self) -> tuple[str, ...]:
        return ("payments", self.dataset)

    def create(self, store: Store) -> None:
        store.execute(
            Command({"create": self.dataset}),
            Command({"createIndexes": self.dataset, "indexes": [{"key": {"ID": 1}, "name": "id", "unique": True}]}),
        )

    def drop(self, store: Store) -> None:
        store.execute(Command({"drop": self.dataset}))

    def all(self) -> Statement:
        return Documents(self.dataset, ({"$sort": {"ID": 1}}, {"$project": {"_id": 0}}))

    def matching(self, name: str, at: datetime) -> Statement:
        return Documents(self.dataset, ({"$match": {"NAME": name, "AT": at}}, {"$project": {"_id": 0, "ID": 1}}))

    def none(self) -> Statement:
        return Documents(self.dataset, ({"$match": {"ID": -1}},))

    def numbers(self, count: int) -> Statement:
        numbers = {"n": {"$range": [1, count + 1]}}
        return Documents(self.dataset, ({"$limit": 1}, {"$project": {"_id": 0, **numbers}}, {"$unwind": "$n"}))

    def slow(self) -> Statement:
        function = {"$function": {"body": BUSY, "args": [], "lang": "js"}}
        return Documents(self.dataset, ({"$match": {"$expr": function}},))

    def writing(self) -> Sequence[Statement]:
        return (
            Documents(self.dataset, ({"$out": f"{self.dataset}_x"},)),
            Documents(self.dataset, ({"$merge": {"into": f"{self.dataset}_x"}},)),
            Documents(
                self.dataset,
                ({"$lookup": {"from": self.dataset, "pipeline": [{"$merge": "x"}], "as": "found"}},),
            ),
        )

    def broken(self) -> Statement:
        return Documents(self.dataset, ({"$nope": 1},))

    def unknown(self) -> Statement:
        return Documents(self.dataset, ({"$project": {"x": {"$nope": 1}}},))

    def misfit(self) -> Statement:
        return Documents(self.dataset, ({"$project": {"x": {"$divide": ["$ID", {"$subtract": ["$ID", "$ID"]}]}}},))

    def add(self, identity: int) -> Sql | Command:
        return Command({"insert": self.dataset, "documents": [{"ID": identity}]})

    def remove_all(self) -> Sql | Command:
        return Command({"delete": self.dataset, "deletes": [{"q": {}, "limit": 0}]})


Lab = PostgresLab | SnowflakeLab | MongoLab
LABS: dict[str, type[Lab]] = {"postgres": PostgresLab, "mongo": MongoLab, "snowflake": SnowflakeLab}
