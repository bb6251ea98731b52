"""Runs everything that must pass, part by part; a failure says which part failed and how to run it alone.

Tests that start whole processes and wait for them run beside the others, on servers of their own: one waits while the
other computes.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Part:
    name: str
    command: tuple[str, ...]

    @property
    def shown(self) -> str:
        return " ".join(self.command)


def python(name: str, *arguments: str) -> Part:
    return Part(name, (".venv/bin/python", *arguments))


def tool(name: str, program: str, *arguments: str) -> Part:
    return Part(name, (f".venv/bin/{program}", *arguments))


# Each of these has servers of its own and waits more than it computes.
BESIDE_FOLDERS = {
    "tests of starts and faults": ("e2e", "embedded", "faults"),
    "tests of runs and models": ("models", "pipelines", "runs", "stores"),
    "tests of queries": ("attacks", "queries"),
}
# A search for a person goes through every table there is: it comes while other tests have not made theirs yet.
FIRST = "compliance"


def tests(name: str, folders: Iterable[str]) -> Part:
    return python(name, "-m", "pytest", "-q", "--durations=10", *(f"tests/{folder}" for folder in folders))


def other_folders() -> list[str]:
    """Every folder with tests that stands in no other part, so that a new one is never left out."""
    taken = {FIRST, *chain.from_iterable(BESIDE_FOLDERS.values())}
    return sorted({path.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")} - taken)


PARTS = (
    tool("format", "ruff", "format", "--check", "."),
    tool("lint", "ruff", "check", "."),
    tool("types", "mypy", "portal", "apps", "estate", "manage.py"),
    tool("import contracts", "lint-imports", "--no-cache"),
    tool("template lint", "djlint", "templates", "--lint", "--quiet"),
    python("django checks", "manage.py", "check", "--fail-level", "WARNING"),
    python("missing migrations", "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"),
    tests("tests", (FIRST, *other_folders())),
)
BESIDE = tuple(tests(name, folders) for name, folders in BESIDE_FOLDERS.items())


@dataclass
class Running:
    """A part under way. One that runs beside the others is told of when it is waited for."""

    part: Part
    process: subprocess.Popen[bytes]
    told: IO[bytes] | None
    started: float

    def ended_well(self) -> bool:
        code = self.process.wait()
        if self.told:
            self.told.seek(0)
            print(f"\n── {self.part.name}: {self.part.shown}\n{self.told.read().decode(errors='replace')}", end="")
        outcome = "ok" if code == 0 else "FAILED"
        print(f"── {self.part.name}: {outcome} in {time.monotonic() - self.started:.0f} s", flush=True)
        return code == 0


def start(part: Part, *, beside: bool = False) -> Running:
    told = tempfile.TemporaryFile() if beside else None  # noqa: SIM115 - lives as long as the part does
    if not beside:
        print(f"\n── {part.name}: {part.shown}", flush=True)
    # A shell's own addresses must not decide what the tests talk to.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PORTICO_")}
    process = subprocess.Popen(part.command, cwd=ROOT, env=environment, stdout=told, stderr=told)
    return Running(part, process, told, time.monotonic())


def main() -> int:
    wanted = sys.argv[1:]
    parts = [part for part in (*PARTS, *BESIDE) if not wanted or part.name in wanted]
    if not parts:
        print(f"No part of that name. There are: {', '.join(part.name for part in (*PARTS, *BESIDE))}")
        return 2
    beside = [start(part, beside=True) for part in parts if part in BESIDE]
    failed = [part for part in parts if part not in BESIDE and not start(part).ended_well()]
    failed += [running.part for running in beside if not running.ended_well()]
    for part in failed:
        print(f"FAILED: {part.name}. Alone: {part.shown}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
