"""Asks a store for a token, to compare it with the portal's own: a store that lacks the functions or a key, or holds
the keys of another setting, would answer that there is no such row."""

from typing import Any

from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.mongo_keyed import key_stages
from apps.compliance.policy.masks.sql_numbers import SCHEMAS, function
from apps.compliance.policy.types import MaskKind, MaskOptions
from portal.sql.parse import Dialect
from portal.stores.types import Documents, Sql, Statement, Store, StoreError
from portal.tokens import mongo
from portal.tokens.keys import token_name

PROBE = "Zoë 李 5"
DIALECTS: dict[str, Dialect] = {"postgres": "postgres", "snowflake": "snowflake"}
# What a store says that does not know the functions, does not let the account at them, or has no key for them.
ABSENT = frozenset({"unknown_object", "forbidden", "syntax", "internal", "invalid_value", "unsupported"})


def probe(kind: str, purpose: str) -> Statement:
    """Of any table. In MongoDB keys are read from a document, so there is one to begin with: the key itself."""
    if kind in DIALECTS:
        dialect = DIALECTS[kind]
        return Sql(f"SELECT {SCHEMAS[dialect]}.{function('token', dialect)}('{purpose}', '{PROBE}') AS t")
    name = token_name(purpose)
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": mongo.key_id(name)}},
        {"$project": {"_id": 0, "v": {"$literal": PROBE}}},
        *key_stages([name]),
        {"$replaceWith": {"t": mask_scalar(MaskKind.TOKEN, "$v", MaskOptions(purpose=purpose))}},
    ]
    return Documents(mongo.COLLECTION, tuple(pipeline))


def told(store: Store, kind: str, purpose: str) -> str | None:
    """The store's token of PROBE; None where it has none. Raises StoreError for a store that cannot be asked."""
    try:
        with store.read(probe(kind, purpose)) as rows:
            found = [value for part in rows for value in part.column(0).to_pylist()]
    except StoreError as error:
        if error.code in ABSENT and not error.retryable:
            return None
        raise
    return str(found[0]) if len(found) == 1 and found[0] is not None else None
