"""`manage.py send_scores`"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.models.drift.snapshots import newest
from apps.models.selectors import serving
from apps.models.types import NotServing, Serving
from portal.accounts.models import User
from portal.accounts.services import create_service, create_token, grant_permission, revoke_token
from portal.audit.types import Actor

ACTOR = Actor.system("send_scores")
CALLER = "demo-checkout"
READY_WITHIN_S = 90.0


class Command(BaseCommand):
    help = "Demo: sends payments of the training rows to the scoring service, so that there is something to look at."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=400, help="how many (default: %(default)s)")
        parser.add_argument("--per-second", type=int, default=50, help="at most so many (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("PORTICO_DEMO is off: real payments are scored by whoever takes them.")
        approved = serving(settings.SCORING_MODEL)
        if isinstance(approved, NotServing):
            self.stdout.write(f"= nothing to score: {approved.reason}")
            return
        parts = urlsplit(settings.SCORING_URL)
        wire = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        wait_for(wire, approved)
        with caller() as token:
            sent = self._send(wire, token, approved, options["count"], options["per_second"])
        self.stdout.write(f"= {sent} scored")

    def _send(self, wire: HTTPConnection, token: str, approved: Serving, count: int, per_second: int) -> int:
        """The newest training rows, as the checkout would send them: inputs, and the key of the charge."""
        sent, pause = 0, 1 / max(per_second, 1)
        for charge, row in newest(approved.snapshot_id, list(approved.inputs), count=count):
            body = json.dumps({"features": row, "charge": charge})
            status, said = ask(wire, "POST", "/score", body, {"Authorization": f"Bearer {token}"})
            if status != 200:
                raise CommandError(f"The scoring service answers {status}: {said.get('detail')}")
            sent += 1
            time.sleep(pause)
        return sent


def wait_for(wire: HTTPConnection, approved: Serving) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        try:
            if ask(wire, "GET", "/healthz")[1].get("version") == approved.version:
                return
        except (OSError, HTTPException):
            wire.close()
        time.sleep(0.5)
    raise CommandError(f"The scoring service does not serve version {approved.version} at {settings.SCORING_URL}.")


def ask(
    wire: HTTPConnection, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    wire.request(method, path, body, headers or {})
    answer = wire.getresponse()
    return answer.status, json.load(answer)


@contextmanager
def caller() -> Iterator[str]:
    """A service user of the demo, and a token that is worth nothing afterwards."""
    user = User.objects.filter(username=CALLER).first()
    user = user or create_service(actor=ACTOR, username=CALLER, full_name="Checkout of the demo")
    grant_permission(actor=ACTOR, service=user, permission="ml.score")
    row, token = create_token(actor=ACTOR, user=user, name="send_scores", lifetime=timedelta(hours=1))
    try:
        yield token
    finally:
        revoke_token(actor=ACTOR, token=row)
