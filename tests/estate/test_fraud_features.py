"""The features of the fraud model know nothing of the future. The model's own statement runs on the warehouse, over a
handful of charges whose features can be counted by eye, and again after later charges came."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.stores import open_store
from portal.stores.types import Sql
from tests.estate.test_definitions import VARS, rendered

TABLE = "ANALYTICS.ML.CHARGES_TO_COUNT"
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
START = FIRST + timedelta(days=VARS["history_days"] + 1)
COLUMNS = (
    "CHARGE_ID CUSTOMER_ID CREATED_AT AMOUNT INSTALLMENTS PAYMENT_METHOD_ID DEVICE_ID IP_ADDRESS STATUS FRAUD_LABEL"
)


def statement() -> str:
    return rendered("fraud_features", fct_charges=TABLE)


def charge(number: int, at: datetime, **more: Any) -> tuple[Any, ...]:
    row = {
        "customer": "cus_1", "amount": 1000, "method": "pm_1", "device": "dev_1", "address": "198.18.0.1",
        "status": "succeeded", "label": None, **more,
    }  # fmt: skip
    return (
        f"ch_{number}", row["customer"], at, row["amount"], 1, row["method"], row["device"], row["address"],
        row["status"], row["label"],
    )  # fmt: skip


@pytest.fixture
def charges(schemas: None) -> Iterator[Any]:
    store = open_store("warehouse", "owner")
    store.execute(Sql("create schema if not exists ANALYTICS.ML"))
    store.execute(
        Sql(
            f"create or replace table {TABLE} (CHARGE_ID varchar, CUSTOMER_ID varchar, CREATED_AT timestamp_tz, "
            "AMOUNT number(38,0), INSTALLMENTS number(38,0), PAYMENT_METHOD_ID varchar, DEVICE_ID varchar, "
            "IP_ADDRESS varchar, STATUS varchar, FRAUD_LABEL varchar)"
        ),
    )

    def add(*rows: tuple[Any, ...]) -> None:
        marks = ", ".join(["%s"] * len(COLUMNS.split()))
        store.execute(*(Sql(f"insert into {TABLE} values ({marks})", row) for row in rows))

    yield add
    store.execute(Sql(f"drop table {TABLE}"))


def features() -> dict[str, dict[str, Any]]:
    with open_store("warehouse", "owner").read(Sql(statement())) as rows:
        return {row["CHARGE_ID"]: row for batch in rows for row in batch.to_pylist()}


def at(**later: float) -> datetime:
    return START + timedelta(**later)


def test_each_charge_knows_what_came_strictly_before_it(charges: Any) -> None:
    charges(
        charge(0, FIRST),
        charge(1, at()),
        charge(2, at(minutes=30), status="failed", amount=3000),
        charge(3, at(minutes=30), device="dev_2"),  # the same second as 2: neither knows of the other
        charge(4, at(minutes=59), customer="cus_2", method="pm_2"),
        charge(5, at(days=2), amount=4000),
    )
    found = features()
    assert set(found) == {"ch_1", "ch_2", "ch_3", "ch_4", "ch_5"}  # the first of all looks back on nothing
    assert [found[f"ch_{n}"]["CUSTOMER_CHARGES_1H"] for n in (1, 2, 3, 4, 5)] == [0, 1, 1, 0, 0]
    assert [found[f"ch_{n}"]["DEVICE_CHARGES_1H"] for n in (1, 2, 3, 4, 5)] == [0, 1, 0, 2, 0]
    assert [found[f"ch_{n}"]["DEVICE_DECLINED_1H"] for n in (1, 2, 3, 4, 5)] == [0, 0, 0, 1, 0]
    assert [found[f"ch_{n}"]["ADDRESS_CHARGES_1H"] for n in (1, 2, 3, 4, 5)] == [0, 1, 1, 3, 0]
    assert [found[f"ch_{n}"]["CUSTOMER_CHARGES_30D"] for n in (1, 2, 3, 4, 5)] == [0, 1, 1, 0, 3]
    assert [found[f"ch_{n}"]["IS_NEW_DEVICE"] for n in (1, 2, 3, 4, 5)] == [1, 0, 1, 1, 0]
    # 4000 over the mean of 1000, 3000 and 1000
    assert found["ch_5"]["AMOUNT_RATIO"] == pytest.approx(2.4)
    assert found["ch_1"]["AMOUNT_RATIO"] == 1


def test_what_comes_later_changes_nothing_that_was_known(charges: Any) -> None:
    charges(charge(0, FIRST), *(charge(n, at(hours=n * 7)) for n in range(1, 6)))
    before = features()
    later = at(hours=6 * 7)
    charges(*(charge(10 + n, later + timedelta(seconds=n), status="failed", label="card_testing") for n in range(20)))
    after = features()
    assert len(after) == len(before) + 20
    assert {key: after[key] for key in before} == before


def test_a_label_counts_once_it_had_time_to_be_found(charges: Any) -> None:
    charges(
        charge(0, FIRST),
        charge(1, at(), label="stolen_card"),
        charge(2, at(days=1)),
        charge(3, at(days=40), label="stolen_card"),
    )
    found = features()
    assert [found[f"ch_{n}"]["IS_FRAUD"] for n in (1, 2, 3)] == [1, 0, None]


def test_without_a_key_nothing_is_known_and_so_it_stays_after_an_erasure(charges: Any) -> None:
    charges(
        charge(0, FIRST),
        *(charge(n, at(minutes=n), device=None, address=None) for n in (1, 2)),
        charge(3, at(minutes=3), method=None),
    )
    found = features()
    of_keys = ("DEVICE_CHARGES_1H", "DEVICE_DECLINED_1H", "DEVICE_CHARGES_30D", "IS_NEW_DEVICE",
               "ADDRESS_CHARGES_1H", "ADDRESS_CHARGES_30D", "IS_NEW_ADDRESS")  # fmt: skip
    assert {found["ch_2"][name] for name in of_keys} == {None}
    assert found["ch_2"]["CUSTOMER_CHARGES_1H"] == 1
    # No card is a way to pay, and has no charges of its own.
    assert (found["ch_3"]["CARD_CHARGES_24H"], found["ch_3"]["DEVICE_CHARGES_1H"], found["ch_3"]["IS_NEW_DEVICE"]) == (
        0,
        0,
        1,
    )


def test_every_input_of_the_training_is_a_column_of_the_model() -> None:
    from estate.training.fraud_model import FRAUD_MODEL

    named = set(re.findall(r" as ([A-Z_0-9]+)\b,?$", statement(), re.MULTILINE))
    assert {*FRAUD_MODEL.inputs, FRAUD_MODEL.label, FRAUD_MODEL.time} <= named
