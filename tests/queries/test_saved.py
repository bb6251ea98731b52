"""Saved queries: as their owner, as one who holds the role they are shared with, and as everybody else."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from apps.compliance.subjects.match import matcher_of
from apps.queries.models import SavedComment, SavedQuery, SavedVersion
from apps.queries.saved import kept, selectors, services
from apps.queries.saved.types import Draft, Invalid
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.workflow import StaleState
from tests.people import person
from tests.vault import govern

TEXT = "select id, email from customers"
DRAFT = Draft("Customers", "oltp", TEXT, "Daily")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def estate(db: None) -> None:
    govern("oltp")


@pytest.fixture
def saved(estate: None, analyst: User) -> SavedQuery:
    return services.save_query(actor=Actor.of(analyst), owner=analyst, draft=DRAFT)


def shared(query: SavedQuery, role: Role) -> SavedQuery:
    services.share_query(actor=Actor.of(query.owner), user=query.owner, query=query, role=role)
    query.refresh_from_db()
    return query


def revise(query: SavedQuery, text: str, based_on: int = 1) -> int:
    draft = Draft("Customers", "oltp", text)
    return services.revise_query(
        actor=Actor.of(query.owner), user=query.owner, query=query, based_on=based_on, draft=draft
    )


def test_the_console_saves_what_is_typed(estate: None, analyst: User) -> None:
    body = {"title": "Customers", "folder": "Daily", "source": "oltp", "text": "select id\r\nfrom customers"}
    answer = signed_in(analyst).post(reverse("queries:save"), body)
    query = SavedQuery.objects.get(owner=analyst)
    assert (answer.status_code, answer["Location"]) == (302, query.get_absolute_url())
    assert selectors.draft_of(query.versions.get()) == Draft("Customers", "oltp", "select id\nfrom customers", "Daily")


def test_without_a_title_nothing_typed_is_lost(estate: None, analyst: User) -> None:
    answer = signed_in(analyst).post(reverse("queries:save"), {"source": "oltp", "text": "select 4711"})
    assert answer.status_code == 400
    assert "select 4711" in answer.content.decode()
    assert "needs a title" in answer.content.decode()
    assert not SavedQuery.objects.exists()


@pytest.mark.parametrize(
    "draft",
    [
        Draft(" ", "oltp", TEXT),
        Draft("t", "oltp", " \n"),
        Draft("t" * 121, "oltp", TEXT),
        Draft("t", "oltp", TEXT, "f" * 121),
        Draft("t", "oltp", "x" * 100_001),
        Draft("t", "elsewhere", TEXT),
    ],
)
def test_what_cannot_be_kept_is_refused_whole(draft: Draft, analyst: User) -> None:
    with pytest.raises(Invalid):
        services.save_query(actor=Actor.of(analyst), owner=analyst, draft=draft)
    assert not SavedQuery.objects.exists()


def test_versions_and_their_difference(saved: SavedQuery, analyst: User) -> None:
    assert revise(saved, "select id\nfrom customers") == 2
    page = signed_in(analyst).get(saved.get_absolute_url()).content.decode()
    assert "<del>- select id, email from customers</del>" in page
    assert "<ins>+ from customers</ins>" in page
    old = signed_in(analyst).get(saved.get_absolute_url(), {"version": 1}).content.decode()
    assert "select id, email from customers" in old
    assert "<ins>" not in old


def test_two_at_once_do_not_overwrite_each_other(saved: SavedQuery) -> None:
    revise(saved, "select id from customers")
    with pytest.raises(StaleState):
        revise(saved, "select 2")
    assert [one.number for one in saved.versions.all()] == [2, 1]


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "²", "9" * 40])
def test_no_such_version(saved: SavedQuery, analyst: User, number: str) -> None:
    assert signed_in(analyst).get(saved.get_absolute_url(), {"version": number}).status_code == 404


def test_a_colleague_sees_it_once_it_is_shared_and_only_while(saved: SavedQuery, analyst: User) -> None:
    client = signed_in(person("ben", Role.ANALYST))
    assert client.get(saved.get_absolute_url()).status_code == 404
    assert "Customers" not in client.get(reverse("queries:saved")).content.decode()
    shared(saved, Role.ANALYST)
    assert TEXT in client.get(saved.get_absolute_url()).content.decode()
    assert "Customers" in client.get(reverse("queries:saved")).content.decode()
    services.share_query(actor=Actor.of(analyst), user=analyst, query=saved, role=None)
    assert client.get(saved.get_absolute_url()).status_code == 404


def test_another_role_does_not_see_what_is_shared(saved: SavedQuery) -> None:
    shared(saved, Role.STEWARD)
    assert signed_in(person("ben", Role.ANALYST)).get(saved.get_absolute_url()).status_code == 404


def test_a_reader_changes_nothing(saved: SavedQuery) -> None:
    shared(saved, Role.ANALYST)
    ben = person("ben", Role.ANALYST)
    client = signed_in(ben)
    body = {"based_on": "1", "title": "x", "source": "oltp", "text": "select 1", "role": "analyst"}
    for name in ("revise", "share", "delete"):
        assert client.post(reverse(f"queries:saved-{name}", args=[saved.pk]), body).status_code == 404
    draft = Draft("x", "oltp", "select 1")
    with pytest.raises(PermissionDenied):
        services.revise_query(actor=Actor.of(ben), user=ben, query=saved, based_on=1, draft=draft)
    with pytest.raises(PermissionDenied):
        services.share_query(actor=Actor.of(ben), user=ben, query=saved, role=None)
    with pytest.raises(PermissionDenied):
        services.delete_query(actor=Actor.of(ben), user=ben, query=saved)
    saved.refresh_from_db()
    assert (saved.head, saved.shared_with) == (1, "analyst")


@pytest.mark.parametrize("name", ["saved", "save"])
def test_without_a_querying_role_there_is_no_page(db: None, name: str) -> None:
    client = signed_in(person("otto", Role.AUDITOR))
    method = client.get if name == "saved" else client.post
    assert method(reverse(f"queries:{name}")).status_code == 403


@pytest.mark.parametrize("name", ["query", "revise", "share", "favourite", "comment", "delete"])
def test_without_a_querying_role_there_is_no_saved_query(saved: SavedQuery, name: str) -> None:
    shared(saved, Role.AUDITOR)
    client = signed_in(person("otto", Role.AUDITOR))
    method = client.get if name == "query" else client.post
    assert method(reverse(f"queries:saved-{name}", args=[saved.pk])).status_code == 403


def test_whoever_the_gate_refuses_reads_neither_text_nor_comments(saved: SavedQuery, analyst: User) -> None:
    """A text names tables; so may a refusal. Decided under the purpose and rights of whoever opens it."""
    revise(saved, "select secret_plan from nowhere_known")
    shared(saved, Role.ANALYST)
    services.add_comment(actor=Actor.of(analyst), user=analyst, query=saved, text="about the merger")
    client = signed_in(person("ben", Role.ANALYST))
    page = client.get(saved.get_absolute_url()).content.decode()
    for hidden in ("secret_plan", "nowhere_known", "merger"):
        assert hidden not in page
    assert "its text is not shown" in page
    console = client.get(reverse("queries:console"), {"saved": str(saved.pk)}).content.decode()
    assert "secret_plan" not in console
    assert client.post(reverse("queries:saved-comment", args=[saved.pk]), {"comment": "x"}).status_code == 404
    # Its owner reads what they wrote, with the refusal beside it.
    assert "secret_plan" in signed_in(analyst).get(saved.get_absolute_url()).content.decode()
    # A version that the gate allows is shown, without the lines of one that it does not.
    first = client.get(saved.get_absolute_url(), {"version": 1}).content.decode()
    assert TEXT in first
    assert "secret_plan" not in first


def test_the_console_opens_a_version(saved: SavedQuery, analyst: User) -> None:
    revise(saved, "select id from customers")
    client, address = signed_in(analyst), reverse("queries:console")
    assert TEXT in client.get(address, {"saved": str(saved.pk), "version": "1"}).content.decode()
    assert "select id from customers" in client.get(address, {"saved": str(saved.pk)}).content.decode()
    assert client.get(address, {"saved": str(saved.pk), "version": "7"}).status_code == 404
    assert client.get(address, {"saved": "x"}).status_code == 404
    other = signed_in(person("ben", Role.ANALYST))
    assert other.get(address, {"saved": str(saved.pk)}).status_code == 404


def test_favourites_are_each_ones_own_and_come_first(saved: SavedQuery, analyst: User) -> None:
    services.save_query(actor=Actor.of(analyst), owner=analyst, draft=Draft("A first", "oltp", TEXT, "Daily"))
    shared(saved, Role.ANALYST)
    ben = person("ben", Role.ANALYST)
    assert [draft.title for _, draft, _ in selectors.listed(analyst)] == ["A first", "Customers"]
    signed_in(analyst).post(reverse("queries:saved-favourite", args=[saved.pk]), {"wanted": "yes"})
    assert [(draft.title, marked) for _, draft, marked in selectors.listed(analyst)] == [
        ("Customers", True),
        ("A first", False),
    ]
    assert [marked for _, _, marked in selectors.listed(ben)] == [False]
    signed_in(analyst).post(reverse("queries:saved-favourite", args=[saved.pk]), {"wanted": "no"})
    assert [marked for _, _, marked in selectors.listed(analyst)] == [False, False]


def test_a_stranger_neither_comments_nor_marks(saved: SavedQuery) -> None:
    ben = person("ben", Role.ANALYST)
    for name in ("comment", "favourite"):
        assert signed_in(ben).post(reverse(f"queries:saved-{name}", args=[saved.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        services.add_comment(actor=Actor.of(ben), user=ben, query=saved, text="hello")
    with pytest.raises(PermissionDenied):
        services.set_favourite(actor=Actor.of(ben), user=ben, query=saved, wanted=True)


def test_a_comment_is_shown_as_text(saved: SavedQuery, analyst: User) -> None:
    client = signed_in(analyst)
    client.post(reverse("queries:saved-comment", args=[saved.pk]), {"comment": "<b>see</b>"})
    assert "&lt;b&gt;see&lt;/b&gt;" in client.get(saved.get_absolute_url()).content.decode()
    client.post(reverse("queries:saved-comment", args=[saved.pk]), {"comment": "x" * 2001})
    assert SavedComment.objects.count() == 1


def test_every_write_is_in_the_trail_without_what_was_typed(saved: SavedQuery, analyst: User) -> None:
    client = signed_in(analyst)
    revise(saved, "select 'canary-4711' from customers")
    shared(saved, Role.STEWARD)
    services.add_comment(actor=Actor.of(analyst), user=analyst, query=saved, text="canary-4711")
    for wanted in ("yes", "no"):
        client.post(reverse("queries:saved-favourite", args=[saved.pk]), {"wanted": wanted})
    client.post(reverse("queries:saved-delete", args=[saved.pk]))
    events = list(Event.objects.filter(target_kind="saved_query").order_by("id"))
    assert {event.action for event in events} == {
        "queries.saved",
        "queries.saved_revised",
        "queries.saved_shared",
        "queries.saved_commented",
        "queries.saved_favoured",
        "queries.saved_unfavoured",
        "queries.saved_deleted",
    }
    told = json.dumps([str(vars(event)) for event in events])
    assert "canary-4711" not in told
    assert "Customers" not in told
    assert not SavedVersion.objects.exists()


def test_nothing_typed_stands_open_in_the_database(saved: SavedQuery, analyst: User) -> None:
    row = services.add_comment(actor=Actor.of(analyst), user=analyst, query=saved, text="canary-4711")
    assert b"canary" not in bytes(row.body)
    body = bytes(saved.versions.get().body)
    assert b"email" not in body
    assert b"Customers" not in body


def test_an_erasure_cuts_a_person_out_of_texts_and_comments(saved: SavedQuery, analyst: User) -> None:
    address = "zoë.müller@example.org"
    revise(saved, f"select id\nfrom customers\nwhere email = '{address}'")
    services.add_comment(actor=Actor.of(analyst), user=analyst, query=saved, text=f"Ask {address}")
    matcher = matcher_of([address])
    assert kept.find(matcher) == 2
    assert kept.erase(matcher, check=lambda: None) == 2
    assert kept.find(matcher) == 0
    text = selectors.draft_of(saved.versions.get(number=2)).text
    assert text.startswith("select id\nfrom customers\nwhere email = '")
    assert address not in text
    assert selectors.draft_of(saved.versions.get(number=1)).text == TEXT


def test_pages_cost_a_fixed_number_of_queries(
    saved: SavedQuery, analyst: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(analyst)
    for number in range(20):
        services.save_query(actor=Actor.of(analyst), owner=analyst, draft=Draft(f"Q{number}", "oltp", TEXT))
    with django_assert_max_num_queries(14):
        assert client.get(reverse("queries:saved")).status_code == 200
    with django_assert_max_num_queries(28):
        assert client.get(saved.get_absolute_url()).status_code == 200


def test_a_purpose_that_one_may_not_have_hides_a_shared_text(saved: SavedQuery) -> None:
    shared(saved, Role.ANALYST)
    ben = person("ben", Role.ANALYST)
    assert selectors.opened(person=ben, purpose=Purpose.COMPLIANCE, query=saved, number=1).draft is None
