"""Proof by execution, inside the environment of tools: changes one source column, runs a model, sees what changes.

    .venv-tools/bin/python bench/lineage_child.py TASK.json

The task names tables (Parquet files) and models (statements in Snowflake's or PostgreSQL's dialect); what comes out,
one JSON line a model, says for each source column and each change which output columns and whether the number of rows
changed. It knows nothing of the lineage engine.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import sqlglot
from fakesnow.instance import FakeSnow

# A change is an expression over the column (`__c`) and the row's number (`__rn`).
TEXT = {
    "shifted": "__c || '~'",
    "thinned": "case when __rn % 3 > 0 then __c end",
    "merged": "(select min(__c) from {base})",
}
NUMBER = {"shifted": "__c + 7", "thinned": TEXT["thinned"], "merged": TEXT["merged"]}
MOMENT = {"shifted": "__c + interval 400 day", "thinned": TEXT["thinned"], "merged": TEXT["merged"]}
FLAG = {"shifted": "not __c", "thinned": TEXT["thinned"], "merged": "true"}
OTHER = {"thinned": TEXT["thinned"], "emptied": "null"}
ROTATED = {"rotated": "coalesce(lead(__c, 3) over (order by __rn), first_value(__c) over (order by __rn))"}
Ran = tuple[list[str], list[Counter[str]], int]


def changes_of(kind: str) -> dict[str, str]:
    kind = kind.upper()
    numbers = ("INT", "BIGINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL", "SMALLINT", "TINYINT")
    found = OTHER
    if kind.startswith("VARCHAR"):
        found = TEXT
    elif kind.startswith(numbers):
        found = NUMBER
    elif kind.startswith(("TIMESTAMP", "DATE")):
        found = MOMENT
    elif kind == "BOOLEAN":
        found = FLAG
    return {**found, **ROTATED}


def quoted(path: list[str], suffix: str = "") -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in [*path[:-1], path[-1] + suffix])


class Bench:
    def __init__(self, task: dict[str, Any]) -> None:
        self.snow = FakeSnow()
        first = task["tables"][0]["path"]
        self.session = self.snow.connect(database=first[0], schema=first[1])
        self.duck: duckdb.DuckDBPyConnection = self.session._duck_conn
        self.dialect = task["dialect"]
        self.types: dict[str, dict[str, str]] = {}
        for table in task["tables"]:
            self.make(table)

    def make(self, table: dict[str, Any]) -> None:
        path = table["path"]
        cursor = self.session.cursor()
        cursor.execute(f'create database if not exists "{path[0]}"')
        cursor.execute(f'create schema if not exists "{path[0]}"."{path[1]}"')
        casts = ", ".join(
            f'cast("{name}" as json) as "{name}"' if name in table["documents"] else f'"{name}"'
            for name in table["columns"]
        )
        self.duck.execute(
            f"create or replace table {quoted(path, '__base')} as "
            f"select {casts}, row_number() over () as __rn from read_parquet('{table['file']}')"
        )
        self.reset(path)
        described = self.duck.execute(f"describe {quoted(path)}").fetchall()
        self.types[json.dumps(path)] = {name: kind for name, kind, *_ in described}

    def reset(self, path: list[str]) -> None:
        base = quoted(path, "__base")
        self.duck.execute(
            f"create or replace table {quoted(path)} as select * exclude (__rn) from {base} order by __rn"
        )

    def change(self, path: list[str], column: str, expression: str) -> None:
        base = quoted(path, "__base")
        inner = f'select *, "{column}" as __c from {base}'
        expression = expression.replace("{base}", f"({inner})")
        self.duck.execute(
            f"create or replace table {quoted(path)} as select * exclude (__rn, __c) "
            f'replace ({expression} as "{column}") from ({inner}) order by __rn'
        )

    def run(self, text: str) -> Ran:
        if self.dialect == "snowflake":
            cursor = self.session.cursor()
            cursor.execute(text)
            rows, names = cursor.fetchall(), [each[0] for each in cursor.description]
        else:
            ran = self.duck.execute(sqlglot.transpile(text, read=self.dialect, write="duckdb")[0])
            rows, names = ran.fetchall(), [each[0] for each in ran.description]
        return names, [Counter(repr(row[n]) for row in rows) for n in range(len(names))], len(rows)

    def prove(self, model: dict[str, Any]) -> dict[str, Any]:
        try:
            names, before, count = self.run(model["sql"])
            _, again, _ = self.run(model["sql"])
        except Exception as error:  # noqa: BLE001 - whatever the emulator cannot do is told as not tried
            return {"model": model["name"], "error": f"{type(error).__name__}: {str(error)[:200]}"}
        moving = {n for n in range(len(names)) if before[n] != again[n]}  # a clock, a random number
        found = list(self.columns(model, before, count, moving))
        return {"model": model["name"], "outputs": names, "rows": count, "moving": sorted(moving), "changes": found}

    def columns(
        self, model: dict[str, Any], before: list[Any], count: int, moving: set[int]
    ) -> Iterator[dict[str, Any]]:
        for path in model["inputs"]:
            for column, kind in self.types[json.dumps(path)].items():
                for how, expression in changes_of(kind).items():
                    told = {"path": path, "column": column, "how": how}
                    try:
                        self.change(path, column, expression)
                        _, after, rows = self.run(model["sql"])
                    except Exception as error:  # noqa: BLE001 - a value that the statement cannot take
                        yield {**told, "error": type(error).__name__}
                        continue
                    changed = [n for n in range(len(before)) if n not in moving and before[n] != after[n]]
                    yield {**told, "outputs": changed, "rows": rows != count}
            self.reset(path)


def main() -> None:
    with open(sys.argv[1]) as file:
        task = json.load(file)
    bench = Bench(task)
    for model in task["models"]:
        print(json.dumps(bench.prove(model)), flush=True)


if __name__ == "__main__":
    main()
