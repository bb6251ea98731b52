"""The frame: entries by role, counts where something needs you, theme without a flash, a budget of queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.models import User
from portal.accounts.types import Role
from portal.desk.areas import AREAS, EXTRAS, area_of, areas_for
from portal.notices.services import notify
from tests.people import person


@pytest.mark.parametrize("role", list(Role))
def test_an_entry_is_shown_to_those_who_may_open_it_and_to_no_others(client: Client, db: None, role: Role) -> None:
    client.force_login(person("somebody", role))
    shown = {area.path for area in areas_for(frozenset({role}), AREAS + EXTRAS)}
    opened = {area.path for area in AREAS + EXTRAS if client.get(area.path, follow=True).status_code == 200}
    assert shown == opened


def test_who_holds_no_role_sees_home_only(client: Client, outsider: User) -> None:
    client.force_login(outsider)
    page = client.get("/")
    assert [area.name for area in page.context["frame"].areas] == ["Home"]
    assert page.context["frame"].extras == []


def test_counts_stand_where_something_needs_you(client: Client, analyst: User, steward: User) -> None:
    for number, url in enumerate(["/pipelines/1/", "/pipelines/2/", "/inbox/"]):
        notify(kind="t", subject_kind="x", subject_id=str(number), title="t", url=url, roles=[Role.ANALYST])
    client.force_login(analyst)
    frame = client.get("/").context["frame"]
    assert {area.name: area.count for area in frame.areas if area.count} == {"Pipelines": 2}
    assert frame.inbox == 3
    client.force_login(steward)
    assert client.get("/").context["frame"].inbox == 0


def test_where_one_is(client: Client, analyst: User) -> None:
    client.force_login(analyst)
    page = client.get("/search/").context["frame"].areas
    assert not any(area.here for area in page)
    assert area_of("/catalog/7/").name == "Catalog"
    assert area_of("/") is None


@pytest.mark.parametrize(
    ("cookie", "shown"), [("dark", "dark"), ("light", "light"), ("", "system"), ('"><b>', "system")]
)
def test_the_server_writes_the_theme(client: Client, analyst: User, cookie: str, shown: str) -> None:
    client.force_login(analyst)
    client.cookies["theme"] = cookie
    assert f'data-theme="{shown}"' in client.get("/").content.decode()


def test_the_theme_without_script(client: Client, db: None) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert answer.cookies["theme"].value == "dark"
    assert client.post("/theme/", {"theme": "pink"}).status_code == 400
    assert client.get("/theme/").status_code == 405


def test_the_frame_costs_few_queries(client: Client, analyst: User) -> None:
    """Session, person, roles (twice: notices ask for themselves), notices: what a page without content costs."""
    client.force_login(analyst)
    with CaptureQueriesContext(connection) as queries:
        client.get("/search/")
    assert len(queries) <= 5, [query["sql"][:90] for query in queries]
