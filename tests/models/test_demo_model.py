"""The demo's first version, when a start before this one was killed while it trained."""

import pytest

from apps.models.management.commands.promote_demo_model import NAME, Command
from apps.pipelines import services as pipelines
from portal.accounts.models import User
from portal.audit.types import Actor


@pytest.mark.django_db
def test_a_training_that_is_under_way_is_waited_for(engineer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = pipelines.pipeline_named(NAME)
    resumed = pipelines.start(actor=Actor.of(engineer), pipeline=pipeline, started_by=engineer)
    waited: list[int] = []
    monkeypatch.setattr(Command, "_await", lambda self, run_id, until: waited.append(run_id))
    Command()._train(engineer, until=0)
    assert waited == [resumed.run_id]
