import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.pipelines.models import Pipeline, PipelineRun, Reject
from portal.accounts.models import User
from tests.pipelines import builders

pytestmark = pytest.mark.django_db
PAGES = (
    "/pipelines/",
    "/pipelines/payments_elt/",
    "/pipelines/runs/{run}/",
    "/pipelines/runs/{run}/figures/",
    "/api/pipelines/",
    "/api/pipelines/runs/{run}/",
)
WRITES = ("/pipelines/payments_elt/runs/", "/pipelines/payments_elt/schedule/", "/api/pipelines/payments_elt/runs/")


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_an_analyst_sees_pipelines_and_an_outsider_does_not(page: str, analyst: User, outsider: User) -> None:
    place = page.format(run=builders.ended().run_id)
    assert signed_in(analyst).get(place).status_code == 200
    answer = signed_in(outsider).get(place)
    if page == "/api/pipelines/":
        assert answer.json() == {"pipelines": []}
    else:
        assert answer.status_code in (403, 404)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_who_is_not_signed_in_sees_anything(page: str) -> None:
    answer = Client().get(page.format(run=builders.ended().run_id))
    assert answer.status_code in (302, 401, 403)


@pytest.mark.parametrize("page", WRITES)
def test_who_may_only_look_cannot_start_or_schedule(page: str, analyst: User, outsider: User) -> None:
    builders.pipeline()
    assert signed_in(analyst).post(page).status_code == 403
    assert signed_in(outsider).post(page).status_code == 404
    assert PipelineRun.objects.count() == 0


def test_the_list_has_the_strip_the_last_state_and_the_button(steward: User) -> None:
    builders.ended()
    failed = builders.ended("failed")
    text = signed_in(steward).get("/pipelines/").content.decode()
    assert f'href="/pipelines/runs/{failed.run_id}/"' in text
    assert "Run now" in text
    assert "state--failed" in text
    assert "state--done" in text


def test_an_analyst_reads_who_may_run_it(analyst: User) -> None:
    builders.pipeline()
    text = signed_in(analyst).get("/pipelines/").content.decode()
    assert "Run now" not in text
    assert "Stewards, ML engineers and administrators" in text


def test_without_a_pipeline_the_list_teaches(analyst: User) -> None:
    Pipeline.objects.all().delete()
    assert "No pipelines yet" in signed_in(analyst).get("/pipelines/").content.decode()


def test_run_now_starts_a_run_in_ones_own_name_and_goes_to_its_page(steward: User) -> None:
    builders.pipeline()
    answer = signed_in(steward).post("/pipelines/payments_elt/runs/")
    run = PipelineRun.objects.get()
    assert answer["Location"] == f"/pipelines/runs/{run.run_id}/"
    assert (run.run.started_by, run.run.trigger) == (steward, "manual")


def test_run_now_twice_goes_to_the_run_that_holds_it(steward: User) -> None:
    holder = builders.started()
    client = signed_in(steward)
    answer = client.post("/pipelines/payments_elt/runs/")
    assert answer["Location"] == f"/pipelines/runs/{holder.run_id}/"
    assert f"run {holder.run_id} holds it" in client.get(answer["Location"]).content.decode()
    answer = client.post("/api/pipelines/payments_elt/runs/")
    assert (answer.status_code, answer.json()["run"]) == (409, holder.run_id)


def test_the_run_page_has_reconciliation_and_receipts(analyst: User) -> None:
    run = builders.ended()
    builders.receipt(run, status="loaded", extracted_rows=20000, loaded_rows=19990, known_rows=10)
    builders.comparison(run, "BRL", "123456", "123456", "123456")
    builders.comparison(run, "JPY", "500", None, "501")
    text = signed_in(analyst).get(f"/pipelines/runs/{run.run_id}/").content.decode()
    for shown in ("1,234.56 BRL", "501 JPY", "nothing", "19,990", "oltp.charges", "1 of 2", "The places do not agree"):
        assert shown in text


def test_the_run_page_lists_rejects_and_says_when_the_list_is_cut(analyst: User) -> None:
    run = builders.ended()
    page = f"/pipelines/runs/{run.run_id}/"
    assert "Every value fits" in signed_in(analyst).get(page).content.decode()
    lines = [{"column": "CAPTURED_AT", "reason": "moment", "count": 1234}]
    found = builders.receipt(run, status="loaded", rejected=lines)
    Reject.objects.bulk_create(
        Reject(receipt=found, key=f"{number:064x}", column="CAPTURED_AT", reason="moment") for number in range(150)
    )
    text = signed_in(analyst).get(page).content.decode()
    for shown in ("CAPTURED_AT", "outside of the years 1 to 9999", "the first 100 of 1,234", f"{99:064x}"):
        assert shown in text
    assert f"{100:064x}" not in text


def test_an_outsider_learns_of_no_reject(outsider: User) -> None:
    found = builders.receipt(builders.ended(), rejected=[{"column": "CAPTURED_AT", "reason": "moment", "count": 1}])
    Reject.objects.create(receipt=found, key="a" * 64, column="CAPTURED_AT", reason="moment")
    for page in ("", "figures/"):
        answer = signed_in(outsider).get(f"/pipelines/runs/{found.pipeline_run.run_id}/{page}")
        assert answer.status_code == 404
        assert "CAPTURED_AT" not in answer.content.decode()


def test_the_api_says_the_same(analyst: User) -> None:
    run = builders.ended()
    builders.receipt(run, status="loaded", extracted_rows=20000, loaded_rows=19990, known_rows=10)
    builders.comparison(run, "BRL", "123456", "123456", "123456")
    found = signed_in(analyst).get(f"/api/pipelines/runs/{run.run_id}/").json()
    assert found["counts"] == {
        "loaded_rows": 19990, "known_rows": 10, "tests": 0, "tests_passed": 0, "comparisons": 1, "comparisons_agree": 1,
    }  # fmt: skip
    assert found["receipts"][0]["target"] == "ANALYTICS.RAW.OLTP_CHARGES"
    assert {step["key"] for step in found["steps"]} >= {"extract:oltp.charges", "build:0", "check", "publish"}


def test_a_definition_that_cannot_be_imported_is_said_on_the_page(steward: User, settings) -> None:  # type: ignore[no-untyped-def]
    builders.ended()
    settings.PIPELINES = {"payments_elt": "estate.pipelines.nothing.HERE"}
    client = signed_in(steward)
    assert "cannot be imported" in client.get("/pipelines/payments_elt/").content.decode()
    assert client.get("/pipelines/").status_code == 200


@pytest.mark.parametrize(
    ("page", "most"), [(PAGES[0], 14), (PAGES[1], 14), (PAGES[2], 22), (PAGES[4], 8), (PAGES[5], 14)]
)
def test_query_budget(
    page: str, most: int, analyst: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        run = builders.ended()
    builders.receipt(run)
    found = builders.receipt(run, "oltp.refunds", rejected=[{"column": "NOTE", "reason": "type", "count": 2}])
    Reject.objects.bulk_create(Reject(receipt=found, key="", column="NOTE", reason="type") for _ in range(2))
    client = signed_in(analyst)
    with django_assert_max_num_queries(most):
        assert client.get(page.format(run=run.run_id)).status_code == 200


def test_a_run_of_a_pipeline_is_found_on_its_own_page(analyst: User) -> None:
    run = builders.ended("failed")
    assert run.run.get_absolute_url() == f"/pipelines/runs/{run.run_id}/"
    assert f'href="/pipelines/runs/{run.run_id}/"' in signed_in(analyst).get("/runs/").content.decode()
