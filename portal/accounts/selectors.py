"""Who somebody is in the portal: roles, and the purpose they act under."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.models import ApiToken, User
from portal.accounts.types import PURPOSES, Purpose, Role

PURPOSE_KEY = "purpose"
Someone = User | AbstractBaseUser | AnonymousUser | None


def roles_of(user: Someone) -> frozenset[Role]:
    """The roles a person holds now; empty for nobody and for a person who was deactivated.

    Kept on the user object, so that a request asks once.
    """
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    held: frozenset[Role] | None = getattr(user, "_held_roles", None)
    if held is None:
        names = set(user.groups.values_list("name", flat=True))
        held = frozenset(role for role in Role if role.value in names)
        user._held_roles = held  # type: ignore[attr-defined]
    return held


def has_role(user: Someone, *roles: Role) -> bool:
    return not roles_of(user).isdisjoint(roles)


def purposes_of(user: Someone) -> tuple[Purpose, ...]:
    """The purposes a person may act under, the usual one first."""
    held = roles_of(user)
    return tuple(dict.fromkeys(purpose for role in Role if role in held for purpose in PURPOSES[role]))


def usual_purpose(user: Someone) -> Purpose:
    """Where a session, or a script with a token, starts. Somebody without a role gets the one with the least."""
    return next(iter(purposes_of(user)), Purpose.ANALYTICS)


def current_purpose(request: HttpRequest) -> Purpose:
    """The purpose chosen in this session, if the person's roles still allow it, otherwise the usual one."""
    chosen = request.session.get(PURPOSE_KEY) if hasattr(request, "session") else None
    allowed = purposes_of(request.user)
    return next((purpose for purpose in allowed if purpose == chosen), usual_purpose(request.user))


def people_with(*roles: Role) -> QuerySet[User]:
    """Active people who hold any of the roles: whom to ask."""
    return (
        User.objects.filter(is_active=True, is_service=False, groups__name__in=[str(role) for role in roles])
        .distinct()
        .order_by("username")
    )


def tokens_of(user: Someone) -> QuerySet[ApiToken]:
    if not isinstance(user, User):
        return ApiToken.objects.none()
    return ApiToken.objects.filter(user=user).order_by("revoked_at", "-created_at")
