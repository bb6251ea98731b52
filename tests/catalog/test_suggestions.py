"""Suggested categories: made from counts of real samples, decided by people, and never a value kept."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.catalog.findings.models import Finding
from apps.catalog.models import Column, Dataset
from apps.catalog.services import classify, sync_source
from apps.catalog.suggestions import validators
from apps.catalog.suggestions.detect import Profile, guess, profile
from apps.catalog.suggestions.models import Suggestion
from apps.catalog.suggestions.services import decide, suggest
from apps.catalog.types import ColumnRef
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.models import Event
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.catalog.builders import HOUSE
from tests.people import person

CARDS = ["4242424242424242", "5555 5555 5555 4444", "378282246310005", "6011-1111-1111-1117"]
IBANS = ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606"]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (validators.email, ["a.b+c@example.co.uk", "o'hara@x.org"], ["a@b", "a b@x.org", "@x.org", "x@y.z@w.de"]),
        (validators.phone, ["+49 30 901820", "+1 650-253-0000", "0044 20 7946 0018"], ["12345678", "+49", "+1 1"]),
        (validators.iban, IBANS, ["DE89370400440532013001", "DE8937040044053201300", "XX12", "not an iban at all"]),
        (validators.card, CARDS, ["4242424242424241", "1234567812345670", "0000000000000000", "424242424242424"]),
        (validators.ip, ["192.168.0.1", "2001:db8::1", "10.0.200.3"], ["1.2.3.4", "300.1.1.1", "10.2", "v1.2.3.40"]),
        (validators.address, ["12 Main Street", "Hauptstraße 5", "Calle Mayor 3"], ["Main Street", "order 12"]),
        (validators.person, ["Anna Müller", "Juan de la Cruz", "Mary-Jane O'Neil"], ["anna", "Red Shoes 42", "a b"]),
        (validators.holds_personal, ["write to ann@example.org soon"], ["nothing", "order 4242424242424241"]),
    ],
)  # fmt: skip
def test_validators(check: Any, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not check(value)] == []
    assert [value for value in bad if check(value)] == []


def test_a_phone_number_tells_its_country() -> None:
    assert validators.phone("+49 30 901820") == "DE"
    found = guess("contact", "", "text", profile(["+49 30 901820"] * 20))
    assert found is not None
    assert found.evidence == "100 % of 20 sampled values are valid phone numbers (DE)"


@pytest.mark.parametrize(
    ("name", "values", "category"),
    [
        ("value", [f"ana{n}@example.org" for n in range(20)], "user.contact.email"),
        ("reference", [f"{4000000000000000 + n * 7919}" for n in range(50)], None),  # one in ten passes Luhn
        ("email", [f"hash{n}" for n in range(20)], None),  # the name is not believed against the values
        ("email", [], "user.contact.email"),
        ("version", ["1.2.3.4", "2.0.1.7"] * 10, None),
        ("note", [f"I called and nobody answered, write to {n}@example.org" for n in "ab"]
         + ["all is well with my order now"] * 20, "user.content"),
        ("holder", ["Anna Schmidt", "Peter Jones", "Maria Garcia", "Paul Miller"] * 5, "user.name"),
        ("title", ["Blue Cotton Shirt", "Red Shoes", "Green Tea", "Black Coat"] * 5, None),
        ("dob", [], "user.demographic.date_of_birth"),
        ("id", [str(uuid4()) for _ in range(20)], None),
    ],
)  # fmt: skip
def test_guesses(name: str, values: list[str], category: str | None) -> None:
    found = guess(name, "", "text", profile(values))
    assert (found.category if found else None) == category


def test_a_guess_needs_enough_values() -> None:
    assert guess("x", "", "text", Profile(3, {"user.contact.email": 1.0})) is None


CANARY = "canary.person@secret-mail.example"


@pytest.fixture
def table(any_db: None) -> Iterator[str]:
    name = f"people_{uuid4().hex[:8]}"
    store = open_store("oltp", "owner")
    store.execute(Sql(f"create table public.{name} (id bigint, contact text, plain text, card text)"))
    store.execute(
        Sql(f"insert into public.{name} select n, 'p' || n || '@mail.example', 'x' || n, '4242424242424242' "
            "from generate_series(1, 60) n"),
        Sql(f"update public.{name} set contact = '{CANARY}' where id = 1"),
        Sql(f"grant select on public.{name} to public"),
    )  # fmt: skip
    yield name
    store.execute(Sql(f"drop table public.{name}"))


def column(table: str, name: str) -> Column:
    return Column.objects.get(dataset__name=table, name=name)


@pytest.fixture
def looked(table: str) -> str:
    sync_source(actor=HOUSE, source="oltp")
    report = suggest(actor=HOUSE, source="oltp")
    assert report.open >= 2
    return table


def test_a_real_table_is_sampled_and_nothing_of_it_is_kept(looked: str) -> None:
    made = Suggestion.objects.get(column=column(looked, "contact"))
    assert (made.category, made.score, made.state) == ("user.contact.email", 1.0, "open")
    assert "60 sampled values" in made.evidence
    assert not Suggestion.objects.filter(column=column(looked, "plain")).exists()
    assert column(looked, "contact").category == "", "a suggestion is no category"
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'public'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'select count(*) from "{name}" t where t::text like %s', [f"%{CANARY}%"])
            assert cursor.fetchone() == (0,), name


def test_documents_are_sampled_by_their_paths(any_db: None, mongo: None) -> None:
    name = f"people_{uuid4().hex[:8]}"
    store = open_store("documents", "owner")
    store.execute(Command({"create": name}))
    made = [f'{{"user": {{"mail": "p{n}@mail.example"}}, "seen": [{{"ip": "192.168.0.{n}"}}]}}' for n in range(60)]
    batch = pa.RecordBatch.from_pydict(
        {"document": made},
        schema=pa.schema([pa.field("document", pa.string(), metadata={b"store_type": b"document"})]),
    )  # fmt: skip
    try:
        store.write((name,), [batch])
        sync_source(actor=HOUSE, source="documents")
        suggest(actor=HOUSE, source="documents")
        found = Suggestion.objects.filter(column__dataset__name=name).values_list("column__name", "category")
        assert set(found) == {("user.mail", "user.contact.email"), ("seen[].ip", "user.device.ip_address")}
    finally:
        store.execute(Command({"drop": name}))


def test_a_persons_yes_makes_it_a_category_and_a_no_stays(looked: str) -> None:
    steward = person("stella", Role.STEWARD)
    client = Client()
    client.force_login(steward)
    contact, card = (Suggestion.objects.get(column=column(looked, name)).pk for name in ("contact", "card"))
    client.post(reverse("catalog:suggestions"), {"suggestion": [contact], "answer": "accept"})
    found = column(looked, "contact")
    assert (found.category, found.certainty, found.classified_by) == ("user.contact.email", "confirmed", "stella")
    assert found.evidence.startswith("suggested: 100 % of 60 sampled values")
    client.post(reverse("catalog:suggestions"), {"suggestion": [card, contact], "answer": "reject"})
    suggest(actor=HOUSE, source="oltp")
    assert Suggestion.objects.get(pk=card).state == "rejected"
    assert Suggestion.objects.get(pk=contact).state == "accepted"
    assert Event.objects.filter(action="catalog.suggestion_decided").count() == 2


def test_a_confirmed_column_whose_content_says_otherwise_is_a_finding_and_does_not_flip(looked: str) -> None:
    path = tuple(Dataset.objects.get(name=looked).path)
    tags = {"card": "system.operations", "plain": "user.contact.email", "contact": "user.contact.email"}
    classify(actor=HOUSE, items={ColumnRef("oltp", path, name): tag for name, tag in tags.items()}, evidence="tests")
    suggest(actor=HOUSE, source="oltp")
    found = Finding.objects.filter(kind="category_in_doubt", closed_at=None, dataset__name=looked)
    assert {each.column for each in found} == {"card", "plain"}
    assert column(looked, "card").category == "system.operations"
    items = {ColumnRef("oltp", path, "card"): "user.financial.credit_card", ColumnRef("oltp", path, "plain"): ""}
    classify(actor=HOUSE, items=items, evidence="tests")
    suggest(actor=HOUSE, source="oltp")
    assert not found.all().exists()


def test_who_may_not_decide_or_know_cannot(looked: str, analyst: User) -> None:
    grant_view(actor=HOUSE, obj=Dataset.objects.get(name=looked), roles=[Role.ANALYST])
    client = Client()
    client.force_login(analyst)
    page = client.get(reverse("catalog:suggestions")).content.decode()
    assert looked in page
    assert "Confirm the chosen" not in page
    pk = Suggestion.objects.get(column=column(looked, "contact")).pk
    assert client.post(reverse("catalog:suggestions"), {"suggestion": [pk], "answer": "accept"}).status_code == 403
    client.force_login(person("outsider"))
    assert looked not in client.get(reverse("catalog:suggestions")).content.decode()
    assert client.get(reverse("catalog-api:suggestions")).json()["count"] == 0
    assert Suggestion.objects.get(pk=pk).state == "open"


def test_deciding_twice_is_deciding_once(looked: str) -> None:
    pk = Suggestion.objects.get(column=column(looked, "contact")).pk
    assert decide(actor=HOUSE, suggestions=[pk], accept=True) == 1
    assert decide(actor=HOUSE, suggestions=[pk], accept=False) == 0
    assert column(looked, "contact").category == "user.contact.email"
