"""Who asks: a service user with a live token and the right to score. People sign in at the portal instead."""

import threading
import time
from dataclasses import dataclass

from django.utils import timezone

from portal.accounts.models import ApiToken
from portal.accounts.tokens import fingerprint

RIGHT = "ml.score"
KNOWN_FOR_S = 2.0  # a token that is revoked opens nothing any more after this long
MOST_KNOWN = 1_000


@dataclass(frozen=True)
class Caller:
    id: int
    name: str


class Refused(Exception):
    """`status` 401: we do not know who asks; 403: we do, and they may not."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Callers:
    """Remembers for two seconds who a token belongs to, so that a busy caller costs no query for each score."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Caller]] = {}
        self._lock = threading.Lock()

    def of(self, header: str) -> Caller:
        """From the header `Authorization`. Raises Refused."""
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer" or not token or " " in token.strip():
            raise Refused(401, "Send a service token: Authorization: Bearer <token>.")
        digest = fingerprint(token.strip())
        now = time.monotonic()
        with self._lock:
            until, caller = self._known.get(digest, (0.0, None))
        if caller is not None and now < until:
            return caller
        found = _asked(digest)
        with self._lock:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[digest] = (now + KNOWN_FOR_S, found)
        return found


def _asked(digest: str) -> Caller:
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if token is None:
        raise Refused(401, "This token is unknown.")
    if token.revoked_at is not None:
        raise Refused(401, "This token was revoked.")
    if token.expires_at is not None and token.expires_at <= timezone.now():
        raise Refused(401, "This token has expired.")
    if not token.user.is_active:
        raise Refused(401, "Whom this token belongs to is deactivated.")
    if not token.user.is_service:
        raise Refused(403, "Only service users ask for scores; this token is a person's.")
    if not token.user.has_perm(RIGHT):
        raise Refused(403, "This service user lacks the right to score (ml.score).")
    return Caller(token.user.pk, token.user.get_username())
