from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.catalog import services
from portal.audit.types import Actor
from portal.stores.types import StoreError


class Command(BaseCommand):
    help = "Looks at stores and writes down which datasets and columns they hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="sources of settings.STORES; all when none is named"
        )

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        for name in names or list(settings.STORES):
            self.stdout.write(f"{name}: looking ...")
            try:
                report = services.sync_source(actor=Actor.system("sync_source"), source=name)
            except services.UnknownSource as error:
                raise CommandError(str(error)) from error
            except StoreError as error:
                raise CommandError(f"{name}: {error.public}") from error
            self.stdout.write(
                f"{name}: {report.datasets} datasets, {report.columns} columns; {report.added} added, "
                f"{report.changed} changed, {report.retired} retired (revision {report.revision})"
            )
