import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.models.drift import services
from apps.models.drift.compare import compare
from apps.models.drift.spread import Spread
from apps.models.observed import Baseline, DriftReport, ScoringService
from portal.accounts.models import User
from portal.runs.models import Run
from tests.models import observed, serving

pytestmark = pytest.mark.django_db
PAGES = (
    "/models/fraud_model/serving/",
    "/models/fraud_model/drift/",
    "/models/fraud_model/drift/{report}/",
)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def report() -> DriftReport:
    """Two comparisons of the same version, the newer of which found drift."""
    version = observed.version()
    rows = serving.training_rows()
    spread = Spread.of_json(Baseline.objects.get().figures)
    for run, times in ((1, 1.0), (2, 40.0)):
        met = [
            {"AMOUNT": float(str(amount)) * times, "HOUR": 30 if times > 1 else 1, "CHANNEL": "web"}
            for amount in rows["AMOUNT"]
        ]
        drift = compare(spread, met, [0.1] * len(met), limit=0.25)
        now = timezone.now()
        window = services.Window(now, now, len(met))
        made = services.keep(version=version, run_id=run, at=now, window=window, drift=drift)
    ScoringService.objects.create(
        name="127.0.0.1:8100", started_at=now, at=now, version=version, since=now,
        counts={"200": 41, "401": 3, "503": 2}, memory_mib=260,
    )  # fmt: skip
    return made


@pytest.mark.parametrize("page", PAGES)
def test_who_may_see_the_model_sees_them_and_nobody_else(
    page: str, report: DriftReport, engineer: User, analyst: User, outsider: User
) -> None:
    place = page.format(report=report.pk)
    assert signed_in(engineer).get(place).status_code == 200
    assert signed_in(analyst).get(place).status_code == signed_in(outsider).get(place).status_code == 404
    assert Client().get(place).status_code == 302


def test_only_an_engineer_starts_a_comparison(
    report: DriftReport, engineer: User, auditor: User, outsider: User
) -> None:
    place = "/models/fraud_model/drift/run/"
    assert signed_in(outsider).post(place).status_code == 404
    assert signed_in(auditor).post(place).status_code == 403
    assert not Run.objects.exists()
    assert signed_in(engineer).post(place)["Location"] == "/models/fraud_model/drift/"
    run = Run.objects.get()
    assert (run.kind, run.started_by, [step.key for step in run.steps.all()]) == (
        "drift",
        engineer,
        ["compare", "draw"],
    )
    assert "Compare now" not in signed_in(auditor).get("/models/fraud_model/drift/").content.decode()


def test_the_part_alone_is_what_the_models_page_asks_for(report: DriftReport, engineer: User) -> None:
    client = signed_in(engineer)
    for place in PAGES[:2]:
        assert "<html" in client.get(place).content.decode()
        part = client.get(place, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
    page = client.get("/models/fraud_model/").content.decode()
    assert 'hx-get="/models/fraud_model/drift/"' in page
    assert 'hx-get="/models/fraud_model/serving/"' in page


def test_the_drift_page_warns_and_has_the_line_and_its_table(report: DriftReport, engineer: User) -> None:
    text = signed_in(engineer).get(PAGES[1]).content.decode()
    for shown in ("<polyline", "Drifted.", "state--drifted", "67\N{NO-BREAK SPACE}%", f"Report {report.pk}"):
        assert shown in text


def test_the_report_has_a_picture_and_a_table_for_each_input(report: DriftReport, engineer: User) -> None:
    text = signed_in(engineer).get(PAGES[2].format(report=report.pk)).content.decode()
    for name in serving.INPUTS:
        assert f"Shares of {name}" in text
    assert "<rect" in text
    assert "Not drawn" in text


def test_what_serves_is_told_with_its_counts(report: DriftReport, engineer: User) -> None:
    client = signed_in(engineer)
    text = client.get(PAGES[0]).content.decode()
    for shown in ("version 1", "127.0.0.1:8100", "state--up", ">41<", ">3<", ">2<", "260"):
        assert shown in text
    ScoringService.objects.update(at=timezone.now() - timezone.timedelta(minutes=1))
    assert "silent" in client.get(PAGES[0]).content.decode()


def test_empty_pages_teach(engineer: User) -> None:
    serving.registered()
    client = signed_in(engineer)
    assert "No scoring process runs" in client.get(PAGES[0]).content.decode()
    assert "Nothing was compared yet" in client.get(PAGES[1]).content.decode()


def test_a_report_of_another_model_is_not_there(report: DriftReport, engineer: User) -> None:
    serving.registered("other_model")
    assert signed_in(engineer).get(f"/models/other_model/drift/{report.pk}/").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_query_budget(
    page: str, report: DriftReport, engineer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(engineer)
    with django_assert_max_num_queries(14):
        assert client.get(page.format(report=report.pk)).status_code == 200
