"""Conversions that cannot fail: an error would repeat the value that it met, to the asker or to the store's log."""

from typing import Any

from apps.compliance.policy.types import Refusal

TARGETS = {
    "$toBool": "bool",
    "$toDate": "date",
    "$toDecimal": "decimal",
    "$toDouble": "double",
    "$toInt": "int",
    "$toLong": "long",
    "$toObjectId": "objectId",
    "$toString": "string",
}
FORGIVING = frozenset({"$convert", "$dateFromString"})


def without_errors(value: Any) -> Any:
    """What cannot be converted becomes null, unless the reader has said what else.

    >>> without_errors({"$toInt": "$email"})
    {"$convert": {"input": "$email", "to": "int", "onError": None}}
    """
    if isinstance(value, list):
        return [without_errors(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        return {key: without_errors(item) for key, item in value.items()}
    name, argument = next(iter(value.items()))
    return value if name == "$literal" else converted(name, without_errors(argument))


def converted(name: str, argument: Any) -> dict[str, Any]:
    if name in TARGETS:
        return {"$convert": {"input": only_one(name, argument), "to": TARGETS[name], "onError": None}}
    if name in FORGIVING and isinstance(argument, dict):
        return {name: {"onError": None, **argument}}
    return {name: argument}


def only_one(name: str, argument: Any) -> Any:
    """`{"$toInt": ["$a"]}` is `{"$toInt": "$a"}`."""
    if not isinstance(argument, list):
        return argument
    if len(argument) != 1:
        raise Refusal("not_understood", f"{name} takes one value.")
    return argument[0]
