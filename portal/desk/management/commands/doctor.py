"""`manage.py doctor`: what is up, where, which version, and what to do about what is not."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.desk.health import Board, log_of
from portal.embedded import claim
from portal.embedded.home import Home


class Command(BaseCommand):
    help = "Says of every component whether it is up, where it is, its version, and what to do when it is down."
    requires_system_checks = ()  # it is asked when something is wrong

    def handle(self, *args: Any, **options: Any) -> None:
        runs = bool(settings.EMBEDDED and claim.holder(Home(settings.HOME)))
        # Where nothing starts it, what is away is not on its way.
        components = (Board() if runs else Board(starts_within=0)).components()
        for component in components:
            style = self.style.SUCCESS if component.well else self.style.ERROR
            word = style(f"{component.status:<8}")
            detail = component.version if component.ok else component.detail
            self.stdout.write(
                f"{component.name:<10} {word} {component.latency_ms:>8.1f} ms  {component.address:<34} {detail}"
            )
            if component.remedy:
                self.stdout.write(f"{'':<10} -> {_while_up(component.name) if runs else component.remedy}")
        down = [component.name for component in components if not component.well]
        if down:
            raise CommandError(f"{len(down)} of {len(components)} down: {', '.join(down)}")


def _while_up(name: str) -> str:
    return f"`make up` is running and starts it again by itself; why it ended stands in {log_of(name)}."
