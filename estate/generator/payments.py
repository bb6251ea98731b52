"""Intents, and the charges that pay them: every 15 intents have 16 charges, so one intent of each 15 has a pair.

A pair is a retry after a refusal, an order paid in two ways, or one charge sent twice by mistake.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from estate.generator import fraud, words
from estate.generator.draw import Flags, Ints, digits, join, moments, only, pick, when
from estate.generator.people import CARDS, DAY, FIRST_DAY, SPAN_DAYS, TYPES, People

HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 12, 11, 10, 10, 10, 11, 12, 13, 12, 10, 7, 4)
MINUTE = 60_000_000
RETRY, SPLIT, DOUBLE = 0, 1, 2
SUCCEEDED, PENDING, FAILED = 0, 1, 2
STATUSES = ("succeeded", "pending", "failed")


@dataclass(frozen=True)
class Intents:
    """What is true of an intent, by its number; its charges ask here too instead of joining."""

    people: People
    row: Ints

    def customer(self) -> Ints:
        """Some buy often: the chance falls with the customer's number."""
        share = self.people.dice.share("buyer", self.row)
        return (share**1.5 * self.people.sizes.customers).astype(np.int64)

    def merchant(self) -> Ints:
        share = self.people.dice.share("seller", self.row)
        usual = (share**2.0 * self.people.sizes.merchants).astype(np.int64)
        burst = fraud.burst_of(self.row)
        target = self.people.dice.below("target", burst, self.people.sizes.merchants)
        return np.where(fraud.card_testing(self.row), target, usual)

    def created(self) -> Ints:
        """Business grows, sleeps at night; one in 200 was written down days after it happened."""
        d = self.people.dice
        place = (self.row + d.share("place", self.row)) / self.people.sizes.intents
        day = (place**0.8 * SPAN_DAYS).astype(np.int64) - d.below("late", self.row, 9) * d.happens(
            "is late", self.row, 0.005
        )
        hour = d.weighted("hour", self.row, HOURS)
        at = FIRST_DAY + day * DAY + hour * 60 * MINUTE + d.below("moment", self.row, 3600 * 1000) * 1000
        return fraud.moment(d, self.people.sizes.intents, self.row, at)

    def label(self) -> Ints:
        return fraud.label(self.people.dice, self.row, self.customer())

    def amount(self) -> Ints:
        """Minor units; yen have no cents."""
        d, merchant = self.people.dice, self.merchant()
        yen = self.people.merchant_country(merchant) == words.CURRENCIES.index("JPY")
        level = 8.2 + 0.35 * d.normal("level", merchant)
        minor = np.exp(level + 0.9 * d.normal("amount", self.row))
        usual = np.clip(np.where(yen, minor * 1.5, minor), 100, 50_000_000).astype(np.int64)
        return fraud.amount(d, self.row, self.label(), usual)

    def goods(self) -> pa.Array:
        return pick(words.GOODS, self.people.dice.below("trade", self.merchant(), len(words.GOODS)))

    def pair(self) -> Ints:
        return self.people.dice.weighted("pair", self.row, (60, 25, 15))

    def delivery(self) -> tuple[Ints, Ints, Ints]:
        d, at = self.people.dice, self.created()
        shipped = at + d.below("shipped", self.row, 3 * 1440) * MINUTE + DAY // 2
        delivered = shipped + d.below("delivered", self.row, 9 * 1440) * MINUTE + DAY
        return shipped, delivered, at + 10 * DAY


@dataclass(frozen=True)
class Charges:
    people: People
    row: Ints

    def intent_rows(self) -> Ints:
        return (self.row // 16) * 15 + np.minimum(self.row % 16, 14)

    def intents(self) -> Intents:
        return Intents(self.people, self.intent_rows())

    def first_of_pair(self) -> Flags:
        return np.equal(self.row % 16, 14)

    def second_of_pair(self) -> Flags:
        return np.equal(self.row % 16, 15)

    def amount(self, intents: Intents) -> Ints:
        whole, pair = intents.amount(), intents.pair()
        part = whole // 3
        split = pair == SPLIT
        return np.select([self.first_of_pair() & split, self.second_of_pair() & split], [part, whole - part], whole)

    def status(self, intents: Intents) -> Ints:
        d = self.people.dice
        usual = d.weighted("charge status", self.row, (93, 1, 6))
        tested = d.weighted("tested", self.row, (12, 0, 88))
        status = np.where(intents.label() == fraud.CARD_TESTING, tested, usual)
        retry = intents.pair() == RETRY
        paired = np.where(retry & self.first_of_pair(), FAILED, SUCCEEDED)
        return np.where(self.first_of_pair() | self.second_of_pair(), paired, status)

    def created(self, intents: Intents) -> Ints:
        wait = self.people.dice.below("wait", self.row, 20) * 1_000_000
        return intents.created() + wait + self.second_of_pair() * np.int64(MINUTE)

    def method(self, intents: Intents) -> Ints:
        second = self.people.dice.happens("second method", self.row, 0.3)
        return self.people.method_of(intents.customer(), second)

    def kind(self, intents: Intents) -> Ints:
        """A split order's first part is a voucher."""
        voucher = self.first_of_pair() & (intents.pair() == SPLIT)
        return np.where(voucher, TYPES.index("voucher"), self.people.payment_type(self.method(intents)))

    def refunded(self, intents: Intents, amount: Ints, status: Ints) -> Ints:
        """How much of the charge was given back: a duplicate whole, an abuser often, others whole or half."""
        d = self.people.dice
        twice = self.second_of_pair() & (intents.pair() == DOUBLE)
        abuse = (intents.label() == fraud.REFUND_ABUSE) & d.happens("abuse", self.row, 0.6)
        gives = (d.happens("refund", self.row, 0.03) | twice | abuse) & (status == SUCCEEDED)
        half = d.happens("half", self.row, 0.3) & ~twice & ~abuse
        return np.where(gives, np.where(half, amount // 2, amount), 0)

    def disputed(self, intents: Intents, status: Ints) -> Flags:
        d = self.people.dice
        stolen = (intents.label() == fraud.STOLEN_CARD) & d.happens("noticed", self.row, 0.7)
        disputed: Flags = (d.happens("dispute", self.row, 0.002) | stolen) & (status == SUCCEEDED)
        return disputed


def intents_batch(people: People, row: Ints) -> pa.RecordBatch:
    intents, d = Intents(people, row), people.dice
    last_charge = Charges(people, (row // 15) * 16 + np.where(row % 15 == 14, 15, row % 15))
    paid = last_charge.status(intents) == SUCCEEDED
    at = intents.created()
    shipped, delivered, expected = intents.delivery()
    sent = paid & d.happens("physical", row, 0.8)
    return pa.RecordBatch.from_pydict(
        {
            "id": d.ids("pi_", row),
            "customer_id": d.ids("cus_", intents.customer()),
            "merchant_id": d.ids("acct_", intents.merchant()),
            "amount": intents.amount(),
            "currency": people.currency(intents.merchant()),
            "status": pick(("requires_payment", "succeeded"), paid.astype(np.int64)),
            "source_status": pick(("open", "done"), paid.astype(np.int64)),
            "description": join(intents.goods(), ", order ", digits(row + 1, 9)),
            "approved_at": only(paid, moments(at + MINUTE)),
            "shipped_at": only(sent, moments(shipped)),
            "delivered_at": only(sent & d.happens("arrives", row, 0.97), moments(delivered)),
            "expected_at": only(sent, moments(expected)),
            "created_at": moments(at),
        }
    )


@dataclass(frozen=True)
class ChargeFigures:
    """The numbers that refunds, disputes, balances and payouts follow from."""

    amount: Ints
    status: Ints
    refunded: Ints
    disputed: Flags
    created: Ints
    merchant: Ints
    label: Ints

    @classmethod
    def of(cls, charges: Charges) -> "ChargeFigures":
        intents = charges.intents()
        amount, status = charges.amount(intents), charges.status(intents)
        refunded = charges.refunded(intents, amount, status)
        disputed = charges.disputed(intents, status) & (refunded == 0)
        return cls(amount, status, refunded, disputed, charges.created(intents), intents.merchant(), intents.label())


def charges_batch(people: People, charges: Charges, figures: ChargeFigures) -> pa.RecordBatch:
    intents, d, row = charges.intents(), people.dice, charges.row
    method, kind, customer = charges.method(intents), charges.kind(intents), intents.customer()
    own_method = kind == people.payment_type(method)
    card = own_method & (kind < len(CARDS))
    failed, captured = figures.status == FAILED, figures.status == SUCCEEDED
    slow = d.below("slow", row, 4 * 1440) * MINUTE * d.happens("is slow", row, 0.01)
    return pa.RecordBatch.from_pydict(
        {
            "id": d.ids("ch_", row),
            "payment_intent_id": d.ids("pi_", intents.row),
            "customer_id": d.ids("cus_", customer),
            "merchant_id": d.ids("acct_", figures.merchant),
            "payment_method_id": only(own_method, d.ids("pm_", method)),
            "payment_type": pick(TYPES, kind),
            "sequence": (charges.second_of_pair() + 1).astype(np.int16),
            "installments": (1 + card * (d.share("installments", row) ** 4 * 11).astype(np.int64)).astype(np.int16),
            "amount": figures.amount,
            "amount_refunded": figures.refunded,
            "currency": people.currency(figures.merchant),
            "status": pick(STATUSES, figures.status),
            "failure_code": only(failed, pick(words.FAILURES, d.below("failure", row, len(words.FAILURES)))),
            "receipt_email": only(d.happens("has receipt", row, 0.95), people.email(customer)),
            "card_bin": only(card, people.bin(method)),
            "card_last4": only(card, people.last4(method)),
            "ip_address": fraud.address(d, intents.row, customer, figures.label),
            "device_id": fraud.device(d, intents.row, customer, figures.label),
            "risk_score": fraud.score(d, row, figures.label),
            "fraud_label": pick(fraud.LABELS, figures.label),
            "captured_at": only(captured, when(slow > 0, moments(figures.created + slow), moments(figures.created))),
            "created_at": moments(figures.created),
        }
    )  # fmt: skip
