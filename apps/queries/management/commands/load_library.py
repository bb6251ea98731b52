from typing import Any

from django.core.management.base import BaseCommand

from apps.queries.library import shipped
from portal.audit.types import Actor


class Command(BaseCommand):
    help = (
        "Brings the queries of estate/queries/ into the library, each with its contract. The same again changes "
        "nothing; a changed file is a new version. Those that their audience may not run are named and left out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = shipped.load(actor=Actor.system("load_library"))
        for line in report.refused:
            self.stdout.write(f"  left out: {line}")
        self.stdout.write(f"Approved queries, new or changed: {report.added}. As they were: {report.unchanged}.")
