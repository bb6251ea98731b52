"""`manage.py create_scorer NAME`"""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from portal.accounts.models import User
from portal.accounts.services import create_service, create_token, grant_permission
from portal.accounts.tokens import LIFETIME
from portal.audit.types import Actor

RIGHT = "ml.score"


class Command(BaseCommand):
    help = "Makes a service user that may ask for scores, if there is none yet, and prints a token for it, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what asks for scores, for example checkout")
        parser.add_argument("--days", type=int, default=LIFETIME.days, help="days until it ends (default: %(default)s)")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("A token lasts at least one day: --days 1.")
        actor, name = Actor.system("create_scorer"), options["name"]
        service = User.objects.filter(username=name).first()
        if service is None:
            service = create_service(actor=actor, username=name, full_name=name)
        if not service.is_service:
            raise CommandError(f"{name} is a person: choose another name for the service.")
        grant_permission(actor=actor, service=service, permission=RIGHT)
        lifetime = timedelta(days=options["days"])
        self.stdout.write(create_token(actor=actor, user=service, name="scores", lifetime=lifetime)[1])
