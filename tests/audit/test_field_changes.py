"""The log of field changes keeps values in clear, so it may only ever see fields that hold nobody's data."""

import json

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.conf import settings

from apps.catalog.models import Dataset, Source
from portal.accounts.services import create_token, create_user
from portal.accounts.types import Role
from portal.audit.types import Actor

HOUSE = Actor.system("tests")


def logged() -> str:
    return json.dumps(list(LogEntry.objects.values("changes", "object_repr", "additional_data")), default=str)


def test_only_the_named_models_are_followed() -> None:
    named = {apps.get_model(entry["model"]) for entry in settings.AUDITLOG_INCLUDE_TRACKING_MODELS}
    through = {model for model in auditlog.get_models() if model._meta.auto_created}
    assert set(auditlog.get_models()) - through == named


def test_a_person_leaves_rights_in_the_log_and_no_data(db: None) -> None:
    create_user(
        actor=HOUSE,
        username="petra",
        full_name="Petra Kanarie",
        password="long-enough-kanarie-9",
        email="petra@kanarie.test",
        roles=[Role.ANALYST],
    )
    assert "is_active" in logged()
    assert "anarie" not in logged()


def test_a_token_leaves_its_end_and_not_its_digest(db: None) -> None:
    user = create_user(actor=HOUSE, username="petra", full_name="Petra", password="long-enough-kanarie-9")
    row, token = create_token(actor=HOUSE, user=user, name="nightly")
    assert "expires_at" in logged()
    assert row.digest not in logged()
    assert token not in logged()


@pytest.mark.parametrize(("field", "kept"), [("owner", True), ("description", False)])
def test_of_a_dataset_only_the_owner_is_kept(db: None, field: str, kept: bool) -> None:
    source = Source.objects.create(name="oltp", kind="postgres")
    dataset = Dataset.objects.create(source=source, path=["payments", "public", "t"], name="t", kind="table")
    setattr(dataset, field, "kanarie")
    dataset.save()
    assert ("kanarie" in logged()) is kept
