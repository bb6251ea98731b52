"""Expressions that cannot fail, whatever a document holds: the same as `policy/sql/calm.py`, and for the same reason.

MongoDB fails on a value of another type than an operator takes, so the operators that take dates get dates alone.
"""

import re
from collections.abc import Mapping
from typing import Any

from apps.compliance.policy.mongo.conversions import TARGETS
from apps.compliance.policy.mongo.grouping import UNITS
from apps.compliance.policy.sql.vocabulary import words
from apps.compliance.policy.types import Refusal

CODE = "group_too_fine"
CALM = words(
    """$eq $ne $gt $gte $lt $lte $cmp $and $or $not $cond $ifNull $switch $literal $type $isNumber $isArray $in $convert
    $sum $avg $min $max"""
)
DATES = words("$year $month $dayOfMonth $dayOfWeek $dayOfYear $hour $minute $week $isoWeek $isoWeekYear $isoDayOfWeek")
DATED = ["date", "timestamp", "objectId"]
FORMAT = re.compile(r"(%[YmdHMSjuVG]|[-/:. TZ])+")
HINT = "Compute of the groups, behind $group; for each document compare, use $cond, or cut dates with $dateTrunc."


def calm_match(argument: Any) -> Any:
    """Conditions compare and do not fail; an expression in one may. Raises Refusal."""
    if isinstance(argument, Mapping):
        return {key: calm(value) if key == "$expr" else calm_match(value) for key, value in argument.items()}
    return [calm_match(item) for item in argument] if isinstance(argument, list) else argument


def calm(value: Any) -> Any:
    """The expression with its dates guarded; anything else in a date's place gives null. Raises Refusal.

    >>> calm({"$year": "$at"})
    {"$cond": [{"$in": [{"$type": "$at"}, ["date", "timestamp", "objectId"]]}, {"$year": "$at"}, None]}
    """
    check_calm(value)
    return guarded(value)


def check_calm(value: Any) -> None:
    """Raises Refusal at the first operator that could fail on a document, and at the whole document as a value."""
    if isinstance(value, str) and value.startswith("$$") and value not in ("$$NOW", "$$REMOVE"):
        raise Refusal(CODE, f"{value} is not allowed in front of the groups.", "Name the fields.")
    if isinstance(value, list):
        for item in value:
            check_calm(item)
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_operator(key, item)


def check_operator(name: str, argument: Any) -> None:
    if name == "$literal":
        return
    if name in DATES or name in TAKES_DATE:
        check_calm(date_in(name, argument))
        return
    special = SPECIAL.get(name)
    if (name.startswith("$") and name not in CALM) or (special is not None and not special(argument)):
        raise may_fail(name)
    check_calm(argument)


def may_fail(name: str) -> Refusal:
    message = (
        f"{name} can fail on a single document as it stands here, and that would tell of a group that is too small."
    )
    return Refusal(CODE, message, HINT)


def date_in(name: str, argument: Any) -> Any:
    """The value that the operator takes for a date. Raises Refusal where something else in it could fail."""
    if name in DATES:
        if isinstance(argument, str) and argument.startswith("$"):
            return argument
        raise may_fail(name)
    key, fits = TAKES_DATE[name]
    if not isinstance(argument, Mapping) or set(argument) != {"date", key} or not fits(argument[key]):
        raise may_fail(name)
    return argument["date"]


def is_unit(value: Any) -> bool:
    return isinstance(value, str) and value in UNITS


def is_format(value: Any) -> bool:
    return isinstance(value, str) and FORMAT.fullmatch(value) is not None


TAKES_DATE = {"$dateTrunc": ("unit", is_unit), "$dateToString": ("format", is_format)}


def switch(argument: Any) -> bool:
    """Without a default it fails where no case is met."""
    return isinstance(argument, Mapping) and "default" in argument


def listed(argument: Any) -> bool:
    """What is looked for in must be a list."""
    return isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)


def converted(argument: Any) -> bool:
    """`onError` is there by now; a type that does not exist fails when it is reached."""
    known = {"input", "to", "onError", "onNull"}
    return isinstance(argument, Mapping) and set(argument) <= known and argument.get("to") in TARGETS.values()


SPECIAL = {"$switch": switch, "$in": listed, "$convert": converted}


def guarded(value: Any) -> Any:
    if isinstance(value, list):
        return [guarded(item) for item in value]
    if not isinstance(value, Mapping) or set(value) == {"$literal"}:
        return value
    name = next(iter(value), "")
    if name not in DATES and name not in TAKES_DATE:
        return {key: guarded(item) for key, item in value.items()}
    date = guarded(date_in(name, value[name]))
    inner = {name: date if name in DATES else {**value[name], "date": date}}
    return {"$cond": [{"$in": [{"$type": date}, DATED]}, inner, None]}
