"""Setting a schedule, starting what is due, telling whoever waits for it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.queries import services
from apps.queries.models import Execution, SavedQuery, Schedule
from apps.queries.parameters import Unfit
from apps.queries.saved.selectors import draft_of, queries_for
from apps.queries.saved.services import readable
from apps.queries.saved.services import target_of as saved_query
from apps.queries.saved.types import Invalid
from portal.accounts.models import User
from portal.accounts.selectors import purposes_of
from portal.accounts.types import Purpose
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.models import Notice
from portal.notices.services import notify, resolve
from portal.runs.schedule import BadSchedule, next_after

KIND, NOTICE = "query_schedule", "query_delivered"
LEAST = timedelta(minutes=15)
SHOWN_DAYS = 7


def set_schedule(*, actor: Actor, user: User, query: SavedQuery, times: str, purpose: Purpose) -> Schedule | None:
    """Empty `times` takes the schedule away. Raises Invalid, PermissionDenied."""
    readable(user, query)
    said = " ".join(times.split())
    following = moment_after(said)
    with transaction.atomic():
        if following is None:
            gone, _ = Schedule.objects.filter(query=query, owner=user).delete()
            if gone:
                record(actor=actor, action=Action.SCHEDULE_REMOVED, target=saved_query(query))
            return None
        row, _ = Schedule.objects.update_or_create(
            query=query, owner=user, defaults={"times": said, "purpose": str(purpose), "next_at": following, "note": ""}
        )
        detail = {"query": str(query.pk), "times": said, "purpose": str(purpose)}
        record(actor=actor, action=Action.SCHEDULE_SET, target=target_of(row), detail=detail)
    return row


def moment_after(times: str) -> datetime | None:
    """When it is due next; None for an empty text. Raises Invalid."""
    now = timezone.now()
    try:
        first = next_after(times, now)
        second = next_after(times, first) if first else None
    except BadSchedule as problem:
        raise Invalid(str(problem)) from None
    if first and second and second - first < LEAST:
        raise Invalid("A query may run by itself every 15 minutes at most.")
    return first


def start_due(now: datetime) -> list[Execution]:
    """Times that were missed (nothing was up) collapse into one run."""
    due = Schedule.objects.filter(next_at__lte=now).select_related("owner", "query")
    return [row for schedule in due if (row := start_one(schedule, now))]


def start_one(schedule: Schedule, now: datetime) -> Execution | None:
    mine = Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at)
    if not mine.update(next_at=next_after(schedule.times, now), note=""):
        return None  # another scheduler was quicker
    why = why_not(schedule)
    if why:
        stopped(schedule, why)
        return None
    draft = draft_of(schedule.query.versions.get(number=schedule.query.head))
    try:
        row = services.start_execution(
            actor=Actor.of(schedule.owner),
            user=schedule.owner,
            purpose=Purpose(schedule.purpose),
            source=draft.source,
            text=draft.text,
            typed=draft.typed,
        )
    except Unfit as unfit:
        stopped(schedule, unfit.message)
        return None
    Schedule.objects.filter(pk=schedule.pk).update(last=row, delivered=False)
    return row


def why_not(schedule: Schedule) -> str:
    """Whoever may no longer read the query, or act for its purpose, gets no answer."""
    if not queries_for(schedule.owner).filter(pk=schedule.query_id).exists():
        return "The query is not shared with you any more."
    if schedule.purpose not in purposes_of(schedule.owner):
        return "Your roles no longer allow the purpose that this was set for."
    return ""


def stopped(schedule: Schedule, why: str) -> None:
    """It stays set and says why it did not run; a notice would repeat itself at each time."""
    Schedule.objects.filter(pk=schedule.pk).update(note=why[:300])


def deliver() -> int:
    """Tells of answers that are there, one notice a schedule; an older one of the same schedule gives way."""
    told = 0
    for schedule in Schedule.objects.filter(delivered=False, last__isnull=False).select_related("last", "query"):
        assert schedule.last is not None
        row = services.settle_with_run(execution=schedule.last)
        if not row.ended:
            continue
        with transaction.atomic():
            if not Schedule.objects.filter(pk=schedule.pk, last=row, delivered=False).update(delivered=True):
                continue
            resolve(kind=NOTICE, subject_kind=KIND, subject_id=str(schedule.pk))
            notify(
                kind=NOTICE, subject_kind=KIND, subject_id=str(schedule.pk), title=title_of(row),
                url=row.get_absolute_url(), users=[schedule.owner_id],
            )  # fmt: skip
            told += 1
    return told


def title_of(row: Execution) -> str:
    """Without the query's title, which can hold somebody's name."""
    if row.status == Execution.Status.DONE:
        return f"A scheduled query of yours on {row.source} has its answer: {row.row_count:,} rows"
    return f"A scheduled query of yours on {row.source} was {row.status}: look why"


def forget_old_notices() -> int:
    before = timezone.now() - timedelta(days=SHOWN_DAYS)
    old = Notice.objects.filter(kind=NOTICE, resolved_at=None, created_at__lt=before)
    return old.update(resolved_at=timezone.now())


def target_of(row: Schedule) -> Target:
    return Target(KIND, str(row.pk), str(row))
