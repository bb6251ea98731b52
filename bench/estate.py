"""A million charges made and loaded into PostgreSQL and MongoDB, then put into the warehouse by the pipeline's code.

    .venv/bin/python bench/estate.py [--scale 50]

Servers of its own, in a folder that is gone afterwards. Exit code 1: making the charges took over two minutes, or the
process that made them over 1 GiB.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
SECONDS, MEMORY_MIB = 120, 1024


def generate(scale: str) -> bool:
    started = time.perf_counter()
    command = [sys.executable, str(BASE / "manage.py"), "load_estate", "--scale", scale]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  {float(scale) * 20_000:,.0f} charges and all that belongs to them in {seconds:.0f} s (limit: {SECONDS})")
    print(f"  {peak:,.0f} MiB peak (limit: {MEMORY_MIB:,})")
    return seconds < SECONDS and peak < MEMORY_MIB


def load() -> None:
    """From staged Parquet into RAW. For ours alone: dlt has no destination that the emulator answers to."""
    import django

    django.setup()
    from apps.pipelines import loading
    from apps.pipelines.extraction.source import Source
    from apps.pipelines.staging import stage
    from apps.pipelines.windows import Window
    from estate.pipelines.payments_elt import PAYMENTS_ELT
    from portal.stores import open_store

    extract = next(extract for extract in PAYMENTS_ELT.extracts if extract.key == "oltp.charges")
    source = Source(open_store("oltp", "loader"), extract)
    head = source.head()
    assert head
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as folder:
        with source.parts(Window(None, head.position), source.conformer(), source.columns()) as parts:
            files = stage(Path(folder) / "stage", parts)
        store = open_store("warehouse", "loader")
        loading.prepare(store, extract)
        batch = loading.Batch("bench/1/oltp.charges", 1, 1, datetime.now(UTC), None)
        started = time.perf_counter()
        loaded = loading.load(store, extract, batch, [file.path for file in files])
        seconds = time.perf_counter() - started
    print(f"  {loaded.added:,} staged rows into RAW in {seconds:.1f} s: {loaded.added / seconds:,.0f} rows/s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="50")
    asked = parser.parse_args()
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start()
        try:
            print(f"The payments platform at scale {asked.scale}")
            subprocess.run(
                [sys.executable, str(BASE / "manage.py"), "migrate", "--database", "owner", "-v", "0"], check=True
            )
            kept = generate(asked.scale)
            load()
            return 0 if kept else 1
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
