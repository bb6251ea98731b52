"""Writes of look-ups. Neither trail nor database holds a value: the trail has a keyed digest of its token, the token
itself is sealed until the execution has ended."""

import json
import uuid
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.compliance import gate
from apps.compliance.look_ups import Sought
from apps.compliance.tokens.values import look_up_token
from apps.queries import services as executions
from apps.queries.look_ups.selectors import kept_of, limits
from apps.queries.look_ups.types import Kept, TooMany, Wanted
from apps.queries.models import Execution, LookUp
from apps.queries.sealing import seal
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.actions import Action
from portal.audit.services import digest, record
from portal.audit.types import Actor, Target

WINDOW = timedelta(hours=1)


def look_up(*, actor: Actor, user: User, purpose: Purpose, dataset: Dataset, wanted: Wanted) -> Execution:
    """Counts first, so that what is refused or fails counts, too. Raises Invalid, TooMany."""
    wanted = wanted.checked()
    source, path = dataset.source.name, tuple(dataset.path)
    sought = Sought(path, wanted.column, look_up_token(wanted.value))
    row = take(actor=actor, user=user, dataset=dataset, sought=sought, reason=wanted.reason)
    text = f"Look-up in {dataset.name} by {wanted.column}"
    judgement = gate.judge(user=user, purpose=purpose, source=source, text=text, limits=limits(), sought=sought)
    with transaction.atomic():
        execution = executions.keep_judged(actor=actor, user=user, text=text, judgement=judgement, hide=sought.token)
        LookUp.objects.filter(pk=row.pk).update(execution=execution)
        if execution.ended:
            forget(row)
    return execution


def take(*, actor: Actor, user: User, dataset: Dataset, sought: Sought, reason: str) -> LookUp:
    """One of the person's look-ups of this hour. Raises TooMany."""
    key, source = uuid.uuid4(), dataset.source.name
    target = Target("dataset", str(dataset.pk), f"{source}.{dataset.name}")
    with transaction.atomic():
        # The person's row is the lock: of two at once, the second counts the first.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        full = until(user)
        if full is None:
            row = LookUp.objects.create(
                id=key,
                user=user,
                source=source,
                dataset=dataset.pk,
                name=dataset.name,
                column=sought.column,
                body=sealed(key, Kept(reason, sought.path, sought.token)),
            )
            detail = {"column": sought.column, "look_up": str(key), "sought": digest(sought.token)}
            record(actor=actor, action=Action.QUERY_LOOKED_UP, target=target, detail=detail)
            return row
        record(actor=actor, action=Action.LOOK_UP_LIMITED, target=target, detail={"column": sought.column})
    raise TooMany(full)


def until(user: User) -> str | None:
    """None while there is one left; otherwise what to tell whoever used them up."""
    most = settings.LOOKUPS_PER_HOUR
    if most < 1:
        return "Look-ups are switched off here."
    found = LookUp.objects.filter(user=user, at__gt=timezone.now() - WINDOW).order_by("-at")
    used = list(found.values_list("at", flat=True)[:most])
    if len(used) < most:
        return None
    return f"You have used your {most} look-ups of this hour. The next one is possible at {clock(used[-1] + WINDOW)}."


def clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


def sealed(key: uuid.UUID, kept: Kept) -> bytes:
    return seal(json.dumps(asdict(kept)).encode(), f"look-up:{key}")


def forget_token(*, execution: Execution) -> None:
    """Once it has ended nothing is compared any more."""
    row = LookUp.objects.filter(execution=execution).first()
    if row is not None:
        forget(row)


def forget(row: LookUp) -> None:
    kept = kept_of(row)
    if kept.token:
        LookUp.objects.filter(pk=row.pk).update(body=sealed(row.pk, replace(kept, token="")))


def forget_tokens() -> int:
    """Of executions whose worker died, and of look-ups that never became one."""
    rows = LookUp.objects.filter(at__lt=timezone.now() - WINDOW, at__gt=timezone.now() - timedelta(days=2))
    waiting = [Execution.Status.QUEUED, Execution.Status.RUNNING]
    found = list(rows.exclude(execution__status__in=waiting))
    for row in found:
        forget(row)
    return len(found)
