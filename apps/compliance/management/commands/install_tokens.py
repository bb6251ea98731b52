from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.compliance.tokens.installing import NotInstalled, install
from portal.stores.types import StoreError


class Command(BaseCommand):
    help = (
        "Puts the keys of tokens and fixed noise, and the functions that use them, into a store, as the account of "
        "PORTICO_<SOURCE>_OWNER_URL, and asks the account of people's queries for a token to see that it is right. "
        "Run it again after PORTICO_TOKEN_KEY has changed. The embedded servers have theirs from the start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", choices=sorted(settings.STORES))

    def handle(self, *args: Any, **options: Any) -> None:
        source: str = options["source"]
        try:
            install(source)
        except NotInstalled as error:
            raise CommandError(str(error)) from None
        except StoreError as error:
            raise CommandError(f"{source}: {error.public} Nothing can be masked with tokens there yet.") from None
        self.stdout.write(f"{source}: tokens can be used.")
