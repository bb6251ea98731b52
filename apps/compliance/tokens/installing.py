"""Puts what tokens need into a store, as its owner: a machine path, named among the ways into stores.

No key stands in a statement: PostgreSQL takes them by COPY, Snowflake from a staged file, MongoDB as documents of an
insert, of which its logs and profiles keep none. At the end the account of people's queries is asked for a token, and
what it answers has to be the portal's own.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from apps.compliance.tokens.probes import PROBE, probe
from apps.compliance.tokens.values import token_of
from portal.accounts.types import Purpose
from portal.stores import open_store
from portal.stores.types import Command, Sql
from portal.tokens import mongo, postgres, snowflake
from portal.tokens.keys import Pads, all_pads

if TYPE_CHECKING:
    import pyarrow as pa


class NotInstalled(Exception):
    """A sentence that says why, and what to do."""


def install(source: str) -> None:
    """Repeatable. Raises NotInstalled, StoreError."""
    if not account(source, "owner"):
        raise NotInstalled(f"Set PORTICO_{source.upper()}_OWNER_URL for this one command: its account makes a schema.")
    try:
        keys = all_pads(settings.TOKEN_KEY, Purpose)
    except ValueError:
        raise NotInstalled("Set PORTICO_TOKEN_KEY first: 32 random bytes in hex (64 characters).") from None
    INTO[str(settings.STORES[source]["kind"])](source, keys)


def address(source: str, name: str) -> str:
    return cast(Mapping[str, str], settings.STORES[source]["accounts"]).get(name) or ""


def account(source: str, name: str) -> str:
    """The name that an account of ours has in the store; empty if it has no address."""
    return unquote(urlsplit(address(source, name)).username or "")


def role_of_gate(source: str) -> str:
    return parse_qs(urlsplit(address(source, "gate")).query).get("role", ["PUBLIC"])[0]


def in_postgres(source: str, keys: Sequence[Pads]) -> None:
    with open_store(source, "owner").transaction() as store:
        store.execute(*(Sql(text) for text in postgres.structure(snowflake.quoted(account(source, "gate")))))
        store.execute(Sql(f"TRUNCATE {postgres.KEYS_TABLE}"))
        store.write(tuple(postgres.KEYS_TABLE.split(".")), [batch(keys)])
    check(source)


def in_snowflake(source: str, keys: Sequence[Pads]) -> None:
    store = open_store(source, "owner")
    for text in snowflake.structure():
        store.execute(Sql(text))
    store.write(tuple(snowflake.KEYS_TABLE.split(".")), [batch(keys)])
    for text in snowflake.functions(snowflake.quoted(role_of_gate(source))):
        store.execute(Sql(text))
    check(source)


def in_mongo(source: str, keys: Sequence[Pads]) -> None:
    documents = mongo.documents(keys)
    ids = [document["_id"] for document in documents]
    open_store(source, "owner").execute(
        Command({"delete": mongo.COLLECTION, "deletes": [{"q": {"_id": {"$in": ids}}, "limit": 0}]}),
        Command({"insert": mongo.COLLECTION, "documents": documents}),
    )
    check(source)


def batch(keys: Sequence[Pads]) -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.RecordBatch.from_pydict(postgres.rows(keys))


def check(source: str) -> None:
    with open_store(source, "gate").read(probe(str(settings.STORES[source]["kind"]), Purpose.ANALYTICS)) as rows:
        found = [value for part in rows for value in part.column(0).to_pylist()]
    if found != [token_of(PROBE, Purpose.ANALYTICS)]:
        raise NotInstalled(f"{source} answers with another token than the portal makes: do not use tokens there.")


INTO = {"postgres": in_postgres, "snowflake": in_snowflake, "mongo": in_mongo}
