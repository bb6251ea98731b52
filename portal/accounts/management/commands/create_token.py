"""`manage.py create_token USER`"""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.tokens import LIFETIME
from portal.audit.types import Actor


class Command(BaseCommand):
    help = "Makes an API token for a person and prints it, once. Send it as: Authorization: Bearer <token>."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the person's user name")
        parser.add_argument("--name", default="command line", help="what the token is for (default: %(default)s)")
        parser.add_argument("--days", type=int, default=LIFETIME.days, help="days until it ends (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"No active person is called {options['user']!r}.")
        if options["days"] < 1:
            raise CommandError("A token lasts at least one day: --days 1.")
        _, token = create_token(
            actor=Actor.system("create_token"),
            user=user,
            name=options["name"][:100],
            lifetime=timedelta(days=options["days"]),
        )
        self.stdout.write(token)
