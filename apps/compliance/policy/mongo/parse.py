"""The typed JSON becomes a collection and a pipeline; `find` becomes an aggregation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.compliance.policy.mongo.literals import Objects, fraction, literal, no_constant, whole
from apps.compliance.policy.types import Refusal

MAX_CHARACTERS = 100_000
KEYS = frozenset({"collection", "pipeline", "filter", "projection", "sort", "skip", "limit", "distinct", "count"})
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
    if "distinct" in body or "count" in body:
        return Request(collection, tuple(command_stages(body)))
    return Request(collection, tuple(find_stages(body)))


def read_json(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise Refusal("too_long", f"The text has more than {MAX_CHARACTERS:,} characters.", "Shorten it.")
    objects = Objects()
    try:
        body = json.loads(
            text, object_pairs_hook=objects.unique, parse_constant=no_constant, parse_int=whole, parse_float=fraction
        )
    except json.JSONDecodeError as error:
        raise Refusal(
            "not_understood", f"This is not JSON: {error.msg}.", EXAMPLE, line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise Refusal("too_complex", "The query is nested too deeply to be checked.", "Flatten it.") from None
    return literal(body, 0)


def stages_of(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    beside = sorted(set(body) - {"collection", "pipeline"})
    if beside:
        raise Refusal("not_understood", f"“{beside[0]}” cannot stand beside “pipeline”.", "Write it as a stage.")
    pipeline = body["pipeline"]
    if not isinstance(pipeline, list) or not all(isinstance(stage, dict) for stage in pipeline):
        raise Refusal("not_understood", "“pipeline” must be a list of stages.", EXAMPLE)
    return tuple(pipeline)


def command_stages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`distinct` and `count` as stages. As the store's own, `distinct` takes an array as each of its elements."""
    beside = sorted(set(body) - {"collection", "filter", "distinct", "count"})
    if beside or ("distinct" in body and "count" in body):
        raise Refusal("not_understood", f"“{(beside or ['count'])[0]}” cannot stand here.", "Write a pipeline.")
    front = [{"$match": body["filter"]}] if body.get("filter") else []
    if "count" in body:
        if body["count"] is not True:
            raise Refusal("not_understood", "“count” is true, or is not there.", EXAMPLE)
        return [*front, {"$count": "count"}]
    path = body["distinct"]
    if not isinstance(path, str) or not path:
        raise Refusal("not_understood", "“distinct” names a field.", EXAMPLE)
    parts = path.split(".")
    places = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return [
        *front,
        *({"$unwind": {"path": f"${place}", "preserveNullAndEmptyArrays": True}} for place in places),
        {"$match": {path: {"$exists": True}}},
        {"$group": {"_id": f"${path}"}},
        {"$project": {"_id": 0, path.rpartition(".")[2]: "$_id"}},
    ]


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
