"""`manage.py create_person NAME --role ROLE`"""

import sys
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import User
from portal.accounts.services import create_user
from portal.accounts.types import Role
from portal.audit.types import Actor


class Command(BaseCommand):
    help = (
        "Creates a person who may sign in, such as the first administrator. Asks for the password twice, or reads it "
        "as one line from standard input; it is never an argument, which other users of the machine could see, and "
        "never printed. Exit code: 0 done, 1 not, with the reason in one line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the person signs in with")
        parser.add_argument(
            "--role", action="append", default=[], choices=[role.value for role in Role], help="may be given again"
        )
        parser.add_argument("--full-name", default="", help="first and last name, as pages show it")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if User.objects.filter(username=name).exists():
            raise CommandError(f"There is somebody called {name!r} already; nothing was changed.")
        try:
            User._meta.get_field("username").clean(name, None)
            create_user(
                actor=Actor.system("create_person"),
                username=name,
                full_name=options["full_name"],
                email=options["email"],
                password=password(),
                roles=[Role(role) for role in options["role"]],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        roles = ", ".join(Role(role).label for role in options["role"]) or "no role: may sign in and see nothing"
        self.stdout.write(f"{name} may sign in ({roles}).")


def password() -> str:
    """Typed twice on a terminal; elsewhere the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("Password: ")
    if getpass("The same again: ") != first:
        raise CommandError("The two were not the same; nobody was created.")
    return first
