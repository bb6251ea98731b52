"""`manage.py load_estate`: fills the payments platform with made-up payments, or with real ones from a folder."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from estate.load import load_generated, load_olist
from estate.oltp.olist.files import BadFolder
from estate.types import Loaded
from portal.stores.types import StoreError


class Command(BaseCommand):
    help = (
        "Creates the schemas of the payments platform and fills PostgreSQL and MongoDB: generated payments, or the "
        "files of a folder. The same again changes nothing. Exit code: 0 done, 1 not, with the reason in one line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data", type=Path, help="folder with the files of the Olist sample; without it: generated"
        )
        parser.add_argument("--scale", type=float, default=1.0, help="how much to generate: 1 is 20,000 charges")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and scale give the same rows")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "This fills the stores with demo data. Allow it with PORTICO_DEMO=1, if they are a demo's."
            )
        if not 0 < options["scale"] <= 1000:
            raise CommandError(f"--scale must lie above 0 and at 1000 at most, not {options['scale']:g}.")
        started = time.monotonic()
        try:
            loaded = self._load(options)
        except BadFolder as error:
            raise CommandError(str(error)) from error
        except StoreError as error:
            raise CommandError(f"The store {error.store} did not take it: {error.public} ({error.code})") from error
        self._report(loaded, time.monotonic() - started)

    def _load(self, options: dict[str, Any]) -> Loaded:
        progress = Lines(self)
        if options["data"]:
            return load_olist(options["data"], progress=progress)
        return load_generated(options["seed"], options["scale"], progress=progress)

    def _report(self, loaded: Loaded, seconds: float) -> None:
        rows = sum(loaded.counts.values())
        if not loaded.fresh:
            self.stdout.write(f"Already loaded: {rows:,} rows and documents. Nothing to do.")
            return
        for name, count in loaded.counts.items():
            self.stdout.write(f"  {name:<22} {count:>12,}")
        if loaded.rejects:
            self.stdout.write(f"  {'load_rejects':<22} {loaded.rejects:>12,}  (file, line and reason of each)")
        self.stdout.write(self.style.SUCCESS(f"Loaded {rows:,} rows and documents in {seconds:.1f} s."))


class Lines:
    """On a terminal one line that counts; elsewhere a line whenever another table begins."""

    def __init__(self, command: BaseCommand) -> None:
        self._out = command.stdout
        self._terminal = command.stdout.isatty()
        self._seen: set[str] = set()
        self._last = 0.0

    def __call__(self, table: str, rows: int) -> None:
        if not self._terminal:
            if table not in self._seen:
                self._out.write(f"  {table} ...")
        elif time.monotonic() - self._last > 0.2:
            self._last = time.monotonic()
            self._out.write(f"\r  {table:<22} {rows:>12,}\x1b[K", ending="\r")
        self._seen.add(table)
