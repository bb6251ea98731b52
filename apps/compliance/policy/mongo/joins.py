"""Stages that read further collections, or the same documents several times: `$unionWith`, `$graphLookup`, `$facet`.

Whatever is read is masked before anything typed meets it; where the store compares while it reads (`$graphLookup`), it
may compare fields alone that are shown as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apps.compliance.policy.choose import Choice
from apps.compliance.policy.masks.mongo_keyed import key_stages
from apps.compliance.policy.mongo.document import clear_paths, mask_of
from apps.compliance.policy.mongo.expressions import NOTHING, field_path, only, paths_in
from apps.compliance.policy.mongo.matches import hoistable, paths_in_match
from apps.compliance.policy.mongo.shape import Field, Shape, shape_of
from apps.compliance.policy.mongo.stages import Flow, whole
from apps.compliance.policy.types import Refusal
from portal.tokens.mongo import key_id

if TYPE_CHECKING:
    from apps.compliance.policy.mongo.reads import Reads

MOST_FACETS = 20
DEEPEST_WALK = 10
NESTED = ["object", "array", "javascript", "javascriptWithScope", "dbPointer", "symbol"]


def union_with(reads: Reads, flow: Flow, argument: Any, depth: int) -> Flow:
    options = {"coll": argument} if isinstance(argument, str) else argument
    if not isinstance(options, dict) or not isinstance(options.get("coll"), str):
        raise Refusal("not_understood", "$unionWith takes the name of a collection (“coll”).")
    only(options, {"coll", "pipeline"})
    inner = reads.read(options["coll"], options.get("pipeline", []), depth=depth + 1)
    stage = {"$unionWith": {"coll": options["coll"], "pipeline": list(inner.stages)}}
    after = flow.then(stage, together(flow.shape, inner.shape))
    return replace(after, conditions=after.conditions | inner.conditions)


def together(left: Shape, right: Shape) -> Shape:
    fields = dict(left.fields)
    for name, found in right.fields.items():
        before = fields.get(name)
        fields[name] = Field(found.origins | before.origins) if before else Field(found.origins)
    return Shape(fields)


def facet(reads: Reads, flow: Flow, argument: Any, depth: int) -> Flow:
    """Several pipelines over the same documents, which are masked already."""
    if not isinstance(argument, dict) or not 0 < len(argument) <= MOST_FACETS:
        raise Refusal("not_understood", f"$facet takes an object of pipelines, {MOST_FACETS} at most.")
    shape, stages, conditions = Shape(), {}, flow.conditions
    for name, pipeline in argument.items():
        inner = Flow(flow.shape, variables=flow.variables)
        for number, stage in enumerate(reads.checked(pipeline, depth + 1)):
            if "$facet" in stage:
                raise Refusal("not_supported", "$facet cannot stand inside of $facet.", "Write it beside.")
            inner = reads.stage(inner, stage, depth + 1, number)
        shape = shape.having(field_path(name), Field(inner.shape.at("").origins))
        stages[name] = list(inner.stages)
        conditions |= inner.conditions
    return replace(flow.then({"$facet": stages}, shape), conditions=conditions)


def graph_lookup(reads: Reads, flow: Flow, argument: Any, depth: int) -> Flow:
    """The walk compares what was read, so its fields must be shown as they are; what it finds is masked behind it."""
    takes = {"from", "startWith", "connectFromField", "connectToField", "as", "maxDepth", "depthField",
            "restrictSearchWithMatch"}  # fmt: skip
    if not isinstance(argument, dict):
        raise Refusal("not_understood", "$graphLookup takes an object.")
    only(argument, takes)
    collection, name = text_of(argument, "from"), field_path(text_of(argument, "as"))
    reads.counted()
    dataset = reads.dataset(collection)
    reads.none_of(dataset)
    clear = clear_paths(dataset, reads.choices[collection])
    from_field, to_field = (text_of(argument, key) for key in ("connectFromField", "connectToField"))
    for path in (from_field, to_field):
        if field_path(path) not in clear:
            raise Refusal(
                "not_supported", f"A walk along “{path}” would compare what you may not see.", "Join with $lookup."
            )
    found = {
        "from": collection,
        "startWith": plain_values(argument.get("startWith")),
        "connectFromField": from_field,
        "connectToField": to_field,
        "as": name,
        "maxDepth": min(whole("“maxDepth”", argument.get("maxDepth", DEEPEST_WALK), 0), DEEPEST_WALK),
        "restrictSearchWithMatch": restricted(reads, argument, clear, dataset, {from_field, to_field}),
    }
    known = {path.split(".")[0].rstrip("[]") for path in reads.choices[collection]}
    keys, item = mask_of(reads.choices[collection], "$$found")
    if "depthField" in argument:
        level = field_path(text_of(argument, "depthField"))
        if "." in level or level in known:
            raise Refusal("not_supported", f"“{level}” is a field of {collection} already.", "Use another name.")
        found["depthField"] = level
        item = {"$mergeObjects": [item, {level: f"$$found.{level}"}]}
    used = paths_in(argument.get("startWith"), flow.variables)
    origins = shape_of(dataset).at("").origins
    shape = flow.shape.having(name.split(".")[0], Field(origins))
    after = flow.then({"$graphLookup": found}, shape, used)
    # In an order that what is shown decides: the store's own comes of what was read.
    shown = {"$sortArray": {"input": {"$map": {"input": f"${name}", "as": "found", "in": item}}, "sortBy": 1}}
    masked = {"$addFields": {name: shown}}
    forgotten = [{"$unset": sorted(key_id(key) for key in keys)}] if keys else []
    for stage in (*key_stages(keys), masked, *forgotten):
        after = after.then(stage)
    return after


def plain_values(start: Any) -> Any:
    """An object that somebody guesses would be compared with what lies, unknown, in a field that is shown."""
    one = {"$cond": [{"$in": [{"$type": "$$one"}, NESTED]}, None, "$$one"]}
    many = {"$map": {"input": "$$start", "as": "one", "in": one}}
    nested = {"$in": [{"$type": "$$start"}, NESTED]}
    return {
        "$let": {
            "vars": {"start": start},
            "in": {"$cond": [{"$isArray": ["$$start"]}, many, {"$cond": [nested, None, "$$start"]}]},
        }
    }


def restricted(
    reads: Reads, argument: dict[str, Any], clear: frozenset[str], dataset: Any, walked: set[str]
) -> dict[str, Any]:
    typed = argument.get("restrictSearchWithMatch", {})
    paths_in_match(typed, NOTHING)
    if set(hoistable(typed, clear)) != set(typed):
        raise Refusal(
            "not_supported",
            "“restrictSearchWithMatch” compares what was read: only fields that are shown as they are, plainly.",
            "Filter behind the walk, with $filter.",
        )
    filters = [stage["$match"] for stage in reads.row_filters(dataset)]
    strange = [each for path in sorted({*walked, *typed}) for each in unknown_at(path, reads.choices[dataset.path[-1]])]
    return {"$and": [*filters, *([typed] if typed else []), {"$nor": strange}]}


def unknown_at(path: str, known: Mapping[str, Choice]) -> list[dict[str, Any]]:
    """Conditions that hold where something nested lies in or above `path` that the catalog has not seen there: the mask
    hides it, but a comparison would look into it."""
    depths = [spelled.split(".") for spelled in known if spelled.replace("[]", "") == path]
    found: list[dict[str, Any]] = [{path: {"$type": [name for name in NESTED if name != "array"]}}]
    parts = path.split(".")
    for count in range(1, len(parts) + 1):
        deepest = max(spelled[count - 1].count("[]") for spelled in depths)
        deeper: dict[str, Any] = {"$type": "array"}
        for _ in range(deepest):
            deeper = {"$elemMatch": deeper}
        found.append({".".join(parts[:count]): deeper})
    return found


def text_of(argument: dict[str, Any], key: str) -> str:
    value = argument.get(key)
    if not isinstance(value, str):
        raise Refusal("not_understood", f"“{key}” of $graphLookup is a name.")
    return value
