"""Every page and endpoint of requests, for officers and auditors; for everybody else none of it exists."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.compliance.requests import planning, running, services
from apps.compliance.requests.acts import ACTS
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.types import Kind, State
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.selectors import events_for
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.models import Notice
from portal.runs.models import Run
from portal.runs.selectors import runs_for
from tests.compliance.requests.builders import (
    EMAIL,
    a_plan,
    approved,
    blocking,
    certified,
    discovered,
    opened,
    place,
    plan_of,
    planned,
    undecided,
)
from tests.people import person

LIST, NEW, FIND = (reverse(f"compliance:request{name}") for name in ("s", "-new", "-find"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, request: SubjectRequest) -> str:
    answer = signed_in(user).get(request.get_absolute_url())
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode().replace("<wbr>", "")  # where a long name may break


def addresses(request: SubjectRequest) -> list[str]:
    names = ["request", "request-reveal", "request-link", "request-certificate", "request-certificate-json"]
    one = [reverse(f"compliance:{name}", args=[request.pk]) for name in [*names, *(f"request-{verb}" for verb in ACTS)]]
    api = [reverse("compliance-api:requests"), reverse("compliance-api:request", args=[request.pk])]
    return [LIST, NEW, FIND, reverse("compliance:download", args=["token"]), *one, *api]


@pytest.fixture(params=["analyst", "steward", "engineer", "administrator", "outsider"])
def stranger(request: pytest.FixtureRequest) -> User:
    user: User = request.getfixturevalue(request.param)
    return user


def test_for_everybody_else_nothing_of_it_exists(stranger: User, officer: User, second_officer: User) -> None:
    request = certified(officer, second_officer)
    client, missing = signed_in(stranger), uuid.uuid4()
    for address in addresses(request):
        nowhere = address.replace(str(request.pk), str(missing))
        for method in (client.get, client.post, client.options):
            answer = method(address)
            assert answer.status_code == 404, address
            assert method(nowhere).status_code == 404
            assert f"request {str(request.pk)[:8]}" not in answer.content.decode()  # the address it was asked for is
    assert list(runs_for(stranger)) == []
    for address in (
        "/",
        "/inbox/",
        f"/search/?q={str(request.pk)[:8]}",
        f"/palette/?q={str(request.pk)[:8]}",
        "/runs/",
    ):
        text = client.get(address).content.decode()
        assert "Requests of people" not in text, address
        assert f"request {str(request.pk)[:8]}" not in text, address


@pytest.mark.parametrize("action", [Action.SNAPSHOT_REWRITTEN, Action.INFERENCES_ERASED, Action.NAMES_FORGOTTEN])
def test_nor_does_what_holders_did_for_an_erasure(
    administrator: User, officer: User, auditor: User, action: Action
) -> None:
    with transaction.atomic():
        record(actor=Actor.system("models"), action=action, target=Target("snapshot", "1"), detail={"erased": 7})
    told = [events_for(user).filter(action=action).count() for user in (officer, auditor, administrator)]
    assert told == [1, 1, 0]


def test_the_trail_does_not_tell_an_administrator_that_a_request_exists(
    administrator: User, officer: User, auditor: User
) -> None:
    request = discovered(officer)
    hidden = ("subject_request", str(request.pk))
    for user in (officer, auditor):
        seen = set(events_for(user).values_list("target_kind", "target_id"))
        assert {hidden, ("run", str(request.run_id))} <= seen
    seen = set(events_for(administrator).values_list("target_kind", "target_id"))
    assert hidden not in seen
    assert ("run", str(request.run_id)) not in seen
    assert ("user", str(officer.pk)) in seen
    event = Event.objects.filter(target_kind="subject_request").first()
    assert event is not None
    assert signed_in(administrator).get(reverse("desk:audit-event", args=[event.pk])).status_code == 404


def test_an_auditor_reads_and_changes_nothing(auditor: User, officer: User, second_officer: User) -> None:
    request = certified(officer, second_officer)
    text = page(auditor, request)
    assert "withheld" in text
    assert "z***@" not in text
    assert "kanarie" not in text
    client = signed_in(auditor)
    assert client.get(reverse("compliance:request-certificate", args=[request.pk])).status_code == 200
    assert client.get(LIST).status_code == 200
    assert client.get(NEW).status_code == 403
    waiting = planned(officer)
    assert "Only a compliance officer may do this" in page(auditor, waiting)
    before = Event.objects.count()
    for address in addresses(waiting):
        assert client.post(address).status_code in {403, 404, 405}, address
    assert Event.objects.count() == before


def test_compliance_opens_where_each_readers_work_is(officer: User, steward: User, analyst: User) -> None:
    assert signed_in(officer).get("/compliance/")["Location"] == LIST
    assert signed_in(steward).get("/compliance/")["Location"] == reverse("compliance:policies")
    policies = reverse("compliance:policies")
    assert LIST in signed_in(officer).get(policies).content.decode()
    assert LIST not in signed_in(steward).get(policies).content.decode()


def test_the_empty_list_teaches(officer: User, auditor: User) -> None:
    assert "Open the first request" in signed_in(officer).get(LIST).content.decode()
    text = signed_in(auditor).get(LIST).content.decode()
    assert "No request yet" in text
    assert "Open the first request" not in text


def test_the_list_is_due_first_masked_and_filtered_by_its_address(officer: User) -> None:
    today = timezone.now().date()
    late = opened(officer, received_on=today - timedelta(days=60))
    fresh = opened(officer, kind=Kind.ACCESS, email="bert@example.net")
    closed = opened(officer)
    services.cancel(actor=officer, request=closed)
    client = signed_in(officer)
    text = client.get(LIST).content.decode()
    assert text.index(str(late.pk)[:8]) < text.index(str(fresh.pk)[:8])
    assert "z***@example.org" in text
    assert EMAIL not in text
    assert "overdue" in text
    assert str(closed.pk)[:8] not in text

    def shown(query: str) -> set[str]:
        body = client.get(f"{LIST}?{query}").content.decode()
        return {str(each.pk)[:8] for each in (late, fresh, closed) if str(each.pk)[:8] in body}

    assert shown("kind=access") == {str(fresh.pk)[:8]}
    assert shown("due=overdue") == {str(late.pk)[:8]}
    assert shown("state=closed") == {str(closed.pk)[:8]}
    assert shown("state=cancelled") == {str(closed.pk)[:8]}
    assert shown("kind=nonsense&page=x") == {str(late.pk)[:8], str(fresh.pk)[:8]}
    assert "No request matches" in client.get(f"{LIST}?law=ccpa").content.decode()


def test_an_address_is_looked_up_without_standing_in_the_address_bar(officer: User) -> None:
    request = opened(officer)
    opened(officer, email="bert@example.net")
    client = signed_in(officer)
    text = client.post(FIND, {"email": EMAIL.upper()}).content.decode()
    assert str(request.pk)[:8] in text
    assert "b***@" not in text
    assert "0 requests of this address" in client.post(FIND, {"email": "eve@example.org"}).content.decode()
    assert "exactly one @" in client.post(FIND, {"email": "nobody"}).content.decode()
    assert client.get(FIND).status_code == 405


def test_a_request_is_opened_by_the_form(officer: User) -> None:
    client = signed_in(officer)
    text = client.get(NEW).content.decode()
    assert all(f'value="{word}"' in text for word in ("access", "erasure", "gdpr", "ccpa", "reply"))
    form = {"kind": "erasure", "law": "ccpa", "email": EMAIL, "received_on": str(timezone.now().date() - timedelta(1))}
    answer = client.post(NEW, {**form, "verified_how": "reply", "note": "by telephone"})
    request = SubjectRequest.objects.get()
    assert answer["Location"] == request.get_absolute_url()
    text = page(officer, request)
    assert "Search every store" in text
    assert "by telephone" in text
    assert "11 CCR § 7021(b)" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "nobody"}, "exactly one @"),
        ({"email": "<script>@example.org"}, "before the @"),
        ({"received_on": "31.3.2026"}, "Type the day as in"),
        ({"received_on": "2026-02-30"}, "Type the day as in"),
        ({"received_on": "20260302"}, "Type the day as in"),
        ({"received_on": "2026-W10-1"}, "Type the day as in"),
        ({"received_on": "9999-12-31"}, "after today"),
        ({"kind": "portability"}, "Choose one of the options"),
        ({"law": ""}, "Choose one of the options"),
        ({"verified_how": "guessed"}, "Choose one of the options"),
    ],
)
def test_a_malformed_form_comes_back_with_what_was_typed(officer: User, change: dict, message: str) -> None:  # type: ignore[type-arg]
    form = {"kind": "erasure", "law": "gdpr", "email": EMAIL, "received_on": str(timezone.now().date())}
    answer = signed_in(officer).post(NEW, {**form, **change})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert message in text
    assert "<script>@" not in text
    assert not SubjectRequest.objects.exists()


def test_each_state_says_what_is_next_and_who_may(officer: User, second_officer: User) -> None:
    assert "Mark as verified" in page(officer, opened(officer, verified_how=""))
    assert "Search every store" in page(officer, opened(officer))
    found = discovered(officer)
    assert "Freeze plan" in page(officer, found)
    assert "<li>customers.email</li><li>charges.customer_id</li>" in page(officer, found)
    waiting = planned(officer)
    assert "You froze this plan" in page(officer, waiting)
    assert "Approve plan" not in page(officer, waiting)
    text = page(second_officer, waiting)
    assert "Approve plan" in text
    assert plan_of(waiting).sha256 in text
    assert "anti-money-laundering law, until 2031-12-31" in text
    assert "erase" in text
    assert "Erase now" in page(officer, approved(officer, second_officer))
    assert "Make the package" in page(officer, discovered(officer, kind=Kind.ACCESS))
    assert "Certify" in page(officer, discovered(officer, a_plan()))
    notes = a_plan(place("oltp", "payments", "public", "notes"), findings=(blocking(),))
    text = page(officer, discovered(officer, notes))
    assert "Must be settled" in text
    assert "Freeze plan" not in text


def test_a_plan_that_nobody_else_can_approve_says_so(officer: User) -> None:
    assert "Nobody else is a compliance officer now" in page(officer, planned(officer))


def test_people_who_share_an_address_are_told_apart_and_one_is_chosen(officer: User) -> None:
    request = undecided(officer, "anna", "bert")
    text = page(officer, request)
    assert "name: anna" in text
    client = signed_in(officer)
    choose = reverse("compliance:request-choose", args=[request.pk])
    assert "Choose at least one" in client.post(choose, {}, follow=True).content.decode()
    client.post(choose, {"keys": ["cus_bert"]})
    request.refresh_from_db()
    assert request.state == State.DISCOVERING


def test_the_story_is_walked_by_its_buttons(officer: User, second_officer: User) -> None:
    request = discovered(officer)
    one, two = signed_in(officer), signed_in(second_officer)

    def press(client: Client, verb: str, **form: str) -> str:
        answer = client.post(reverse(f"compliance:request-{verb}", args=[request.pk]), form, follow=True)
        request.refresh_from_db()
        return answer.content.decode()

    assert "Plan 1 is frozen" in press(one, "plan")
    assert "Somebody else must approve" in press(one, "approve", sha256=plan_of(request).sha256)
    assert "Sent back" in press(two, "send-back")
    assert "Plan 2 is frozen" in press(one, "plan")
    assert "Read it again" in press(two, "approve", sha256="0" * 64)
    assert "Approved" in press(two, "approve", sha256=plan_of(request).sha256)
    assert "no plan that waits for approval" in press(two, "send-back")
    text = press(one, "erase")
    assert request.state == State.EXECUTING
    assert "Erase in documents" in text
    assert "live-log" in text
    # When the run ends, its last line brings the state in the heading, too; afterwards nothing asks again.
    assert 'hx-select-oob="#story-state"' in text
    assert 'id="story-state"' in text
    Run.objects.filter(pk=request.run_id).update(state="done")
    assert "hx-select-oob" not in one.get(request.get_absolute_url()).content.decode()
    assert "The request has moved on" in press(one, "erase")
    assert "Extended: due on" in press(one, "extend", reason="complex")
    assert "The request has moved on" in press(one, "cancel")


def test_a_store_that_is_down_is_told_on_the_page(officer: User, second_officer: User) -> None:
    request = approved(officer, second_officer)
    run = running.start_erasure(actor=officer, request=request)
    reason = "Erase in oltp: store oltp is down: it does not answer"
    Run.objects.filter(pk=run.pk).update(state="waiting", reason=reason)
    for text in (page(officer, request), signed_in(officer).get(LIST).content.decode()):
        assert "store oltp is down" in text
    Run.objects.filter(pk=run.pk).update(state="failed", reason=reason)
    assert "Resume run" in page(second_officer, request)
    signed_in(second_officer).post(reverse("runs:resume", args=[run.pk]), {"next": request.get_absolute_url()})
    assert Run.objects.get(pk=run.pk).state != "failed"


def test_the_whole_address_is_shown_in_one_answer_alone(officer: User) -> None:
    request = opened(officer)
    client = signed_in(officer)
    reveal = reverse("compliance:request-reveal", args=[request.pk])
    assert client.get(reveal).status_code == 405
    answer = client.post(reveal)
    assert EMAIL in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert EMAIL not in page(officer, request)
    SubjectRequest.objects.filter(pk=request.pk).update(identity=None)
    assert "deleted" in client.post(reveal, follow=True).content.decode()


def test_the_certificate_says_what_was_searched_done_and_kept(officer: User, second_officer: User) -> None:
    request = certified(officer, second_officer)
    client = signed_in(officer)
    text = client.get(reverse("compliance:request-certificate", args=[request.pk])).content.decode()
    for part in (
        "0 places with something left",
        "documents: sessions",
        "approved by otto",
        "left alone",
        "until 2031-12-31",
        "attempt 2",
        "encrypted (AES-256-GCM) and deleted on",
        "Keyed digests",
    ):
        assert part in text, part
    answer = client.get(reverse("compliance:request-certificate-json", args=[request.pk]))
    body = json.loads(answer.content)
    assert body["certificate"]["result"] == "complete"
    assert body["certificate"]["plan"]["sha256"] == plan_of(request).sha256
    assert "attachment" in answer["Content-Disposition"]
    assert "kanarie" not in answer.content.decode()
    left = certified(officer, second_officer, left=1, silent="its disk is away")
    text = page(officer, left)
    assert "its disk is away" in text
    assert "Find what is left" in text
    nothing = opened(officer)
    for name in ("request-certificate", "request-certificate-json"):
        assert client.get(reverse(f"compliance:{name}", args=[nothing.pk])).status_code == 404


def test_home_and_search_know_an_officers_requests(officer: User) -> None:
    request = opened(officer)
    client = signed_in(officer)
    assert "Requests of people" in client.get("/").content.decode()
    assert f"Erasure request {str(request.pk)[:8]}" in client.get("/").content.decode()
    assert str(request.pk)[:8] in client.get(f"/search/?q={str(request.pk)[:8]}").content.decode()


def test_the_api_lists_and_tells_by_the_same_rules(officer: User, auditor: User, second_officer: User) -> None:
    request, other = certified(officer, second_officer), discovered(officer)
    client = signed_in(officer)
    listed = client.get(reverse("compliance-api:requests")).json()
    assert listed["count"] == 2
    assert {each["identity"] for each in listed["requests"]} == {"z***@example.org"}
    assert client.get(reverse("compliance-api:requests"), {"state": "open"}).json()["count"] == 1
    told = client.get(reverse("compliance-api:request", args=[request.pk])).json()
    assert told["certificate"]["certificate"]["result"] == "complete"
    found = client.get(reverse("compliance-api:request", args=[other.pk])).json()
    assert len(found["search"]["places"]) == 4
    assert "kanarie" not in str([listed, told, found])
    told = signed_in(auditor).get(reverse("compliance-api:request", args=[request.pk])).json()
    assert told["identity"] == "withheld"
    for query in ({"state": "nonsense"}, {"page": "0"}, {"page_size": "x"}, {"page": "9" * 30}):
        assert client.get(reverse("compliance-api:requests"), query).status_code == 400
    assert client.get(reverse("compliance-api:request", args=[uuid.uuid4()])).status_code == 404


def test_pages_have_a_query_budget(officer: User, second_officer: User) -> None:
    for number in range(6):
        opened(officer, email=f"person{number}@example.org")
        planned(officer, email=f"planned{number}@example.org")
    done = certified(officer, second_officer)
    client = signed_in(officer)
    client.get(LIST)
    for address, most in (
        (LIST, 22),
        ("/", 32),
        (done.get_absolute_url(), 40),
        (reverse("compliance:request-certificate", args=[done.pk]), 24),
        (reverse("compliance-api:requests"), 14),
    ):
        with CaptureQueriesContext(
            connection,
        ) as spent:
            assert client.get(address).status_code == 200
        assert len(spent) <= most, f"{address} takes {len(spent)} queries"


def test_notices_reach_whom_they_need(officer: User, second_officer: User, auditor: User) -> None:
    third = person("oskar", Role.OFFICER)
    request = planned(officer)
    notice = Notice.objects.get(kind="request_approval", resolved_at=None)
    assert notice.people == sorted([second_officer.pk, third.pk])
    assert "kanarie" not in notice.title
    assert "waits for your approval" in signed_in(second_officer).get("/inbox/").content.decode()
    assert "waits for your approval" not in signed_in(officer).get("/inbox/").content.decode()
    planning.approve(actor=second_officer, request=request, sha256=plan_of(request).sha256)
    assert not Notice.objects.filter(kind="request_approval", resolved_at=None).exists()
    certified(officer, second_officer, left=1)
    assert Notice.objects.get(kind="request_incomplete", resolved_at=None).roles == ["compliance_officer"]
