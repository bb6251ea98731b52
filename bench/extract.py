"""Rows per second from PostgreSQL to staged Parquet: ours beside dlt, the same table, the same run, in turns.

    .venv/bin/python bench/extract.py [--rows 1000000] [--pairs 5]

Ours is the pipeline's own code: the definition of `oltp.charges`, its window, `portal.stores`, and its staging (which
hashes every file and forces it to disk). dlt runs in an environment of its own (`requirements/bench.txt`), with the
fastest of its Arrow backends, which are tried first and named. Each measurement is a child process of its own; the
clock runs inside it, without start and imports. Exit code 1: rows are missing, ours is not twice as fast, or took more
than 500 MiB. Ours is fast because it works on several cores at once: where they are busy with something else, the ratio
comes down to that of the CPU seconds, which are told as well (the client's, between start and end, and PostgreSQL's).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.pipelines.staging import Staged
    from estate.pipelines.definition import Extract

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
GOAL, MEMORY_MIB = 2.0, 500
BACKENDS = ("connectorx", "connectorx-stream", "pyarrow")
ROWS = """
insert into public.charges
select 'ch_' || md5(i::text), 'pi_' || md5((i / 2)::text), 'cus_' || md5((i % 20000)::text),
  'mer_' || md5((i % 500)::text), 'pm_' || md5((i % 30000)::text), (array['card', 'boleto', 'voucher'])[1 + i % 3],
  1, 1 + i % 12, 100 + i % 100000, 0, (array['BRL', 'EUR', 'USD'])[1 + i % 3],
  case when i % 17 = 0 then 'failed' else 'succeeded' end, case when i % 17 = 0 then 'card_declined' end,
  'person' || i % 20000 || '@example.com', '411111', lpad((i % 10000)::text, 4, '0'),
  '192.0.2.' || i % 250, 'dev_' || md5((i % 9000)::text), i % 101, case when i % 400 = 0 then 'confirmed' end,
  timestamptz '2026-01-01' + i * interval '20 seconds', timestamptz '2026-01-01' + i * interval '20 seconds',
  timestamptz '2026-01-01' + i * interval '20 seconds'
from generate_series(1, {rows}) i
"""


def charges() -> "Extract":
    from estate.pipelines.payments_elt import PAYMENTS_ELT

    return next(extract for extract in PAYMENTS_ELT.extracts if extract.key == "oltp.charges")


def staged(folder: Path) -> "tuple[Staged, ...]":
    from apps.pipelines.extraction.source import Source
    from apps.pipelines.staging import stage
    from apps.pipelines.windows import Window
    from portal.stores import open_store

    source = Source(open_store("oltp", "loader"), charges())
    head = source.head()
    assert head
    with source.parts(Window(None, head.position), source.conformer(), source.columns()) as parts:
        return stage(folder / "stage", parts)


def ours(folder: Path) -> None:
    """In a child: one extraction, timed; prints what it took as JSON."""
    import django

    django.setup()
    import pyarrow.parquet  # noqa: F401 - imports are not part of the clock, on either side

    import apps.pipelines.extraction.source
    import apps.pipelines.staging  # noqa: F401 - as above
    from portal.stores import open_store

    open_store("oltp", "loader").health()
    charges()
    started, worked = time.perf_counter(), time.process_time()
    files = staged(folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": sum(file.rows for file in files), "seconds": seconds, "cpu": cpu, "mib": peak}))


def server_seconds() -> float:
    """CPU seconds of PostgreSQL: of its processes, and of those that have ended."""
    home = Path(os.environ["PORTICO_HOME"])
    postmaster = next(home.rglob("postmaster.pid")).read_text().split()[0]
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            pid, fields = place.parent.name, place.read_text().rpartition(")")[2].split()
            if pid == postmaster:
                ticks += sum(int(field) for field in fields[11:15])
            elif fields[1] == postmaster:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(command: list[str | Path], env: dict[str, str]) -> dict[str, float]:
    before = server_seconds()
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as folder:
        done = subprocess.run(
            [*map(str, command), folder], env=env, cwd=folder, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"{command[1]} failed:\n{done.stderr[-2000:]}")
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "server": server_seconds() - before}


def fill(rows: int) -> None:
    import django

    django.setup()
    from estate.oltp.scripts import keys, schema
    from portal.stores import open_store
    from portal.stores.types import Sql

    store = open_store("oltp", "owner")
    store.execute(*schema(), timeout_s=600)
    index = [key for key in keys() if "charges (updated_at" in key.text]
    store.execute(Sql(ROWS.format(rows=rows)), *index, timeout_s=600)
    store.execute(Sql("analyze public.charges"), timeout_s=600)


def environment(address: str) -> dict[str, str]:
    """The bench's own, so that dlt's pins never meet the portal's."""
    from portal.embedded import bootstrap

    bootstrap.install_uv(lambda line: None)
    bootstrap.install(".venv-bench", "bench.txt", lambda line: None)
    quiet = {"DLT_TELEMETRY": "0", "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    return {**os.environ, **quiet, "BENCH_ADDRESS": address}


def report(name: str, runs: list[dict[str, float]]) -> float:
    speeds = [run["rows"] / run["seconds"] for run in runs]
    median = statistics.median(speeds)
    peak = max(run["mib"] for run in runs)
    print(f"  {name:<22} {median:>12,.0f} rows/s   ({min(speeds):,.0f} to {max(speeds):,.0f})   {peak:,.0f} MiB peak")
    client, server = (statistics.median(run[where] for run in runs) for where in ("cpu", "server"))
    print(f"  {'':<22} {client + server:>12.1f} CPU s    (client {client:.1f}, PostgreSQL {server:.1f})")
    return median


def compare(rows: int, pairs: int, address: str) -> int:
    here: list[str | Path] = [sys.executable, BASE / "bench" / "extract.py", "--child"]
    there: list[str | Path] = [BASE / ".venv-bench" / "bin" / "python", BASE / "bench" / "extract_dlt.py"]
    env = environment(address)
    measure(here, env)  # warms the server's cache for everybody
    trials = {backend: measure([*there, backend], env) for backend in BACKENDS}
    backend = min(trials, key=lambda name: trials[name]["seconds"])
    tried = (f"{name} {run['seconds']:.1f} s, {run['mib']:,.0f} MiB" for name, run in trials.items())
    print("  dlt's Arrow backends:", "; ".join(tried))
    mine, theirs = [], []
    for _ in range(pairs):
        mine.append(measure(here, env))
        theirs.append(measure([*there, backend], env))
    if {run["rows"] for run in mine + theirs} != {rows}:
        raise SystemExit("not every run staged every row")
    ours_median = report("ours", mine)
    dlt_median = report(f"dlt ({backend})", theirs)
    ratio, peak = ours_median / dlt_median, max(run["mib"] for run in mine)
    verdict = "reached" if ratio >= GOAL else "not reached on this machine"
    print(f"  {ratio:.2f} times dlt (goal: {GOAL:g}, {verdict}); peak {peak:,.0f} MiB (limit: {MEMORY_MIB})")
    return 0 if ratio >= GOAL and peak < MEMORY_MIB else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    if asked.child:
        ours(asked.child)
        return 0
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        servers = Embedded(Path(home))
        found = servers.prepare()
        servers.start("postgres")
        os.environ["PORTICO_HOME"] = home
        try:
            print(f"PostgreSQL to staged Parquet, {asked.rows:,} charges, {asked.pairs} pairs")
            fill(asked.rows)
            return compare(asked.rows, asked.pairs, found["PORTICO_OLTP_LOADER_URL"])
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
