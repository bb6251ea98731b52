"""The library: who may agree to what, and what happens when it no longer holds."""

import json
import threading
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from apps.catalog import services as catalog
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.types import ColumnRef
from apps.compliance import governance
from apps.compliance import services as compliance
from apps.compliance.subjects.match import matcher_of
from apps.queries.library import checks, services
from apps.queries.library.contracts import contract_of
from apps.queries.library.keeping import agreement_of, content_of, seen_of, told_in
from apps.queries.library.models import LibraryEntry, LibraryStep
from apps.queries.library.types import Audience, Contract, Invalid, State, Topic
from apps.queries.models import Execution, SavedQuery
from apps.queries.saved import kept
from apps.queries.saved.services import delete_query, revise_query, save_query
from apps.queries.saved.types import Draft
from apps.queries.selectors import outcome_of
from portal.accounts.access import revoke_view
from portal.accounts.models import User
from portal.accounts.types import Purpose, Role
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.notices.models import Notice
from portal.workflow import ForbiddenMove, StaleState
from tests.people import person
from tests.vault import HOUSE, MASKS, datasets, govern

TEXT = "select id, email, country from customers"
ANALYSTS = Audience(Role.ANALYST, Purpose.ANALYTICS)
ABOUT = "Customers with their country."


@pytest.fixture
def estate(any_db: None) -> None:
    govern("oltp")


def proposed(author: User, text: str = TEXT, audience: Audience = ANALYSTS) -> LibraryEntry:
    actor = Actor.of(author)
    query = save_query(actor=actor, owner=author, draft=Draft("Customers", "oltp", text))
    return services.propose(
        actor=actor, user=author, query=query, number=1, audience=audience, topic=Topic.COHORTS, about=ABOUT
    )


def approve(entry: LibraryEntry, reviewer: User) -> LibraryEntry:
    contract = contract_of(entry.audience, entry.source, content_of(entry))
    assert isinstance(contract, Contract)
    seen = seen_of(content_of(entry), contract)
    services.approve(actor=Actor.of(reviewer), user=reviewer, entry=entry, seen=seen)
    entry.refresh_from_db()
    return entry


def run(user: User, entry: LibraryEntry, **typed: Any) -> Execution:
    return services.run(actor=Actor.of(user), user=user, entry=entry, typed=typed)


def govern_anew(masks: list[dict[str, Any]] | None = None, row_filters: Any = None) -> None:
    """The same file with other rules, and nothing else."""
    content = {
        "version": 1,
        "sources": {"oltp": datasets("oltp")},
        "policies": {"masks": masks or MASKS, "row_filters": row_filters or []},
        "access": [{"roles": ["analyst"], "source": "oltp", "datasets": ["*"]}],
    }
    rules = governance.read("vault.yaml", content)
    compliance.write_governance(actor=HOUSE, rules=rules, content=content)


def masks_with(category: str, mask: str, **more: Any) -> list[dict[str, Any]]:
    return [{**one, "mask": mask, **more} if one["category"] == category else one for one in MASKS]


def tag(column: str, category: str) -> None:
    row = Dataset.objects.get(name="customers")
    ref = ColumnRef("oltp", tuple(row.path), column)
    catalog.classify(actor=HOUSE, items={ref: category}, evidence="confirmed by a test")


def why(entry: LibraryEntry) -> list[str]:
    step = entry.steps.last()
    assert step is not None
    return list(told_in(step).words)


@pytest.fixture
def entry(estate: None, analyst: User, steward: User) -> LibraryEntry:
    return approve(proposed(analyst), steward)


def test_the_contract_is_what_the_audience_is_given(entry: LibraryEntry) -> None:
    contract = agreement_of(entry)
    assert contract is not None
    assert [(one.name, one.masking, one.mask) for one in contract.columns] == [
        ("id", "no", ""),
        ("email", "yes", "partial_email"),
        ("country", "no", ""),
    ]
    assert contract.columns[1].origins == ("payments.vault.customers.email",)
    assert contract.columns[1].how == "only the domain is shown"
    assert contract.names == ("vault.customers",)
    assert (entry.policy_version, entry.schema_revision) == (
        compliance.PolicyVersion.objects.get().number,
        Source.objects.get().revision,
    )


def test_an_author_is_not_the_approver(estate: None) -> None:
    """Not in the service, and not around it."""
    both = person("ben", Role.ANALYST, Role.STEWARD)
    entry = proposed(both)
    with pytest.raises(PermissionDenied, match="Another person reviews"):
        approve(entry, both)
    for state in (State.APPROVED, State.PROPOSED):
        with pytest.raises(IntegrityError, match="library_approver_is_another"), transaction.atomic():
            LibraryEntry.objects.filter(pk=entry.pk).update(state=state, approved_by=both)
    with pytest.raises(IntegrityError, match="library_approval_has_a_person"), transaction.atomic():
        LibraryEntry.objects.filter(pk=entry.pk).update(state=State.APPROVED)
    with pytest.raises(IntegrityError, match="library_step_by_another"), transaction.atomic():
        LibraryStep.objects.filter(entry=entry).update(state=State.APPROVED)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ENGINEER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_only_stewards_and_officers_review(estate: None, analyst: User, role: Role) -> None:
    entry, other = proposed(analyst), person("ben", role)
    with pytest.raises(PermissionDenied, match="Stewards and compliance officers"):
        approve(entry, other)
    with pytest.raises(PermissionDenied):
        services.send_back(actor=Actor.of(other), user=other, entry=entry, reason="It is no good at all.")


def test_of_two_reviewers_one_wins(estate: None, analyst: User, steward: User, officer: User) -> None:
    entry = proposed(analyst)
    approve(LibraryEntry.objects.get(pk=entry.pk), steward)
    with pytest.raises(StaleState):
        services.send_back(actor=Actor.of(officer), user=officer, entry=entry, reason="It needs a limit.")
    assert [step.state for step in entry.steps.all()] == ["proposed", "approved"]


def test_two_reviewers_at_the_same_moment(live_db: None, estate: None, analyst: User) -> None:
    entry = proposed(analyst)
    people, start, said = [person("a", Role.STEWARD), person("b", Role.OFFICER)], threading.Barrier(2), []

    def decide(user: User) -> None:
        try:
            start.wait(10)
            approve(LibraryEntry.objects.get(pk=entry.pk), user)
            said.append("approved")
        except StaleState:
            said.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == ["approved", "too late"]
    assert Event.objects.filter(action="queries.library_approved").count() == 1


def test_what_was_not_shown_is_not_approved(estate: None, analyst: User, steward: User) -> None:
    """Rules changed while the reviewer read: the contract on their page is not the one that they would agree to."""
    entry = proposed(analyst)
    contract = contract_of(entry.audience, entry.source, content_of(entry))
    assert isinstance(contract, Contract)
    seen = seen_of(content_of(entry), contract)
    govern_anew(masks_with("user.contact.email", "clear"))
    with pytest.raises(StaleState, match="not what you were shown"):
        services.approve(actor=Actor.of(steward), user=steward, entry=entry, seen=seen)


def test_what_is_refused_to_the_audience_cannot_be_approved(estate: None, analyst: User, steward: User) -> None:
    entry = proposed(analyst, audience=Audience(Role.ENGINEER, Purpose.ANALYTICS))
    with pytest.raises(Invalid, match="refused to its audience"):
        services.approve(actor=Actor.of(steward), user=steward, entry=entry, seen="")


def test_nobody_proposes_what_is_not_theirs(estate: None, analyst: User, colleague: User) -> None:
    query = proposed(analyst).query
    assert query is not None
    with pytest.raises(PermissionDenied):
        services.propose(
            actor=Actor.of(colleague), user=colleague, query=query, number=1, audience=ANALYSTS,
            topic=Topic.FRAUD, about=ABOUT,
        )  # fmt: skip


def test_one_proposal_at_a_time_for_an_audience(estate: None, analyst: User) -> None:
    entry = proposed(analyst)
    again = {"actor": Actor.of(analyst), "user": analyst, "query": entry.query, "number": 1, "topic": Topic.FRAUD}
    with pytest.raises(Invalid, match="proposed for this audience already"):
        services.propose(**again, audience=ANALYSTS, about=ABOUT)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="what it answers"):
        services.propose(**again, audience=ANALYSTS, about="short")  # type: ignore[arg-type]
    services.withdraw(actor=Actor.of(analyst), user=analyst, entry=entry)
    services.propose(**again, audience=ANALYSTS, about=ABOUT)  # type: ignore[arg-type]


def test_sent_back_with_a_reason(estate: None, analyst: User, officer: User) -> None:
    entry = proposed(analyst)
    with pytest.raises(Invalid):
        services.send_back(actor=Actor.of(officer), user=officer, entry=entry, reason="no")
    services.send_back(actor=Actor.of(officer), user=officer, entry=entry, reason="Count them by country.")
    entry.refresh_from_db()
    assert (entry.state, why(entry)) == ("sent_back", ["Count them by country."])
    assert Notice.objects.get(kind="library_answer", resolved_at=None).people == [analyst.pk]
    with pytest.raises(StaleState):
        approve(entry, officer)


def test_a_new_version_needs_a_review_and_takes_the_place_of_the_old(
    entry: LibraryEntry, analyst: User, steward: User
) -> None:
    query = entry.query
    assert query is not None
    draft = Draft("Customers", "oltp", "select id from customers")
    revise_query(actor=Actor.of(analyst), user=analyst, query=query, based_on=1, draft=draft)
    entry.refresh_from_db()
    assert content_of(entry).text == TEXT
    second = services.propose(
        actor=Actor.of(analyst),
        user=analyst,
        query=query,
        number=2,
        audience=ANALYSTS,
        topic=Topic.COHORTS,
        about=ABOUT,
    )
    assert (entry.state, second.state) == ("approved", "proposed")
    with pytest.raises(Invalid):
        run(analyst, second)
    approve(second, steward)
    entry.refresh_from_db()
    assert (entry.state, second.state) == ("retired", "approved")
    assert why(entry) == ["Version 2 took its place."]


def test_the_library_keeps_its_copy_when_the_saved_query_goes(entry: LibraryEntry, analyst: User) -> None:
    assert entry.query is not None
    delete_query(actor=Actor.of(analyst), user=analyst, query=entry.query)
    entry.refresh_from_db()
    assert (entry.query, content_of(entry).text) == (None, TEXT)
    assert run(analyst, entry).status == "queued"
    assert not SavedQuery.objects.exists()


CHANGES: dict[str, tuple[Any, str]] = {
    "a mask is lifted": (
        lambda: govern_anew(masks_with("user.contact.email", "clear")),
        "Column email was agreed masked (only the domain is shown); now it is shown as it is.",
    ),
    "another mask": (
        lambda: govern_anew(masks_with("user.contact.email", "redact")),
        "Column email was agreed masked (only the domain is shown); now it is masked (replaced by a constant).",
    ),
    "a tag that hides": (
        lambda: tag("country", "user.contact.email"),
        "Column country was agreed shown as it is; now it is masked (only the domain is shown).",
    ),
    "a tag that shows": (
        lambda: tag("email", "system.operations"),
        "Column email was agreed masked (only the domain is shown); now it is shown as it is.",
    ),
    "a column is renamed in its store": (
        lambda: rename("country", "land"),
        "It is refused to its audience now:",
    ),
    "the table is taken from the role": (
        lambda: revoke_view(actor=HOUSE, obj=Dataset.objects.get(name="customers"), roles=[Role.ANALYST]),
        "It is refused to its audience now:",
    ),
    "rows are filtered": (
        lambda: govern_anew(
            row_filters=[
                {"id": "only-gb", "source": "oltp", "dataset": "vault.customers", "column": "country", "values": ["GB"],
                 "roles": ["analyst"]}
            ]
        ),
        "Not agreed, and so now: The rule “only-gb” shows you only some of the rows.",
    ),
    "the table grows": (
        lambda: Dataset.objects.filter(name="customers").update(row_count=1_000_001),
        "It reads 1,000,001 rows by the catalog's count; 1,000,000 at most were agreed.",
    ),
}  # fmt: skip


def rename(old: str, new: str) -> None:
    """As a sync does it: the old column is gone, another one is there."""
    dataset = Dataset.objects.get(name="customers")
    Column.objects.filter(dataset=dataset, name=old).update(retired_at=timezone.now())
    Column.objects.create(dataset=dataset, name=new, type="text", position=90)
    Source.objects.update(revision=Source.objects.get().revision + 1)


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_longer_holds_is_quarantined_with_the_reason(entry: LibraryEntry, analyst: User, change: str) -> None:
    make, said = CHANGES[change]
    make()
    assert checks.recheck() == 1
    entry.refresh_from_db()
    assert entry.state == "quarantined"
    assert len(why(entry)) == 1
    assert why(entry)[0].startswith(said)
    with pytest.raises(Invalid, match="not approved as it stands"):
        run(analyst, entry)
    told = Notice.objects.filter(subject_kind="library_entry", resolved_at=None)
    assert {notice.kind: analyst.pk in notice.people for notice in told} == {
        "library_review": False,
        "library_answer": True,
    }
    event = Event.objects.get(action="queries.library_quarantined")
    assert (event.actor_name, event.target_id) == ("library", str(entry.pk))
    assert "email" not in event.payload


def added(name: str) -> None:
    Column.objects.create(dataset=Dataset.objects.get(name="customers"), name=name, type="text", position=95)
    Source.objects.update(revision=Source.objects.get().revision + 1)


def gone(name: str) -> None:
    Column.objects.filter(dataset__name="customers", name=name).update(retired_at=timezone.now())
    Source.objects.update(revision=Source.objects.get().revision + 1)


def swapped() -> None:
    Column.objects.filter(dataset__name="customers", name="id").update(position=99)
    Source.objects.update(revision=Source.objects.get().revision + 1)


SHAPES = [
    (lambda: rename("country", "land"), "Column country is called land now."),
    (lambda: added("shoe"), "Column shoe was not agreed and is there now."),
    (lambda: gone("country"), "Column country was agreed and is missing now."),
    (swapped, "The columns come in another order: agreed were id, email"),
]


@pytest.mark.parametrize(("change", "said"), SHAPES)
def test_the_shape_of_the_answer_is_part_of_it(
    estate: None, analyst: User, steward: User, change: Any, said: str
) -> None:
    entry = approve(proposed(analyst, "select * from customers"), steward)
    if "called" in said:  # the last one, so that its place stays
        Column.objects.filter(dataset__name="customers", name="country").update(position=89)
        Source.objects.update(revision=Source.objects.get().revision + 1)
        checks.recheck()
        entry = approve(LibraryEntry.objects.get(pk=entry.pk), steward)
    change()
    checks.recheck()
    entry.refresh_from_db()
    assert entry.state == "quarantined"
    assert any(word.startswith(said) for word in why(entry)), why(entry)


def test_a_change_that_breaks_nothing_is_remembered(entry: LibraryEntry) -> None:
    tag("phone", "system.operations")
    govern_anew(masks_with("user.name", "redact"))
    before = (entry.policy_version, entry.schema_revision)
    assert checks.recheck() == 0
    entry.refresh_from_db()
    assert entry.state == "approved"
    assert (entry.policy_version, entry.schema_revision) != before
    assert Event.objects.filter(action="queries.library_checked").count() == 1
    checks.recheck()
    assert Event.objects.filter(action="queries.library_checked").count() == 1


def test_a_change_back_lets_nothing_out_by_itself(entry: LibraryEntry, analyst: User, officer: User) -> None:
    govern_anew(masks_with("user.contact.email", "clear"))
    checks.recheck()
    govern_anew()
    checks.recheck()
    entry.refresh_from_db()
    assert entry.state == "quarantined"
    with pytest.raises(PermissionDenied):
        approve(entry, analyst)
    approve(entry, officer)
    assert (entry.state, entry.approved_by) == ("approved", officer)
    assert not Notice.objects.filter(kind="library_review", resolved_at=None).exists()
    assert run(analyst, entry).status == "queued"


def test_it_is_checked_when_it_is_run_before_the_scheduler_came(entry: LibraryEntry, analyst: User) -> None:
    govern_anew(masks_with("user.contact.email", "clear"))
    with pytest.raises(Invalid):
        run(analyst, entry)
    assert not Execution.objects.exists()


def test_it_runs_under_the_masks_of_who_runs_it(entry: LibraryEntry) -> None:
    """Approval widens nobody's rights: whoever is shown less than the audience still is."""
    masks = [{**one, "roles": ["analyst"]} if one["category"] == "user.contact.email" else one for one in MASKS]
    clear = {"id": "officers", "category": "user.contact.email", "mask": "clear", "roles": ["compliance_officer"]}
    govern_anew([*masks, clear])
    analyst, both = person("ben", Role.ANALYST), person("bea", Role.ANALYST, Role.OFFICER)
    assert [column.masking for column in outcome_of(run(analyst, entry)).columns] == ["no", "yes", "no"]
    assert [column.masking for column in outcome_of(run(both, entry)).columns] == ["no", "no", "no"]
    without = person("olga", Role.OFFICER)
    with pytest.raises(PermissionDenied):
        run(person("mila", Role.ENGINEER), entry)
    assert run(without, entry).status == "queued"
    found = Execution.objects.filter(entry=entry)
    assert {row.purpose for row in found} == {"analytics"}
    assert Event.objects.filter(action="queries.library_run").count() == 3


def test_a_purpose_that_ones_roles_do_not_allow(estate: None, analyst: User, steward: User) -> None:
    entry = approve(proposed(analyst, audience=Audience(Role.ANALYST, Purpose.FRAUD_PREVENTION)), steward)
    with pytest.raises(Invalid, match="fraud prevention, which your roles do not allow"):
        run(steward, entry)
    assert run(analyst, entry).purpose == "fraud_prevention"


def test_an_erasure_cuts_the_library_and_quarantines_what_it_cut(estate: None, analyst: User, steward: User) -> None:
    address = "zoë.müller@example.org"
    entry = approve(proposed(analyst, f"select id from customers where email <> '{address}'"), steward)
    other = approve(proposed(analyst), steward)
    waiting = proposed(analyst, f"select id from customers where email = '{address}'")
    contract = contract_of(waiting.audience, waiting.source, content_of(waiting))
    assert isinstance(contract, Contract)
    seen = seen_of(content_of(waiting), contract)
    matcher = matcher_of([address])
    assert kept.find(matcher) == 4  # two saved versions, two entries
    assert kept.erase(matcher, check=lambda: None) == 4
    assert kept.find(matcher) == 0
    for row in (entry, other, waiting):
        row.refresh_from_db()
        assert address not in content_of(row).text
    assert (entry.state, other.state) == ("quarantined", "approved")
    assert why(entry) == ["A person's data was erased from its text, which is another text since: review it."]
    with pytest.raises(StaleState):  # whoever was shown the text before agrees to nothing
        services.approve(actor=Actor.of(steward), user=steward, entry=waiting, seen=seen)


def test_an_erasure_finds_names_in_contracts_and_reasons(estate: None, analyst: User, steward: User) -> None:
    address = "zoe@example.org"
    entry = approve(proposed(analyst, f'select id as "{address}" from customers'), steward)
    services.retire(actor=Actor.of(steward), user=steward, entry=entry, reason=f"Because of {address}.")
    matcher = matcher_of([address])
    assert kept.find(matcher) == 4  # the version, the entry, its contract and its reason
    kept.erase(matcher, check=lambda: None)
    assert kept.find(matcher) == 0
    entry.refresh_from_db()
    assert address not in why(entry)[0]


def test_the_trail_and_the_tables_hold_nothing_typed(estate: None, analyst: User, steward: User) -> None:
    entry = approve(proposed(analyst, "select id as canary_4711 from customers"), steward)
    services.retire(actor=Actor.of(steward), user=steward, entry=entry, reason="Because of canary_4711.")
    told = json.dumps([str(vars(event)) for event in Event.objects.filter(target_kind="library_entry")])
    assert "canary_4711" not in told
    assert "Customers" not in told
    assert b"canary" not in bytes(entry.body)
    assert b"canary" not in b"".join(bytes(step.body) for step in entry.steps.all())
    titles = " ".join(Notice.objects.values_list("title", flat=True))
    assert "canary" not in titles
    assert "Customers" not in titles


def test_moves_that_there_are_not(entry: LibraryEntry, analyst: User, steward: User) -> None:
    with pytest.raises(StaleState):
        services.withdraw(actor=Actor.of(analyst), user=analyst, entry=entry)
    with pytest.raises(PermissionDenied):
        services.retire(actor=HOUSE, user=person("mila", Role.ENGINEER), entry=entry, reason="I do not like it.")
    services.retire(actor=Actor.of(steward), user=steward, entry=entry, reason="Nobody needs it.")
    entry.refresh_from_db()
    with pytest.raises(ForbiddenMove):
        checks.quarantine(actor=HOUSE, entry=entry, why=["x"])
    with pytest.raises(StaleState):
        approve(entry, steward)


def test_parameters_are_part_of_it_and_their_values_are_not(estate: None, analyst: User, steward: User) -> None:
    from apps.queries.parameters import Typed, Unfit

    entry = approve(proposed(analyst, "select id from customers where country = :land"), steward)
    with pytest.raises(Unfit):
        run(analyst, entry)
    assert run(analyst, entry, land=Typed("land", "text", "GB")).status == "queued"
