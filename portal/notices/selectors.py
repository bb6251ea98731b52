"""What needs whom."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import F, Q, QuerySet

from portal.notices.models import Notice


def notices_for(user: AbstractUser | AnonymousUser) -> QuerySet[Notice]:
    """Open notices for this person or a role they hold now: those that are due first, then the newest."""
    if not user.is_active or user.pk is None:
        return Notice.objects.none()
    roles = list(user.groups.values_list("name", flat=True))
    mine = Q(people__contains=[user.pk]) | Q(roles__overlap=roles)
    return Notice.objects.filter(mine, resolved_at=None).order_by(F("due_at").asc(nulls_last=True), "-created_at")
