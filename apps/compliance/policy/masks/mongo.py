"""The masks as MongoDB expressions. A document has no types beforehand: each mask looks at the value it meets."""

from typing import Any

from apps.compliance.policy.masks.python import CARD_DIGITS, PHONE_DIGITS, REDACTED
from apps.compliance.policy.types import MaskKind

Expression = Any
NESTED = ["object", "array", "javascript", "javascriptWithScope", "dbPointer", "symbol"]


def mask_scalar(kind: MaskKind, value: str) -> Expression:
    """The expression for the scalar at `value` ("$$d.email").

    A nested value where a scalar is expected is unknown ground, so nothing of it is left, whatever the mask.
    """
    if kind is MaskKind.CLEAR:
        return {"$cond": [{"$in": [{"$type": value}, NESTED]}, None, value]}
    if kind is MaskKind.NULL:
        return {"$literal": None}
    if kind is MaskKind.YEAR:
        return year(value)
    return {"$cond": [{"$eq": [{"$type": value}, "string"]}, TEXT_MASKS[kind](value), absent(value)]}


def absent(value: str) -> Expression:
    """NULL, but a field that is not there stays so."""
    return {"$cond": [{"$eq": [{"$type": value}, "missing"]}, "$$REMOVE", None]}


def redact(value: str) -> Expression:
    return {"$literal": REDACTED}


def partial_email(value: str) -> Expression:
    domain = {"$arrayElemAt": [{"$split": [value, "@"]}, -1]}
    has_at = {"$gte": [{"$indexOfCP": [value, "@"]}, 0]}
    return {"$cond": [has_at, {"$concat": ["***@", domain]}, "***"]}


def partial_phone(value: str) -> Expression:
    return last_digits(value, stars="***", shown=2, at_least=PHONE_DIGITS)


def partial_card(value: str) -> Expression:
    return last_digits(value, stars="****", shown=4, at_least=CARD_DIGITS)


def last_digits(value: str, *, stars: str, shown: int, at_least: int) -> Expression:
    tail = {
        "$reduce": {
            "input": {"$slice": ["$$digits", -shown]},
            "initialValue": stars,
            "in": {"$concat": ["$$value", "$$this.match"]},
        }
    }
    return {
        "$let": {
            "vars": {"digits": {"$regexFindAll": {"input": value, "regex": "[0-9]"}}},
            "in": {"$cond": [{"$gte": [{"$size": "$$digits"}, at_least]}, tail, stars]},
        }
    }


def initial(value: str) -> Expression:
    return {"$concat": [{"$substrCP": [value, 0, 1]}, "."]}


def year(value: str) -> Expression:
    iso = {"$regexMatch": {"input": value, "regex": "^[0-9]{4}-"}}
    of_text = {"$cond": [iso, {"$substrCP": [value, 0, 4]}, None]}
    is_date = {"$eq": [{"$type": value}, "date"]}
    is_text = {"$eq": [{"$type": value}, "string"]}
    return {
        "$switch": {
            "branches": [
                {"case": is_date, "then": {"$dateTrunc": {"date": value, "unit": "year", "timezone": "UTC"}}},
                {"case": is_text, "then": of_text},
            ],
            "default": absent(value),
        }
    }


TEXT_MASKS = {
    MaskKind.REDACT: redact,
    MaskKind.PARTIAL_EMAIL: partial_email,
    MaskKind.PARTIAL_PHONE: partial_phone,
    MaskKind.PARTIAL_CARD: partial_card,
    MaskKind.INITIAL: initial,
}
