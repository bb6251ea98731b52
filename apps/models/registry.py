"""The few questions and orders that MLflow takes from the web: one version, one alias. Plain HTTP with a time limit,
because importing MLflow's own client would triple a web process."""

import base64
import http.client
import json
from typing import Any, cast
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings

CHAMPION = "champion"
TIMEOUT_S = 5
API = "/api/2.0/mlflow"
MOST_BYTES = 1_000_000
UNKNOWN = "RESOURCE_DOES_NOT_EXIST"


class RegistryDown(Exception):
    """MLflow does not answer, or not as it should. The message is safe for people."""


class NotThere(Exception):
    """MLflow knows no such model, version or alias."""


def version_exists(name: str, number: int) -> bool:
    """Raises RegistryDown."""
    try:
        found = ask("GET", "/model-versions/get", name=name, version=str(number))
    except NotThere:
        return False
    return bool(found["model_version"]["status"] == "READY")


def alias_of(name: str) -> int | None:
    """The version that the alias `champion` stands on now. Raises RegistryDown."""
    try:
        found = ask("GET", "/registered-models/alias", name=name, alias=CHAMPION)
    except NotThere:
        return None
    return int(found["model_version"]["version"])


def set_alias(name: str, number: int) -> None:
    """Raises RegistryDown, NotThere."""
    ask("POST", "/registered-models/alias", name=name, alias=CHAMPION, version=str(number))


def ask(method: str, path: str, **fields: str) -> dict[str, Any]:
    """Raises RegistryDown, NotThere."""
    status, body = _send(method, path, fields)
    try:
        told = cast(dict[str, Any], json.loads(body or b"{}"))
    except ValueError:
        raise RegistryDown(f"MLflow's answer ({status}) is not one of MLflow's.") from None
    if status == http.client.OK:
        return told
    # An alias that is not set is an "invalid parameter" to MLflow.
    no_alias = status == http.client.BAD_REQUEST and "alias" in str(told.get("message", "")).lower()
    if told.get("error_code") == UNKNOWN or no_alias:
        raise NotThere(path)
    raise RegistryDown(f"MLflow answers {status} ({told.get('error_code', 'no reason')}).")


def _send(method: str, path: str, fields: dict[str, str]) -> tuple[int, bytes]:
    wire, below = connection()
    target = below + API + path
    headers = {"Content-Type": "application/json", **account_header()}
    try:
        if method == "GET":
            wire.request("GET", f"{target}?{urlencode(fields)}", headers=headers)
        else:
            wire.request(method, target, json.dumps(fields), headers)
        answer = wire.getresponse()
        return answer.status, answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException):
        raise RegistryDown("MLflow does not answer.") from None
    finally:
        wire.close()


def connection() -> tuple[http.client.HTTPConnection, str]:
    """Not yet connected, and the path that everything lies below. Raises RegistryDown when none is configured."""
    if not settings.TRACKING_URL:
        raise RegistryDown("No MLflow is configured (PORTICO_TRACKING_URL).")
    parts = urlsplit(settings.TRACKING_URL)
    kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S), parts.path.rstrip("/")


def account_header() -> dict[str, str]:
    parts = urlsplit(settings.TRACKING_URL)
    if not parts.username:
        return {}
    account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(account.encode()).decode()}
