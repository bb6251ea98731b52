"""Who is nobody: a pointer that names what is not there. Trust model: pointers hold anything, and a row of somebody
else must not be taken for nobody's."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from apps.compliance.subjects import ledger
from apps.compliance.subjects.looking import Look
from apps.compliance.subjects.match import Matcher, at
from apps.compliance.subjects.reach import Target, named
from apps.compliance.subjects.rules import EMAIL, SubjectRules
from apps.compliance.subjects.standing import Standing
from apps.compliance.subjects.territory import LAST, Domain, Site, Territory
from apps.compliance.subjects.types import Dataset, Owner
from portal.stores.types import StoreError
from tests.compliance.subjects import asks

WHO, CHARGE = "s.customers.id", "s.charges.id"
KEYS = {WHO: frozenset({"cus_ann"}), CHARGE: frozenset({"ch_ann"}), EMAIL: frozenset({"ann@x.example"})}
NOTE = "write to ann@x.example"


class Shelf:
    """A store that holds lists of rows."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables, self.asked, self.away = tables, 0, False

    def live(self) -> list[Any]:
        return [SimpleNamespace(path=("s", name), kind="table", columns=(), row_count=0) for name in self.tables]

    def scan(self, path: tuple[str, ...], matcher: Matcher, *, check: Any) -> list[dict[str, Any]]:
        return self.tables[path[-1]]

    def mine(self, target: Target) -> list[dict[str, Any]]:
        if self.away:
            raise StoreError("away", store="s", public="It is away.", retryable=True, code="unreachable")
        self.asked += 1
        rows = self.tables[target.dataset.path[-1]]
        return [row for row in rows if any(value in target.values(o) for o, value in named(row, target.owners))]

    def keys(self, target: Target, column: str) -> frozenset[str]:
        return frozenset(str(value) for row in self.mine(target) for value in at(row, column))


def shop(shelf: Shelf) -> Look:
    """Customers, their charges, and notes that point at a charge, at a customer and at an address."""
    pks = {("customers", "id"): 1, ("charges", "id"): 2, ("charges", "customer_id"): 3}
    columns = {
        pk: SimpleNamespace(pk=pk, name=name, dataset_id=10 if table == "customers" else 20, type="text")
        for (table, name), pk in pks.items()
    }
    sites = {
        number: Site(number, Dataset("s", ("s", name)), "collection", {c.name: c for c in columns.values()})  # type: ignore[misc]
        for number, name in ((10, "customers"), (20, "charges"), (30, "notes"))
    }
    owners = defaultdict(list)
    owners |= {
        10: [Owner("id", WHO, 0)],
        20: [Owner("customer_id", WHO, 0), Owner("id", CHARGE, 1)],
        30: [Owner("customer_id", WHO, 0), Owner("charge_id", CHARGE, 1), Owner("email", EMAIL, LAST)],
    }
    territory = Territory(SubjectRules(), sites, columns=columns, owners=owners)  # type: ignore[arg-type]
    territory.domains = [Domain(WHO, 1, 0), Domain(CHARGE, 2, 1)]
    territory.own = defaultdict(set, {WHO: {1}, CHARGE: {2}})
    look = Look(territory, "s", shelf, KEYS, Matcher({"email": ["ann@x.example"]}), asks.go_on)  # type: ignore[arg-type]
    look.__dict__["standing"] = Standing(territory, KEYS, asks.go_on, lambda _: shelf)  # type: ignore[arg-type,return-value]
    return look


CUSTOMERS = [{"id": "cus_ann"}, {"id": "cus_bob"}, {"id": 7}]
CHARGES = [
    {"id": "ch_ann", "customer_id": "cus_ann"},
    {"id": "ch_bob", "customer_id": "cus_bob"},
    {"id": "ch_guest", "customer_id": "guest"},
    {"id": "ch_new", "customer_id": "cus_ann"},  # hers, and made after the search
]


def whose(**note: Any) -> str:
    shelf = Shelf(customers=CUSTOMERS, charges=CHARGES, notes=[{**note, "text": NOTE}])
    look = shop(shelf)
    (hit,) = look.hits(next(info for info in look.tables() if info.path[-1] == "notes"))
    return hit[0]


@pytest.fixture(autouse=True)
def nobody_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "entered", lambda domain, values: frozenset({"cus_erased"} & set(values)))


@pytest.mark.parametrize("key", ["guest", "anonymous", "0", 0, "", " \t", None, "cus_gone"])
def test_a_pointer_that_names_nobody(key: object) -> None:
    assert whose(customer_id=key) == "nobody"
    assert whose(customer_id=key, charge_id="ch_bob") == "other"
    assert whose(customer_id=key, email="bob@x.example") == "other"
    assert whose(customer_id=key, email="bob%40x.example") == "other"
    assert whose(customer_id=key, email="guest") == "nobody"


@pytest.mark.parametrize("key", ["cus_bob", " cus_bob ", "CUS_BOB", 7, "7", 7.0, "cus_erased"])
def test_somebody_else_is_somebody_however_they_are_written(key: object) -> None:
    assert whose(customer_id=key) == "other"


def test_two_ways_to_write_one_key_do_not_hide_each_other() -> None:
    notes = [{"customer_id": key, "text": NOTE} for key in ("cus_bob", " cus_bob ", "CUS_BOB")]
    look = shop(Shelf(customers=CUSTOMERS, charges=CHARGES, notes=notes))
    hits = look.hits(next(info for info in look.tables() if info.path[-1] == "notes"))
    assert [whose for whose, *_ in hits] == ["other"] * 3


def test_a_thing_is_whose_its_own_row_says() -> None:
    assert [whose(charge_id=key) for key in ("ch_ann", "ch_bob", "ch_guest", "ch_gone", "ch_new")] == [
        "mine",
        "other",
        "nobody",
        "nobody",
        "nobody",
    ]
    assert whose(customer_id="guest", charge_id="ch_ann") == "nobody", "found by value, which no key finds"
    assert whose(customer_id="cus_bob", charge_id="ch_ann") == "other"


def test_keys_of_documents_are_compared_as_texts() -> None:
    oid, uuid = (
        {"$oid": "65a000000000000000000001"},
        {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}},
    )
    owner = Owner("key", WHO)
    assert named({"key": oid}, [owner]) == [(owner, "65a000000000000000000001")]
    assert named({"key": uuid}, [owner]) == [(owner, "00010203-0405-0607-0809-0a0b0c0d0e0f")]


def test_a_key_is_asked_about_once_and_only_beside_a_value() -> None:
    notes = [{"customer_id": "guest", "text": NOTE}] * 3 + [{"customer_id": f"g_{n}", "text": "-"} for n in range(9)]
    shelf = Shelf(customers=CUSTOMERS, charges=CHARGES, notes=notes)
    look = shop(shelf)
    for _ in range(2):
        assert [seen.rows_of_nobody for seen in look.all()] == [3]
    assert shelf.asked == 1


def test_a_store_that_is_away_makes_nobody_of_no_one() -> None:
    shelf = Shelf(customers=CUSTOMERS, charges=CHARGES, notes=[{"customer_id": "guest", "text": NOTE}])
    shelf.away = True
    with pytest.raises(StoreError):
        list(shop(shelf).all())
