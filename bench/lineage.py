"""Column lineage: how fast a large dbt project is taken in, and whether what is said of it is true when it runs.

    .venv/bin/python bench/lineage.py [--project DIR] [--only speed|proof]

Speed: a generated project of 67 models, 6,667 lines and 1,700 columns. Proof: for every model of the estate (or of the
project whose target folder, compiled, with manifest.json and catalog.json, is DIR/target), one source column is changed
at a time on a small copy and the model is run on DuckDB through the warehouse's emulator; what changes is compared with
what the engine said. Servers of its own, in a folder that is gone afterwards. Exit code 1: the import took over five
seconds or left a column unknown, or an edge was seen that the engine had not said.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
SECONDS = 5.0


@contextmanager
def servers() -> Iterator[None]:
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        running = Embedded(Path(home))
        running.prepare()
        running.start()
        try:
            migrate = [sys.executable, str(BASE / "manage.py"), "migrate", "--database", "owner", "-v", "0"]
            subprocess.run(migrate, check=True)
            import django

            django.setup()
            yield
        finally:
            running.stop()


def speed(folder: Path) -> bool:
    from django.utils import timezone

    from apps.catalog import services
    from apps.catalog.models import Derivation, LineageEdge, Source
    from apps.catalog.row_edges.models import RowEdge
    from bench import lineage_project
    from portal.audit.types import Actor
    from portal.stores.types import ColumnInfo, DatasetInfo

    actor = Actor.system("bench")
    models, lines, columns = lineage_project.write(folder)
    row = Source.objects.create(name="generated", kind="snowflake")
    infos = [
        DatasetInfo(path, "table", tuple(ColumnInfo(name, "TEXT", position=n) for n, name in enumerate(names, 1)))
        for path, names in lineage_project.relations().items()
    ]
    services.write_sync(actor=actor, source=row, infos=infos, started=timezone.now())
    started = time.perf_counter()
    report = services.import_dbt(actor=actor, target_dir=folder, source="generated")
    seconds = time.perf_counter() - started
    edges, rows = LineageEdge.objects.count(), RowEdge.objects.count()
    unknown = Derivation.objects.filter(how="unknown").count()
    print(f"A dbt project of {models} models, {lines:,} lines of SQL, {columns:,} columns")
    print(f"  imported in {seconds:.2f} s (limit: {SECONDS:g}): {edges:,} value edges, {rows:,} row edges")
    print(f"  lineage complete for {report.complete} of {report.models} models, {unknown} columns unknown")
    row.delete()
    return seconds < SECONDS and report.complete == models and unknown == 0


def estate(folder: Path) -> Path:
    """The estate's payments copied into RAW and every model built over them; dbt's target folder."""
    from apps.pipelines.building import arguments, environment
    from estate.load import load_generated
    from estate.pipelines.payments_elt import PAYMENTS_ELT
    from tests.catalog.test_estate import copy, quiet

    load_generated(7, 0.02, progress=quiet)
    for extract in PAYMENTS_ELT.extracts:
        copy(extract)
    target = folder / "target"
    target.mkdir()
    command = arguments(PAYMENTS_ELT.transforms[0], target)
    command[command.index("build")] = "run"
    env = {**os.environ, **environment(target)}
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True, timeout=500)
    return target


def proof(folder: Path, target: Path, *, real: bool) -> bool:
    from apps.catalog.dbt_artifacts import read_project
    from bench.lineage_data import from_warehouse, made_up, table_of, texts_in
    from bench.lineage_proof import claims_of, executed, judge, tell
    from portal.sql.lineage.statement import lineage_of
    from portal.sql.parse import SqlProblem

    project = read_project(target)
    types = warehouse_types() if real else column_types(target)
    dialect: Any = "postgres" if project.adapter == "postgres" else "snowflake"
    texts = texts_in([model.compiled for model in project.models])
    tables: dict[tuple[str, ...], dict[str, Any]] = {}
    said, models, unread = {}, [], []
    for model in project.models:
        try:
            met = lineage_of(model.compiled, dialect, lambda path: None, default_path=model.path[:2]).tables
            for path in met - tables.keys():
                rows = from_warehouse(path) if real else made_up(types.get(path) or {}, texts)
                documents = [n for n, kind in (types.get(path) or {}).items() if kind in ("VARIANT", "JSON", "JSONB")]
                tables[path] = table_of(folder, path, rows, documents)
            columns = {path: table["columns"] for path, table in tables.items()}
            found = lineage_of(model.compiled, dialect, columns.get, default_path=model.path[:2])
        except SqlProblem as problem:
            unread.append(f"{model.path[-1]}: {problem.message}")
            continue
        said[model.path[-1]] = claims_of(found)
        models.append({"name": model.path[-1], "sql": model.compiled, "inputs": [list(path) for path in sorted(met)]})
    if not tables:
        print("  Nothing is compiled there: run dbt compile, and dbt docs generate for the types.")
        return False
    print(f"Proof by execution: {len(models)} models of {project.name}, {len(tables)} tables of at most 400 rows")
    for each in unread:
        print(f"  not understood by the engine: {each}")
    task = {"dialect": dialect, "tables": list(tables.values()), "models": models}
    verdict = judge(said, executed(task, folder))
    tell(verdict)
    return not (verdict.values.missed or verdict.rows.missed or unread)


def warehouse_types() -> dict[tuple[str, ...], Mapping[str, str]]:
    from portal.stores import open_store

    infos = open_store("warehouse", "catalog").introspect()
    return {info.path: {column.name: column.type.upper() for column in info.columns} for info in infos}


def column_types(target: Path) -> dict[tuple[str, ...], Mapping[str, str]]:
    """From catalog.json, of built relations and of sources."""
    file = target / "catalog.json"
    catalog = json.loads(file.read_text()) if file.exists() else {}
    found = {}
    for node in [*(catalog.get("nodes") or {}).values(), *(catalog.get("sources") or {}).values()]:
        meta = node["metadata"]
        columns = sorted(node["columns"].values(), key=lambda column: column.get("index") or 0)
        found[meta["database"], meta["schema"], meta["name"]] = {c["name"]: str(c["type"]).upper() for c in columns}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--only", choices=("speed", "proof"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as name, servers():
        folder = Path(name)
        kept = asked.only == "proof" or speed(folder)
        if asked.only != "speed":
            target = asked.project / "target" if asked.project else estate(folder)
            kept = proof(folder, target, real=asked.project is None) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
