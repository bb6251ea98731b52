from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.compliance.services import apply_governance
from apps.compliance.types import GovernanceErrors, GovernanceReport
from portal.audit.types import Actor


class Command(BaseCommand):
    help = (
        "Sets categories, owners, policies and access from a file of the form of estate/governance/. "
        "Applies all of it or nothing; applying it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a YAML file")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            report = apply_governance(actor=Actor.system("apply_governance"), file=file)
        except GovernanceErrors as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error.__class__.__name__}: it cannot be read.") from None
        self.tell(file, report)

    def tell(self, file: Path, report: GovernanceReport) -> None:
        self.stdout.write(
            f"{file.name}: policy version {report.version}, {report.classified} columns classified, "
            f"{report.granted} permissions given."
        )
        for name in report.missing:
            self.stdout.write(f"  not in the catalog yet: {name}")
        for ref in report.unmatched:
            self.stdout.write(f"  no such column yet: {ref.source}: {'.'.join(ref.path)}.{ref.column}")
