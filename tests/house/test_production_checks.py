"""An unsafe production start is stopped with an id and a hint; a safe one is not."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django.fixtures import Settings

from portal import checks

KEY = "ab" * 32
STORES = {
    "oltp": {"kind": "postgres", "accounts": {"gate": "postgresql://u:p@db/payments?sslmode=verify-full", "owner": ""}},
    "documents": {"kind": "mongo", "accounts": {"gate": "mongodb://u:p@docs/payments?tls=true"}},
    "warehouse": {"kind": "snowflake", "accounts": {"gate": "snowflake://u:p@account/ANALYTICS"}},
}
SAFE = {
    "EMBEDDED": False,
    "DEMO": False,
    "DEBUG": False,
    "SECRET_KEY": "s" * 64,
    "AUDIT_DIGEST_KEY": KEY,
    "AUDIT_SIGNING_KEY": KEY,
    "RESULTS_KEY": KEY,
    "ERASURE_KEY": KEY,
    "SUBJECTS_KEY": KEY,
    "TOKEN_KEY": KEY,
    "STORES": STORES,
    "DATABASE_URL": "postgresql://portico_app:p@db/portal?sslmode=verify-full",
    "BROKER_URL": "rediss://broker/0",
    "CACHE_URL": "rediss://broker/1",
    "TRACKING_URL": "https://portico:p@mlflow/",
    "SCORING_URL": "https://scoring:8100/?sslrootcert=/certificates/ca.crt",
}


@pytest.fixture(autouse=True)
def safe(settings: Settings) -> Iterator[None]:
    with override_settings(**SAFE):
        yield


def ids() -> list[str]:
    return [message.id or "" for message in checks.production(None)]


def test_a_safe_start_has_nothing_to_say() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", True, "portico.E001"),
        ("SECRET_KEY", "short", "portico.E002"),
        ("SECRET_KEY", "unsafe-default-secret-key-for-a-machine-without-env-json", "portico.E002"),
        ("DEMO", True, "portico.E003"),
        ("AUDIT_DIGEST_KEY", "", "portico.E004"),
        ("AUDIT_SIGNING_KEY", "not hex", "portico.E004"),
        ("RESULTS_KEY", "ab", "portico.E004"),
        ("ERASURE_KEY", "", "portico.E004"),
        ("SUBJECTS_KEY", "", "portico.E004"),
        ("TOKEN_KEY", "00" * 16, "portico.E004"),
        ("BROKER_URL", "redis://broker/0", "portico.E005"),
        ("CACHE_URL", "rediss://broker/1?ssl_cert_reqs=none", "portico.E005"),
        ("DATABASE_URL", "postgresql://u:p@db/portal?sslmode=prefer", "portico.E005"),
        ("TRACKING_URL", "http://portico:p@mlflow/", "portico.E005"),
        ("SCORING_URL", "http://scoring:8100/", "portico.E005"),
    ],
)
def test_each_unsafe_setting_is_named(settings: Settings, name: str, value: object, expected: str) -> None:
    setattr(settings, name, value)
    assert ids() == [expected]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@db/payments",
        "mongodb://u:p@docs/payments",
        "mongodb://u:p@docs/payments?tls=true&tlsInsecure=true",
        "snowflake://u:p@account/ANALYTICS?protocol=http",
    ],
)
def test_a_plain_text_store_is_refused(settings: Settings, url: str) -> None:
    settings.STORES = {"oltp": {"kind": "postgres", "accounts": {"gate": url}}}
    assert ids() == ["portico.E005"]


def test_a_missing_store_address_is_refused_but_the_demo_owner_is_optional(settings: Settings) -> None:
    settings.STORES = {"oltp": {"kind": "postgres", "accounts": {"gate": "", "owner": ""}}}
    assert ids() == ["portico.E006"]


def test_mlflow_and_the_scoring_service_are_optional(settings: Settings) -> None:
    settings.TRACKING_URL = settings.SCORING_URL = ""
    assert ids() == []


def test_one_account_for_all_is_refused(settings: Settings) -> None:
    settings.DATABASES = {"default": {"USER": "same"}, "owner": {"USER": "same"}}
    assert "portico.E007" in ids()


def test_the_embedded_mode_is_left_alone(settings: Settings) -> None:
    settings.EMBEDDED = True
    settings.DEBUG = True
    assert ids() == []
