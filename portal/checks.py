"""System checks that stop a wrong or unsafe start. Outside the embedded mode each of them is an error."""

from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from portal.stores.transport import transport_is_encrypted
from portal.stores.types import StoreKind

KINDS: dict[str, StoreKind] = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mongodb": "mongo",
    "mongodb+srv": "mongo",
    "snowflake": "snowflake",
}
# Without MLflow nothing is trained, without a scoring service nothing is scored, and all else works.
OPTIONAL = {"PORTICO_TRACKING_URL", "PORTICO_SCORING_URL"}
KEYS = ("AUDIT_DIGEST_KEY", "AUDIT_SIGNING_KEY", "RESULTS_KEY", "ERASURE_KEY", "SUBJECTS_KEY", "TOKEN_KEY")


@register(Tags.security)
def production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Nothing here applies to the embedded mode, which listens on 127.0.0.1 and makes its own secrets."""
    if settings.EMBEDDED:
        return []
    return [message for check in CHECKS for message in check()]


def debug() -> list[CheckMessage]:
    if not settings.DEBUG:
        return []
    return [Error("PORTICO_DEBUG is on.", hint="Debug pages show settings and rows. Remove it.", id="portico.E001")]


def secret_key() -> list[CheckMessage]:
    if settings.SECRET_KEY != settings.DEFAULT_SECRET_KEY and len(settings.SECRET_KEY) >= 50:
        return []
    hint = "Set it to at least 50 random characters; whoever knows it can sign in as anybody."
    return [Error("PORTICO_SECRET_KEY is missing, the default, or too short.", hint=hint, id="portico.E002")]


def demo() -> list[CheckMessage]:
    if not settings.DEMO:
        return []
    return [Error("PORTICO_DEMO is on.", hint="Demo people have a known password. Set it to 0.", id="portico.E003")]


def keys() -> list[CheckMessage]:
    hint = "32 random bytes in hex (64 characters), for example from `openssl rand -hex 32`."
    return [
        Error(f"PORTICO_{name} is missing or malformed.", hint=hint, id="portico.E004")
        for name in KEYS
        if not is_key(getattr(settings, name))
    ]


def is_key(value: str) -> bool:
    try:
        return len(bytes.fromhex(value)) == 32
    except ValueError:
        return False


def transport() -> list[CheckMessage]:
    hint = "TLS 1.2 or newer is required outside the embedded mode: see docs/settings.md for the form of each address."
    return [
        Error(f"{name} does not require an encrypted connection.", hint=hint, id="portico.E005")
        for name, url in addresses().items()
        if url and not is_encrypted(url)
    ]


def addresses() -> dict[str, str]:
    found = {
        f"PORTICO_{name.upper()}_{account.upper()}_URL": url
        for name, store in settings.STORES.items()
        for account, url in cast(dict[str, str], store["accounts"]).items()
    }
    return (
        found
        | {"PORTICO_BROKER_URL": settings.BROKER_URL, "PORTICO_CACHE_URL": settings.CACHE_URL}
        | {"PORTICO_DATABASE_URL": settings.DATABASE_URL, "PORTICO_TRACKING_URL": settings.TRACKING_URL}
        | {"PORTICO_SCORING_URL": settings.SCORING_URL}
    )


def is_encrypted(url: str) -> bool:
    """Whether the address itself forbids plain text, so that a server cannot talk the driver down."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"}:
        return parts.scheme == "https"
    if parts.scheme.startswith("redis"):
        verified = parse_qs(parts.query).get("ssl_cert_reqs", ["required"])[-1]
        return parts.scheme == "rediss" and verified == "required"
    kind = KINDS.get(parts.scheme)
    return kind is not None and transport_is_encrypted(kind, url)


def missing_addresses() -> list[CheckMessage]:
    hint = "Every store needs its accounts; optional are the owner's, MLflow's and the scoring service's."
    return [
        Error(f"{name} is empty.", hint=hint, id="portico.E006")
        for name, url in addresses().items()
        if not url and not name.endswith("_OWNER_URL") and name not in OPTIONAL
    ]


def split_accounts() -> list[CheckMessage]:
    default, owner = settings.DATABASES["default"], settings.DATABASES["owner"]
    if default["USER"] != owner["USER"]:
        return []
    hint = "Web and workers must not own the audit tables: give PORTICO_DATABASE_URL an account that owns nothing."
    return [Error("The portal runs as the owner of its tables.", hint=hint, id="portico.E007")]


def calendars() -> list[CheckMessage]:
    hint = "A calendar is a country or one of its parts (IE, DE-BY, US-CA); a time zone is one of the IANA's."
    return [
        Error(f"{name} names nothing that is known: {value}.", hint=hint, id="portico.E008")
        for law in settings.SUBJECT_CALENDARS
        for name, value, known in (
            (f"PORTICO_{law.upper()}_CALENDAR", settings.SUBJECT_CALENDARS[law], is_calendar),
            (f"PORTICO_{law.upper()}_TIME_ZONE", settings.SUBJECT_TIME_ZONES[law], is_time_zone),
        )
        if not known(value)
    ]


def is_calendar(place: str) -> bool:
    import holidays

    country, _, part = place.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        return False
    return True


def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        return False
    return True


CHECKS: tuple[Callable[[], list[CheckMessage]], ...] = (
    debug, secret_key, demo, keys, transport, missing_addresses, split_accounts, calendars
)  # fmt: skip
