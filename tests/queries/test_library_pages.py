"""Pages of the library, as its audience, its author, a reviewer and everybody else."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.queries.library import checks, services, shipped
from apps.queries.library.contracts import contract_of
from apps.queries.library.keeping import content_of, seen_of
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import Audience, Content, Contract, State, Topic
from apps.queries.models import Execution, SavedQuery
from apps.queries.saved.services import save_query
from apps.queries.saved.types import Draft
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.types import Actor
from portal.notices.models import Notice
from tests.people import person
from tests.queries.test_library import ABOUT, ANALYSTS, TEXT, approve, govern_anew, masks_with, proposed
from tests.vault import HOUSE, govern


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, name: str, *args: object, **query: str) -> str:
    answer = signed_in(user).get(reverse(f"queries:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def estate(db: None) -> None:
    govern("oltp")


@pytest.fixture
def entry(estate: None, analyst: User, steward: User) -> LibraryEntry:
    return approve(proposed(analyst), steward)


def test_an_empty_library_teaches(estate: None, analyst: User) -> None:
    assert "Nothing is approved for you yet" in page(analyst, "library")


@pytest.mark.parametrize("name", ["library", "library-entry", "library-review", "library-run"])
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_without_a_querying_role_there_is_no_library(entry: LibraryEntry, name: str, role: Role) -> None:
    client = signed_in(person("otis", role))
    address = reverse(f"queries:{name}", args=[] if name == "library" else [entry.pk])
    assert (client.post if name == "library-run" else client.get)(address).status_code == 403


def test_the_audience_finds_it_and_nobody_else_does(
    entry: LibraryEntry, colleague: User, engineer: User, officer: User
) -> None:
    for reader in (colleague, officer):
        assert "Customers" in page(reader, "library")
        shown = page(reader, "library-entry", entry.pk)
        assert ABOUT in shown
    assert "only the domain is shown" in page(colleague, "library-entry", entry.pk)
    assert "Customers" not in page(engineer, "library")
    for name in ("entry", "run", "retire", "withdraw"):
        client = signed_in(engineer)
        method = client.get if name == "entry" else client.post
        assert method(reverse(f"queries:library-{name}", args=[entry.pk])).status_code == 404


def test_a_proposal_is_its_authors_and_the_reviewers(
    estate: None, analyst: User, colleague: User, steward: User
) -> None:
    entry = proposed(analyst)
    assert "Proposed by you" in page(analyst, "library")
    assert "waits for review" in page(analyst, "library-entry", entry.pk)
    assert "Customers" not in page(colleague, "library")
    assert signed_in(colleague).get(entry.get_absolute_url()).status_code == 404
    assert "Waits for a review" in page(steward, "library")


def test_search_and_audience_narrow_the_list(estate: None, analyst: User, steward: User) -> None:
    approve(proposed(analyst), steward)
    query = save_query(actor=HOUSE, owner=analyst, draft=Draft("Charges", "oltp", "select id from charges"))
    officers = Audience(Role.OFFICER, Purpose.COMPLIANCE)
    grant_everything(Role.OFFICER)
    approve(
        services.propose(
            actor=HOUSE,
            user=analyst,
            query=query,
            number=1,
            audience=officers,
            topic=Topic.FRAUD,
            about="Charges, by number.",
        ),
        steward,
    )
    both = page(steward, "library")
    assert both.index("Customers") < both.index("Charges")  # by topic
    assert "Charges" not in page(steward, "library", q="CUSTOM").partition("<form")[2]
    assert "Customers" not in page(steward, "library", **{"for": "compliance_officer"})
    assert "No approved query matches" in page(steward, "library", q="nothing like it")


def grant_everything(role: Role) -> None:
    from apps.catalog.models import Dataset

    for dataset in Dataset.objects.all():
        grant_view(actor=HOUSE, obj=dataset, roles=[role])


def test_from_a_saved_query_to_the_library(estate: None, analyst: User, officer: User) -> None:
    query = save_query(actor=Actor.of(analyst), owner=analyst, draft=Draft("Customers", "oltp", TEXT))
    assert "Propose for the library" in page(analyst, "saved-query", query.pk)
    body = {"version": "1", "audience": "analyst:analytics", "topic": "cohorts", "about": ABOUT}
    client = signed_in(analyst)
    address = reverse("queries:saved-propose", args=[query.pk])
    for wrong in ({"audience": "auditor:compliance"}, {"topic": "x"}, {"about": ""}):
        assert client.post(address, {**body, **wrong})["Location"] == query.get_absolute_url()
    assert client.post(address, {**body, "version": "7"}).status_code == 404
    assert not LibraryEntry.objects.exists()
    assert signed_in(officer).post(address, body).status_code == 404
    answer = client.post(address, body)
    entry = LibraryEntry.objects.get()
    assert answer["Location"] == entry.get_absolute_url()
    assert Notice.objects.get(kind="library_review").people == [officer.pk]
    assert "waits for review" in page(analyst, "saved-query", query.pk)

    review = page(officer, "library-review", entry.pk)
    for told in (TEXT, "only the domain is shown", "vault.customers", "Approve for every analyst, for analytics"):
        assert told in review
    contract = contract_of(ANALYSTS, "oltp", content_of(entry))
    assert isinstance(contract, Contract)
    seen = seen_of(content_of(entry), contract)
    assert seen in review
    client = signed_in(officer)
    approve_at = reverse("queries:library-approve", args=[entry.pk])
    client.post(approve_at, {"seen": "something else"})
    entry.refresh_from_db()
    assert entry.state == State.PROPOSED
    client.post(approve_at, {"seen": seen, "note": "Read it."})
    entry.refresh_from_db()
    assert (entry.state, entry.approved_by) == ("approved", officer)
    assert "Read it." in page(analyst, "library-entry", entry.pk)
    assert client.get(reverse("queries:library-review", args=[entry.pk])).status_code == 404


def test_sending_back_withdrawing_retiring(estate: None, analyst: User, steward: User) -> None:
    entry = proposed(analyst)
    client = signed_in(steward)
    address = reverse("queries:library-send-back", args=[entry.pk])
    client.post(address, {"reason": "no"})
    entry.refresh_from_db()
    assert entry.state == "proposed"
    client.post(address, {"reason": "Count them by country."})
    assert "Count them by country." in page(analyst, "library-entry", entry.pk)
    other = proposed(analyst)
    client.post(reverse("queries:library-withdraw", args=[other.pk]))
    other.refresh_from_db()
    assert other.state == "proposed"
    signed_in(analyst).post(reverse("queries:library-withdraw", args=[other.pk]))
    other.refresh_from_db()
    assert other.state == "withdrawn"
    third = approve(proposed(analyst), steward)
    client.post(reverse("queries:library-retire", args=[third.pk]), {"reason": "Nobody asks for it."})
    assert "Nobody asks for it." in page(analyst, "library-entry", third.pk)


@pytest.mark.parametrize("name", ["review", "approve", "send-back"])
def test_nobody_reviews_what_they_wrote_or_without_the_role(estate: None, analyst: User, name: str) -> None:
    both = person("ben", Role.ANALYST, Role.STEWARD)
    mine, theirs = proposed(both), proposed(analyst)
    method = "get" if name == "review" else "post"
    assert getattr(signed_in(both), method)(reverse(f"queries:library-{name}", args=[mine.pk])).status_code == 404
    assert getattr(signed_in(analyst), method)(reverse(f"queries:library-{name}", args=[theirs.pk])).status_code == 403


def test_it_runs_from_its_page(entry: LibraryEntry, colleague: User) -> None:
    answer = signed_in(colleague).post(reverse("queries:library-run", args=[entry.pk]))
    row = Execution.objects.get(owner=colleague)
    assert answer["Location"] == row.get_absolute_url()
    assert row.entry == entry
    assert "Your runs of it" in page(colleague, "library-entry", entry.pk)


def test_parameters_are_a_form(estate: None, analyst: User, steward: User) -> None:
    entry = approve(proposed(analyst, "select id from customers where country = :land"), steward)
    assert 'name="parameter.land"' in page(analyst, "library-entry", entry.pk)
    client, address = signed_in(analyst), reverse("queries:library-run", args=[entry.pk])
    refused = client.post(address, {"parameter.land": "", "kind.land": "text"})
    assert refused.status_code == 400
    assert "Give a value for" in refused.content.decode()
    client.post(address, {"parameter.land": "GB", "kind.land": "text"})
    assert Execution.objects.get().status == "queued"


def test_opening_it_finds_that_it_no_longer_holds(entry: LibraryEntry, colleague: User, officer: User) -> None:
    govern_anew(masks_with("user.contact.email", "clear"))
    shown = page(colleague, "library-entry", entry.pk)
    assert "Column email was agreed masked (only the domain is shown); now it is shown as it is." in shown
    assert "Run for analytics" not in shown
    assert signed_in(colleague).post(reverse("queries:library-run", args=[entry.pk])).status_code == 400
    assert "What was agreed does not hold" in page(officer, "library-review", entry.pk)
    assert "What was agreed before" in page(officer, "library-review", entry.pk)
    govern_anew()
    assert "quarantined" in page(colleague, "library-entry", entry.pk)
    assert "What was agreed holds again" in page(officer, "library-review", entry.pk)


def test_who_may_not_run_it_reads_neither_text_nor_contract(entry: LibraryEntry, colleague: User) -> None:
    """Taken from the role: the text names a table that they may not know of, and so does the reason."""
    from apps.catalog.models import Dataset
    from portal.accounts.access import revoke_view

    revoke_view(actor=HOUSE, obj=Dataset.objects.get(name="customers"), roles=[Role.ANALYST])
    checks.recheck()
    shown = page(colleague, "library-entry", entry.pk)
    for hidden in ("from customers", "vault.customers", "email"):
        assert hidden not in shown
    assert "its text is not shown" in shown


def test_the_newest_version_is_not_reviewed_by_itself(entry: LibraryEntry, analyst: User, colleague: User) -> None:
    SavedQuery.objects.update(head=2)
    assert "The saved query has a newer version" in page(analyst, "library-entry", entry.pk)
    assert "The saved query has a newer version" not in page(colleague, "library-entry", entry.pk)


def test_pages_cost_a_fixed_number_of_queries(
    estate: None, analyst: User, steward: User, django_assert_max_num_queries: Any
) -> None:
    found = [approve(proposed(analyst), steward) for _ in range(8)]
    waiting = [proposed(analyst) for _ in range(4)]
    client = signed_in(steward)
    with django_assert_max_num_queries(14):
        assert client.get(reverse("queries:library")).status_code == 200
    with django_assert_max_num_queries(34):
        assert client.get(found[0].get_absolute_url()).status_code == 200
    with django_assert_max_num_queries(34):
        assert client.get(reverse("queries:library-review", args=[waiting[0].pk])).status_code == 200


SHIPPED = shipped.Shipped("customers", Topic.COHORTS, "oltp", ANALYSTS, Content("Customers", ABOUT, TEXT))


def load(*found: shipped.Shipped) -> shipped.Report:
    return shipped.load(actor=HOUSE, found=found)


def test_what_is_shipped_is_approved_by_the_system(estate: None, colleague: User) -> None:
    assert load(SHIPPED) == shipped.Report(1, 0, ())
    assert load(SHIPPED) == shipped.Report(0, 1, ())
    entry = LibraryEntry.objects.get()
    assert (entry.state, entry.author, entry.approved_by, entry.author_name) == ("approved", None, None, "estate")
    assert "Shipped with the estate." in page(colleague, "library-entry", entry.pk)


def test_a_changed_file_is_a_new_version(estate: None, steward: User) -> None:
    load(SHIPPED)
    changed = shipped.Shipped(
        "customers", Topic.COHORTS, "oltp", ANALYSTS, Content("Customers", ABOUT, TEXT + " limit 9")
    )
    assert load(changed).added == 1
    states = {entry.number: entry.state for entry in LibraryEntry.objects.all()}
    assert states == {1: "retired", 2: "approved"}
    entry = LibraryEntry.objects.get(number=2)
    services.retire(actor=Actor.of(steward), user=steward, entry=entry, reason="Nobody needs it here.")
    assert load(changed) == shipped.Report(0, 1, ())


def test_what_its_audience_may_not_run_is_left_out_and_named(estate: None) -> None:
    engineers = Audience(Role.ENGINEER, Purpose.ANALYTICS)
    report = load(shipped.Shipped("customers", Topic.COHORTS, "oltp", engineers, SHIPPED.content))
    assert report.added == 0
    assert report.refused[0].startswith("customers: ")
    assert not LibraryEntry.objects.exists()


def test_a_shipped_query_is_quarantined_and_let_out_like_any(estate: None, steward: User) -> None:
    load(SHIPPED)
    govern_anew(masks_with("user.contact.email", "clear"))
    assert checks.recheck() == 1
    assert Notice.objects.get().title == "Library query customers is quarantined: what was agreed no longer holds"
    entry = LibraryEntry.objects.get()
    approve(entry, steward)
    assert (entry.state, entry.approved_by) == ("approved", steward)


def test_the_command_names_what_it_left_out(estate: None, capsys: Any) -> None:
    from django.core.management import call_command

    call_command("load_library")
    told = capsys.readouterr().out
    assert "left out: revenue_by_month: The catalog has not looked at warehouse yet." in told
    assert "left out: sessions_by_day: " in told
    assert "As they were: 0." in told
