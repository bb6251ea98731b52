from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.models import Source
from apps.catalog.suggestions.services import suggest
from apps.catalog.types import SourceKind
from portal.audit.types import Actor


class Command(BaseCommand):
    help = "Looks at samples of columns and suggests what they hold; says where a confirmed category is in doubt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="sources; every store when none is named")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        stores = Source.objects.exclude(kind=SourceKind.MODELS).order_by("name").values_list("name", flat=True)
        for name in names or list(stores):
            try:
                report = suggest(actor=Actor.system("suggest_categories"), source=name)
            except Source.DoesNotExist as error:
                raise CommandError(f"The catalog has not looked at {name!r} yet: manage.py sync_source.") from error
            self.stdout.write(
                f"{name}: {report.columns} columns looked at, {report.open} suggestions open, {report.doubts} in doubt"
            )
            for each in report.unread:
                self.stdout.write(f"  not sampled: {each}")
