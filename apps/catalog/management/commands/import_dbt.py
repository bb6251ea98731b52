from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog import services
from apps.catalog.dbt.files import ArtifactError
from portal.audit.types import Actor


class Command(BaseCommand):
    help = "Takes in descriptions, owners, tests and column lineage from the artifacts of dbt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, help="dbt's target folder, with manifest.json")
        parser.add_argument("--source", default="warehouse", help="the source that dbt builds in (default: warehouse)")

    def handle(self, *args: Any, target: Path, source: str, **options: Any) -> None:
        try:
            report = services.import_dbt(actor=Actor.system("import_dbt"), target_dir=target, source=source)
        except ArtifactError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.models} models, {report.tests} tests, {report.edges} edges; lineage complete for "
            f"{report.complete}, not compiled {report.stale}"
        )
        for name, why in sorted(report.incomplete.items()):
            self.stdout.write(f"  not complete: {name}: {why}")
        for name in report.unmatched:
            self.stdout.write(f"  not in the catalog (sync {source} first): {name}")
