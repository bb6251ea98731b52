"""What it costs the catalog to look at a large store: the first time, again, and with one table changed.

    .venv/bin/python bench/catalog.py [--tables 10000] [--columns 20]

A real PostgreSQL of its own, in a folder that is gone afterwards. Exit code 1: the first sync took over two minutes, or
one in which nothing changed over 20 seconds.
"""

import argparse
import resource
import sys
import time

from home import portal

FIRST_S, SAME_S = 120.0, 20.0
AT_ONCE = 200  # tables of one transaction: each holds locks
MAKE = """do $$ begin for t in {first}..{last} loop execute format('create table public.wide_%s (id bigint primary key,
{columns})', t); end loop; end $$"""


def fill(tables: int, columns: int) -> None:
    from portal.stores import open_store
    from portal.stores.types import Sql

    store = open_store("oltp", "owner")
    listed = ", ".join(f"field_{n} text" for n in range(1, columns))
    for first in range(0, tables, AT_ONCE):
        store.execute(Sql(MAKE.format(first=first, last=min(first + AT_ONCE, tables) - 1, columns=listed)))


def timed() -> tuple[float, str]:
    from apps.catalog.services import sync_source
    from portal.audit.types import Actor

    started = time.perf_counter()
    report = sync_source(actor=Actor.system("bench"), source="oltp")
    seconds = time.perf_counter() - started
    said = f"{report.datasets:,} datasets, {report.columns:,} columns; {report.added:,} new, {report.changed:,} changed"
    return seconds, said


def measure(tables: int, columns: int) -> bool:
    from portal.stores import open_store
    from portal.stores.types import Sql

    fill(tables, columns)
    first, said = timed()
    print(f"  first {first:.1f} s (limit: {FIRST_S:g}): {said}", flush=True)
    same, said = timed()
    print(f"  again, nothing changed {same:.1f} s (limit: {SAME_S:g}): {said}")
    open_store("oltp", "owner").execute(Sql("alter table public.wide_7 add column later text"))
    one, said = timed()
    print(f"  again, one column more {one:.1f} s: {said}")
    print(f"  the process took {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return first <= FIRST_S and same <= SAME_S


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    asked = parser.parse_args()
    with portal("postgres"):
        print("Sync of a large store")
        return 0 if measure(asked.tables, asked.columns) else 1


if __name__ == "__main__":
    sys.exit(main())
