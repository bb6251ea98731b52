"""Measures what the portal claims of itself and prints it: `make bench`, or one part with `bench/run.py NAME`."""

import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
PARTS = {"extract": "bench/extract.py", "estate": "bench/estate.py", "erase": "bench/erase.py"}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - PARTS.keys():
        print(f"No part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}")
        return 2
    missed = [
        name for name in wanted if subprocess.run([sys.executable, str(BASE / PARTS[name])], check=False).returncode
    ]
    for name in missed:
        print(f"MISSED: {name}. Alone: .venv/bin/python {PARTS[name]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
