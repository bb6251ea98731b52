"""Tokens and fixed noise in MongoDB: a function that the rewriter alone may insert, and the key that it reads.

The key comes in front of the mask stage from where `portal.tokens.mongo` keeps it, as a field of each document; the
mask stage rebuilds documents from what the catalog knows, and so leaves it behind.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from apps.compliance.policy.masks.mongo_values import absent
from apps.compliance.policy.masks.numbers import LARGEST
from apps.compliance.policy.types import MaskKind, MaskOptions
from portal.tokens.keys import NOISE, token_name
from portal.tokens.mongo import COLLECTION, key_id
from portal.tokens.sha256 import CONSTANTS, signed

Expression = Any
BODY = (
    Path(__file__).with_name("digest.js").read_text(encoding="utf-8").replace("CONSTANTS", str(signed(CONSTANTS))[1:-1])
)
WHOLE = ["int", "long"]


def key_name(kind: MaskKind, options: MaskOptions) -> str:
    """Which key a mask needs; empty for a mask without one."""
    if kind is MaskKind.TOKEN:
        return token_name(options.purpose)
    return NOISE if kind is MaskKind.NOISE else ""


def key_stages(names: Iterable[str]) -> list[dict[str, Any]]:
    """What stands in front of a mask stage that needs these keys."""
    return [
        {"$lookup": {"from": COLLECTION, "pipeline": [{"$match": {"_id": key_id(name)}}], "as": key_id(name)}}
        for name in sorted(set(names))
    ]


def token(value: str, options: MaskOptions) -> Expression:
    known = {"$in": [{"$type": value}, ["string", *WHOLE]]}
    return {"$cond": [known, digest([{"$toString": value}], token_name(options.purpose), 0), absent(value)]}


def noise(value: str, options: MaskOptions) -> Expression:
    whole = {"$in": [{"$type": value}, WHOLE]}
    fits = {"$and": [whole, {"$gte": [value, -LARGEST]}, {"$lte": [value, LARGEST]}]}
    message = [f"{options.width}:", {"$toString": value}]
    changed = {"$add": [value, {"$toLong": digest(message, NOISE, options.width)}]}
    return {"$cond": [fits, changed, absent(value)]}


def digest(message: list[Expression], name: str, width: int) -> Expression:
    inner, outer = ({"$arrayElemAt": [f"${key_id(name)}.value.{part}", 0]} for part in ("inner", "outer"))
    return {"$function": {"body": BODY, "args": [{"$concat": message}, inner, outer, width], "lang": "js"}}


def for_people(value: Any) -> Any:
    """A pipeline as people read it: `{"$token": "$$ROOT.email"}` where the function stands."""
    if isinstance(value, list | tuple):
        return [for_people(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    call = value.get("$function")
    if len(value) == 1 and isinstance(call, Mapping) and call.get("body") == BODY:
        message, _inner, _outer, width = call["args"]
        path = message["$concat"][-1]["$toString"]
        return {"$noise": [path, width]} if width else {"$token": path}
    return {key: for_people(item) for key, item in value.items()}
