from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.audit.models import Leaf
from portal.audit.verify import prove, verify


class Command(BaseCommand):
    help = (
        "Reads the whole audit trail again and compares it with the signed tree heads, in the database and in the "
        "file outside it. Exit code 1 if an event was changed, removed, reordered or cut off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--heads", type=Path, default=None, help="the file of tree heads (default: the setting)")
        parser.add_argument("--event", metavar="ID", help="only prove that this event is in the tree")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["event"]:
            self._prove(options["event"])
            return
        report = verify(heads_file=options["heads"])
        for problem in report.problems:
            self.stderr.write(self.style.ERROR(problem))
        counts = f"{report.events} events, {report.heads} signed heads, {report.pending} not yet sequenced"
        if not report.ok:
            raise CommandError(f"The trail does not hold: {len(report.problems)} findings ({counts}).")
        self.stdout.write(
            self.style.SUCCESS(f"The trail holds: {counts}, file {options['heads'] or settings.AUDIT_HEADS_FILE}.")
        )

    def _prove(self, event: str) -> None:
        try:
            proof = prove(event)
        except (Leaf.DoesNotExist, ValidationError, ValueError):
            raise CommandError(f"{event} is not in the tree: unknown, or not yet sequenced.") from None
        if not proof.holds():
            raise CommandError(f"{event} is at leaf {proof.index}, but its proof does not lead to the signed root.")
        self.stdout.write(f"leaf {proof.index} of {proof.head.size}: {proof.leaf}")
        for sibling in proof.path:
            self.stdout.write(f"  {sibling}")
        self.stdout.write(self.style.SUCCESS(f"root {proof.head.root}, signed {proof.head.at}: the proof holds."))
