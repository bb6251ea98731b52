"""`$replaceRoot` and `$replaceWith`: a document made of another, where its fields can be named beforehand. An answer's
columns have names before it runs, so what nobody can name is refused."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.policy.mongo.expressions import field_path, only, paths_in
from apps.compliance.policy.mongo.shape import Field, Shape, plain
from apps.compliance.policy.mongo.stages import Flow
from apps.compliance.policy.types import Refusal

HINT = "Name the fields: {“$replaceWith”: {“os”: “$device.os”}}, or use $project."


def replace_root(flow: Flow, argument: Any) -> Flow:
    if not isinstance(argument, dict) or "newRoot" not in argument:
        raise Refusal("not_understood", "$replaceRoot takes an object with “newRoot”.")
    only(argument, {"newRoot"})
    return replaced(flow, argument["newRoot"])


def replaced(flow: Flow, root: Any) -> Flow:
    paths_in(root, flow.variables)
    return flow.then({"$replaceWith": root}, shape_of_value(flow, root))


def shape_of_value(flow: Flow, value: Any) -> Shape:
    if isinstance(value, str) and value.startswith("$$ROOT") and value in ("$$ROOT", "$$CURRENT"):
        return flow.shape
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        return inside(flow, value[1:])
    if isinstance(value, dict) and set(value) == {"$mergeObjects"} and isinstance(value["$mergeObjects"], list):
        shape = Shape()
        for part in value["$mergeObjects"]:
            for name, field in shape_of_value(flow, part).fields.items():
                before = shape.fields.get(name, Field(frozenset())).origins
                shape = shape.having(name, Field(before | field.origins))
        return shape
    if isinstance(value, dict) and value and not any(key.startswith("$") for key in value):
        computed = {name: flow.shape.computed(paths_in(item, flow.variables)) for name, item in value.items()}
        return Shape({name.split(".")[0]: field for name, field in computed.items()})
    raise Refusal("not_supported", "Which fields the new document has cannot be told beforehand.", HINT)


def inside(flow: Flow, path: str) -> Shape:
    """The fields of an object as it was read."""
    found = flow.shape.at(field_path(path))
    if found.at is None:
        raise Refusal("not_supported", f"Which fields “{path}” has cannot be told beforehand.", HINT)
    fields: dict[str, Field] = {}
    for origin in sorted(found.origins):
        rest = plain(origin[1])[len(found.at) + 1 :] if found.at else plain(origin[1])
        if rest:
            name = rest.split(".")[0]
            at = f"{found.at}.{name}" if found.at else name
            fields[name] = Field(fields.get(name, Field(frozenset())).origins | {origin}, at)
    if not fields:
        raise Refusal("not_supported", f"The catalog knows of no field inside “{path}”.", HINT)
    return Shape(fields)


RESHAPING: Mapping[str, Any] = {"$replaceRoot": replace_root, "$replaceWith": replaced}
