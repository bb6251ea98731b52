"""What follows from charges: refunds, disputes, the balance's movements, invoices, and weekly payouts."""

import numpy as np
import pyarrow as pa

from estate.generator import words
from estate.generator.draw import Dice, Flags, Ints, days, digits, join, moments, only, pick
from estate.generator.payments import DOUBLE, SUCCEEDED, ChargeFigures, Charges, Intents
from estate.generator.people import DAY, FIRST_DAY, SPAN_DAYS, People

WEEKS = SPAN_DAYS // 7 + 2
DISPUTE_STATUSES = ("needs_response", "under_review", "won", "lost")
LOST = 3


def fee(amount: Ints) -> Ints:
    """2.9 % and 30 minor units, rounded down."""
    return amount * 29 // 1000 + 30


def _refund_delay(dice: Dice, row: Ints) -> Ints:
    return DAY + dice.below("refund delay", row, 20 * 86_400) * 1_000_000


def _dispute_status(dice: Dice, row: Ints) -> Ints:
    return dice.weighted("dispute status", row, (10, 15, 35, 40))


def refunds(people: People, charges: Charges, figures: ChargeFigures) -> pa.RecordBatch:
    kept = figures.refunded > 0
    row, d = charges.row[kept], people.dice
    intents = Charges(people, row).intents()
    twice = (row % 16 == 15) & (intents.pair() == DOUBLE)
    other = d.weighted("refund reason", row, (85, 0, 15)) // 2 * 2
    return pa.RecordBatch.from_pydict(
        {
            "id": d.ids("re_", row),
            "charge_id": d.ids("ch_", row),
            "amount": figures.refunded[kept],
            "currency": people.currency(figures.merchant[kept]),
            "reason": pick(("requested_by_customer", "duplicate", "fraudulent"), np.where(twice, 1, other)),
            "status": pick(("succeeded", "pending", "failed"), d.weighted("refund status", row, (95, 3, 2))),
            "note": only(d.happens("noted", row, 0.5), _note(people, row, intents)),
            "created_at": moments(figures.created[kept] + _refund_delay(d, row)),
        }
    )


def _note(people: People, row: Ints, intents: Intents) -> pa.Array:
    """Agents write names and numbers into free text."""
    remark = pick(words.NOTES, people.dice.below("note", row, len(words.NOTES)))
    return join(people.full_name(intents.customer()), ": ", remark, " Tel ", people.phone(intents.customer()))


def disputes(people: People, charges: Charges, figures: ChargeFigures) -> pa.RecordBatch:
    kept = figures.disputed
    row, d, created = charges.row[kept], people.dice, figures.created[kept]
    intents = Charges(people, row).intents()
    opened = created + 3 * DAY + d.below("dispute delay", row, 40 * 86_400) * 1_000_000
    fraud = figures.label[kept] > 0
    other = 1 + d.below("dispute reason", row, 3)
    evidence = join("Receipt was sent to ", people.email(intents.customer()), " and signed for.")
    reasons = ("fraudulent", "product_not_received", "duplicate", "unrecognized")
    return pa.RecordBatch.from_pydict(
        {
            "id": d.ids("dp_", row),
            "charge_id": d.ids("ch_", row),
            "amount": figures.amount[kept],
            "currency": people.currency(figures.merchant[kept]),
            "reason": pick(reasons, np.where(fraud, 0, other)),
            "status": pick(DISPUTE_STATUSES, _dispute_status(d, row)),
            "evidence_text": only(d.happens("evidence", row, 0.7), evidence),
            "due_at": moments(opened + 14 * DAY),
            "created_at": moments(opened),
        }
    )


def _movements(
    people: People, kind: str, *, row: Ints, merchant: Ints, amount: Ints, cost: Ints, at: Ints
) -> pa.RecordBatch:
    """Balance transactions of one type, whose source is `row` of that type's table."""
    d, count = people.dice, len(row)
    prefixes = {"charge": "ch_", "refund": "re_", "dispute": "dp_", "payout": "po_"}
    sources = {
        f"{name}_id": d.ids(prefix, row) if name == kind else pa.nulls(count, pa.string())
        for name, prefix in prefixes.items()
    }
    return pa.RecordBatch.from_pydict(
        {
            "id": d.ids(f"txn_{kind[:2]}_", row),
            "merchant_id": d.ids("acct_", merchant),
            "type": pa.array([kind]).take(pa.array(np.zeros(count, dtype=np.int64))),
            **sources,
            "amount": amount,
            "fee": cost,
            "net": amount - cost,
            "currency": people.currency(merchant),
            "available_on": days(at + 2 * DAY),
            "created_at": moments(at),
        }
    )


def balance(people: People, charges: Charges, figures: ChargeFigures) -> list[pa.RecordBatch]:
    d, row = people.dice, charges.row
    paid, back = figures.status == SUCCEEDED, figures.refunded > 0
    lost = figures.disputed & (_dispute_status(d, row) == LOST)
    none = np.zeros(len(row), dtype=np.int64)
    parts: tuple[tuple[str, Flags, Ints, Ints, Ints], ...] = (
        ("charge", paid, figures.amount, fee(figures.amount), figures.created),
        ("refund", back, -figures.refunded, none, figures.created + _refund_delay(d, row)),
        ("dispute", lost, -figures.amount, none + 1500, figures.created + 45 * DAY),
    )
    return [
        _movements(
            people,
            kind,
            row=row[kept],
            merchant=figures.merchant[kept],
            amount=amount[kept],
            cost=cost[kept],
            at=at[kept],
        )
        for kind, kept, amount, cost, at in parts
    ]


class Payouts:
    """Sums what each merchant earned in each week while the charges pass by: merchants times weeks, nothing more."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._net = np.zeros(people.sizes.merchants * WEEKS, dtype=np.int64)

    def add(self, figures: ChargeFigures) -> None:
        paid = figures.status == SUCCEEDED
        week = np.clip((figures.created[paid] - FIRST_DAY) // (7 * DAY), 0, WEEKS - 1)
        amount = figures.amount[paid]
        net = amount - fee(amount) - figures.refunded[paid]
        np.add.at(self._net, figures.merchant[paid] * WEEKS + week, net)

    def batches(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """The payouts, and their movements. A week that ended below zero is not paid out."""
        row = np.flatnonzero(self._net > 0).astype(np.int64)
        people, d, merchant = self._people, self._people.dice, row // WEEKS
        at = FIRST_DAY + (row % WEEKS + 1) * 7 * DAY + 6 * 3_600_000_000
        status = pick(("paid", "in_transit", "failed"), d.weighted("payout status", row, (97, 2, 1)))
        payouts = pa.RecordBatch.from_pydict(
            {
                "id": d.ids("po_", row),
                "merchant_id": d.ids("acct_", merchant),
                "amount": self._net[row],
                "currency": people.currency(merchant),
                "status": status,
                "bank_account_last4": digits(d.below("bank", merchant, 10_000), 4),
                "arrival_date": days(at + 2 * DAY),
                "created_at": moments(at),
            }
        )
        none = np.zeros(len(row), dtype=np.int64)
        amount = -self._net[row]
        return payouts, _movements(people, "payout", row=row, merchant=merchant, amount=amount, cost=none, at=at)


def invoices(people: People, row: Ints) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """One intent in ten is billed; its bill has one line."""
    d = people.dice
    row = row[d.happens("billed", row, 0.1)]
    intents = Intents(people, row)
    total, at, customer = intents.amount(), intents.created(), intents.customer()
    shipping = total // 12
    currency = people.currency(intents.merchant())
    paid = d.happens("bill paid", row, 0.94)
    bills = pa.RecordBatch.from_pydict(
        {
            "id": d.ids("in_", row),
            "payment_intent_id": d.ids("pi_", row),
            "customer_id": d.ids("cus_", customer),
            "number": join("INV-", digits(row + 1, 9)),
            "status": pick(("open", "paid"), paid.astype(np.int64)),
            "subtotal": total - shipping,
            "shipping": shipping,
            "total": total,
            "currency": currency,
            "billing_name": people.full_name(customer),
            "billing_email": people.email(customer),
            "due_at": moments(at + 14 * DAY),
            "paid_at": only(paid, moments(at + DAY)),
            "created_at": moments(at),
        }
    )
    lines = pa.RecordBatch.from_pydict(
        {
            "id": d.ids("ii_", row),
            "invoice_id": d.ids("in_", row),
            "merchant_id": d.ids("acct_", intents.merchant()),
            "product_ref": join("sku-", digits(d.below("sku", row, 5000), 5)),
            "product_category": intents.goods(),
            "quantity": (1 + d.below("pieces", row, 3)).astype(np.int32),
            "amount": total - shipping,
            "shipping": shipping,
            "currency": currency,
            "ship_by": moments(at + 4 * DAY),
            "created_at": moments(at),
        }
    )
    return bills, lines
