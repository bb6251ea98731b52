"""What a home is filled with, once: schema, people, payments, governance, and the first run of the pipeline."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.embedded import commands
from portal.embedded.bootstrap import bundle_fingerprint
from portal.embedded.console import Console, Report
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE, Home, write_whole
from portal.embedded.stamps import Stamp, fingerprint

PYTHON = BASE / ".venv" / "bin" / "python"
PEOPLE = BASE / "portal" / "accounts" / "demo.py"
GOVERNANCE = BASE / "estate" / "governance"
QUERIES = BASE / "estate" / "queries"


def migrations() -> str:
    """Of every migration of ours, and of the lock for those of the packages."""
    ours = [path for place in ("portal", "apps") for path in sorted((BASE / place).glob("**/migrations/*.py"))]
    return fingerprint(BASE / "requirements" / "local.txt", *ours)


@dataclass(frozen=True)
class Payments:
    """Which payments the person at the terminal wants: `DATA`, or `SCALE`, or whatever is there."""

    data: str
    scale: str

    @classmethod
    def wanted(cls) -> "Payments":
        data = os.environ.get("DATA", "")
        return cls(str(Path(data).resolve()) if data else "", os.environ.get("SCALE", ""))

    def __str__(self) -> str:
        return f"DATA={self.data}" if self.data else f"SCALE={self.scale or '1'}"

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--data", self.data) if self.data else ("--scale", self.scale or "1")

    def check(self, home: Home) -> None:
        """Raises EmbeddedError for what could not be loaded, before anything is started for it."""
        mark = home.loaded
        if mark.is_file():
            # Other data than what is loaded already would mix with it: that is refused, not done.
            if (self.data or self.scale) and mark.read_text() != str(self):
                raise EmbeddedError(
                    f"this home already holds {mark.read_text()}. To load {self}, run `make reset` first."
                )
        elif self.data:
            self._check_folder()
        elif self.scale and not _is_scale(self.scale):
            raise EmbeddedError(f"SCALE must be a number above 0 and at most 1000, not {self.scale!r}.")

    def _check_folder(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "estate.oltp.olist.files", self.data],
            cwd=BASE, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it could not be read."])[-1]
            raise EmbeddedError(f"DATA is not the Olist sample: {last}")


def _is_scale(text: str) -> bool:
    try:
        return 0 < float(text) <= 1000
    except ValueError:
        return False


class Seeding:
    def __init__(self, home: Home, console: Console, env: Mapping[str, str]) -> None:
        self._console = console
        self._env = env
        self._home = home
        self._marks = home.done
        self._marks.mkdir(mode=0o700, exist_ok=True)

    def before_programs(self) -> None:
        """Everything the web process and the worker need to find when they start."""
        self._once("Database schema", "schema", migrations(), "migrate", "--database", "owner", "--verbosity", "1")
        self._once("Static files", "static", bundle_fingerprint(), "collectstatic", "--noinput", "--clear", "-v", "0")
        self._once("Demo people", "people", fingerprint(PEOPLE), "create_demo_people")
        self._load()
        self._govern()

    def after_programs(self) -> None:
        """What the worker does: the first run of the pipeline and the first look at every source."""
        # A start that was stopped in the middle of it left the run to the next one's workers.
        self._once("First pipeline run", "pipeline", "", "run_pipeline", "payments_elt", "--join")
        self._once("Catalog of every source", "sync", "", "sync_source")
        # Their contracts rest on rules and catalog: both are there now.
        self._once("Approved queries", "library", fingerprint(*sorted(QUERIES.glob("*.yaml"))), "load_library")

    def models(self) -> None:
        """Once everything is up, beside the pages: a model is trained and promoted, as two people would; then payments
        are scored, so that there is a window to compare."""
        self._once("First model", "model", "", "promote_demo_model")
        self._once("First scores", "scores", "", "send_scores")
        self._once("First comparison", "comparison", "", "compare_inferences")

    def _govern(self) -> None:
        for file in sorted(GOVERNANCE.glob("*.yaml")):
            key = f"governance-{file.stem}"
            self._once(f"Governance: {file.stem}", key, fingerprint(file), "apply_governance", str(file))

    def _load(self) -> None:
        wanted = Payments.wanted()
        wanted.check(self._home)
        if self._home.loaded.is_file():
            return
        with self._console.step(f"Payments ({wanted})") as report:
            self._manage(report, "load_estate", *wanted.arguments)
        write_whole(self._home.loaded, str(wanted))

    def _once(self, title: str, key: str, wanted: str, *command: str) -> None:
        stamp = Stamp(self._marks / key, fingerprint(wanted) if wanted else "done")
        if stamp.fresh:
            return
        with self._console.step(title) as report:
            self._manage(report, *command)
        stamp.press()

    def _manage(self, report: Report, *arguments: str) -> None:
        commands.run([PYTHON, BASE / "manage.py", *arguments], report=report, env=self._env)
