"""What a person may see of runs. Of a run they may not see they learn only that "another run" holds a pool."""

from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts.models import User
from portal.runs.flows import ACTIVE, DONE
from portal.runs.health import scheduler_health, worker_health
from portal.runs.models import Attempt, LogLine, Run, Step
from portal.runs.sentences import Rerun, tell
from portal.runs.types import State

__all__ = [
    "first_line_to_show",
    "latest_attempts",
    "lines_after",
    "may_control",
    "run_for",
    "runs_for",
    "scheduler_health",
    "smallest_rerun",
    "steps_of",
    "summary",
    "worker_health",
]

Someone = User | AnonymousUser


def runs_for(person: Someone) -> QuerySet[Run]:
    """Runs whose permission the person holds, for the run's subject or everywhere, and those they started."""
    if not isinstance(person, User) or not person.is_active:
        return Run.objects.none()
    if person.is_superuser:
        return Run.objects.all()
    label = Concat("content_type__app_label", Value("."), "codename", output_field=CharField())
    everywhere = Permission.objects.filter(Q(group__user=person) | Q(user=person)).annotate(label=label).values("label")
    return Run.objects.filter(
        Q(started_by=person)
        | Q(permission__in=everywhere)
        | Exists(_for_subject(GroupObjectPermission.objects.filter(group__user=person)))
        | Exists(_for_subject(UserObjectPermission.objects.filter(user=person)))
    )


def _for_subject(given: QuerySet[GroupObjectPermission]) -> QuerySet[GroupObjectPermission]:
    label = Concat("permission__content_type__app_label", Value("."), "permission__codename", output_field=CharField())
    return given.annotate(label=label).filter(label=OuterRef("permission"), object_pk=OuterRef("subject_id"))


def run_for(person: Someone, run_id: int) -> Run:
    """Raises Run.DoesNotExist for a run this person may not know of, as for one that is not there."""
    return runs_for(person).get(pk=run_id)


def may_control(person: Someone, run: Run) -> bool:
    """May cancel and resume: whoever started it, and who holds `run.control` or `runs.control_run` and sees it."""
    if not isinstance(person, User) or not person.is_active:
        return False
    if run.started_by_id == person.pk:
        return True
    given = person.has_perm("runs.control_run") or bool(run.control and person.has_perm(run.control))
    return given and runs_for(person).filter(pk=run.pk).exists()


def steps_of(run: Run) -> list[Step]:
    return list(run.steps.order_by("position"))


def latest_attempts(run: Run) -> dict[int, Attempt]:
    """The newest attempt of each step, by the step's id: its progress and, if it runs, its worker."""
    newest = Attempt.objects.filter(step__run=run).order_by("step_id", "-number").distinct("step_id")
    return {attempt.step_id: attempt for attempt in newest}


def lines_after(run_id: int, last_id: int, *, step: str = "", limit: int = 1000) -> list[LogLine]:
    lines = LogLine.objects.filter(run_id=run_id, id__gt=last_id).select_related("step").order_by("id")
    return list((lines.filter(step__key=step) if step else lines)[:limit])


def first_line_to_show(run_id: int, *, step: str = "", lines: int = 5000) -> int:
    """The id after which the newest `lines` lines come."""
    found = LogLine.objects.filter(run_id=run_id).order_by("-id")
    return (found.filter(step__key=step) if step else found).values_list("id", flat=True)[
        lines : lines + 1
    ].first() or 0


def smallest_rerun(run: Run) -> Rerun | None:
    """What resuming would do, and how long that took when it last succeeded; None while the run is active or done."""
    if run.state in ACTIVE or run.state == DONE:
        return None
    keys = list(run.steps.exclude(state=DONE).values_list("key", flat=True))
    past = Attempt.objects.filter(
        state=State.DONE, step__run__kind=run.kind, step__run__name=run.name, step__key__in=keys
    )
    newest = past.order_by("step__key", "-id").distinct("step__key")
    took = [(attempt.finished_at - attempt.started_at).total_seconds() for attempt in newest if attempt.finished_at]
    return Rerun(len(keys), sum(took) if len(took) == len(keys) else None)


def summary(run: Run) -> str:
    """The run in a sentence: `failed in dbt build: unique_charge_id; 3 later steps skipped`, and the re-run."""
    return tell(run, steps_of(run), smallest_rerun(run))
