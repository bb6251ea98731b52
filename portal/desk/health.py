"""What is up: one check per component, side by side, each within 5 s. `/healthz` and `manage.py doctor` tell it."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.runs.selectors import scheduler_health, worker_health
from portal.stores.reach import reach, reach_http
from portal.stores.types import Health, StoreKind

DEADLINE_S = 5.0
# What may follow the pages, and for how long its absence is a start and not a fault.
FOLLOWERS = frozenset({"tracking", "scoring"})
STARTS_WITHIN_S = 60.0
FRESH_S = 2.0  # whoever asks more often, signed in or not, is told the last answer


@dataclass(frozen=True)
class Component:
    """`since` is when this process first saw it in this state. `address` holds no account and no password."""

    name: str
    ok: bool
    version: str = ""
    detail: str = ""
    since: str = ""
    latency_ms: float = 0.0
    address: str = ""
    remedy: str = ""
    starting: bool = False

    @property
    def status(self) -> str:
        if self.ok:
            return "ok"
        return "starting" if self.starting else "down"

    @property
    def well(self) -> bool:
        """A part that is still starting makes nothing unhealthy."""
        return self.ok or self.starting


def portal_db() -> Health:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return Health(ok=True, version=f"PostgreSQL {cursor.fetchone()[0]}")


def broker() -> Health:
    import redis

    client = redis.Redis.from_url(settings.BROKER_URL, socket_timeout=3, socket_connect_timeout=3)
    try:
        about = client.info("server")
    except redis.RedisError as error:
        refused = isinstance(error, redis.AuthenticationError)
        return Health(ok=False, detail="It refuses our password." if refused else "It does not answer.")
    finally:
        client.close()
    assert isinstance(about, dict)
    name = "Valkey" if "valkey_version" in about else "Redis"
    return Health(ok=True, version=f"{name} {about.get('valkey_version') or about.get('redis_version')}")


def store_url(name: str) -> str:
    return cast(dict[str, str], settings.STORES[name]["accounts"])["catalog"]


def store(name: str) -> Callable[[], Health]:
    def check() -> Health:
        return reach(name, cast(StoreKind, settings.STORES[name]["kind"]), store_url(name))

    return check


def tracking() -> Health:
    return reach_http("tracking", settings.TRACKING_URL, "/version", "MLflow")


def scoring() -> Health:
    return reach_http("scoring", settings.SCORING_URL, "/version", "serves")


CHECKS: dict[str, Callable[[], Health]] = {
    "portal_db": portal_db,
    "oltp": store("oltp"),
    "documents": store("documents"),
    "warehouse": store("warehouse"),
    "broker": broker,
    "worker": worker_health,
    "scheduler": scheduler_health,
    **({"tracking": tracking} if settings.TRACKING_URL else {}),
    **({"scoring": scoring} if settings.SCORING_URL else {}),
}
# Which part of the local servers, or which setting, stands behind a component.
PARTS = {
    "portal_db": "postgres",
    "oltp": "postgres",
    "documents": "mongo",
    "broker": "valkey",
    "scheduler": "beat",
}
SETTINGS = {
    "portal_db": "PORTICO_DATABASE_URL",
    "broker": "PORTICO_BROKER_URL",
    "tracking": "PORTICO_TRACKING_URL",
    "scoring": "PORTICO_SCORING_URL",
}
# Addresses that are no store's.
URLS = {"broker": settings.BROKER_URL, "tracking": settings.TRACKING_URL, "scoring": settings.SCORING_URL}


def log_of(name: str) -> Path:
    """Of a component of the local servers."""
    return Path(settings.LOG_DIR) / f"{PARTS.get(name, name)}.log"


def remedy(name: str) -> str:
    if settings.EMBEDDED:
        log = log_of(name)
        return f"`make up` starts it{f'; its log is {log}' if log.exists() else ''}."
    if name in {"worker", "scheduler"}:
        return "Start one as portal/celery.py says."
    return f"Check {SETTINGS.get(name, f'PORTICO_{name.upper()}_CATALOG_URL')} and the way to that address."


def address_of(name: str) -> str:
    if name == "portal_db":
        about = settings.DATABASES["default"]
        return f"{about['HOST']}:{about['PORT']}/{about['NAME']}"
    if name in {"worker", "scheduler"}:
        return ""
    url = URLS[name] if name in URLS else store_url(name)
    parts = urlsplit(str(url))
    if not parts.hostname:
        return "not configured"
    return f"{parts.hostname}:{parts.port}{parts.path}" if parts.port else f"{parts.hostname}{parts.path}"


class Board:
    """The last answer of every component in this process, and since when it is so. What follows the pages may be
    away for `starts_within` seconds after the board was made."""

    def __init__(self, *, starts_within: float = STARTS_WITHIN_S) -> None:
        self._starts_within = starts_within
        self._asking = threading.Lock()
        self._seen: dict[str, Component] = {}
        self._at = 0.0
        self._made = time.monotonic()

    def components(self) -> list[Component]:
        with self._asking:
            if time.monotonic() - self._at > FRESH_S:
                self._ask()
                self._at = time.monotonic()
            return list(self._seen.values())

    def _ask(self) -> None:
        answers: dict[str, Health] = {}
        threads = [threading.Thread(target=_check, args=(name, answers), daemon=True) for name in CHECKS]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + DEADLINE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for name in CHECKS:
            late = Health(ok=False, detail=f"It did not answer within {DEADLINE_S:g} s.")
            self._note(name, answers.get(name, late))

    def _note(self, name: str, health: Health) -> None:
        before = self._seen.get(name)
        same = before is not None and before.ok == health.ok
        since = before.since if before and same else datetime.now(UTC).isoformat(timespec="seconds")
        starting = name in FOLLOWERS and never_up(before) and time.monotonic() - self._made < self._starts_within
        self._seen[name] = Component(
            name, health.ok, health.version, health.detail, since, health.latency_ms, address_of(name),
            "" if health.ok or starting else remedy(name), starting and not health.ok,
        )  # fmt: skip


def never_up(before: Component | None) -> bool:
    """Whether it has not been up yet: what was up and is not any more has failed, and does not start."""
    return before is None or before.starting


def _check(name: str, answers: dict[str, Health]) -> None:
    started = time.perf_counter()
    try:
        health = CHECKS[name]()
    except Error:
        health = Health(ok=False, detail="The portal's database does not answer.")
    finally:
        connection.close()
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    answers[name] = replace(health, latency_ms=health.latency_ms or elapsed)


board = Board()


@never_cache
@login_not_required
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 otherwise. Who is not signed in learns the states and nothing else."""
    components = board.components()
    database = next(component.ok for component in components if component.name == "portal_db")
    # Whether somebody is signed in stands in the database: without it nobody is.
    known = database and request.user.is_authenticated
    ok = all(component.well for component in components)
    content = {component.name: told(component, in_full=known) for component in components}
    answer = JsonResponse({"status": "ok" if ok else "down", "components": content}, status=200 if ok else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # asked every few seconds; Django logs each 503
    return answer


HIDDEN = {"name", "ok", "starting", "address", "remedy"}


def told(component: Component, *, in_full: bool) -> dict[str, object]:
    if not in_full:
        return {"status": component.status}
    kept = {key: value for key, value in asdict(component).items() if key not in HIDDEN}
    return {"status": component.status, **kept}
