"""Every address, visited by everyone: nobody meets a broken page, and nobody an object that is not theirs.

The objects behind the addresses belong to somebody else and were shown to no role; whoever opens one by its number is
told that there is no such thing. An address that is added later is visited too: the list is read from the resolver.
"""

import uuid
from collections.abc import Iterable, Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from apps.catalog.models import Dataset, Source
from apps.compliance.requests.models import SubjectRequest
from apps.queries.library.keeping import sealed_content
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import Content
from apps.queries.models import Execution, SavedQuery
from portal.accounts.models import ApiToken, User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.runs.models import Run
from portal.runs.services import start_run
from portal.runs.types import RunPlan, StepPlan
from tests.people import person

PUBLIC = {"accounts:sign-in", "desk:healthz", "desk:theme"}
PEOPLE = [None, *Role]
# A dataset is shown to these roles as a whole (settings.ROLE_PERMISSIONS), whoever owns it.
SEE_ALL_DATASETS = {Role.STEWARD, Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR}
SEE_ALL_REQUESTS = {Role.OFFICER, Role.AUDITOR}
REVIEW_ALL_QUERIES = {Role.STEWARD, Role.OFFICER}
SEE_ALL_EVENTS = {Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR}


def named(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name}", frozenset(pattern.pattern.converters)


ADDRESSES = dict(named(get_resolver().url_patterns))


@pytest.fixture
def things(db: None) -> dict[str, object]:
    """One object for each kind of argument, all of them somebody else's."""
    stranger = person("stranger")
    source = Source.objects.create(name="oltp", kind="postgres", default_path=["payments", "public"])
    dataset = Dataset.objects.create(source=source, path=["payments", "public", "secret"], name="secret", kind="table")
    step = StepPlan(key="only", kind="pipelines.check", title="Only")
    plan = RunPlan(kind="pipeline", name="secret", title="Secret", steps=(step,), permission="")
    run: Run = start_run(actor=Actor.of(stranger), plan=plan, started_by=stranger)
    execution = Execution.objects.create(owner=stranger, source="oltp", purpose="analytics", text=b"")
    subject = SubjectRequest.objects.create(
        kind="erasure", law="gdpr", digest="0" * 64, received_on="2026-01-05", due_on="2026-02-05", clock=[],
        due_at=timezone.now(), opened_by=stranger,
    )  # fmt: skip
    event = record(actor=Actor.of(stranger), action=Action.SIGNED_IN, target=Target("user", "1"))
    token = ApiToken.objects.create(user=stranger, name="theirs", digest=uuid.uuid4().hex)
    return {
        "pk": dataset.pk,
        "run_id": run.pk,
        "execution": execution.pk,
        "saved": SavedQuery.objects.create(owner=stranger).pk,
        "entry": proposal(stranger).pk,
        "event_id": event.pk,
        "token_id": token.pk,
        "request_id": subject.pk,
        "token": "guessed",
        "name": "secret",
        "number": 1,
        "report_id": 1,
    }


def proposal(author: User) -> LibraryEntry:
    entry = LibraryEntry(author=author, author_name="stranger", number=1, role="analyst", purpose="analytics")
    entry.topic, entry.source = "fraud", "oltp"
    entry.body = sealed_content(entry.pk, Content("Secret", "What nobody is told.", "select 1"))
    entry.save()
    return entry


def address(name: str, things: dict[str, object]) -> str:
    return reverse(name, kwargs={key: things[key] for key in ADDRESSES[name]})


Answers = dict[tuple[str, str], HttpResponse]


def answers(user: User | None, names: Iterable[str], things: dict[str, object]) -> Answers:
    """What each address answers to each method. Each is asked in the same world: what an answer changed is undone."""
    found = {}
    for name in names:
        for method in ("get", "post"):
            with transaction.atomic():
                client = Client(raise_request_exception=False)
                if user:
                    client.force_login(user)
                found[name, method] = getattr(client, method)(address(name, things))
                transaction.set_rollback(True)
    return found


def visitor(role: Role | None) -> User:
    return person(f"visitor-{role}", *([role] if role else []))


def turned_away(name: str, answer: HttpResponse) -> bool:
    if name in PUBLIC:
        return answer.status_code < 500 or name == "desk:healthz"
    if answer.status_code == 302:
        return answer["Location"].startswith("/sign-in/")
    return answer.status_code in {401, 403}


def test_nobody_who_has_not_signed_in_gets_past_the_door(things: dict[str, object]) -> None:
    asked = answers(None, ADDRESSES, things)
    assert {key: answer for key, answer in asked.items() if not turned_away(key[0], answer)} == {}


ANSWERS = {200, 302, 400, 403, 404, 405, 409, 415}


@pytest.mark.parametrize("role", PEOPLE)
def test_no_address_is_broken_for_anybody(role: Role | None, things: dict[str, object]) -> None:
    asked = answers(visitor(role), ADDRESSES.keys() - {"desk:healthz"}, things)
    assert {key: answer for key, answer in asked.items() if answer.status_code not in ANSWERS} == {}


OBJECTS = sorted(name for name, keys in ADDRESSES.items() if keys)


def sees_all(role: Role | None, keys: frozenset[str]) -> bool:
    seers = {
        "pk": SEE_ALL_DATASETS,
        "event_id": SEE_ALL_EVENTS,
        "request_id": SEE_ALL_REQUESTS,
        "entry": REVIEW_ALL_QUERIES,
    }
    return any(key in keys and role in roles for key, roles in seers.items())


@pytest.mark.parametrize("role", PEOPLE)
def test_what_is_somebody_elses_is_not_there(role: Role | None, things: dict[str, object]) -> None:
    hidden = [name for name in OBJECTS if not sees_all(role, ADDRESSES[name])]
    asked = answers(visitor(role), hidden, things)
    assert {key: answer for key, answer in asked.items() if answer.status_code not in {403, 404, 405}} == {}
