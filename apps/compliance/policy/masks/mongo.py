"""The masks as MongoDB expressions. A document has no types beforehand: each mask looks at the value it meets."""

from typing import Any

from apps.compliance.policy.masks import mongo_keyed
from apps.compliance.policy.masks.mongo_values import absent, bucket, date
from apps.compliance.policy.masks.python import BIN_DIGITS, CARD_DIGITS, IBAN_SIGNS, PHONE_DIGITS, REDACTED
from apps.compliance.policy.types import PLAIN, MaskKind, MaskOptions

Expression = Any
NESTED = ["object", "array", "javascript", "javascriptWithScope", "dbPointer", "symbol"]


def mask_scalar(kind: MaskKind, value: str, options: MaskOptions = PLAIN) -> Expression:
    """The expression for the scalar at `value` ("$$d.email").

    A nested value where a scalar is expected is unknown ground, so nothing of it is left, whatever the mask.
    """
    if kind is MaskKind.CLEAR:
        return {"$cond": [{"$in": [{"$type": value}, NESTED]}, None, value]}
    if kind is MaskKind.NULL:
        return {"$literal": None}
    if kind in (MaskKind.YEAR, MaskKind.DATE):
        return date(value, options.unit or "year")
    if kind is MaskKind.BUCKET:
        return bucket(value, options.width)
    if kind in KEYED:
        return KEYED[kind](value, options)
    shown = card_with_bin(value) if options.bin else TEXT_MASKS[kind](value)
    return {"$cond": [{"$eq": [{"$type": value}, "string"]}, shown, absent(value)]}


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


def card_with_bin(value: str) -> Expression:
    bin_and_ending = {"$concat": [joined(0, 6), "****", joined(-4)]}
    return of_matches(value, "[0-9]", {"$gte": [COUNT, BIN_DIGITS]}, bin_and_ending, partial_card(value))


def partial_iban(value: str) -> Expression:
    shortest, longest = IBAN_SIGNS
    form = {"$regexMatch": {"input": joined(0, 4), "regex": "^[A-Za-z]{2}[0-9]{2}$"}}
    is_one = {"$and": [{"$gte": [COUNT, shortest]}, {"$lte": [COUNT, longest]}, form]}
    return of_matches(value, "[A-Za-z0-9]", is_one, {"$concat": [joined(0, 2), "****", joined(-4)]}, "****")


def last_digits(value: str, *, stars: str, shown: int, at_least: int) -> Expression:
    return of_matches(value, "[0-9]", {"$gte": [COUNT, at_least]}, {"$concat": [stars, joined(-shown)]}, stars)


def of_matches(value: str, regex: str, condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    found = {"$regexFindAll": {"input": value, "regex": regex}}
    return {"$let": {"vars": {"found": found}, "in": {"$cond": [condition, then, otherwise]}}}


COUNT = {"$size": "$$found"}


def joined(*place: int) -> Expression:
    """The first or last of the matches, as one text."""
    part = {"$slice": ["$$found", *place]}
    return {"$reduce": {"input": part, "initialValue": "", "in": {"$concat": ["$$value", "$$this.match"]}}}


def initial(value: Expression) -> Expression:
    return {"$concat": [{"$substrCP": [value, 0, 1]}, "."]}


def initials(value: str) -> Expression:
    """Words end at a plain space."""
    words = {"$split": [{"$trim": {"input": value, "chars": " "}}, " "]}
    first, last = ({"$arrayElemAt": ["$$words", place]} for place in (0, -1))
    several = {"$concat": [initial(first), " ", initial(last)]}
    return {
        "$let": {
            "vars": {"words": words},
            "in": {"$cond": [{"$gt": [{"$size": "$$words"}, 1]}, several, initial(first)]},
        }
    }


KEYED = {MaskKind.TOKEN: mongo_keyed.token, MaskKind.NOISE: mongo_keyed.noise}
TEXT_MASKS = {
    MaskKind.REDACT: redact,
    MaskKind.PARTIAL_EMAIL: partial_email,
    MaskKind.PARTIAL_PHONE: partial_phone,
    MaskKind.PARTIAL_CARD: partial_card,
    MaskKind.PARTIAL_IBAN: partial_iban,
    MaskKind.INITIAL: initial,
    MaskKind.INITIALS: initials,
}
