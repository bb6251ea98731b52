"""Runs everything that must pass, part by part; a failure says which part failed and how to run it alone."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"


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


PARTS = (
    tool("format", "ruff", "format", "--check", "."),
    tool("lint", "ruff", "check", "."),
    tool("types", "mypy", "portal", "apps", "estate", "manage.py"),
    tool("import contracts", "lint-imports", "--no-cache"),
    tool("template lint", "djlint", "templates", "--lint", "--quiet"),
    python("django checks", "manage.py", "check", "--fail-level", "WARNING"),
    python("missing migrations", "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"),
    python("tests", "-m", "pytest", "-q", "--durations=15"),
)


def run(part: Part) -> bool:
    print(f"\n── {part.name}: {part.shown}", flush=True)
    started = time.monotonic()
    # A shell's own addresses must not decide what the tests talk to.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PORTICO_")}
    code = subprocess.run(part.command, cwd=ROOT, env=environment, check=False).returncode
    print(f"── {part.name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
    return code == 0


def main() -> int:
    wanted = sys.argv[1:]
    parts = [part for part in PARTS if not wanted or part.name in wanted]
    if not parts:
        print(f"No part of that name. There are: {', '.join(part.name for part in PARTS)}")
        return 2
    failed = [part for part in parts if not run(part)]
    for part in failed:
        print(f"FAILED: {part.name}. Alone: {part.shown}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
