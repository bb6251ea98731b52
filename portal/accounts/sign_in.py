"""Signing in and out. Guessing is slow: a few tries for an account from one address, some more for an address."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.addresses import client_address
from portal.accounts.models import SignInWindow, User
from portal.accounts.services import target_of
from portal.audit.actions import Action
from portal.audit.services import digest, record
from portal.audit.types import Actor, Target

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT_AND_ADDRESS = 5
TRIES_PER_ADDRESS = 50


@dataclass(frozen=True)
class SignInRefused(Exception):
    """`until` is set when there were too many tries: nothing was compared, and trying before that is in vain."""

    until: datetime | None = None
    left: int = 0


def sign_in(*, request: HttpRequest, username: str, password: str) -> User:
    """Raises SignInRefused. Every try counts before the password is compared, so that parallel ones count too."""
    pair = digest(f"{username.lower()}|{client_address(request)}")
    address = digest(client_address(request))
    left = min(take_try(pair, TRIES_PER_ACCOUNT_AND_ADDRESS), take_try(address, TRIES_PER_ADDRESS))
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User) or user.is_service:
        record_failure(username=username, address=address, left=left)
        raise SignInRefused(left=left)
    with transaction.atomic():
        SignInWindow.objects.filter(key=pair).delete()
        SignInWindow.objects.filter(key=address, failures__gt=0).update(failures=F("failures") - 1)
        login(request, user)
        record(actor=Actor.of(user), action=Action.SIGNED_IN, target=target_of(user), detail={"address": address})
    return user


def take_try(key: str, limit: int) -> int:
    """Counts one try and returns how many are left. Raises SignInRefused when none was."""
    now = timezone.now()
    SignInWindow.objects.get_or_create(key=key, defaults={"opened_at": now})
    SignInWindow.objects.filter(opened_at__lt=now - WINDOW, key=key).update(opened_at=now, failures=0)
    SignInWindow.objects.filter(opened_at__lt=now - 2 * WINDOW).delete()
    if not SignInWindow.objects.filter(key=key, failures__lt=limit).update(failures=F("failures") + 1):
        raise SignInRefused(until=SignInWindow.objects.get(key=key).opened_at + WINDOW)
    return limit - SignInWindow.objects.get(key=key).failures


@transaction.atomic
def record_failure(*, username: str, address: str, left: int) -> None:
    """What was typed may be a password in the wrong field: unless it names an account, only its digest is kept.

    Refused tries after the last one left no event of their own: they could fill the trail.
    """
    user = User.objects.filter(username=username).first()
    target = target_of(user) if user else Target("account", digest(username)[:16])
    detail = {"address": address, "tries_left": left}
    record(actor=Actor.system("sign-in"), action=Action.SIGN_IN_FAILED, target=target, detail=detail)


@transaction.atomic
def sign_out(*, request: HttpRequest) -> None:
    user = request.user
    if isinstance(user, User):
        record(actor=Actor.of(user), action=Action.SIGNED_OUT, target=target_of(user))
    logout(request)
