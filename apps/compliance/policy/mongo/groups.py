"""Collections that a reader gets in groups of enough people alone: a pipeline groups them before anything else is told.

>>> [{"$group": {"_id": "$country", "n": {"$sum": 1}}}]
[{"$replaceWith": {..., "portico_entity_1": "$$ROOT.customer_id"}},
 {"$group": {"_id": "$country", "n": {"$sum": 1}, "portico_entity_1": {"$addToSet": "$portico_entity_1"}}},
 {"$match": {"$expr": {"$gte": [{"$size": "$portico_entity_1"}, 10]}}},
 {"$unset": ["portico_entity_1"]},
 {"$limit": ...}]
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.mongo.calm import CODE, calm, calm_match
from apps.compliance.policy.mongo.document import RESERVED
from apps.compliance.policy.mongo.grouping import bucket, sort_by_count
from apps.compliance.policy.mongo.stages import (
    Flow,
    add_fields,
    count,
    excludes,
    group,
    match,
    project,
    sort,
    unset,
    unwind,
)
from apps.compliance.policy.types import GroupSize, Refusal

ENTITY = "portico_entity_"
FENCE = 2_147_483_647
ACCUMULATORS = frozenset({"$sum", "$avg", "$count", "$stdDevPop", "$stdDevSamp"})
GROUP_FIRST = (
    "Group first: {“$group”: {“_id”: “$country”, “n”: {“$sum”: 1}}}; in front of it only $match, $project, $addFields, "
    "$unset and $unwind. Sort, join or compute behind it."
)


def names_of(sizes: tuple[GroupSize, ...]) -> list[str]:
    return [f"{ENTITY}{number}" for number, _size in enumerate(sizes, 1)]


def carried(sizes: tuple[GroupSize, ...]) -> dict[str, str]:
    """What comes through the mask stage as it is, by its hidden name."""
    return {name: size.entity for name, size in zip(names_of(sizes), sizes, strict=True)}


def check_sizes(sizes: tuple[GroupSize, ...], dataset: DatasetSchema) -> None:
    known = {column.name for column in dataset.columns}
    for size in sizes:
        if size.entity not in known or "[]" in size.entity or "*" in size.entity:
            raise Refusal("not_configured", f"The group size “{size.id}” names a field that is not there.")


def too_fine(size: GroupSize, what: str, hint: str = GROUP_FIRST) -> Refusal:
    why = f"the rule “{size.id}” shows {size.dataset[-1]} in groups of {size.at_least} or more {size.entity} only"
    return Refusal(CODE, f"{what}: {why}.", hint)


def still_rows(flow: Flow) -> Refusal:
    return too_fine(flow.sizes[0], "Documents are read one by one here")


def not_as_other(size: GroupSize) -> Refusal:
    hint = f"Begin with {size.dataset[-1]}, group it, and join the others to its groups."
    return too_fine(size, "Joined documents come one by one", hint)


def in_groups(flow: Flow, name: str, argument: Any) -> Flow:
    """One stage of a pipeline whose documents are not in groups yet."""
    own(argument)
    stage = BEFORE.get(name) or GROUPS.get(name)
    if stage is None:
        what = WHY.get(name, f"{name} would read documents one by one")
        raise too_fine(flow.sizes[0], what)
    return stage(flow, argument)


WHY = {
    "$bucketAuto": "$bucketAuto tells the least and the greatest value in each bucket",
    "$facet": "$facet would read the documents one by one",
}


def own(value: Any) -> None:
    """The engine's names may stand nowhere in what is typed, be it as a key, as a path or as a text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            own(key)
            own(item)
    elif isinstance(value, list):
        for item in value:
            own(item)
    elif isinstance(value, str) and RESERVED in value:
        raise Refusal("reserved_name", f"Names with {RESERVED} are reserved.", "Use another name.")


def matched(flow: Flow, argument: Any) -> Flow:
    return match(flow, calm_match(argument))


def added(flow: Flow, argument: Any) -> Flow:
    return add_fields(flow, calm(argument))


def projected(flow: Flow, argument: Any) -> Flow:
    """A list of fields to keep keeps the hidden ones."""
    after = project(flow, calm(argument))
    if all(excludes(value) for value in argument.values()):
        return after
    stage = {"$project": {**calm(argument), **dict.fromkeys(names_of(flow.sizes), 1)}}
    return replace(after, stages=(*flow.stages, stage))


def grouped(flow: Flow, argument: Any) -> Flow:
    after = group(flow, argument)
    return measured(flow, after, {"$group": {**in_calm(flow, argument), **collected(flow.sizes)}})


def bucketed(flow: Flow, argument: Any) -> Flow:
    after = bucket(flow, argument)
    if "default" not in argument:
        hint = "Add “default”: “other”."
        raise too_fine(flow.sizes[0], "$bucket fails on a value outside of its boundaries, and so tells of it", hint)
    output = in_calm(flow, argument.get("output") or {"count": {"$sum": 1}})
    by = calm(argument["groupBy"])
    return measured(
        flow, after, {"$bucket": {**argument, "groupBy": by, "output": {**output, **collected(flow.sizes)}}}
    )


def sorted_by_count(flow: Flow, argument: Any) -> Flow:
    shape = sort_by_count(flow, argument).shape
    after = grouped(flow, {"_id": argument, "count": {"$sum": 1}})
    return sort(replace(after, shape=shape), {"count": -1})


def counted(flow: Flow, argument: Any) -> Flow:
    shape = count(flow, argument).shape
    after = grouped(flow, {"_id": None, argument: {"$sum": 1}})
    return replace(after.then({"$unset": "_id"}), shape=shape)


def in_calm(flow: Flow, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Accumulators that no single value comes out of, over expressions that cannot fail."""
    for name, value in fields.items():
        operator = next(iter(value)) if name != "_id" else "$sum"
        if operator not in ACCUMULATORS:
            hint = f"Use {', '.join(sorted(ACCUMULATORS))}."
            raise too_fine(flow.sizes[0], f"{operator} shows the value of one document", hint)
    return {name: calm(value) for name, value in fields.items()}


def collected(sizes: tuple[GroupSize, ...]) -> dict[str, Any]:
    """Nobody is who has no key: neither null nor a field that is not there."""
    return {name: {"$addToSet": {"$ifNull": [f"${name}", "$$REMOVE"]}} for name in names_of(sizes)}


def measured(flow: Flow, after: Flow, stage: Mapping[str, Any]) -> Flow:
    """The stage that groups, and behind it only its large groups, behind a fence: MongoDB moves a condition on `_id` in
    front of the groups, where an error in it would tell of the small ones, but never in front of a limit."""
    enough = [
        {"$gte": [{"$size": f"${name}"}, size.at_least]}
        for name, size in zip(names_of(flow.sizes), flow.sizes, strict=True)
    ]
    large = {"$match": {"$expr": enough[0] if len(enough) == 1 else {"$and": enough}}}
    stages = (*flow.stages, stage, large, {"$unset": names_of(flow.sizes)}, {"$limit": FENCE})
    return replace(after, stages=stages, sizes=())


Stage = Callable[[Flow, Any], Flow]
BEFORE: Mapping[str, Stage] = {
    "$match": matched,
    "$project": projected,
    "$addFields": added,
    "$set": added,
    "$unset": unset,
    "$unwind": unwind,
}
GROUPS: Mapping[str, Stage] = {
    "$group": grouped,
    "$bucket": bucketed,
    "$sortByCount": sorted_by_count,
    "$count": counted,
}
