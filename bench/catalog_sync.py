"""What a look at a large store costs: PostgreSQL with 10,000 tables, and a MongoDB collection of many documents.

    .venv/bin/python bench/catalog_sync.py [--tables 10000] [--documents 300000]

Servers of its own, in a folder that is gone afterwards; each sync is a process of its own, so that its peak memory is
the sync's. Exit code 1: the first sync takes 120 s or more, one of an unchanged store 20 s or more, a change is not in
the history, a field that one document in a hundred has is not found, or a sync takes more than 1 GB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
FIRST_S, UNCHANGED_S, MOST_MB = 120.0, 20.0, 1024
COLUMNS = 20
AT_ONCE = 500  # tables in one transaction: a lock on each is held until it ends
BATCH = 10_000
TABLES = """do $$ begin
  for n in {first}..{last} loop
    execute format('create table public.t_%s (id bigint primary key, parent bigint{parent}, {columns})', n, {args});
    execute format('create index on public.t_%s (c_1)', n);
  end loop;
end $$"""


def make_tables(count: int) -> None:
    """Every table but the first has a foreign key to it, a primary key and an index: 20 columns in all."""
    from portal.stores import open_store
    from portal.stores.types import Sql

    store = open_store("oltp", "owner")
    columns = ", ".join(f"c_{n} {'text' if n % 3 else 'numeric(12,2)'}" for n in range(1, COLUMNS - 1))
    store.execute(Sql("create table public.t_0 (id bigint primary key)"))
    for first in range(1, count + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, count)
        text = TABLES.format(first=first, last=last, parent=" references public.t_0", columns=columns, args="n")
        store.execute(Sql(text), timeout_s=600)


def make_documents(count: int) -> None:
    """One in a hundred, and none of the newest, has the field `rare`; they are small: 100 bytes."""
    from portal.stores import open_store
    from portal.stores.types import Command

    store = open_store("documents", "owner")
    for first in range(0, count, BATCH):
        documents = [
            {"n": n, "user": {"country": "DE", "tags": ["a", "b"]}, **({"rare": 1} if _is_rare(n, count) else {})}
            for n in range(first, min(first + BATCH, count))
        ]
        store.execute(Command({"insert": "many", "documents": documents}))


def _is_rare(n: int, count: int) -> bool:
    return n % 100 == 0 and n < count - 1_000


def synced(source: str) -> dict[str, float]:
    """One sync in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--sync", source], check=True, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def sync(source: str) -> int:
    import django

    django.setup()
    from apps.catalog.services import sync_source
    from portal.audit.types import Actor

    started, busy = time.perf_counter(), time.process_time()
    report = sync_source(actor=Actor.system("bench"), source=source)
    seconds = time.perf_counter() - started
    figures = {name: getattr(report, name) for name in ("datasets", "columns", "added", "changed", "retired")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**figures, "seconds": seconds, "busy": time.process_time() - busy, "mb": peak}))
    return 0


def told(name: str, found: dict[str, float], limit: float) -> bool:
    held = found["seconds"] < limit and found["mb"] < MOST_MB
    size = f"{found['datasets']:,} datasets, {found['columns']:,} columns"
    moved = f"{found['added']:,} added, {found['changed']:,} changed, {found['retired']:,} retired"
    took = f"{found['seconds']:.1f} s (limit: {limit:g}; {found['busy']:.1f} s of it computing)"
    print(f"  {name}: {took}, peak {found['mb']:.0f} MB, {size}; {moved}")
    return held


def tables(count: int) -> bool:
    from apps.catalog.history.models import SchemaChange
    from portal.stores import open_store
    from portal.stores.types import Sql

    print(f"PostgreSQL: {count:,} tables, {count * COLUMNS:,} columns")
    make_tables(count)
    held = told("first sync", synced("oltp"), FIRST_S)
    held &= told("unchanged", synced("oltp"), UNCHANGED_S)
    open_store("oltp", "owner").execute(Sql("alter table public.t_1 drop column c_2, add column late text"))
    held &= told("one table changed", synced("oltp"), UNCHANGED_S)
    seen = set(SchemaChange.objects.values_list("column", "what"))
    print(f"  in the history: {sorted(name for name, _ in seen)}")
    return held and seen == {("c_2", "column"), ("late", "column")}


def documents(count: int) -> bool:
    from apps.catalog.models import Column

    print(f"MongoDB: {count:,} documents; 10,000,000 are extrapolated: the sample is as large, however many there are")
    make_documents(count)
    found = synced("documents")
    held = told("first sync", found, UNCHANGED_S)
    rare = Column.objects.filter(dataset__name="many", name="rare").first()
    share = f"in {rare.presence:.2%} of the sample" if rare and rare.presence else "missed"
    print(f"  a field that one document in a hundred has: {share}")
    return held and rare is not None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=300_000)
    parser.add_argument("--sync", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.sync:
        return sync(asked.sync)
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start("postgres", "mongo")
        try:
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", database="owner", verbosity=0)
            return 0 if all([tables(asked.tables), documents(asked.documents)]) else 1
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
