"""Whether a store answers, asked without the drivers that a web process does not load (Arrow, Snowflake's)."""

import http.client
import json
import ssl
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

from portal.stores.health import probe
from portal.stores.types import Health, StoreError, StoreKind

TIMEOUT_SECONDS = 4


def reach(name: str, kind: StoreKind, url: str) -> Health:
    """Never raises, answers within 5 s. Signs in where that is cheap; of a warehouse only the address is tried."""
    if not url:
        return Health(ok=False, detail="No address is configured.")
    return probe(f"reach {name} {url}", lambda: VERSION_OF[kind](name, url))


def unreachable(name: str, why: str) -> StoreError:
    return StoreError(why, store=name, public=why, retryable=True, code="unreachable")


def postgres_version(name: str, url: str) -> str:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT_SECONDS, autocommit=True) as connection:
            row = connection.execute("SHOW server_version").fetchone()
    except psycopg.Error as error:
        refused = "password authentication failed" in str(error) or "pg_hba" in str(error)
        raise unreachable(name, "It refuses our account." if refused else "It does not answer.") from None
    return f"PostgreSQL {row[0]}" if row else "PostgreSQL"


def mongo_version(name: str, url: str) -> str:
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure, PyMongoError

    limit = TIMEOUT_SECONDS * 1000
    client: MongoClient[dict[str, object]] = MongoClient(
        url, serverSelectionTimeoutMS=limit, connectTimeoutMS=limit, socketTimeoutMS=limit
    )
    try:
        return f"MongoDB {client.admin.command('buildInfo')['version']}"
    except OperationFailure:
        raise unreachable(name, "It refuses our account.") from None
    except PyMongoError:
        raise unreachable(name, "It does not answer.") from None
    finally:
        client.close()


def reach_http(name: str, url: str, path: str, product: str) -> Health:
    """The same for a part that tells its version at `path`, in plain text."""

    def version() -> str:
        status, body = http_get(name, url, path, plain=urlsplit(url).scheme == "http")
        if status != http.client.OK:
            raise unreachable(name, f"It answers {status}.")
        return f"{product} {body.decode(errors='replace').strip()[:40]}"

    return probe(f"reach {name} {url}", version)


def http_get(name: str, url: str, path: str, *, plain: bool) -> tuple[int, bytes]:
    parts = urlsplit(url)
    try:
        wire = connection(parts, plain=plain)
    except OSError:
        raise unreachable(name, "The certificate that its address names cannot be read.") from None
    try:
        wire.request("GET", path)
        answer = wire.getresponse()
        return answer.status, answer.read(1000)
    except (OSError, http.client.HTTPException):
        raise unreachable(name, "It does not answer.") from None
    finally:
        wire.close()


def connection(parts: SplitResult, *, plain: bool) -> http.client.HTTPConnection:
    """Over TLS to whom the machine's authorities vouch for, or the one named in the address (`?sslrootcert=FILE`)."""
    host = parts.hostname or ""
    if plain:
        return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
    authority = parse_qs(parts.query).get("sslrootcert", [None])[-1]
    context = ssl.create_default_context(cafile=authority)
    return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=context)


def warehouse_version(name: str, url: str) -> str:
    plain = parse_qs(urlsplit(url).query).get("protocol") == ["http"]
    status, body = http_get(name, url, "/health", plain=plain)
    return str(json.loads(body).get("version", "")) if plain and status == http.client.OK else "Snowflake"


VERSION_OF: dict[StoreKind, Callable[[str, str], str]] = {
    "postgres": postgres_version,
    "mongo": mongo_version,
    "snowflake": warehouse_version,
}
