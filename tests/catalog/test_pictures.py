"""The living documents: what is drawn, that it is whole SVG, and that it names nothing one may not know of."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Column, Dataset, Source
from apps.catalog.pictures import diagrams
from apps.catalog.pictures.drawing import Arrow, Box, Diagram, layered, svg
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, dataset, info, loads, seen, shop
from tests.people import person

pytestmark = pytest.mark.django_db
ODD = '<b>&"odd"'


@pytest.fixture
def officer() -> User:
    shop()
    loads()
    seen(
        "oltp",
        [
            info("payments.public.customers", "id text", "email text", "status text"),
            info("payments.public.charges", "id text", "customer_id text", f"{ODD} text"),
        ],
    )
    Column.objects.filter(name="customer_id").update(references="public.customers.id")
    Column.objects.filter(dataset__name="customers", name="id").update(primary_key=True)
    seen(
        "warehouse",
        [
            *(
                info(f"ANALYTICS.{'.'.join(d.path[1:])}", "ID text")
                for d in Dataset.objects.filter(source__name="warehouse")
            ),
            info("ANALYTICS.CORE.FCT_CHARGES", "CHARGE_ID text", "CUSTOMER_ID text"),
            info("ANALYTICS.CORE.DIM_CUSTOMERS", "CUSTOMER_ID text", "EMAIL text"),
        ],
    )
    seen(
        "documents",
        [info("payments.sessions", "_id string", "customer_id string", "device.os string", kind="collection")],
    )
    return person("olga", Role.OFFICER)


def told(diagram: Diagram) -> set[tuple[str, str]]:
    titles = {box.key: box.title for box in diagram.boxes}
    return {(titles[arrow.start], titles[arrow.end]) for arrow in diagram.arrows}


def source(name: str) -> Source:
    return Source.objects.get(name=name)


def test_tables_are_tied_by_their_foreign_keys(officer: User) -> None:
    found = diagrams.relational(officer, source("oltp"))
    assert told(found) == {("customers", "charges")}
    lines = {box.title: [line for line, _ in box.lines] for box in found.boxes}
    assert lines["customers"][0] == "PK id: text"
    assert lines["charges"][0] == "FK customer_id: text"


def test_facts_are_tied_to_dimensions_by_keys_of_the_same_name(officer: User) -> None:
    assert told(diagrams.star(officer, source("warehouse"))) == {("DIM_CUSTOMERS", "FCT_CHARGES")}


def test_documents_show_what_is_embedded_and_what_they_refer_to(officer: User) -> None:
    found = diagrams.documents(officer, source("documents"))
    assert told(found) == {("customers", "sessions")}
    sessions = next(box for box in found.boxes if box.title == "sessions")
    assert ("os: string", 1) in sessions.lines


def test_the_map_counts_what_flows(officer: User) -> None:
    found = diagrams.platform(officer)
    assert {"oltp / payments.public", "documents / payments"} <= {box.title for box in found.boxes}
    seen("oltp", [info("payments.public.customers", "id text", "email text", "status text")])


@pytest.mark.parametrize("name", ["", "oltp", "warehouse", "documents"])
def test_page_and_file_are_whole(officer: User, name: str, django_assert_max_num_queries: Any) -> None:
    client = Client()
    client.force_login(officer)
    page = reverse("catalog:picture", args=[name]) if name else reverse("catalog:map")
    file = reverse("catalog:picture-svg", args=[name]) if name else reverse("catalog:map-svg")
    client.get(page)
    with django_assert_max_num_queries(18):
        assert client.get(page).status_code == 200
    answer = client.get(file)
    assert answer["Content-Type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag.endswith("svg")
    assert not [each for each in root.iter() if each.tag.rpartition("}")[2] in ("script", "image", "style", "a")]
    assert ODD not in answer.content.decode()


@pytest.mark.parametrize("name", ["", "oltp", "warehouse", "documents"])
def test_nothing_is_drawn_that_one_may_not_know_of(officer: User, analyst: User, name: str) -> None:
    grant_view(actor=HOUSE, obj=dataset("oltp", "charges"), roles=[Role.ANALYST])
    grant_view(actor=HOUSE, obj=dataset("documents", "sessions"), roles=[Role.ANALYST])
    grant_view(actor=HOUSE, obj=dataset("warehouse", "FCT_CHARGES"), roles=[Role.ANALYST])
    client = Client()
    client.force_login(analyst)
    page = client.get(reverse("catalog:picture", args=[name]) if name else reverse("catalog:map")).content.decode()
    assert "customers" not in page.lower().replace("customer_id", "")
    client.force_login(person("outsider"))
    answer = client.get(reverse("catalog:picture-svg", args=[name]) if name else reverse("catalog:map-svg"))
    assert answer.status_code == (404 if name else 200)
    assert "charges" not in answer.content.decode().lower()


def test_a_source_that_is_not_there(officer: User) -> None:
    client = Client()
    client.force_login(officer)
    assert client.get(reverse("catalog:picture", args=["nowhere"])).status_code == 404


def test_loops_and_long_texts_are_drawn() -> None:
    boxes = (Box("a", "x" * 80), Box("b", "b"), Box("c", "c"))
    arrows = (Arrow("a", "b"), Arrow("b", "a"), Arrow("c", "c"), Arrow("b", "c"))
    assert layered(boxes, arrows)["c"] > 0
    assert ElementTree.fromstring(svg(Diagram("t", boxes, arrows))) is not None
    chain = tuple(Box(str(n), str(n)) for n in range(300))
    steps = tuple(Arrow(str(n), str(n + 1)) for n in range(299))
    assert layered(chain, steps)["299"] == 299
