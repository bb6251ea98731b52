"""What the service writes of itself: that it lives, what it serves, and what it could not load."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.models.observed import ScoringService
from apps.models.types import Serving
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.services import notify, resolve

NOTICE = "models.cannot_serve"
PAGE = "/models/{}/"  # written out: to look it up, this process would import every page of the portal
ACTOR = Actor.system("scoring")


def lives(
    *,
    name: str,
    started_at: datetime,
    version_id: int | None,
    since: datetime | None,
    nothing: str,
    problem: str,
    counts: Mapping[str, int],
    memory_mib: int,
) -> None:
    """Every two seconds; no event of the trail, because nothing changes by it."""
    content = {
        "started_at": started_at,
        "at": timezone.now(),
        "version_id": version_id,
        "since": since,
        "nothing": nothing[:300],
        "problem": problem[:300],
        "counts": dict(counts),
        "memory_mib": memory_mib,
    }
    if not ScoringService.objects.filter(name=name).update(**content):
        ScoringService.objects.bulk_create([ScoringService(name=name, **content)], ignore_conflicts=True)


@transaction.atomic
def serves(approved: Serving) -> None:
    record(actor=ACTOR, action=Action.VERSION_SERVED, target=_target(approved), detail=_detail(approved))
    settled(approved.model)


def settled(model: str) -> None:
    """What is approved is what serves, so that nothing is to be done about what could not be served before."""
    resolve(kind=NOTICE, subject_kind="registeredmodel", subject_id=model)


@transaction.atomic
def cannot_serve(approved: Serving, reason: str) -> None:
    """Once for each version and reason to load it, not each time that it is tried again."""
    detail = {**_detail(approved), "reason": reason}
    record(actor=ACTOR, action=Action.VERSION_NOT_SERVED, target=_target(approved), detail=detail)
    _alert(approved.model, f"{approved.model} version {approved.version} is approved and cannot be served: {reason}")


def cannot_follow(model: str, reason: str) -> None:
    """No event of the trail: no version is refused by it, and nothing changes."""
    _alert(model, f"{model} is served as it was: {reason}")


def _alert(model: str, title: str) -> None:
    notify(
        kind=NOTICE,
        subject_kind="registeredmodel",
        subject_id=model,
        title=title,
        url=PAGE.format(model),
        roles=[Role.ENGINEER],
    )


def _target(approved: Serving) -> Target:
    return Target("modelversion", str(approved.version_id), f"{approved.model} version {approved.version}")


def _detail(approved: Serving) -> dict[str, object]:
    return {"promotion": approved.promotion_id, "artifact_sha256": approved.artifact_sha256}
