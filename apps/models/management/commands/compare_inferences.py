"""`manage.py compare_inferences MODEL`"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.models.drift import services
from apps.models.models import RegisteredModel
from portal.audit.types import Actor
from portal.runs.selectors import summary
from portal.runs.services import wait_for


class Command(BaseCommand):
    help = "Compares a model's inferences with its training rows now, and waits for the report."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", nargs="?", default=settings.SCORING_MODEL)
        parser.add_argument("--within", type=float, default=300, help="seconds to wait (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        model = RegisteredModel.objects.filter(name=options["model"]).first()
        if model is None:
            raise CommandError(f"No model {options['model']} was ever trained.")
        run = services.start(actor=Actor.system("compare_inferences"), model=model, trigger="command")
        state = wait_for(run, options["within"])
        run.refresh_from_db()
        if state != "done":
            raise CommandError(f"Run {run.pk}: {summary(run)}")
        self.stdout.write(f"= {run.steps.get(key='compare').summary}")
