"""`manage.py create_demo_people`"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.demo import DEMO_PEOPLE
from portal.accounts.models import User
from portal.accounts.services import create_user, grant_role
from portal.audit.types import Actor


class Command(BaseCommand):
    help = "Creates the people of the demo, at least one of each role, with the password PORTICO_DEMO_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("PORTICO_DEMO is off: an installation with real people gets no demo sign-ins.")
        if not settings.DEMO_PASSWORD:
            raise CommandError("PORTICO_DEMO_PASSWORD is empty: the embedded servers write one when they start.")
        actor = Actor.system("create_demo_people")
        for person in DEMO_PEOPLE:
            user = User.objects.filter(username=person.username).first()
            if user is None:
                create_user(
                    actor=actor,
                    username=person.username,
                    full_name=person.full_name,
                    email=f"{person.username}@portico.example",
                    password=settings.DEMO_PASSWORD,
                    roles=[person.role],
                )
            else:
                grant_role(actor=actor, user=user, role=person.role)
            self.stdout.write(f"{person.username:<8}{person.role.label}")
