"""Which mask a reader gets: the closest category decides, the mildest of its rules that names the reader, or none."""

from dataclasses import replace

import pytest

from apps.catalog.categories import most_sensitive
from apps.catalog.types import Certainty, ColumnSchema
from apps.compliance.policy.choose import Choice, choose
from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.types import MaskKind, MaskRule, PolicySet, Reader
from tests.policy.shop import ANA, OLTP

OFFICER = Reader("2", "olga", frozenset({"compliance_officer"}), "compliance")


def chosen(category: str, *rules: MaskRule, reader: Reader = ANA, carries: tuple[str, ...] = ()) -> Choice:
    certainty = Certainty.CONFIRMED if category else Certainty.NONE
    column = ColumnSchema(1, "email", "text", category, certainty, carries=carries)
    return choose(column, OLTP.datasets[0], "oltp", reader, PolicySet(1, rules))


def rule(name: str, category: str, mask: MaskKind, *roles: str, purposes: tuple[str, ...] = ()) -> MaskRule:
    return MaskRule(name, category, mask, frozenset(roles), frozenset(purposes), "compliance_officer")


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
        (
            chosen("user.contact.email", NARROW, reader=replace(ANA, grants=frozenset({"user.contact"}))),
            MaskKind.CLEAR,
            "allowed",
        ),
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
