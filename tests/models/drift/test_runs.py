"""Comparisons as runs: enough and too little, an alert that comes and goes, Evidently's page."""

import gzip
import re

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.test import Client

from apps.models.drift import files, services, watch
from apps.models.drift.child import rounded
from apps.models.observed import DriftReport
from portal.accounts.models import User
from portal.audit.models import Event
from portal.notices.models import Notice
from portal.runs.models import Run
from portal.runs.services import cancel_run
from tests.models import observed
from tests.people import HOUSE

pytestmark = pytest.mark.usefixtures("live_db")


def alerts() -> QuerySet[Notice]:
    """Of drift. A scoring service of other tests may look at the same ledger and have alerts of its own."""
    return Notice.objects.filter(kind="models.drift")


def test_too_few_inferences_are_said_and_are_not_no_drift() -> None:
    version = observed.version()
    observed.log(version, 12)
    report = observed.compared(version.model)
    assert (report.state, report.inferences, report.needed, report.share) == ("too_few", 12, 200, None)
    step = Run.objects.get(pk=report.run_id).steps.get(key="compare")
    assert step.summary == "not enough inferences: 12 of 200"
    assert not alerts().exists()


def test_what_looks_like_the_training_is_steady_and_what_does_not_is_an_alert_until_it_is_back() -> None:
    version = observed.version()
    observed.log(version, 400)
    assert observed.compared(version.model).state == "steady"
    assert not alerts().exists()
    observed.log(version, 4_000, amount=50.0, CHANNEL="(other)")
    report = observed.compared(version.model)
    moved = {figure["name"]: figure["drifted"] for figure in report.figures}
    assert moved == {"AMOUNT": True, "HOUR": False, "CHANNEL": True, "score": False}
    assert (report.state, round(report.share or 0, 3)) == ("drifted", 0.667)
    notice = alerts().get(resolved_at=None)
    assert notice.roles == ["ml_engineer"]
    assert notice.url == f"/models/fraud_model/drift/{report.pk}/"
    assert "2 of 3 inputs drifted" in notice.title
    assert Event.objects.filter(action="models.drift_found").count() == 1
    next_one = observed.version(2)
    observed.log(next_one, 400)
    assert observed.compared(version.model).state == "steady"
    assert not alerts().filter(resolved_at=None).exists()
    assert Event.objects.filter(action="models.drift_ended").count() == 1


def test_the_schedule_compares_when_something_came_and_not_otherwise() -> None:
    version = observed.version()
    assert watch.start_due() == 0
    observed.log(version, 3)
    assert watch.start_due() == 1
    run = Run.objects.get(kind="drift")
    assert (run.trigger, run.actor_name) == ("schedule", "drift")
    assert services.start(actor=HOUSE, model=version.model) == run  # one at a time
    cancel_run(actor=HOUSE, run=run)
    assert services.start(actor=HOUSE, model=version.model) != run


def test_numbers_for_the_page_stand_for_many() -> None:
    assert [rounded(value) for value in (12_345.678, 0.012345, -98_765, 0, None)] == [12_300, 0.0123, -98_800, 0, None]


def test_evidently_draws_distributions_in_a_page_that_reaches_nothing(engineer: User, outsider: User) -> None:
    version = observed.version()
    observed.log(version, 400, amount=1.000_123)  # figures that no training row has
    report = observed.draw(observed.compared(version.model))
    assert report.html_bytes > 100_000
    html = gzip.decompress(files.path_of(report.pk).read_bytes()).decode()
    assert "AMOUNT" in html
    assert not re.search(r"4000\.49|10\.00123", html)  # the highest and the lowest of the window
    assert (files.path_of(report.pk).stat().st_mode & 0o777, settings.DRIFT_DIR.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )

    client = Client()
    client.force_login(engineer)
    place = f"/models/fraud_model/drift/{report.pk}/frame/"
    answer = client.get(place)
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert (answer["X-Frame-Options"], answer["Cache-Control"]) == ("SAMEORIGIN", "private, no-store")
    page = client.get(f"/models/fraud_model/drift/{report.pk}/")
    assert f'sandbox="allow-scripts" loading="lazy" src="{place}"' in page.content.decode()
    assert "sandbox" not in page["Content-Security-Policy"]
    client.force_login(outsider)
    assert client.get(place).status_code == 404

    services.forget_html([report])
    client.force_login(engineer)
    assert client.get(place).status_code == 404
    assert "Not drawn" in client.get(f"/models/fraud_model/drift/{report.pk}/").content.decode()
    assert DriftReport.objects.get(pk=report.pk).figures == report.figures
