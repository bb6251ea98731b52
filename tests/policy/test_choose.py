"""Which mask a reader gets: the closest category decides, the mildest of its rules that names the reader, or none."""

from dataclasses import replace
from typing import Any

import pytest

from apps.catalog.categories import most_sensitive
from apps.catalog.types import Certainty, ColumnSchema
from apps.compliance.policy.choose import Choice, choose
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.masks.words import STRICTNESS, WORDS
from apps.compliance.policy.types import MaskKind, MaskOptions, MaskRule, PolicySet, Reader
from tests.policy.shop import ANA, OLTP

OFFICER = Reader("2", "olga", frozenset({"compliance_officer"}), "compliance")


def chosen(category: str, *rules: MaskRule, reader: Reader = ANA, carries: tuple[str, ...] = ()) -> Choice:
    certainty = Certainty.CONFIRMED if category else Certainty.NONE
    column = ColumnSchema(1, "email", "text", category, certainty, carries=carries)
    return choose(column, OLTP.datasets[0], "oltp", reader, PolicySet(1, rules))


def rule(name: str, category: str, mask: MaskKind, *roles: str, purposes: tuple[str, ...] = ()) -> MaskRule:
    return MaskRule(name, category, mask, frozenset(roles), frozenset(purposes), "compliance_officer")


def granted(*subjects: str, holding: tuple[str, ...] = ("user.contact.email",)) -> Reader:
    return replace(ANA, grants=frozenset((subject, category) for subject in subjects for category in holding))


TABLE = "/".join(("oltp", *OLTP.datasets[0].path))
COLUMN = f"{TABLE}/email"
BOTH = ("user.contact.email", "user.name")
FIXED = replace(rule("fixed", "user.contact.email", MaskKind.REDACT), approver="")
FIXED_NAME = replace(rule("fixed-name", "user.name", MaskKind.REDACT), approver="")
BROAD = rule("broad", "user", MaskKind.REDACT)
NARROW = rule("narrow", "user.contact.email", MaskKind.PARTIAL_EMAIL, "analyst")
CLEAR = rule("clear", "user.contact.email", MaskKind.CLEAR, "compliance_officer", purposes=("compliance",))


@pytest.mark.parametrize(
    ("choice", "mask", "answer"),
    [
        (chosen("", BROAD), MaskKind.NULL, "not_configured"),
        (chosen("user.contact.email"), MaskKind.NULL, "not_configured"),
        (chosen("user.contact.emailx", NARROW), MaskKind.NULL, "not_configured"),
        (chosen("user.contact.email", BROAD), MaskKind.REDACT, "forbidden"),
        (chosen("user.contact.email", BROAD, NARROW), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (chosen("user.contact.email.work", BROAD, NARROW), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (chosen("user.contact.email", BROAD, NARROW, reader=OFFICER), MaskKind.NULL, "forbidden"),
        (chosen("user.contact.email", NARROW, CLEAR, reader=OFFICER), MaskKind.CLEAR, "allowed"),
        (
            chosen("user.contact.email", CLEAR, reader=replace(OFFICER, purpose="analytics")),
            MaskKind.NULL,
            "forbidden",
        ),
        (chosen("user.contact.email", NARROW, replace(NARROW, id="b", mask=MaskKind.NULL)), MaskKind.PARTIAL_EMAIL, ""),
        (chosen("user.contact.email", NARROW, reader=granted(COLUMN)), MaskKind.CLEAR, "allowed"),
        (chosen("user.contact.email", NARROW, reader=granted(TABLE)), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (
            chosen("user.contact.email", NARROW, reader=granted(COLUMN, holding=("user.name",))),
            MaskKind.PARTIAL_EMAIL,
            "forbidden",
        ),
        (
            chosen("user.contact.email", NARROW, BROAD, carries=("user.name",), reader=granted(COLUMN)),
            MaskKind.NULL,
            "forbidden",
        ),
        (
            chosen("user.contact.email", NARROW, BROAD, carries=("user.name",), reader=granted(COLUMN, holding=BOTH)),
            MaskKind.CLEAR,
            "allowed",
        ),
        (chosen("user.contact.email", NARROW, reader=granted(f"{COLUMN}_2")), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (chosen("user.contact.email", NARROW, reader=granted(COLUMN[:-1])), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (chosen("user.contact.email", NARROW, reader=granted("user.contact")), MaskKind.PARTIAL_EMAIL, "forbidden"),
        (chosen("user.contact.email", FIXED, reader=granted(COLUMN)), MaskKind.REDACT, "forbidden"),
        (
            chosen(
                "user.contact.email", NARROW, FIXED_NAME, carries=("user.name",), reader=granted(COLUMN, holding=BOTH)
            ),
            MaskKind.NULL,
            "forbidden",
        ),
        (chosen("", NARROW, reader=granted(COLUMN, holding=("",))), MaskKind.NULL, "not_configured"),
    ],
)
def test_choice(choice: Choice, mask: MaskKind, answer: str) -> None:
    assert choice.kind is mask
    assert answer in ("", choice.answer)
    assert choice.kind is MaskKind.CLEAR or choice.reason


def test_several_kinds_of_data_in_one_column_are_hidden() -> None:
    mixed = chosen("user.contact.email", BROAD, NARROW, carries=("user.contact.email", "user.name"))
    assert mixed.kind is MaskKind.NULL
    alike = chosen("user.name", BROAD, carries=("user.name", "user.device"))
    assert alike.kind is MaskKind.REDACT


CARD = rule("card", "user.financial.credit_card", MaskKind.PARTIAL_CARD, "analyst")
LAST_FOUR = rule("last-four", "user.financial.credit_card.last4", MaskKind.CLEAR, "analyst")


def test_what_is_said_of_a_card_is_true_of_a_whole_number_and_of_a_part() -> None:
    reason = chosen("user.financial.credit_card", CARD, LAST_FOUR).reason
    assert "of a whole number only the last four digits are shown, of a part of one nothing" in reason
    assert mask_value(MaskKind.PARTIAL_CARD, "4242 4242 4242 1881") == "****1881"
    for part in ("424242", "1881", "0927"):
        assert mask_value(MaskKind.PARTIAL_CARD, part) == "****"


def test_last_fours_are_shown_where_they_stand_alone_and_hidden_beside_the_number() -> None:
    alone, number = "user.financial.credit_card.last4", "user.financial.credit_card"
    assert chosen(alone, CARD, LAST_FOUR).kind is MaskKind.CLEAR
    assert chosen(alone, CARD, LAST_FOUR, reader=OFFICER).kind is MaskKind.NULL, "a narrower rule reopens nothing"
    assert most_sensitive([alone, number]) == number
    assert chosen(number, CARD, LAST_FOUR, carries=(alone,)).kind is MaskKind.NULL


def option(name: str, mask: MaskKind, **said: Any) -> MaskRule:
    return replace(rule(name, "user.behavior", mask), options=MaskOptions(**said))


@pytest.mark.parametrize(
    ("milder", "stricter"),
    [
        (option("a", MaskKind.BUCKET, width=10), option("b", MaskKind.BUCKET, width=100)),
        (option("a", MaskKind.NOISE, width=10), option("b", MaskKind.NOISE, width=11)),
        (option("a", MaskKind.NOISE, width=1000), option("b", MaskKind.BUCKET, width=2)),
        (option("a", MaskKind.DATE, unit="day"), option("b", MaskKind.DATE, unit="week")),
        (option("a", MaskKind.DATE, unit="week"), option("b", MaskKind.DATE, unit="month")),
        (option("a", MaskKind.DATE, unit="quarter"), option("b", MaskKind.DATE, unit="year")),
        (option("a", MaskKind.DATE, unit="quarter"), option("b", MaskKind.YEAR)),
        (option("a", MaskKind.PARTIAL_CARD, bin=True), option("b", MaskKind.PARTIAL_CARD)),
        (option("a", MaskKind.INITIALS), option("b", MaskKind.INITIAL)),
        (option("a", MaskKind.PARTIAL_EMAIL), option("b", MaskKind.TOKEN)),
        (option("a", MaskKind.TOKEN), option("b", MaskKind.REDACT)),
    ],
)
def test_of_two_masks_the_reader_gets_the_milder_one(milder: MaskRule, stricter: MaskRule) -> None:
    for rules in ((milder, stricter), (stricter, milder)):
        choice = chosen("user.behavior", *rules)
        assert (choice.rule, choice.kind, replace(choice.options, purpose="")) == ("a", milder.mask, milder.options)


def test_every_mask_has_its_place_and_its_words() -> None:
    assert set(STRICTNESS) == set(WORDS) == set(MaskKind)


def test_a_token_is_under_the_readers_purpose() -> None:
    choice = chosen("user.behavior", option("a", MaskKind.TOKEN))
    assert choice.options.purpose == ANA.purpose


def test_one_mask_with_other_options_is_another_mask() -> None:
    rules = (
        option("a", MaskKind.BUCKET, width=10),
        replace(option("b", MaskKind.BUCKET, width=100), category="user.name"),
    )
    assert chosen("user.behavior", *rules, carries=("user.name",)).kind is MaskKind.NULL
    same = (rules[0], replace(rules[1], options=rules[0].options))
    assert chosen("user.behavior", *same, carries=("user.name",)).kind is MaskKind.BUCKET
