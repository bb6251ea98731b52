"""50,000 rows of one person in PostgreSQL, erased and masked by the subjects' own code.

    .venv/bin/python bench/erase.py [--rows 50000]

Servers of its own, in a folder that is gone afterwards. Two tables of that many rows among four times as many of other
people: one goes, one stays with its personal columns masked. Exit code 1: either took 5 s or more, a row of the person
was left, or a row of somebody else was touched.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
SECONDS = 5.0
TABLE = """create table public.{name} (id text primary key, customer_id text not null, email text, ip text,
  amount bigint not null, created_at timestamptz not null, updated_at timestamptz not null)"""
ROWS = """insert into public.{name} select 'r' || n, case when n %% 5 = 0 then 'cus_one' else 'cus_' || n end,
  'p' || n || '@example.com', '192.0.2.1', n, now(), now() from generate_series(1, %s) n"""


def fill(rows: int) -> None:
    from portal.stores import open_store
    from portal.stores.types import Sql

    store = open_store("oltp", "owner")
    for name in ("visits", "purchases"):
        store.execute(Sql(TABLE.format(name=name)))
        store.execute(Sql(ROWS.format(name=name), (rows * 5,)))
        store.execute(Sql(f"create index on public.{name} (customer_id)"))
        store.execute(Sql(f"create index on public.{name} (updated_at, id)"))
        store.execute(Sql(f"analyze public.{name}"))


def others(name: str) -> str:
    from portal.stores import open_store
    from portal.stores.types import Sql

    text = f"select md5(string_agg(t::text, '' order by id)) as h from public.{name} t where customer_id <> 'cus_one'"
    with open_store("oltp", "owner").read(Sql(text)) as found:
        return str(next(batch.column(0)[0].as_py() for batch in found))


def measure(name: str, rows: int) -> bool:
    """`visits` go, `purchases` stay."""
    from apps.compliance.subjects.reach import Target, reach
    from apps.compliance.subjects.types import ColumnFate, Dataset, Owner

    where, before = reach("oltp"), others(name)
    owner = Owner("customer_id", "customer", 0, "text")
    target = Target(Dataset("oltp", ("payments", "public", name)), (owner,), {"customer": frozenset({"cus_one"})}, "id")
    fates = [ColumnFate("email", True, ""), ColumnFate("ip", True, "")]
    where.live()

    def work() -> int:
        if name == "visits":
            return where.erase(target, check=lambda: None, progress=lambda n: None)
        return where.mask(target, fates, check=lambda: None, progress=lambda n: None)

    started = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - started
    left = where.count(target) if name == "visits" else sum(where.unmasked(target, fates).values())
    verb = "erased" if name == "visits" else "masked"
    print(f"  {done:,} rows of one person {verb} in {seconds:.2f} s (limit: {SECONDS:g}), left: {left}")
    return seconds < SECONDS and done == rows and left == 0 and others(name) == before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    asked = parser.parse_args()
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start("postgres")
        try:
            import django

            django.setup()
            print("One person in PostgreSQL")
            fill(asked.rows)
            return 0 if all([measure("visits", asked.rows), measure("purchases", asked.rows)]) else 1
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
