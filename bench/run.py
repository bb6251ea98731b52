"""Measures what the portal claims of itself and prints it: `make bench`, or one part with `bench/run.py NAME`.

`--scale` is that of the parts that make an estate (50: a million charges)."""

import argparse
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
PARTS = {
    "extract": "bench/extract.py",
    "estate": "bench/estate.py",
    "memory": "bench/memory.py",
    "erase": "bench/erase.py",
    "score": "bench/score.py",
    "policy": "bench/policy.py",
    "search": "bench/search.py",
    "categories": "bench/categories.py",
    "impact": "bench/impact.py",
    "lineage": "bench/lineage.py",
    "catalog-sync": "bench/catalog_sync.py",
}
SCALED = ("estate", "memory")


def command(name: str, scale: str | None, project: str | None) -> list[str]:
    scaled = ["--scale", scale] if scale and name in SCALED else []
    named = ["--project", project] if project and name == "lineage" else []
    return [sys.executable, str(BASE / PARTS[name]), *scaled, *named]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--scale")
    parser.add_argument("--project", help="a dbt project for the part lineage, with its compiled target")
    asked = parser.parse_args()
    wanted = asked.names or list(PARTS)
    if unknown := set(wanted) - PARTS.keys():
        print(f"No part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}")
        return 2
    missed = [
        name for name in wanted if subprocess.run(command(name, asked.scale, asked.project), check=False).returncode
    ]
    for name in missed:
        print(f"MISSED: {name}. Alone: .venv/bin/python {PARTS[name]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
