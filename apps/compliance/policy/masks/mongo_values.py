"""The masks of numbers and dates as MongoDB expressions."""

from typing import Any

from apps.compliance.policy.masks.numbers import LARGEST
from apps.compliance.policy.masks.python import ISO_DATES

Expression = Any
EXACT = ["int", "long", "decimal"]


def absent(value: str) -> Expression:
    """NULL, but a field that is not there stays so."""
    return {"$cond": [{"$eq": [{"$type": value}, "missing"]}, "$$REMOVE", None]}


def bucket(value: str, width: int) -> Expression:
    """A number that is none, and the infinities, are outside of every range."""
    fits = {"$and": [{"$isNumber": value}, {"$gte": [value, -LARGEST]}, {"$lte": [value, LARGEST]}]}
    positive = {"$mod": [{"$add": [{"$mod": [value, width]}, width]}, width]}
    by_floor = {"$multiply": [{"$floor": {"$divide": [{"$floor": value}, width]}}, width]}
    shown = {"$cond": [{"$in": [{"$type": value}, EXACT]}, {"$subtract": [value, positive]}, by_floor]}
    return {"$cond": [fits, shown, absent(value)]}


def date(value: str, unit: str) -> Expression:
    cut: dict[str, Any] = {"date": value, "unit": unit, "timezone": "UTC"}
    if unit == "week":
        cut["startOfWeek"] = "monday"
    branches = [{"case": {"$eq": [{"$type": value}, "date"]}, "then": {"$dateTrunc": cut}}]
    if unit in ISO_DATES:
        branches.append({"case": {"$eq": [{"$type": value}, "string"]}, "then": of_text(value, unit)})
    return {"$switch": {"branches": branches, "default": absent(value)}}


def of_text(value: str, unit: str) -> Expression:
    looked_at, form, left = ISO_DATES[unit]
    start = {"$substrCP": [value, 0, looked_at]}
    is_one = {"$regexMatch": {"input": start, "regex": f"^{form.pattern}\\z"}}
    return {"$cond": [is_one, {"$substrCP": [value, 0, left]}, None]}
