"""Who may see a run: the outsider gets 404 everywhere, and "another run" where a pool is full."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from portal.accounts.models import User
from portal.runs import selectors
from portal.runs.claims import claim
from portal.runs.models import Run
from portal.runs.reasons import reason_of
from portal.runs.sentences import counted
from tests.runs.plans import start, step

pytestmark = pytest.mark.django_db
PAGES = ("", "steps/", "log/")


@pytest.fixture
def run(analyst: User) -> Run:
    return start(step("a", "trivial"), by=analyst, permission="runs.control_run")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_a_run_open_for_its_starter_and_are_404_for_an_outsider(
    run: Run, analyst: User, outsider: User, page: str
) -> None:
    assert signed_in(analyst).get(f"/runs/{run.pk}/{page}").status_code == 200
    assert signed_in(outsider).get(f"/runs/{run.pk}/{page}").status_code == 404


@pytest.mark.parametrize("verb", ["cancel", "resume"])
def test_an_outsider_cannot_touch_a_run(run: Run, outsider: User, verb: str) -> None:
    assert signed_in(outsider).post(f"/runs/{run.pk}/{verb}/").status_code == 404
    run.refresh_from_db()
    assert (run.state, run.cancel_requested_at) == ("queued", None)


def test_seeing_a_run_is_not_controlling_it(run: Run, colleague: User) -> None:
    Run.objects.filter(pk=run.pk).update(permission="pipelines.view_pipeline")
    assert signed_in(colleague).get(f"/runs/{run.pk}/").status_code == 200
    assert signed_in(colleague).post(f"/runs/{run.pk}/cancel/").status_code == 403


def test_cancel_is_a_post_and_comes_back_only_to_our_own_pages(run: Run, analyst: User) -> None:
    client = signed_in(analyst)
    assert client.get(f"/runs/{run.pk}/cancel/").status_code == 405
    assert client.post(f"/runs/{run.pk}/cancel/", {"next": "https://evil.example/"})["Location"] == f"/runs/{run.pk}/"
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert client.post(f"/runs/{run.pk}/resume/", {"next": "/inbox/"})["Location"] == "/inbox/"


def test_the_api_answers_its_starter_and_hides_the_run_from_an_outsider(
    run: Run, analyst: User, outsider: User
) -> None:
    found = signed_in(analyst).get(f"/api/runs/{run.pk}/").json()
    assert (found["state"], [s["key"] for s in found["steps"]]) == ("queued", ["a"])
    assert signed_in(outsider).get(f"/api/runs/{run.pk}/").status_code == 404
    assert Client().get(f"/api/runs/{run.pk}/").status_code == 401


def test_the_list_shows_only_what_one_may_see(run: Run, analyst: User, outsider: User) -> None:
    assert f"/runs/{run.pk}/" in signed_in(analyst).get("/runs/").content.decode()
    assert f"/runs/{run.pk}/" not in signed_in(outsider).get("/runs/").content.decode()


def test_a_permission_for_one_object_opens_the_runs_about_that_object_only(outsider: User) -> None:
    from guardian.models import UserObjectPermission

    permission = Permission.objects.get(codename="view_dataset", content_type__app_label="catalog")
    mine = start(step("a", "trivial"), permission="catalog.view_dataset", subject_kind="dataset", subject_id="7")
    other = start(step("a", "trivial"), permission="catalog.view_dataset", subject_kind="dataset", subject_id="8")
    UserObjectPermission.objects.bulk_create(
        [
            UserObjectPermission(
                user=outsider, permission=permission, content_type=permission.content_type, object_pk="7"
            )
        ]
    )
    assert list(selectors.runs_for(outsider)) == [mine]
    with pytest.raises(Run.DoesNotExist):
        selectors.run_for(outsider, other.pk)


def test_nobody_sees_runs_without_being_active(run: Run, analyst: User) -> None:
    analyst.is_active = False
    assert not selectors.runs_for(analyst).exists()


def test_who_holds_a_pool_is_named_only_to_those_who_may_see_that_run(analyst: User, outsider: User) -> None:
    holder = start(step("a", "trivial", pool="narrow"), by=analyst)
    waiting = start(step("a", "trivial", pool="narrow"), by=outsider)
    assert claim(holder.steps.get().pk, worker="test") is not None
    assert claim(waiting.steps.get().pk, worker="test") is None

    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    assert reason_of(outsider, waiting) == "Step a: waits for pool narrow, held by another run"
    assert reason_of(analyst, waiting) == f"Step a: waits for pool narrow, held by run {holder.pk}"
    assert str(holder.pk) not in signed_in(outsider).get(f"/runs/{waiting.pk}/steps/").content.decode().replace(
        str(waiting.pk), ""
    )


@pytest.mark.parametrize(
    ("trigger", "by", "words"),
    [
        ("manual", True, "by ana"),
        ("schedule", True, "by the schedule, in the name of ana"),
        ("api", True, "by ana over the API"),
        ("command", True, "by ana from the command line"),
        ("command", False, "from the command line"),
    ],
)
def test_how_a_run_was_started_is_said_once(analyst: User, trigger: str, by: bool, words: str) -> None:
    run = Run(trigger=trigger, actor_name="ana" if by else "command", started_by=analyst if by else None)
    assert run.started_how == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (1204, "1,204 rows")])
def test_counts_in_words(number: int, words: str) -> None:
    assert counted(number, "row") == words
