"""The typed JSON becomes a collection and a pipeline; `find` becomes an aggregation."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.compliance.policy.types import Refusal

MAX_CHARACTERS = 100_000
MAX_DEPTH = 60
KEYS = frozenset({"collection", "pipeline", "filter", "projection", "sort", "skip", "limit"})
EXAMPLE = 'For example: {"collection": "sessions", "filter": {"status": "open"}, "limit": 20}'
NOT_JSON = "Documents are queried with JSON."


@dataclass(frozen=True)
class Request:
    collection: str
    pipeline: tuple[Mapping[str, Any], ...]


def parse_request(text: str) -> Request:
    """
    >>> parse_request('{"collection": "sessions", "filter": {"ok": true}, "limit": 5}')
    Request("sessions", ({"$match": {"ok": True}}, {"$limit": 5}))
    """
    body = read_json(text)
    if not isinstance(body, dict):
        raise Refusal("not_understood", f"{NOT_JSON} An object is needed.", EXAMPLE)
    unknown = sorted(set(body) - KEYS)
    if unknown:
        raise Refusal("not_supported", f"The key “{unknown[0]}” is not supported.", f"Use {', '.join(sorted(KEYS))}.")
    collection = body.get("collection")
    if not isinstance(collection, str) or not collection:
        raise Refusal("not_understood", "“collection” must name a collection.", EXAMPLE)
    if "pipeline" in body:
        return Request(collection, stages_of(body))
    return Request(collection, tuple(find_stages(body)))


def read_json(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise Refusal("too_long", f"The text has more than {MAX_CHARACTERS:,} characters.", "Shorten it.")
    try:
        return literal(json.loads(text, object_pairs_hook=unique, parse_constant=no_constant), 0)
    except json.JSONDecodeError as error:
        raise Refusal(
            "not_understood", f"This is not JSON: {error.msg}.", EXAMPLE, line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise Refusal("too_complex", "The query is nested too deeply to be checked.", "Flatten it.") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _value in pairs]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise Refusal("not_understood", f"The key “{twice}” stands twice in one object.", "Remove one of them.")
    if any("\0" in key for key in keys):
        raise Refusal("bad_character", "A key holds the character U+0000.", "Delete it.")
    return dict(pairs)


def no_constant(name: str) -> Any:
    raise Refusal("not_understood", f"{name} is not JSON.", "Use a number.")


def literal(value: Any, depth: int) -> Any:
    """Extended JSON's typed values become values; all else stays."""
    if depth > MAX_DEPTH:
        raise Refusal("too_complex", "The query is nested too deeply to be checked.", "Flatten it.")
    if isinstance(value, list):
        return [literal(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in TYPED:
            return TYPED[key](inner)
    return {key: literal(item, depth + 1) for key, item in value.items()}


def moment(value: Any) -> dt.datetime:
    try:
        parsed = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refusal("not_understood", "$date takes a time such as 2025-01-31T00:00:00Z.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


def whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refusal("not_understood", "$numberLong and $numberInt take a whole number.") from None


def unsupported(value: Any) -> Any:
    raise Refusal(
        "not_supported",
        "Object ids and decimals cannot be written as values here.",
        'Compare in $expr, with {"$toObjectId": "..."} or {"$toDecimal": "..."}.',
    )


TYPED = {
    "$date": moment,
    "$numberLong": whole,
    "$numberInt": whole,
    "$oid": unsupported,
    "$numberDecimal": unsupported,
    "$numberDouble": unsupported,
    "$binary": unsupported,
    "$timestamp": unsupported,
    "$regularExpression": unsupported,
    "$code": unsupported,
    "$symbol": unsupported,
    "$dbPointer": unsupported,
    "$minKey": unsupported,
    "$maxKey": unsupported,
    "$undefined": unsupported,
    "$uuid": unsupported,
}


def stages_of(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    beside = sorted(set(body) - {"collection", "pipeline"})
    if beside:
        raise Refusal("not_understood", f"“{beside[0]}” cannot stand beside “pipeline”.", "Write it as a stage.")
    pipeline = body["pipeline"]
    if not isinstance(pipeline, list) or not all(isinstance(stage, dict) for stage in pipeline):
        raise Refusal("not_understood", "“pipeline” must be a list of stages.", EXAMPLE)
    return tuple(pipeline)


def find_stages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`find` as stages, in the order in which a find works."""
    stages = (
        ("filter", "$match"),
        ("sort", "$sort"),
        ("skip", "$skip"),
        ("limit", "$limit"),
        ("projection", "$project"),
    )
    return [{stage: body[key]} for key, stage in stages if key in body and body[key] not in ({}, None)]
