from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.models import promotions, selectors, served, tasks
from apps.models.models import ModelVersion, Promotion, RegisteredModel
from apps.models.observed import ScoringService
from apps.models.scoring.reports import cannot_serve
from apps.models.search import find, section
from apps.models.types import GateName, GateResult, Serving, Verdict
from apps.pipelines.services import pipeline_named, start
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.types import Actor
from portal.runs.models import Run, Step
from tests.models import builders, observed
from tests.models.conftest import Registry
from tests.people import HOUSE
from tests.people import person as person_of

pytestmark = pytest.mark.django_db
PAGES = (
    "/models/",
    "/models/fraud_model/",
    "/models/fraud_model/versions/1/",
    "/models/promotions/{entry}/",
    "/api/models/",
    "/api/models/fraud_model/",
    "/api/models/fraud_model/versions/1/",
    "/api/models/promotions/{entry}/",
)
WRITES = (
    "/models/fraud_model/versions/1/promote/",
    "/models/promotions/{entry}/decide/",
    "/models/fraud_model/rollback/",
    "/models/fraud_model/alias/",
)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def entry(engineer: User) -> Promotion:
    return builders.checked(builders.requested(engineer, builders.version()))


def text(person: User, place: str) -> str:
    answer = signed_in(person).get(place)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_who_may_see_models_does_and_an_outsider_does_not(
    page: str, entry: Promotion, auditor: User, analyst: User, outsider: User
) -> None:
    place = page.format(entry=entry.pk)
    assert signed_in(auditor).get(place).status_code == 200
    for person in (analyst, outsider):
        answer = signed_in(person).get(place)
        if page == "/api/models/":
            assert answer.json() == {"models": []}
        else:
            assert answer.status_code == (403 if page == "/models/" else 404)
    assert Client().get(place).status_code in (302, 401, 403)


@pytest.mark.parametrize("page", WRITES)
def test_who_may_only_look_changes_nothing(page: str, entry: Promotion, auditor: User, outsider: User) -> None:
    place = page.format(entry=entry.pk)
    for do in ("approve", "refuse", "check"):
        assert signed_in(auditor).post(place, {"do": do}).status_code == 403
        assert signed_in(outsider).post(place, {"do": do}).status_code == 404
    entry.refresh_from_db()
    assert (entry.state, Promotion.objects.count()) == ("requested", 1)


def test_runs_that_train_are_for_who_may_see_the_model(
    engineer: User, officer: User, auditor: User, administrator: User, analyst: User
) -> None:
    """They tell the version and how good it is."""
    pipeline, other = pipeline_named("fraud_model"), pipeline_named("payments_elt")
    run = start(actor=Actor.of(engineer), pipeline=pipeline, started_by=engineer).run
    places = (
        f"/runs/{run.pk}/", f"/pipelines/runs/{run.pk}/", f"/api/runs/{run.pk}/", "/pipelines/fraud_model/",
    )  # fmt: skip
    for person in (engineer, person_of("stella", Role.STEWARD), officer, auditor, administrator):
        assert [signed_in(person).get(place).status_code for place in places] == [200] * len(places)
        assert "/pipelines/fraud_model/" in text(person, "/pipelines/")
    assert [signed_in(analyst).get(place).status_code for place in places] == [404] * len(places)
    for place in ("/", "/pipelines/", "/api/pipelines/", "/runs/", "/search/?q=fraud"):
        answer = signed_in(analyst).get(place).content.decode()
        assert "Fraud model" not in answer
        assert "fraud_model" not in answer
    assert f"/pipelines/{other.name}/" in text(analyst, "/pipelines/")


def reports(version: ModelVersion | None, problem: str = "", nothing: str = "") -> None:
    now = timezone.now()
    ScoringService.objects.update_or_create(
        name="127.0.0.1:1",
        defaults={"started_at": now, "at": now, "version": version, "problem": problem, "nothing": nothing},
    )


def health(person: User) -> tuple[str, str]:
    line = signed_in(person).get("/api/models/").json()["models"][0]
    return line["health"], line["why"]


def test_what_is_approved_and_not_served_is_not_up(
    entry: Promotion, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    assert health(engineer) == ("waiting", "approved: version 1; no scoring service tells of itself")
    reports(entry.version)
    assert health(engineer) == ("up", "")
    assert "Serves now" in text(engineer, "/models/fraud_model/")
    second = builders.checked(builders.requested(engineer, builders.version(2)))
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=second)
    assert health(engineer)[0] == "running"
    reports(entry.version, problem="its files are not those that were approved")
    said = "approved: version 2; the service still serves version 1: its files are not those that were approved"
    assert health(engineer) == ("failed", said)
    for place in ("/models/", "/models/fraud_model/"):
        shown = text(engineer, place)
        assert said in shown
        assert "Serves now" not in shown
        assert "state--up" not in shown
    assert f"{said[1:]}." in text(engineer, "/models/fraud_model/versions/2/")
    found = section(engineer)
    assert found is not None
    assert (found.items[0].state, found.items[0].why) == ("failed", said)


def test_a_service_that_says_nothing_of_why_is_failed_after_some_seconds(
    entry: Promotion, second_engineer: User, mlflow_says: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    reports(None, nothing="starts")
    assert health(second_engineer)[0] == "running"
    monkeypatch.setattr(served, "LOADS_WITHIN", timedelta(0))
    assert health(second_engineer) == ("failed", "approved: version 1; the service serves nothing: starts")


def test_an_open_alert_is_not_up(entry: Promotion, second_engineer: User, mlflow_says: Registry) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    reports(entry.version)
    told = selectors.serving("fraud_model")
    assert isinstance(told, Serving)
    cannot_serve(told, "no memory")
    state, why = health(second_engineer)
    assert state == "failed"
    assert "cannot be served: no memory" in why


def test_a_drifted_model_is_not_up(engineer: User, settings) -> None:  # type: ignore[no-untyped-def]
    version = observed.version()
    reports(version)
    observed.log(version, 400, amount=1_000_000, INSTALLMENTS=99)
    settings.DRIFT_SHARE = 0.01
    assert observed.compared(version.model).state == "drifted"
    assert health(engineer) == ("drifted", "serves version 1; its inputs drifted from the training rows")
    assert "state--drifted" in text(engineer, "/models/")


def test_evidence_is_in_words(entry: Promotion, second_engineer: User) -> None:
    figures = {
        "ours": 0.880325537434023, "theirs": 0.5, "low": 0.1, "high": None, "rows": 12345, "passed": True,
        "seed": 20240501, "inputs": {"AMOUNT": "double"}, "new": [],
    }  # fmt: skip
    results = [GateResult(GateName.BETTER, Verdict.PASSED, "Better.", figures)]
    promotions.write_gates(
        actor=HOUSE, entry=entry, results=results, against=None, round_=2, run_id=1, fingerprint="", at=timezone.now()
    )
    shown = text(second_engineer, f"/models/promotions/{entry.pk}/")
    for said in ("0.88<", "12,345", "AMOUNT (double)", "PR-AUC of this version", "none"):
        assert said in shown
    for raw in ("0.880325", "{&#x27;", "True", "seed", "20240501", "20,240,501"):
        assert raw not in shown.split('id="gates-heading"')[1]


def test_an_empty_list_teaches(engineer: User) -> None:
    assert "No model is trained yet" in text(engineer, "/models/")


def test_the_way_of_a_promotion_through_the_pages(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    builders.version()
    mila, mateo = signed_in(engineer), signed_in(second_engineer)
    asked = mila.post("/models/fraud_model/versions/1/promote/", {"reason": "sees bursts"})
    entry = Promotion.objects.get()
    assert asked["Location"] == f"/models/promotions/{entry.pk}/"
    assert "The gates are being checked" in text(engineer, asked["Location"])
    builders.checked(entry)
    mine, theirs = text(engineer, asked["Location"]), text(second_engineer, asked["Location"])
    assert "Another person decides" in mine
    assert "Approve and serve" not in mine
    assert "Approve and serve version 1" in theirs
    assert "serves as the first version within 5 s" in " ".join(theirs.split())
    mateo.post(f"/models/promotions/{entry.pk}/decide/", {"do": "approve"})
    shown = text(engineer, "/models/fraud_model/")
    assert "version 1" in shown
    assert second_engineer.label in shown
    assert "Roll back" not in shown


def test_a_check_that_failed_is_told_and_may_be_asked_for_again(engineer: User, mlflow_says: Registry) -> None:
    entry = builders.requested(engineer, builders.version())
    place = f"/models/promotions/{entry.pk}/"
    assert 'hx-trigger="every 3s"' in text(engineer, place)
    assert "Check the gates again" not in text(engineer, place)
    run = Run.objects.get()
    Step.objects.update(state="failed")
    Run.objects.update(state="failed", reason="failed in gates: a child died")
    shown = text(engineer, place)
    assert "being checked" not in shown
    assert f"run {run.pk} failed in gates: a child died" in shown
    assert "every 3s" not in shown
    assert "Check the gates again" in shown
    signed_in(engineer).post(f"{place}decide/", {"do": "check"})
    assert "The gates are being checked" in text(engineer, place)


def test_a_gate_that_failed_says_why_and_leaves_no_button(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()), drift=Verdict.FAILED)
    shown = text(second_engineer, f"/models/promotions/{entry.pk}/")
    assert "drift says so." in shown
    assert "Approve and serve" not in shown
    answer = signed_in(second_engineer).post(f"/models/promotions/{entry.pk}/decide/", {"do": "approve"}, follow=True)
    assert "did not pass" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.state == "requested"


def test_mlflow_down_is_said_on_the_page(entry: Promotion, second_engineer: User, nobody_listens: None) -> None:
    answer = signed_in(second_engineer).post(f"/models/promotions/{entry.pk}/decide/", {"do": "approve"}, follow=True)
    assert "MLflow does not answer. Nothing was promoted." in answer.content.decode()


def test_a_rollback_shows_its_consequence_first(
    entry: Promotion, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    assert "Nothing served before" in text(engineer, "/models/fraud_model/rollback/")
    second = builders.checked(builders.requested(engineer, builders.version(2)))
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=second)
    shown = text(engineer, "/models/fraud_model/rollback/")
    assert "payments are scored by version 1" in shown
    assert f'name="serves" value="{second.pk}"' in shown
    form = {"reason": "too many flags", "serves": second.pk}
    signed_in(engineer).post("/models/fraud_model/rollback/", form)
    again = signed_in(engineer).post("/models/fraud_model/rollback/", form, follow=True)
    assert "version 1 serves now, not what you saw serving. Nothing was changed." in again.content.decode()
    assert "too many flags" in text(engineer, "/models/fraud_model/")
    assert mlflow_says.alias == 1


def test_a_moved_alias_is_said_on_the_model_and_put_back_there(
    entry: Promotion, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    builders.version(2)
    mlflow_says.alias = 2
    tasks.reconcile_aliases()
    shown = text(engineer, "/models/fraud_model/")
    assert "Alias moved outside the portal." in shown
    assert "Set the alias back to version 1" in shown
    reports(entry.version)
    assert health(engineer) == ("alert", "serves version 1; alias moved outside the portal")
    assert "not served" not in text(engineer, "/models/")
    assert "champion stands on version 1 again" in put_back(engineer)
    assert mlflow_says.alias == 1
    assert "Alias moved outside" not in text(engineer, "/models/fraud_model/")


def put_back(user: User) -> str:
    return signed_in(user).post("/models/fraud_model/alias/", follow=True).content.decode()


def test_an_alias_that_cannot_be_put_back_says_why(
    entry: Promotion, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    assert "No version is promoted" in put_back(engineer)
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    mlflow_says.versions.discard(1)
    assert "MLflow does not have version 1 any more" in put_back(engineer)
    mlflow_says.down = True
    assert "The alias goes back to version 1 as soon as it does" in put_back(engineer)


def test_not_trainable_and_no_signature_are_said(engineer: User) -> None:
    builders.version(1, signature={})
    RegisteredModel.objects.update(untrainable="no labels")
    assert "Not trainable: no labels" in text(engineer, "/models/fraud_model/")
    shown = text(engineer, "/models/fraud_model/versions/1/")
    assert "logged without a signature" in shown
    assert "Ask to promote" not in shown


def test_the_api_tells_what_serves_and_on_what_evidence(
    entry: Promotion, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    client = signed_in(engineer)
    listed = client.get("/api/models/").json()["models"][0]
    assert (listed["name"], listed["serves"]["version"], listed["alias"]["state"]) == ("fraud_model", 1, "mirrored")
    gates = client.get(f"/api/models/promotions/{entry.pk}/").json()["gates"]
    assert [gate["name"] for gate in gates] == ["better", "signature", "drift", "snapshot"]
    detail = client.get("/api/models/fraud_model/").json()
    assert detail["versions"][0]["snapshot"]["sha256"] == builders.PRINT


def test_search_and_home_show_it_to_whom_it_belongs(engineer: User, analyst: User) -> None:
    builders.version()
    assert [item.url for item in find(engineer, "fraud", 5)] == ["/models/fraud_model/"]
    assert find(analyst, "fraud", 5) == []
    found = section(engineer)
    assert found is not None
    assert found.items[0].why == "no version is promoted"
    assert section(analyst) is None


@pytest.fixture
def six(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    for number in range(1, 7):
        entry = builders.checked(builders.requested(engineer, builders.version(number)))
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)


@pytest.mark.parametrize(
    ("place", "most"),
    [("/models/", 20), ("/models/fraud_model/", 30), ("/models/fraud_model/versions/1/", 26)],
)
def test_pages_stay_within_their_queries(
    place: str, most: int, engineer: User, six: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(engineer)
    client.get(place)
    with django_assert_max_num_queries(most):
        client.get(place)
