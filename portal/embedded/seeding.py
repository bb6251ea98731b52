"""What a home is filled with, once: schema, people, payments, governance, and the first run of the pipeline."""

import os
from collections.abc import Mapping
from pathlib import Path

from portal.embedded import commands
from portal.embedded.bootstrap import bundle_fingerprint
from portal.embedded.console import Console, Report
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE, Home
from portal.embedded.stamps import Stamp, fingerprint

PYTHON = BASE / ".venv" / "bin" / "python"
PEOPLE = BASE / "portal" / "accounts" / "demo.py"
GOVERNANCE = BASE / "estate" / "governance"


def migrations() -> str:
    """Of every migration of ours, and of the lock for those of the packages."""
    ours = [path for place in ("portal", "apps") for path in sorted((BASE / place).glob("**/migrations/*.py"))]
    return fingerprint(BASE / "requirements" / "local.txt", *ours)


class Seeding:
    def __init__(self, home: Home, console: Console, env: Mapping[str, str]) -> None:
        self._console = console
        self._env = env
        self._home = home
        self._marks = home.path / "done"
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
        self._once("First pipeline run", "pipeline", "", "run_pipeline", "payments_elt")
        self._once("Catalog of every source", "sync", "", "sync_source")

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
        """Other data than what is loaded already would mix with it: that is refused, not done."""
        data, scale = os.environ.get("DATA", ""), os.environ.get("SCALE", "")
        what = f"DATA={Path(data).resolve()}" if data else f"SCALE={scale or '1'}"
        mark = self._marks / "estate"
        if mark.is_file() and (data or scale) and mark.read_text() != what:
            raise EmbeddedError(f"this home already holds {mark.read_text()}. To load {what}, run `make reset` first.")
        if mark.is_file():
            return
        arguments = ["--data", str(Path(data).resolve())] if data else ["--scale", scale or "1"]
        with self._console.step(f"Payments ({what})") as report:
            self._manage(report, "load_estate", *arguments)
        mark.write_text(what)

    def _once(self, title: str, key: str, wanted: str, *command: str) -> None:
        stamp = Stamp(self._marks / key, fingerprint(wanted) if wanted else "done")
        if stamp.fresh:
            return
        with self._console.step(title) as report:
            self._manage(report, *command)
        stamp.press()

    def _manage(self, report: Report, *arguments: str) -> None:
        commands.run([PYTHON, BASE / "manage.py", *arguments], report=report, env=self._env)
