"""Requests and grants, as far as somebody may know of them."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for
from apps.compliance.access.models import AccessGrant, AccessRequest
from apps.compliance.access.types import State
from portal.accounts.models import User
from portal.accounts.selectors import Someone, has_role, people_with, roles_of
from portal.accounts.types import Purpose, Role

WATCHERS = (Role.OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)  # see everybody's
# Who can open the door together in an emergency, whatever the rule says of every day.
IN_EMERGENCY = (Role.OFFICER, Role.STEWARD, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Held:
    """One grant that holds now: which columns it opens, in which dataset, and whether two people opened it in haste.

    `opens` are pairs of a column ("oltp/payments/public/customers/email") and a category that it may hold."""

    id: int
    opens: frozenset[tuple[str, str]]
    dataset: int
    emergency: bool


def held_by(user: User, purpose: Purpose) -> tuple[Held, ...]:
    """What the person's grants open now, for this purpose. One query."""
    now = timezone.now()
    rows = AccessGrant.objects.filter(
        request__user=user,
        request__purpose=str(purpose),
        request__dataset__retired_at=None,
        request__dataset__isnull=False,
        revoked_at=None,
        starts_at__lte=now,
        ends_at__gt=now,
    )
    named = rows.select_related("request__dataset__source").order_by("pk")
    return tuple(Held(row.pk, _opens(row), row.request.dataset_id or 0, row.request.emergency) for row in named)


def _opens(grant: AccessGrant) -> frozenset[tuple[str, str]]:
    dataset = grant.request.dataset
    if dataset is None:
        return frozenset()
    whole = "/".join((dataset.source.name, *dataset.path))
    return frozenset((f"{whole}/{name}", category) for name, held in grant.columns.items() for category in held)


def requests_for(person: Someone) -> QuerySet[AccessRequest]:
    """Their own, those that they decide, and for watchers all."""
    if not isinstance(person, User) or not roles_of(person):
        return AccessRequest.objects.none()
    rows = AccessRequest.objects.select_related("user", "dataset", "dataset__source", "answered_by", "grant")
    if has_role(person, *WATCHERS):
        return rows
    return rows.filter(Q(user=person) | decided_by(person))


def decided_by(person: User) -> Q:
    """Requests whose rule names the person or a role of theirs; officers decide about all, and in an emergency others
    do, too."""
    roles = roles_of(person)
    names = [str(role) for role in roles]
    if person.get_username() not in set(Role):  # whoever is called like a role does not hold it by that
        names.append(person.get_username())
    found = Q(approver__in=names)
    if Role.OFFICER in roles:
        found |= Q(pk__isnull=False)
    if roles & set(IN_EMERGENCY):
        found |= Q(emergency=True)
    return found & ~Q(user=person)


def waiting_for(person: User) -> QuerySet[AccessRequest]:
    """Open ones that this person can decide, and has not."""
    rows = requests_for(person).filter(decided_by(person), state=State.OPEN)
    return rows.exclude(approvals__approver=person)


def may_decide(person: User, request: AccessRequest) -> bool:
    return request.open and waiting_for(person).filter(pk=request.pk).exists()


def may_revoke(person: User, grant: AccessGrant) -> bool:
    """Whoever holds it may give it back; whoever could have decided may take it."""
    if not grant.active:
        return False
    request = grant.request
    return request.user_id == person.pk or AccessRequest.objects.filter(decided_by(person), pk=request.pk).exists()


def grants_for(person: User) -> QuerySet[AccessGrant]:
    """Those that hold now, of the requests that the person may know of."""
    now = timezone.now()
    return AccessGrant.objects.filter(
        request__in=requests_for(person).order_by().values("pk"), revoked_at=None, ends_at__gt=now
    ).select_related("request", "request__user")


def deciders(request: AccessRequest) -> list[int]:
    """Whom to tell: the ids of all who could decide."""
    known = {str(role): role for role in Role}
    roles = {Role.OFFICER, *([known[request.approver]] if request.approver in known else [])}
    if request.emergency:
        roles |= set(IN_EMERGENCY)
    found = set(people_with(*roles).values_list("pk", flat=True))
    if request.approver not in known:
        named = User.objects.filter(username=request.approver, is_active=True, is_service=False)
        found |= set(named.values_list("pk", flat=True))
    return sorted(found - {request.user_id})


def dataset_for(person: Someone, pk: int) -> Dataset:
    """Raises Dataset.DoesNotExist for one that the person may not know of."""
    return datasets_for(person).get(pk=pk)
