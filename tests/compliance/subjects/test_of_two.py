"""Rows of two people, columns with odd names, and columns in which no two rows may say the same."""

import json
from typing import Any

import pytest

from apps.compliance.subjects.types import FindingKind
from portal.stores import open_store
from portal.stores.types import Command, Sql, StoreError
from tests.compliance.subjects import asks, town

TRANSFERS = (
    "create table town.transfers (id int primary key, sender_id text references town.customers (id), "
    "recipient_id text references town.customers (id), note text)"
)
RULE: dict[str, Any] = {"source": "oltp", "datasets": ["town.transfers"], "action": "erase"}
NOTES = {1: ("cus_ann", "cus_bob"), 2: ("cus_bob", "cus_ann"), 3: ("cus_ann", None), 4: ("cus_bob", "cus_carl")}


def execute(*statements: Sql) -> None:
    open_store("oltp", "owner").execute(*statements)


def plant() -> None:
    rows = [Sql("insert into town.transfers values (%s, %s, %s, 'x')", (n, *pair)) for n, pair in NOTES.items()]
    execute(Sql(TRANSFERS), *rows)


def left() -> set[int]:
    return {int(row) for row in town.rows("oltp", Sql("select id::text as t from town.transfers"))}


def test_a_row_of_two_people_is_nobodys_to_erase(streets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    plant()
    monkeypatch.setitem(town.CATEGORIES["oltp"], "town.transfers", {"note": "system.operations"})
    town.govern([*town.SUBJECTS["rules"], RULE])
    plan = asks.found(town.ANN, "ann").plan
    of_two = [f for f in plan.blocking if f.dataset and f.dataset.path[-1] == "transfers"]
    assert [(f.kind, f.count) for f in of_two] == [(FindingKind.SHARED, 2)]
    assert "(recipient_id, sender_id): say in the governance file which column says whose a row is" in of_two[0].message
    assert town.ANN not in of_two[0].message

    town.govern([*town.SUBJECTS["rules"], {**RULE, "owner": "sender_id"}])
    found = asks.found(town.ANN, "ann")
    assert not found.plan.blocking
    asks.erased(found)
    assert left() == {2, 4}, "hers are those that she sent"
    assert asks.again(found.plan, found.trace).complete


def test_a_column_with_the_sign_of_a_path_in_its_name_is_a_column(streets: None) -> None:
    execute(
        Sql('alter table town.charges add column "birth:date" text'),
        Sql("update town.charges set \"birth:date\" = '1971-03-05' where customer_id = 'cus_ann'"),
    )
    town.govern()
    findings = asks.found(town.ANN, "ann").plan.blocking
    assert ("charges", "birth:date") in {(f.dataset.path[-1], f.column) for f in findings if f.dataset}


def test_where_no_two_rows_may_say_the_same_each_says_its_own(streets: None) -> None:
    execute(
        Sql("update town.customers set email = id || '@none.example' where email is null"),
        Sql("alter table town.customers alter email set not null"),
        Sql("alter table town.charges alter receipt_email set default ''"),
        Sql("create unique index on town.customers (lower(email))"),
    )
    town.govern()
    for name, address in (("ann", town.ANN), ("carl", "carl@town.example")):
        found = asks.found(address, name)
        assert not found.plan.blocking
        asks.erased(found, name)
        assert asks.again(found.plan, found.trace).complete
    rows = [json.loads(row) for row in town.rows("oltp", Sql("select to_jsonb(t)::text as t from town.customers t"))]
    masked = {row["id"]: row["email"] for row in rows if row["id"] in ("cus_ann", "cus_carl")}
    assert len(set(masked.values())) == len(masked)
    assert all(value.startswith("[erased]-") for value in masked.values())


def test_what_a_table_refuses_is_told_with_its_name(streets: None) -> None:
    execute(Sql("alter table town.charges add constraint has_receipt check (id <> 'ch_ann1' or receipt_email <> '')"))
    execute(Sql("alter table town.charges add constraint has_ip check (ip is not null) not valid"))
    town.govern()
    found = asks.found(town.ANN, "ann")
    with pytest.raises(StoreError) as refused:
        asks.erased(found)
    assert "town.charges: " in refused.value.public


def test_what_the_store_computes_goes_with_what_it_is_computed_of(streets: None) -> None:
    execute(
        Sql("alter table town.customers add column plain text generated always as (lower(email)) stored"),
        Sql("alter table town.charges add column receipt text generated always as (lower(receipt_email)) stored"),
    )
    kept = {"town.customers": {"plain": "user.contact.email"}, "town.charges": {"receipt": "user.contact.email"}}
    for name, columns in kept.items():
        town.CATEGORIES["oltp"][name] |= columns
    try:
        town.govern()
        found = asks.found(town.ANN, "ann")
        asks.erased(found)
        assert asks.again(found.plan, found.trace).complete
    finally:
        for name, columns in kept.items():
            for column in columns:
                del town.CATEGORIES["oltp"][name][column]
    rows = town.rows("oltp", Sql("select coalesce(plain, '') as t from town.customers"))
    assert town.ANN not in rows
    assert "bob@town.example" in rows


@pytest.mark.parametrize("kind", ["varchar(6)", "varchar(20)", "uuid", "integer", "date"])
def test_where_there_is_no_room_for_a_text_of_its_own_the_plan_says_so(streets: None, kind: str) -> None:
    """The first person's row would be masked, and the second one's refused after their erasure had begun."""
    value = {"integer": "row_number() over ()", "date": "date '2020-01-01' + (row_number() over ())::int"}.get(
        kind, "md5(id)::uuid" if kind == "uuid" else "left(md5(id), 6)"
    )
    execute(
        Sql(f"alter table town.customers add tax_no {kind}"),
        Sql(
            f"update town.customers c set tax_no = v.v from (select id, {value} as v from town.customers) v "
            "where v.id = c.id"
        ),
        Sql("alter table town.customers alter tax_no set not null"),
        Sql("create unique index on town.customers (tax_no)"),
    )
    town.CATEGORIES["oltp"]["town.customers"]["tax_no"] = "user.government_id"
    try:
        town.govern()
        findings = asks.found(town.ANN, "ann").plan.blocking
        assert [(f.kind, f.column) for f in findings] == [(FindingKind.CANNOT, "tax_no")]
        execute(Sql("alter table town.customers alter tax_no drop not null"))
        town.govern()
        for name, address in (("ann", town.ANN), ("carl", "carl@town.example")):
            found = asks.found(address, name)
            assert not found.plan.blocking
            asks.erased(found, name)
            assert asks.again(found.plan, found.trace).complete
    finally:
        del town.CATEGORIES["oltp"]["town.customers"]["tax_no"]


def test_a_path_of_documents_under_a_unique_index_is_told(streets: None) -> None:
    """Two documents without the path are the same to it."""
    index = {"key": {"request.customer_email": 1, "request.note": 1}, "name": "once", "unique": True}
    open_store("documents", "owner").execute(Command({"createIndexes": "town_logs", "indexes": [index]}))
    town.govern()
    findings = asks.found(town.ANN, "ann").plan.blocking
    told = {f.column for f in findings if f.dataset and f.dataset.path[-1] == "town_logs"}
    assert told == {"request.customer_email", "request.note"}
