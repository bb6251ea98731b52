"""The alias `champion` in MLflow: set to what the ledger says, and watched. A move that the portal did not make is
told and never served; putting it back is a person's decision."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.models import registry
from apps.models.models import RegisteredModel
from apps.models.selectors import champion
from apps.models.services import model_target
from apps.models.types import AliasState
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor
from portal.notices.services import notify, resolve

MOVED = "alias_moved"


class NotPutBack(Exception):
    """The alias is not where the ledger says; the message says why, and what becomes of it, for people."""


@transaction.atomic
def intend(*, actor: Actor, model: RegisteredModel, number: int | None) -> None:
    RegisteredModel.objects.filter(pk=model.pk).update(alias_state=AliasState.PENDING)
    model.alias_state = AliasState.PENDING
    record(actor=actor, action=Action.ALIAS_INTENDED, target=model_target(model), detail={"version": number})


@transaction.atomic
def note(*, actor: Actor, model: RegisteredModel, number: int | None, state: AliasState) -> None:
    """What MLflow says now. Recorded, and told to whom it concerns, only when it is news."""
    before = RegisteredModel.objects.select_for_update().get(pk=model.pk)
    told = {"alias_state": state, "alias_version": number, "alias_checked_at": timezone.now()}
    RegisteredModel.objects.filter(pk=model.pk).update(**told)
    news = (before.alias_state, before.alias_version) != (state, number)
    if state == AliasState.MIRRORED:
        resolve(kind=MOVED, subject_kind="registeredmodel", subject_id=str(model.pk))
        if news:
            record(actor=actor, action=Action.ALIAS_SET, target=model_target(model), detail={"version": number})
    elif state == AliasState.MOVED and news:
        _alarm(actor=actor, model=model, number=number)


def _alarm(*, actor: Actor, model: RegisteredModel, number: int | None) -> None:
    serves = champion(model)
    where = f"to version {number}" if number else "away"
    notify(
        kind=MOVED,
        subject_kind="registeredmodel",
        subject_id=str(model.pk),
        title=f"Alias moved outside the portal: {model.name} {where}. It is not served.",
        url=reverse("models:model", args=[model.name]),
        roles=[Role.ENGINEER],
    )
    record(
        actor=actor,
        action=Action.ALIAS_MOVED,
        target=model_target(model),
        detail={"to": number, "ledger": serves.version.number if serves else None},
    )


def mirror(*, actor: Actor, model: RegisteredModel) -> bool:
    """Sets the alias to what the ledger says. False when MLflow did not take it: the next reconcile tries again."""
    serves = champion(model)
    if serves is None:
        return True
    try:
        _set(actor=actor, model=model, number=serves.version.number or 0)
    except (registry.RegistryDown, registry.NotThere):
        return False
    return True


def _set(*, actor: Actor, model: RegisteredModel, number: int) -> None:
    registry.set_alias(model.name, number)
    note(actor=actor, model=model, number=number, state=AliasState.MIRRORED)


def put_back(*, actor: Actor, model: RegisteredModel) -> int:
    """A person's answer to an alias that was moved outside. Returns the version at which it stands again. Raises
    NotPutBack."""
    serves = champion(model)
    if serves is None:
        raise NotPutBack("No version is promoted, so there is none to put the alias back to. Remove it in MLflow.")
    number = serves.version.number or 0
    intend(actor=actor, model=model, number=number)
    try:
        _set(actor=actor, model=model, number=number)
    except registry.RegistryDown:
        raise NotPutBack(
            f"MLflow does not answer. The alias goes back to version {number} as soon as it does."
        ) from None
    except registry.NotThere:
        raise NotPutBack(
            f"MLflow does not have version {number} any more, so the alias cannot stand there. The portal goes on "
            "serving that version: promote another one, or put it back into MLflow."
        ) from None
    return number


def look(*, actor: Actor, model: RegisteredModel) -> AliasState:
    """Compares the alias with the ledger; a move that was intended is made, any other is told."""
    if model.alias_state == AliasState.PENDING:
        return AliasState.MIRRORED if mirror(actor=actor, model=model) else AliasState.PENDING
    try:
        number = registry.alias_of(model.name)
    except registry.RegistryDown:
        RegisteredModel.objects.filter(pk=model.pk).update(alias_checked_at=timezone.now())
        return AliasState.UNREACHABLE
    serves = champion(model)
    expected = serves.version.number if serves else None
    mirrored = AliasState.MIRRORED if number else AliasState.NONE
    state = mirrored if number == expected else AliasState.MOVED
    note(actor=actor, model=model, number=number, state=state)
    return state
