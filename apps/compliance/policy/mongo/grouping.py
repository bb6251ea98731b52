"""Stages that group, number and fill: what each reads, and the documents after it."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.policy.mongo.expressions import NOTHING, Paths, field_path, only, paths_in, refuse
from apps.compliance.policy.mongo.shape import Field, Shape
from apps.compliance.policy.mongo.stages import Flow, accumulated, is_number, sort, whole, wrong
from apps.compliance.policy.mongo.vocabulary import WINDOWED

MOST_BUCKETS = 1_000
MOST_SAMPLED = 100_000
UNITS = frozenset({"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"})
ENDS = frozenset({"unbounded", "current"})


def bucket(flow: Flow, argument: Any) -> Flow:
    return bucketed(flow, "$bucket", argument, {"groupBy", "boundaries", "default", "output"})


def bucket_auto(flow: Flow, argument: Any) -> Flow:
    flow_after = bucketed(flow, "$bucketAuto", argument, {"groupBy", "buckets", "output", "granularity"})
    if whole("“buckets” of $bucketAuto", argument.get("buckets"), 1) > MOST_BUCKETS:
        raise wrong("$bucketAuto", f"at most {MOST_BUCKETS:,} buckets")
    return flow_after


def bucketed(flow: Flow, stage: str, argument: Any, keys: set[str]) -> Flow:
    if not isinstance(argument, dict) or "groupBy" not in argument:
        raise wrong(stage, "an object with “groupBy”")
    only(argument, keys)
    constants(stage, [argument.get(name) for name in ("boundaries", "default", "buckets", "granularity")])
    by = flow.shape.computed(paths_in(argument["groupBy"], flow.variables))
    shape = Shape({"_id": by})
    for name, value in (argument.get("output") or {"count": {"$sum": 1}}).items():
        shape = shape.having(field_path(name), accumulated(flow, name, value))
    return flow.then({stage: argument}, shape)


def constants(stage: str, value: Any) -> None:
    """Lists and objects of plain values: nothing in them is read as an expression."""
    if isinstance(value, list):
        for item in value:
            constants(stage, item)
    elif isinstance(value, dict) or (isinstance(value, str) and value.startswith("$")):
        raise wrong(stage, "plain values in this place")


def sort_by_count(flow: Flow, argument: Any) -> Flow:
    by = flow.shape.computed(paths_in(argument, flow.variables))
    return flow.then({"$sortByCount": argument}, Shape({"_id": by, "count": Field(frozenset())}))


def sample(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or set(argument) != {"size"}:
        raise wrong("$sample", "an object with “size”")
    if whole("$sample", argument["size"], 1) > MOST_SAMPLED:
        raise wrong("$sample", f"a size up to {MOST_SAMPLED:,}")
    return flow.then({"$sample": argument})


def set_window_fields(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not isinstance(argument.get("output"), dict):
        raise wrong("$setWindowFields", "an object with “output”")
    only(argument, {"partitionBy", "sortBy", "output"})
    around = paths_in(argument.get("partitionBy"), flow.variables) | ordered(flow, argument.get("sortBy"))
    shape = flow.shape
    for name, value in argument["output"].items():
        used = around | windowed(flow, name, value)
        shape = shape.having(field_path(name).split(".")[0], flow.shape.computed(used))
    return flow.then({"$setWindowFields": argument}, shape)


def windowed(flow: Flow, name: str, value: Any) -> Paths:
    if not isinstance(value, dict):
        raise wrong(f"“{name}” in $setWindowFields", "an operator")
    operators = [key for key in value if key != "window"]
    if len(operators) != 1:
        raise wrong(f"“{name}” in $setWindowFields", "one operator, and “window”")
    if operators[0] not in WINDOWED:
        raise refuse(operators[0], "in $setWindowFields")
    check_window(value.get("window", {}))
    return operands(flow, value[operators[0]])


def operands(flow: Flow, argument: Any) -> Paths:
    """One expression, or the named arguments of $shift, $derivative and the like."""
    if not isinstance(argument, dict) or any(key.startswith("$") for key in argument):
        return paths_in(argument, flow.variables)
    only(argument, {"input", "output", "by", "default", "unit", "alpha", "N", "n", "sortBy"})
    used = ordered(flow, argument["sortBy"]) if "sortBy" in argument else NOTHING
    return used.union(*(paths_in(item, flow.variables) for key, item in argument.items() if key != "sortBy"))


def check_window(window: Any) -> None:
    if not isinstance(window, dict):
        raise wrong("“window”", "an object")
    only(window, {"documents", "range", "unit"})
    if window.get("unit") not in {None, *UNITS}:
        raise wrong("“unit”", f"one of {', '.join(sorted(UNITS))}")
    for name in ("documents", "range"):
        ends = window.get(name, ["unbounded", "current"])
        if not isinstance(ends, list) or len(ends) != 2 or not all(is_number(end) or end in ENDS for end in ends):
            raise wrong(f"“{name}”", "two numbers, “unbounded” or “current”")


def ordered(flow: Flow, argument: Any) -> Paths:
    """Fields to sort by, as in $sort."""
    if argument is None:
        return NOTHING
    sort(flow, argument)
    return frozenset(argument)


def densify(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not isinstance(argument.get("range"), dict):
        raise wrong("$densify", "an object with “field” and “range”")
    only(argument, {"field", "partitionByFields", "range"})
    field_path(named("$densify", argument.get("field")))
    names(argument.get("partitionByFields", []), "$densify")
    only(argument["range"], {"step", "unit", "bounds"})
    step = argument["range"].get("step")
    if not is_number(step) or step <= 0:
        raise wrong("$densify", "a step above zero")
    return flow.then({"$densify": argument})


def fill(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not isinstance(argument.get("output"), dict):
        raise wrong("$fill", "an object with “output”")
    only(argument, {"partitionBy", "partitionByFields", "sortBy", "output"})
    names(argument.get("partitionByFields", []), "$fill")
    used = paths_in(argument.get("partitionBy"), flow.variables) | ordered(flow, argument.get("sortBy"))
    shape = flow.shape
    for name, how in argument["output"].items():
        if not isinstance(how, dict) or len(how) != 1 or not ("value" in how or how.get("method") in FILLS):
            raise wrong("$fill", "a value, or the method “linear” or “locf”, for each field")
        found = flow.shape.computed(used | frozenset({field_path(name)}) | paths_in(how.get("value"), flow.variables))
        shape = shape.having(name.split(".")[0], found)
    return flow.then({"$fill": argument}, shape)


FILLS = frozenset({"linear", "locf"})


def names(value: Any, stage: str) -> None:
    for name in value if isinstance(value, list) else [value]:
        field_path(named(stage, name))


def named(stage: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(stage, "names of fields")
    return value


GROUPING: Mapping[str, Any] = {
    "$bucket": bucket,
    "$bucketAuto": bucket_auto,
    "$sortByCount": sort_by_count,
    "$sample": sample,
    "$setWindowFields": set_window_fields,
    "$densify": densify,
    "$fill": fill,
}
