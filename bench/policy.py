"""What the policy engine costs: a decision beside the parser's own work, one that is kept, and masks beside raw reads.

    .venv/bin/python bench/policy.py [--rows 100000]

The 99 queries of TPC-DS are read from sqlglot's source distribution, which pip fetches into `.portico/bench/`. Exit code 1: a
decision takes more than 1.6 times what sqlglot itself needs to parse, qualify and generate; one that is kept 0.5 ms or
more; a governed read more than 1.15 times a raw one.
"""

import argparse
import csv
import gzip
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
CACHE = BASE / ".portico" / "bench"
MOST_DECISION, MOST_KEPT_MS, MOST_READ = 1.6, 0.5, 1.15
TURNS = 5
PERSONAL = {"c_email_address": "user.contact.email", "c_last_name": "user.name", "c_first_name": "user.name"}
QUERIES, TABLES = "tpc-ds.sql", ".csv.gz"


def fetched() -> tarfile.TarFile:
    from importlib.metadata import version

    found = version("sqlglot")
    file = CACHE / f"sqlglot-{found}.tar.gz"
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            "sqlglot",
            f"sqlglot=={found}",
        ]
        subprocess.run([*command, "-d", str(CACHE)], check=True)
    return tarfile.open(file)


def tpcds() -> tuple[list[str], dict[str, list[str]]]:
    """(the queries, columns by table). Each query in the file is followed by what an optimiser makes of it."""
    queries: list[str] = []
    tables: dict[str, list[str]] = {}
    with fetched() as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if "/tpc-ds/" not in member.name or not member.isfile():
                continue
            content = archive.extractfile(member)
            assert content is not None
            if name == QUERIES:
                parts = [lines_of(part) for part in content.read().decode().split(";\n")]
                queries = [part for part in parts if part][::2]
            elif name.endswith(TABLES):
                text = gzip.decompress(content.read()).decode()
                tables[name.removesuffix(TABLES)] = next(csv.reader(io.StringIO(text), delimiter="|"))
    return queries, tables


def lines_of(part: str) -> str:
    return "\n".join(line for line in part.splitlines() if not line.startswith(("--", "#"))).strip()


def schema_of(tables: dict[str, list[str]]) -> Any:
    from apps.catalog.types import Certainty, ColumnSchema, DatasetSchema, SourceSchema

    def columns(names: list[str]) -> tuple[Any, ...]:
        return tuple(
            ColumnSchema(at, name.upper(), "VARCHAR", PERSONAL.get(name, "system.operations"), Certainty.CONFIRMED)
            for at, name in enumerate(names)
        )

    datasets = tuple(
        DatasetSchema(at, ("DS", "PUBLIC", name.upper()), columns(names))
        for at, (name, names) in enumerate(sorted(tables.items()))
    )
    return SourceSchema("warehouse", "snowflake", ("DS", "PUBLIC"), datasets)


def best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(TURNS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def decisions() -> bool:
    from sqlglot import parse_one
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    from apps.compliance.policy.decide import decide
    from apps.compliance.policy.types import Limits, MaskKind, MaskRule, PolicySet, Reader, Refused

    queries, tables = tpcds()
    schema = schema_of(tables)
    names = {name.upper(): {column.upper(): "VARCHAR" for column in each} for name, each in tables.items()}
    reader = Reader("1", "ana", frozenset({"analyst"}), "analytics")
    rules = PolicySet(
        1,
        (
            MaskRule("operations", "system.operations", MaskKind.CLEAR),
            MaskRule("people", "user", MaskKind.NULL),
            MaskRule("email", "user.contact.email", MaskKind.PARTIAL_EMAIL),
        ),
    )
    limits = Limits(10_000, 60)

    def peer(text: str) -> str:
        known = MappingSchema(names, dialect="snowflake")
        return str(qualify(parse_one(text, read="snowflake"), schema=known, dialect="snowflake").sql("snowflake"))

    ours = theirs = 0.0
    refused = []
    for number, text in enumerate(queries, 1):
        decision = decide(text, reader, schema, rules, limits)
        if isinstance(decision, Refused):
            refused.append(f"{number} ({decision.message})")
            continue
        theirs += best(lambda text=text: peer(text))  # type: ignore[misc]
        ours += best(lambda text=text: decide(text, reader, schema, rules, limits))  # type: ignore[misc]
    count = len(queries) - len(refused)
    print(f"  {count} of {len(queries)} TPC-DS queries decided; refused: {', '.join(refused) or 'none'}")
    print(f"  decide and rewrite {ours / count * 1000:.1f} ms a query, sqlglot alone {theirs / count * 1000:.1f} ms: "
          f"{ours / theirs:.2f} times (limit: {MOST_DECISION:g})")  # fmt: skip
    return ours / theirs <= MOST_DECISION and len(queries) == 99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    print("Policy engine:")
    met = [decisions()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
