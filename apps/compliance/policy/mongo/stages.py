"""Each stage that may stand in a pipeline: what it must look like, what it reads, and the documents after it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.compliance.policy.mongo.expressions import NOTHING, Paths, field_path, only, paths_in, refuse
from apps.compliance.policy.mongo.literals import MOST
from apps.compliance.policy.mongo.matches import paths_in_match
from apps.compliance.policy.mongo.shape import Field, Shape
from apps.compliance.policy.mongo.vocabulary import ACCUMULATORS
from apps.compliance.policy.types import GroupSize, Refusal


@dataclass(frozen=True)
class Flow:
    """A pipeline as far as it has been read: the stages that run, the shape after them, the variables in reach,
    the paths that conditions used, and the sizes of groups that its documents still have to be put into."""

    shape: Shape
    stages: tuple[Mapping[str, Any], ...] = ()
    variables: frozenset[str] = frozenset()
    conditions: frozenset[tuple[str, str]] = frozenset()
    sizes: tuple[GroupSize, ...] = ()

    def then(self, stage: Mapping[str, Any], shape: Shape | None = None, conditions: Paths = NOTHING) -> "Flow":
        used = self.shape.computed(conditions).origins
        return replace(
            self,
            stages=(*self.stages, stage),
            shape=self.shape if shape is None else shape,
            conditions=self.conditions | used,
        )


def wrong(stage: str, needs: str) -> Refusal:
    return Refusal("not_understood", f"{stage} takes {needs}.")


def match(flow: Flow, argument: Any) -> Flow:
    return flow.then({"$match": argument}, conditions=paths_in_match(argument, flow.variables))


def add_fields(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not argument:
        raise wrong("$addFields", "an object of new fields")
    shape = flow.shape
    for path, value in argument.items():
        field_path(path)
        computed = flow.shape.computed(paths_in(value, flow.variables))
        name, _dot, rest = path.partition(".")
        if rest:
            computed = Field(computed.origins | flow.shape.at(name).origins)
        shape = shape.having(name, computed)
    return flow.then({"$addFields": argument}, shape)


def project(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not argument:
        raise wrong("$project", "an object of fields")
    for path in argument:
        field_path(path)
    if all(excludes(value) for value in argument.values()):
        return flow.then({"$project": argument}, flow.shape.without(path for path in argument if "." not in path))
    shape = Shape({"_id": flow.shape.fields["_id"]} if "_id" in flow.shape.fields else {})
    for path, value in argument.items():
        name = path.split(".")[0]
        if excludes(value):
            shape = shape.without([name])
            continue
        found = projected(flow, path, value)
        before = shape.fields.get(name) if name != path or (name in shape.fields and name != "_id") else None
        shape = shape.having(name, Field(found.origins | before.origins) if before else found)
    return flow.then({"$project": argument}, shape)


def excludes(value: Any) -> bool:
    return (isinstance(value, bool) and not value) or (is_number(value) and value == 0)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def projected(flow: Flow, path: str, value: Any) -> Field:
    if isinstance(value, bool) or is_number(value):
        found = flow.shape.at(path)
        return found if "." not in path else Field(found.origins, None)
    if isinstance(value, dict) and value and not any(key.startswith("$") for key in value):
        parts = [projected(flow, f"{path}.{field_path(key)}", inner) for key, inner in value.items()]
        return Field(frozenset().union(*(part.origins for part in parts)))
    return flow.shape.computed(paths_in(value, flow.variables))


def unwind(flow: Flow, argument: Any) -> Flow:
    options = argument if isinstance(argument, dict) else {"path": argument}
    only(options, {"path", "includeArrayIndex", "preserveNullAndEmptyArrays"})
    path = options.get("path")
    if not isinstance(path, str) or not path.startswith("$") or path.startswith("$$"):
        raise wrong("$unwind", "the path of an array, such as “$devices”")
    field_path(path[1:])
    index = options.get("includeArrayIndex")
    shape = flow.shape
    if index is not None:
        if not isinstance(index, str):
            raise wrong("includeArrayIndex", "the name of a field")
        shape = shape.having(field_path(index).split(".")[0], Field(flow.shape.at(path[1:]).origins))
    return flow.then({"$unwind": argument}, shape)


def group(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or "_id" not in argument:
        raise wrong("$group", "an object with “_id”")
    shape = Shape({"_id": flow.shape.computed(paths_in(argument["_id"], flow.variables))})
    for name, value in argument.items():
        if name != "_id":
            shape = shape.having(field_path(name), accumulated(flow, name, value))
    return flow.then({"$group": argument}, shape)


def accumulated(flow: Flow, name: str, value: Any) -> Field:
    if not isinstance(value, dict) or len(value) != 1:
        raise wrong(f"“{name}” in $group", "one accumulator")
    operator, inner = next(iter(value.items()))
    if operator not in ACCUMULATORS:
        raise refuse(operator, "in $group")
    if operator in TOP and isinstance(inner, dict):
        only(inner, {"sortBy", "output", "n"})
        sort(flow, inner.get("sortBy"))
        used = frozenset(inner["sortBy"]) | paths_in(inner.get("output"), flow.variables)
        return flow.shape.computed(used | paths_in(inner.get("n"), flow.variables))
    return flow.shape.computed(paths_in(inner, flow.variables))


TOP = frozenset({"$top", "$topN", "$bottom", "$bottomN"})


def sort(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or not argument:
        raise wrong("$sort", "fields with 1 or -1")
    for path, direction in argument.items():
        field_path(path)
        if not is_number(direction) or direction not in {1, -1}:
            raise wrong("$sort", "fields with 1 or -1")
    return flow.then({"$sort": argument})


def limit(flow: Flow, argument: Any) -> Flow:
    return flow.then({"$limit": whole("$limit", argument, 1)})


def skip(flow: Flow, argument: Any) -> Flow:
    return flow.then({"$skip": whole("$skip", argument, 0)})


def whole(stage: str, argument: Any, least: int) -> int:
    if not is_number(argument) or not least <= argument <= MOST or argument != int(argument):
        raise wrong(stage, f"a whole number from {least}")
    return int(argument)


def count(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, str) or "." in argument:
        raise wrong("$count", "the name of a field")
    return flow.then({"$count": field_path(argument)}, Shape({argument: Field(frozenset())}))


def unset(flow: Flow, argument: Any) -> Flow:
    paths = argument if isinstance(argument, list) else [argument]
    if not paths or not all(isinstance(path, str) for path in paths):
        raise wrong("$unset", "names of fields")
    for path in paths:
        field_path(path)
    return flow.then({"$unset": argument}, flow.shape.without(path for path in paths if "." not in path))


Stage = Callable[[Flow, Any], Flow]
STAGES: dict[str, Stage] = {
    "$match": match,
    "$addFields": add_fields,
    "$set": add_fields,
    "$project": project,
    "$unset": unset,
    "$unwind": unwind,
    "$group": group,
    "$sort": sort,
    "$limit": limit,
    "$skip": skip,
    "$count": count,
}
