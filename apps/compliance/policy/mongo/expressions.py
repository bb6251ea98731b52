"""Reads an aggregation expression to its last key: operators on the list only, and which fields it uses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apps.compliance.policy.mongo.vocabulary import EXPRESSIONS, REASONS, VARIABLES
from apps.compliance.policy.types import Refusal

Paths = frozenset[str]
NOTHING: Paths = frozenset()
WHOLE: Paths = frozenset({""})  # the whole document


def refuse(name: str, place: str) -> Refusal:
    why = REASONS.get(name, "Only operators that compute from their arguments are open.")
    refusal = Refusal("operator_not_allowed", f"{name} is not allowed {place}. {why}", "Write it another way.")
    refusal.refused = replace(refusal.refused, detail={"function": name})
    return refusal


def paths_in(value: Any, variables: frozenset[str] = frozenset()) -> Paths:
    """The field paths that an expression uses. Raises Refusal for an operator or variable that is not allowed.

    >>> paths_in({"$concat": ["$email", "-", "$$ROOT.device.ip"]})
    frozenset({"email", "device.ip"})
    """
    if isinstance(value, str):
        return paths_in_text(value, variables)
    if isinstance(value, list):
        return NOTHING.union(*(paths_in(item, variables) for item in value))
    if isinstance(value, dict):
        return paths_in_object(value, variables)
    return NOTHING


def paths_in_text(text: str, variables: frozenset[str]) -> Paths:
    if not text.startswith("$"):
        return NOTHING
    if not text.startswith("$$"):
        return frozenset({field_path(text[1:])})
    name, _dot, rest = text[2:].partition(".")
    if name in {"ROOT", "CURRENT"}:
        return frozenset({field_path(rest)}) if rest else WHOLE
    if name in VARIABLES or name in variables:
        return NOTHING
    raise Refusal("variable_not_allowed", f"The variable $${name} is not allowed here.", "Use fields of the documents.")


def field_path(path: str) -> str:
    parts = path.split(".")
    if not all(parts) or any(part.startswith("$") or "\0" in part for part in parts):
        raise Refusal("not_understood", f"“{path}” is not a path of fields.", "Write it as “device.ip”.")
    return path


def paths_in_object(value: Mapping[str, Any], variables: frozenset[str]) -> Paths:
    operators = [key for key in value if key.startswith("$")]
    if not operators:
        for key in value:
            field_path(key)
        return NOTHING.union(*(paths_in(item, variables) for item in value.values()))
    if len(value) != 1:
        raise Refusal("not_understood", f"{operators[0]} must stand alone in its object.")
    name, argument = operators[0], value[operators[0]]
    if name not in EXPRESSIONS:
        raise refuse(name, "in an expression")
    special = SPECIAL.get(name)
    return special(argument, variables) if special else paths_in(argument, variables)


def literal(argument: Any, variables: frozenset[str]) -> Paths:
    return NOTHING


def let(argument: Any, variables: frozenset[str]) -> Paths:
    named = part(argument, "vars", "$let")
    if not isinstance(named, dict):
        raise Refusal("not_understood", "“vars” of $let must be an object.")
    inner = variables | {variable_name(name) for name in named}
    outer = NOTHING.union(*(paths_in(item, variables) for item in named.values()))
    return outer | paths_in(part(argument, "in", "$let"), inner)


def over_items(argument: Any, variables: frozenset[str]) -> Paths:
    """$map and $filter: `as` names each item."""
    if not isinstance(argument, dict):
        raise Refusal("not_understood", "$map and $filter take an object.")
    name = variable_name(argument.get("as", "this"))
    inner = variables | {name, "this"}
    used = paths_in(argument.get("input"), variables) | paths_in(argument.get("limit"), variables)
    return (
        used
        | paths_in(argument.get("in"), inner)
        | paths_in(argument.get("cond"), inner)
        | only(argument, {"input", "as", "in", "cond", "limit"})
    )


def reduce(argument: Any, variables: frozenset[str]) -> Paths:
    if not isinstance(argument, dict):
        raise Refusal("not_understood", "$reduce takes an object.")
    outer = paths_in(argument.get("input"), variables) | paths_in(argument.get("initialValue"), variables)
    inner = paths_in(argument.get("in"), variables | {"this", "value"})
    return outer | inner | only(argument, {"input", "initialValue", "in"})


def get_field(argument: Any, variables: frozenset[str]) -> Paths:
    """A field by name: which one it is may be computed, so it counts as the whole document."""
    if isinstance(argument, str) and not argument.startswith("$"):
        return frozenset({argument})
    return WHOLE | paths_in(argument, variables)


def only(argument: Mapping[str, Any], names: set[str]) -> Paths:
    other = sorted(set(argument) - names)
    if other:
        raise Refusal("not_understood", f"“{other[0]}” is not an argument here.")
    return NOTHING


def part(argument: Any, name: str, operator: str) -> Any:
    if not isinstance(argument, dict) or name not in argument:
        raise Refusal("not_understood", f"{operator} needs “{name}”.")
    return argument[name]


def variable_name(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier() or not name[0].islower():
        raise Refusal("not_understood", "A variable's name starts with a small letter.")
    return name


SPECIAL = {
    "$literal": literal,
    "$let": let,
    "$map": over_items,
    "$filter": over_items,
    "$reduce": reduce,
    "$getField": get_field,
}
