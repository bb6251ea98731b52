"""`manage.py run_pipeline payments_elt`: starts a run and follows it. Workers do the work."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.pipelines import services
from apps.pipelines.definitions import UnknownPipeline
from apps.pipelines.holds import PipelineBusy
from apps.pipelines.models import PipelineRun
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.runs.flows import ENDED
from portal.runs.models import LogLine, Run, Step
from portal.runs.types import State

FAILED, BUSY, NOT_DONE = 1, 3, 4
MARKS = {State.DONE: "done", State.FAILED: "FAILED", State.SKIPPED: "skipped", State.CANCELLED: "cancelled"}


class Command(BaseCommand):
    help = (
        "Runs a pipeline and follows it. Exit code: 0 done, 1 failed or cancelled, 3 another run holds it, "
        "4 still running when --timeout was over. A worker must be up (`make up`)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="a name of settings.PIPELINES, such as payments_elt")
        parser.add_argument("--user", help="start it in this person's name")
        parser.add_argument("--wait", dest="wait", action="store_true", default=True, help="follow it (default)")
        parser.add_argument("--no-wait", dest="wait", action="store_false", help="start it and return")
        parser.add_argument("--join", action="store_true", help="if another run holds it, follow that one")
        parser.add_argument("--timeout", type=float, default=4 * 3600, help="seconds to follow it at most")

    def handle(self, *args: Any, **options: Any) -> None:
        run_id = self._run(options["name"], options["user"], join=options["join"])
        if options["wait"]:
            self._follow(run_id, time.monotonic() + options["timeout"])

    def _run(self, name: str, username: str | None, *, join: bool) -> int:
        try:
            started = self._start(name, username)
        except PipelineBusy as error:
            if not join or error.holder is None:
                raise CommandError(str(error), returncode=BUSY) from error
            self.stdout.write(f"Run {error.holder} of {name} is under way.")
            return error.holder
        self.stdout.write(f"Run {started.run_id} of {name} started.")
        return started.run_id

    def _start(self, name: str, username: str | None) -> PipelineRun:
        """Raises PipelineBusy."""
        person = User.objects.filter(username=username, is_active=True).first() if username else None
        if username and person is None:
            raise CommandError(f"There is no active person called {username}.")
        if person and not person.has_perm("pipelines.run_pipeline"):
            raise CommandError(f"{username} may not run pipelines.")
        actor = Actor.of(person) if person else Actor.system("command")
        try:
            return services.start(
                actor=actor, pipeline=services.pipeline_named(name), started_by=person, trigger="command"
            )
        except UnknownPipeline as error:
            raise CommandError(str(error)) from error

    def _follow(self, run_id: int, until: float) -> None:
        told: set[int] = set()
        waits = ""
        line = 0
        while True:
            run = Run.objects.get(pk=run_id)
            line = self._lines(run_id, line)
            self._steps(run_id, told)
            if run.state in ENDED:
                return self._end(run)
            if run.state == State.WAITING and run.reason != waits:
                self.stdout.write(f"  waiting: {run.reason}")
            waits = run.reason
            if time.monotonic() >= until:
                raise CommandError(f"Run {run_id} is still {run.state}; it goes on.", returncode=NOT_DONE)
            time.sleep(0.5)

    def _steps(self, run_id: int, told: set[int]) -> None:
        ended = (
            Step.objects.filter(run=run_id, state__in=list(MARKS)).exclude(pk__in=told).order_by("finished_at", "id")
        )
        total = Step.objects.filter(run=run_id).count()
        for step in ended:
            told.add(step.pk)
            took = (step.finished_at - step.started_at).total_seconds() if step.finished_at and step.started_at else 0
            said = step.summary if step.state == State.DONE else step.reason
            mark = MARKS[State(step.state)]
            self.stdout.write(f"[{len(told):>3}/{total}] {mark:<9} {step.title}: {said} ({took:.1f} s)")

    def _lines(self, run_id: int, after: int) -> int:
        """Only what needs somebody: the whole log is on the run's page."""
        for line in LogLine.objects.filter(run=run_id, pk__gt=after).select_related("step").order_by("pk"):
            after = line.pk
            if line.level in ("warning", "error"):
                self.stderr.write(f"          {line.level}: {line.step.title}: {line.text}")
        return after

    def _end(self, run: Run) -> None:
        took = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0
        if run.state != State.DONE:
            raise CommandError(f"Run {run.pk} {run.reason or run.state}", returncode=FAILED)
        self.stdout.write(self.style.SUCCESS(f"Run {run.pk} is done, in {took:.0f} s."))
