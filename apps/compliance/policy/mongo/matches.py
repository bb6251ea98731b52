"""Reads a `$match`: the query language, where plain strings are values and keys are paths."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.policy.mongo.expressions import NOTHING, Paths, field_path, paths_in, refuse
from apps.compliance.policy.mongo.vocabulary import LOGIC, MATCHES
from apps.compliance.policy.types import Refusal

HOISTED = frozenset({"$eq", "$gt", "$gte", "$lt", "$lte", "$in"})


def paths_in_match(query: Any, variables: frozenset[str] = frozenset()) -> Paths:
    """The field paths that a condition uses. Raises Refusal for what is not allowed."""
    if not isinstance(query, dict):
        raise Refusal("not_understood", "$match takes an object.")
    used = NOTHING
    for key, value in query.items():
        if key in LOGIC:
            used |= NOTHING.union(*(paths_in_match(item, variables) for item in items(value, key)))
        elif key == "$expr":
            used |= paths_in(value, variables)
        elif key.startswith("$"):
            raise refuse(key, "in a condition")
        else:
            used |= frozenset({field_path(key)})
            check_condition(value)
    return used


def items(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Refusal("not_understood", f"{key} takes a list of conditions.")
    return value


def check_condition(value: Any) -> None:
    if not is_operators(value):
        check_constant(value)
        return
    for name, argument in value.items():
        if name not in MATCHES:
            raise refuse(name, "in a condition")
        if name == "$not":
            check_condition(argument)
        elif name == "$elemMatch":
            check_element(argument)
        elif name == "$all":
            for item in items(argument, "$all"):
                check_condition(item)
        else:
            check_constant(argument)


def is_operators(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith("$") for key in value)


def check_element(argument: Any) -> None:
    if is_operators(argument) and not set(argument) & LOGIC and "$expr" not in argument:
        check_condition(argument)
    else:
        paths_in_match(argument)


def check_constant(value: Any) -> None:
    """A value to compare with: nothing in it may be an operator."""
    if isinstance(value, list):
        for item in value:
            check_constant(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("$"):
                raise refuse(key, "inside a value")
            check_constant(item)


def hoistable(query: Mapping[str, Any], clear: frozenset[str]) -> dict[str, Any]:
    """The part of a condition that may also stand in front of the mask stage, so that an index can serve it.

    Only plain comparisons of clear fields with values that are not null: of those the raw document satisfies every
    one that the masked document satisfies, so in front they take nothing away that the condition itself would keep.
    """
    return {key: value for key, value in query.items() if key in clear and comparable(value)}


def comparable(value: Any) -> bool:
    if not isinstance(value, dict):
        return scalar(value)
    if not value or not set(value) <= HOISTED:
        return False
    return all(
        all(scalar(item) for item in argument) if isinstance(argument, list) and name == "$in" else scalar(argument)
        for name, argument in value.items()
    )


def scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)
