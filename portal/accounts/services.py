"""Writes people, roles, tokens and the purpose of a session. Each change is one transaction with its event."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.accounts.selectors import PURPOSE_KEY, current_purpose, purposes_of
from portal.accounts.tokens import LIFETIME, fingerprint
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target

TOKEN_PREFIX = "portico_"  # noqa: S105 - so that secret scanners find a leaked one


class PurposeNotAllowed(Exception):
    """No role of this person allows this purpose."""


def target_of(user: User) -> Target:
    return Target("user", str(user.pk), user.get_username())


@transaction.atomic
def create_user(
    *, actor: Actor, username: str, full_name: str, password: str, email: str = "", roles: Iterable[Role] = ()
) -> User:
    """Raises django's ValidationError when the password is too weak."""
    first, _, last = full_name.partition(" ")
    user = User(username=username, first_name=first, last_name=last, email=email)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    record(actor=actor, action=Action.USER_CREATED, target=target_of(user))
    for role in roles:
        grant_role(actor=actor, user=user, role=role)
    return user


@transaction.atomic
def grant_role(*, actor: Actor, user: User, role: Role) -> None:
    """Nothing happens, and nothing is recorded, when the person holds it already."""
    group, _ = Group.objects.get_or_create(name=role.value)
    _, new = User.groups.through.objects.get_or_create(user=user, group=group)
    user.__dict__.pop("_held_roles", None)
    if new:
        record(actor=actor, action=Action.ROLE_GRANTED, target=target_of(user), detail={"role": role.value})


@transaction.atomic
def create_service(*, actor: Actor, username: str, full_name: str) -> User:
    """A named service: it has tokens, no password and no role, and may do what it is given by name."""
    user = User(username=username, first_name=full_name[:150], is_service=True)
    user.set_unusable_password()
    user.save()
    record(actor=actor, action=Action.USER_CREATED, target=target_of(user), detail={"service": True})
    return user


@transaction.atomic
def grant_permission(*, actor: Actor, service: User, permission: str) -> bool:
    """`permission` is "app_label.codename". False when the service held it before. People get roles instead.

    Raises ValueError for a person, Permission.DoesNotExist for a permission that is not there.
    """
    if not service.is_service:
        raise ValueError("Single permissions are for services: a person gets a role.")
    label, _, codename = permission.partition(".")
    wanted = Permission.objects.get(content_type__app_label=label, codename=codename)
    _, new = User.user_permissions.through.objects.get_or_create(user=service, permission=wanted)
    if new:
        detail = {"permission": permission}
        record(actor=actor, action=Action.PERMISSION_GRANTED, target=target_of(service), detail=detail)
    return new


@transaction.atomic
def create_token(*, actor: Actor, user: User, name: str, lifetime: timedelta | None = LIFETIME) -> tuple[ApiToken, str]:
    """The row and the token itself, which nobody can read again. A lifetime of None never ends."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user,
        name=name,
        digest=fingerprint(token),
        expires_at=None if lifetime is None else timezone.now() + lifetime,
    )
    record(
        actor=actor,
        action=Action.TOKEN_CREATED,
        target=Target("token", str(row.pk), name),
        detail={"user": user.pk, "expires_at": row.expires_at.isoformat() if row.expires_at else None},
    )
    return row, token


@transaction.atomic
def revoke_token(*, actor: Actor, token: ApiToken) -> bool:
    """False when it was revoked before."""
    done = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if done:
        target = Target("token", str(token.pk), token.name)
        record(actor=actor, action=Action.TOKEN_REVOKED, target=target, detail={"user": token.user_id})
    return bool(done)


@transaction.atomic
def choose_purpose(*, actor: Actor, request: HttpRequest, purpose: Purpose) -> None:
    """Raises PurposeNotAllowed."""
    before = current_purpose(request)
    if purpose not in purposes_of(request.user):
        raise PurposeNotAllowed(purpose)
    if purpose == before:
        return
    request.session[PURPOSE_KEY] = purpose.value
    record(
        actor=actor,
        action=Action.PURPOSE_CHANGED,
        target=Target("user", actor.id, actor.name),
        detail={"from": before.value, "to": purpose.value},
    )
