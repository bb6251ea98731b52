"""Certifying and deprecating: one is the end of the other."""

from django.db import transaction
from django.utils import timezone

from apps.catalog.inference import publish
from apps.catalog.marks.models import Mark
from apps.catalog.models import Dataset
from apps.catalog.services import dataset_target
from apps.catalog.use.services import weigh
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor

SHORTEST, LONGEST = 10, 500  # characters of a reason


class NotMarked(ValueError):
    """The text says what is missing, for whoever asked."""


@transaction.atomic
def certify(*, actor: Actor, dataset: Dataset, rests_on: str) -> Mark:
    """Needs an owner, a description and no failing check. Raises NotMarked."""
    text = _text(rests_on, "what the certification rests on")
    if not dataset.owner or not (dataset.description or dataset.comment):
        raise NotMarked("A certified dataset has an owner and a description. Add what is missing first.")
    if dataset.checks.filter(passed=False).exists():
        raise NotMarked("A check of it fails. It can be certified once they pass.")
    mark = _locked(dataset)
    mark.certified_at, mark.certified_by, mark.rests_on = timezone.now(), actor.name, text
    mark.deprecated_at, mark.deprecated_by, mark.reason, mark.successor = None, "", "", None
    return _saved(actor, dataset, mark, Action.DATASET_CERTIFIED)


@transaction.atomic
def deprecate(*, actor: Actor, dataset: Dataset, reason: str, successor: Dataset | None) -> Mark:
    """Raises NotMarked."""
    text = _text(reason, "why it should not be used any more")
    if successor is not None and successor.pk == dataset.pk:
        raise NotMarked("A dataset cannot follow itself.")
    if successor is not None and Mark.objects.filter(dataset=successor, deprecated_at__isnull=False).exists():
        raise NotMarked("The successor is deprecated itself. Name the one that stays.")
    mark = _locked(dataset)
    mark.certified_at, mark.certified_by, mark.rests_on = None, "", ""
    mark.deprecated_at, mark.deprecated_by = timezone.now(), actor.name
    mark.reason, mark.successor = text, successor
    return _saved(actor, dataset, mark, Action.DATASET_DEPRECATED)


@transaction.atomic
def unmark(*, actor: Actor, dataset: Dataset) -> None:
    """Takes either mark back."""
    gone, _ = Mark.objects.filter(dataset=dataset).delete()
    if gone:
        publish({dataset.pk})
        weigh()
        record(actor=actor, action=Action.DATASET_UNMARKED, target=dataset_target(dataset))


def _locked(dataset: Dataset) -> Mark:
    mark, _ = Mark.objects.get_or_create(dataset=dataset)
    return Mark.objects.select_for_update().get(pk=mark.pk)


def _saved(actor: Actor, dataset: Dataset, mark: Mark, action: Action) -> Mark:
    mark.save()
    publish({dataset.pk})
    weigh()
    detail = {"successor": mark.successor_id} if mark.successor_id else {}
    record(actor=actor, action=action, target=dataset_target(dataset), detail=detail)
    return mark


def _text(value: str, what: str) -> str:
    text = value.replace("\0", "").strip()
    if not SHORTEST <= len(text) <= LONGEST:
        raise NotMarked(f"Say {what} in {SHORTEST} to {LONGEST} characters.")
    return text
