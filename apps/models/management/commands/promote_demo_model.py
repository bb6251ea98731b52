"""`manage.py promote_demo_model`: trains the demo's model once and promotes it as two of its people would."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.models import promotions, selectors
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.types import VersionState
from apps.pipelines import services as pipelines
from apps.pipelines.holds import PipelineBusy
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.flows import ENDED
from portal.runs.models import Run
from portal.runs.types import State

NAME = "fraud_model"


class Command(BaseCommand):
    help = (
        "Runs the pipeline fraud_model in one demo person's name, asks for the promotion of what it trained, and lets "
        "another decide when every gate has passed. Does nothing when a version serves already. Exit code: 0 done, or "
        "not trainable for want of labels; 1 failed, with the reason."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--asks", default="mila", help="who trains and asks (default: mila)")
        parser.add_argument("--decides", default="mateo", help="who decides (default: mateo)")
        parser.add_argument("--timeout", type=float, default=900, help="seconds to wait at most")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Two people promote a model; only in the demo does a command act for them.")
        asks, decides = (User.objects.get(username=options[name]) for name in ("asks", "decides"))
        until = time.monotonic() + options["timeout"]
        model = RegisteredModel.objects.filter(name=NAME).first()
        if model and selectors.champion(model):
            self.stdout.write(f"{NAME}: a version serves already.")
            return
        self._train(asks, until)
        model = RegisteredModel.objects.get(name=NAME)
        if model.untrainable:
            self.stdout.write(f"{NAME}: not trainable: {model.untrainable}.")
            return
        self._promote(model, asks, decides, until)

    def _train(self, person: User, until: float) -> None:
        try:
            started = pipelines.start(
                actor=Actor.of(person), pipeline=pipelines.pipeline_named(NAME), started_by=person, trigger="command"
            )
        except PipelineBusy as error:
            # A start that was killed while it trained has left a run that resumes: what it trains is the first version.
            if error.holder is None:
                raise CommandError(str(error)) from error
            self.stdout.write(f"Run {error.holder} trains {NAME} already.")
            self._await(error.holder, until)
        else:
            self.stdout.write(f"Run {started.run_id} trains {NAME}.")
            self._await(started.run_id, until)

    def _await(self, run_id: int, until: float) -> None:
        said = ""
        while (run := Run.objects.get(pk=run_id)).state not in ENDED:
            if run.reason and run.reason != said:
                self.stdout.write(f"Run {run_id} waits: {run.reason}")
            said = run.reason
            if time.monotonic() > until:
                raise CommandError(f"Run {run_id} is still {run.state}; it goes on.")
            time.sleep(0.5)
        if run.state != State.DONE:
            raise CommandError(f"Run {run_id} {run.reason or run.state}")

    def _promote(self, model: RegisteredModel, asks: User, decides: User, until: float) -> None:
        self._clear(model)
        entry = promotions.request(actor=Actor.of(asks), person=asks, version=newest(model), reason="First version")
        while not selectors.latest_gates(entry):
            if time.monotonic() > until:
                raise CommandError("The gates are still being checked; decide on the promotion's page.")
            time.sleep(0.5)
        try:
            promotions.approve(actor=Actor.of(decides), person=decides, entry=entry)
        except promotions.NotPromoted as error:
            raise CommandError(f"{entry}: {error}") from error
        self.stdout.write(f"{entry} serves: asked by {asks.username}, approved by {decides.username}.")

    def _clear(self, model: RegisteredModel) -> None:
        """What an earlier start left open speaks of an older version."""
        for entry in model.promotions.filter(state=promotions.State.REQUESTED).select_related("requested_by"):
            person = entry.requested_by
            promotions.withdraw(actor=Actor.of(person), person=person, entry=entry)


def newest(model: RegisteredModel) -> ModelVersion:
    return selectors.versions_of(model).filter(state=VersionState.REGISTERED)[0]
