from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.services import UnknownSource
from apps.catalog.statements.lines import TooManyLines, read_lines
from apps.catalog.statements.services import import_statements
from portal.audit.types import Actor


class Command(BaseCommand):
    help = "Takes in lineage from executed statements: a file of JSON lines with at, text, session, user, id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help='one object a line: {"at": "2026-01-31T12:00:00Z", "text": "..."}')
        parser.add_argument("--source", default="warehouse", help="where they were executed (default: warehouse)")

    def handle(self, *args: Any, file: Path, source: str, **options: Any) -> None:
        actor = Actor.system("import_statements")
        try:
            with file.open("rb") as lines:
                statements, wrong = read_lines(lines)
            report = import_statements(actor=actor, source=source, statements=statements, wrong=wrong)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {type(error).__name__}.") from error
        except (TooManyLines, UnknownSource) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.statements} statements, {report.written} that wrote; {report.edges} value edges, "
            f"{report.row_edges} row edges"
        )
        for line, why in sorted({**report.wrong, **report.unread}.items()):
            self.stdout.write(f"  line {line}: {why}")
        for name in report.unmatched:
            self.stdout.write(f"  not in the catalog (sync {source} first): {name}")
