"""Made-up payments: the same seed gives the same bytes, references hold, sums agree, and fraud is in it."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from estate.generator import stream
from estate.generator.draw import Dice
from estate.generator.movements import WEEKS
from estate.generator.people import Sizes
from estate.generator.stream import Generated, fingerprint

Tables = dict[str, pa.Table]
FIRST = datetime(2024, 11, 1, tzinfo=UTC)


def whole(batches: stream.Batches) -> Tables:
    parts: dict[str, list[pa.RecordBatch]] = defaultdict(list)
    for name, batch in batches:
        parts[name].append(batch)
    return {name: pa.Table.from_batches(found) for name, found in parts.items()}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return whole(Generated(7, 0.5).tables())


def test_same_seed_same_bytes_other_seed_others() -> None:
    first, again, other = (fingerprint(Generated(seed, 0.02).tables()) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_documents_too() -> None:
    first, again, other = (fingerprint(Generated(seed, 0.05).collections()) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value follows from its row's number: how many rows are made at once must not show."""
    wide = whole(Generated(3, 0.1).tables())
    monkeypatch.setattr(stream, "CHUNK", 240)
    narrow = whole(Generated(3, 0.1).tables())

    for name, table in wide.items():
        assert table.sort_by("id").equals(narrow[name].sort_by("id")), name


def test_scale_one_is_twenty_thousand_charges() -> None:
    assert Sizes.of(1).charges == 20_000
    assert Sizes.of(50).charges == 1_000_000


def test_keys_are_unique(tables: Tables) -> None:
    for name, table in tables.items():
        assert pc.count_distinct(table["id"]).as_py() == table.num_rows, name


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("payment_methods", "customer_id", "customers"),
        ("payment_intents", "customer_id", "customers"),
        ("payment_intents", "merchant_id", "merchants"),
        ("charges", "payment_intent_id", "payment_intents"),
        ("charges", "payment_method_id", "payment_methods"),
        ("refunds", "charge_id", "charges"),
        ("disputes", "charge_id", "charges"),
        ("balance_transactions", "payout_id", "payouts"),
        ("balance_transactions", "dispute_id", "disputes"),
        ("invoice_items", "invoice_id", "invoices"),
    ],
)
def test_references_are_found(tables: Tables, table: str, column: str, parent: str) -> None:
    assert set(tables[table][column].drop_null().to_pylist()) <= set(tables[parent]["id"].to_pylist())


def test_what_a_charge_says_was_refunded_is_what_its_refunds_say(tables: Tables) -> None:
    charges = tables["charges"]
    refunded = dict(zip(charges["id"].to_pylist(), charges["amount_refunded"].to_pylist(), strict=True))
    given = Counter()
    for row in tables["refunds"].select(["charge_id", "amount"]).to_pylist():
        given[row["charge_id"]] += row["amount"]

    assert given == Counter({key: amount for key, amount in refunded.items() if amount})


def test_an_order_paid_in_two_ways_adds_up(tables: Tables) -> None:
    intents = dict(zip(*(tables["payment_intents"][name].to_pylist() for name in ("id", "amount")), strict=True))
    parts = defaultdict(list)
    for row in tables["charges"].select(["payment_intent_id", "amount", "status"]).to_pylist():
        if row["status"] == "succeeded":
            parts[row["payment_intent_id"]].append(row["amount"])
    split = [key for key, amounts in parts.items() if len(amounts) == 2 and amounts[0] != amounts[1]]

    assert split
    assert all(sum(parts[key]) == intents[key] for key in split)


def test_a_payout_is_what_a_week_earned(tables: Tables) -> None:
    """Charges that were paid, less fees and what went back; a week below zero is not paid out."""
    ids = {row["id"]: number for number, row in enumerate(tables["merchants"].to_pylist())}
    earned: Counter[tuple[int, int]] = Counter()
    for row in tables["charges"].to_pylist():
        if row["status"] == "succeeded":
            week = min(max((row["created_at"] - FIRST).days // 7, 0), WEEKS - 1)
            fee = row["amount"] * 29 // 1000 + 30
            earned[ids[row["merchant_id"]], week] += row["amount"] - fee - row["amount_refunded"]
    payouts = sorted((ids[row["merchant_id"]], row["amount"]) for row in tables["payouts"].to_pylist())

    assert payouts == sorted((merchant, net) for (merchant, _), net in earned.items() if net > 0)


def test_fraud_is_there_and_behaves(tables: Tables) -> None:
    charges = tables["charges"].to_pylist()
    by_label = defaultdict(list)
    for row in charges:
        by_label[row["fraud_label"]].append(row)

    assert {"card_testing", "stolen_card"} <= set(by_label)
    assert max(row["amount"] for row in by_label["card_testing"]) <= 250
    bursts = Counter(row["ip_address"] for row in by_label["card_testing"])
    assert max(bursts.values()) >= 30
    hours = {row["created_at"].hour for row in by_label["stolen_card"]}
    assert hours <= {1, 2, 3, 4, 5}


def test_late_duplicate_and_malformed_rows_are_there(tables: Tables) -> None:
    emails = tables["customers"]["email"].to_pylist()
    assert any("@" not in email for email in emails)
    assert len({email.lower() for email in emails}) < len(emails)
    intents = tables["payment_intents"]["created_at"].to_pylist()
    behind = sum(1 for one, other in pairwise(intents) if (one - other).days >= 2)
    assert behind > 0


def test_nothing_reaches_a_real_person(tables: Tables) -> None:
    assert all(
        email.lower().rpartition("@")[2].endswith(("example.com", "example.org", "example.net"))
        for email in tables["charges"]["receipt_email"].drop_null().to_pylist()
    )
    phones = [phone for phone in tables["customers"]["phone"].to_pylist() if phone.startswith("+")]
    assert all("55501" in phone and len(phone) == 12 for phone in phones)
    assert all(ip.startswith(("198.18.", "198.19.")) for ip in tables["charges"]["ip_address"].to_pylist())


def test_words_differ_for_different_rows_and_names() -> None:
    rows = pa.array(range(100_000)).to_numpy()
    dice = Dice(5)

    assert len(set(dice.words("a", rows).tolist())) == 100_000
    assert (dice.words("a", rows) != dice.words("b", rows)).all()
