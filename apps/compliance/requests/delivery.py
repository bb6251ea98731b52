"""Links to packages: for one person, for some hours, each download in the trail; and removing what is past its time."""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.compliance.requests import packages
from apps.compliance.requests.models import SubjectLink, SubjectPackage, SubjectRequest
from apps.compliance.requests.services import require_officer, target_of
from apps.compliance.requests.types import Refused
from portal.accounts.models import User
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor

PORTAL = Actor.system("requests")
ORPHAN_S = 24 * 3600  # a file that no row names is of a worker that died; one that is being written is younger


class Expired(Exception):
    """The link or the package is past its time."""


def fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_link(*, actor: User, request: SubjectRequest) -> str:
    """A token that is told this once and opens the newest package to this officer alone."""
    require_officer(actor)
    package = request.packages.first()
    now = timezone.now()
    if package is None or package.removed_at is not None or package.expires_at <= now:
        raise Refused("The package is past its time. Make it again with a new request.")
    token = secrets.token_urlsafe(32)
    expires = min(package.expires_at, now + timedelta(hours=settings.SUBJECT_LINK_HOURS))
    SubjectLink.objects.create(package=package, person=actor, digest=fingerprint(token), expires_at=expires)
    record(
        actor=Actor.of(actor),
        action=Action.SUBJECT_LINKED,
        target=target_of(request),
        detail={"package": str(package.pk), "expires_at": expires.isoformat()},
    )
    return token


@transaction.atomic
def take(*, actor: User, token: str) -> SubjectPackage:
    """Counts one download of this link and lets the trail say so. Raises SubjectLink.DoesNotExist for a token that is
    nobody's or somebody else's, Expired when its time is over."""
    require_officer(actor)
    link = SubjectLink.objects.select_related("package__request").get(digest=fingerprint(token), person=actor)
    now = timezone.now()
    package = link.package
    if min(link.expires_at, package.expires_at) <= now or package.removed_at is not None:
        raise Expired
    SubjectLink.objects.filter(pk=link.pk).update(downloads=F("downloads") + 1, last_at=now)
    record(
        actor=Actor.of(actor),
        action=Action.SUBJECT_DOWNLOADED,
        target=target_of(package.request),
        detail={"package": str(package.pk), "sha256": package.sha256},
    )
    return package


def remove_expired() -> int:
    """Files past their time, and files that a worker left when it died. Returns how many packages were removed."""
    now = timezone.now()
    old = list(SubjectPackage.objects.filter(removed_at=None, expires_at__lte=now).select_related("request"))
    for package in old:
        remove(package, detail={})
    for file in orphans():
        file.unlink(missing_ok=True)
    return len(old)


def remove(package: SubjectPackage, *, detail: dict[str, object]) -> None:
    packages.remove(package.pk)
    with transaction.atomic():
        SubjectPackage.objects.filter(pk=package.pk).update(removed_at=timezone.now())
        record(
            actor=PORTAL,
            action=Action.SUBJECT_PACKAGE_REMOVED,
            target=target_of(package.request),
            detail={"package": str(package.pk), **detail},
        )


def orphans() -> Iterator[Path]:
    folder = Path(settings.PACKAGES_DIR)
    if not folder.is_dir():
        return
    known = set(SubjectPackage.objects.filter(removed_at=None).values_list("pk", flat=True))
    before = timezone.now().timestamp() - ORPHAN_S
    for file in folder.iterdir():
        if file.suffix in (".sealed", ".part") and file.stat().st_mtime < before and UUID(file.stem) not in known:
            yield file


def forget_identities() -> int:
    """Addresses and notes whose retention is over. The keyed digest stays: it tells nobody who it was."""
    now = timezone.now()
    old = SubjectRequest.objects.filter(identity_until__lte=now).exclude(identity=None)
    for request in old:
        with transaction.atomic():
            SubjectRequest.objects.filter(pk=request.pk).update(identity=None, note=None)
            record(
                actor=PORTAL,
                action=Action.SUBJECT_FORGOTTEN,
                target=target_of(request),
                detail={"kept_until": str(request.identity_until)},
            )
    return len(old)
