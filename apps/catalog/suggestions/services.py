"""Suggestions are made by a look at the store, and become categories by a person's word alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.catalog.categories import rank
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.services import classify
from apps.catalog.suggestions.detect import ENOUGH, WORDS, Guess, Profile, guess
from apps.catalog.suggestions.models import Suggestion
from apps.catalog.suggestions.sampling import profiles
from apps.catalog.types import Certainty, ColumnRef
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.stores.types import StoreError

MOVED = 0.3  # by how much the share of a refused suggestion has to change before it is made again
DOUBT, GONE = 0.6, 0.05
ORIGIN = "suggestions"


@dataclass(frozen=True)
class SuggestReport:
    source: str
    columns: int
    open: int
    doubts: int
    unread: tuple[str, ...]  # datasets that the store did not let be sampled


def suggest(*, actor: Actor, source: str) -> SuggestReport:
    """Looks at a sample of every unclassified or confirmed column. Raises Source.DoesNotExist."""
    row = Source.objects.get(name=source)
    looked: list[tuple[Column, Guess | None, Profile]] = []
    unread: list[str] = []
    for dataset in Dataset.objects.filter(source=row, retired_at=None).select_related("source").order_by("pk"):
        columns = list(dataset.columns.filter(retired_at=None).exclude(name__contains=":"))
        columns = [column for column in columns if column.certainty != Certainty.INFERRED]
        try:
            found = profiles(dataset, columns)
        except StoreError as error:
            unread.append(f"{dataset.title}: {error.public}")
            continue
        none = Profile(0, {})
        for column in columns:
            seen = found.get(column.pk, none)
            looked.append((column, guess(column.name, column.comment, column.type, seen), seen))
    return _write(actor, row, looked, unread)


@transaction.atomic
def _write(
    actor: Actor, source: Source, looked: Sequence[tuple[Column, Guess | None, Profile]], unread: list[str]
) -> SuggestReport:
    fresh = {c.pk: g for c, g, _ in looked if g is not None and c.certainty == Certainty.NONE}
    held = {(s.column_id, s.category): s for s in Suggestion.objects.filter(column__dataset__source=source)}
    kept: set[int] = set()
    for pk, each in fresh.items():
        before = held.get((pk, each.category))
        if before is None:
            before = Suggestion(column_id=pk, category=each.category, score=-1, made_at=timezone.now())
        if before.state == Suggestion.State.REJECTED and abs(before.score - each.score) < MOVED:
            continue
        before.score, before.evidence, before.state = each.score, each.evidence[:500], Suggestion.State.OPEN
        before.save()
        kept.add(before.pk)
    stale = Suggestion.objects.filter(column__dataset__source=source, state=Suggestion.State.OPEN)
    stale.exclude(pk__in=kept).delete()
    doubts = [found for column, _, seen in looked if (found := _doubt(column, seen))]
    state(actor=actor, source=source.name, origin=ORIGIN, kind=FindingKind.CATEGORY_IN_DOUBT, found=doubts)
    detail = {"columns": len(looked), "open": len(kept), "doubts": len(doubts), "unread": len(unread)}
    target = Target("source", str(source.pk), source.name)
    record(actor=actor, action=Action.CATEGORIES_SUGGESTED, target=target, detail=detail)
    return SuggestReport(source.name, len(looked), len(kept), len(doubts), tuple(unread))


def _doubt(column: Column, seen: Profile) -> Found | None:
    """A person's word stays; that its content says otherwise is said."""
    if column.certainty != Certainty.CONFIRMED or seen.sampled < ENOUGH:
        return None
    best = max(seen.shares, key=lambda category: seen.shares[category], default="")
    share = seen.shares.get(best, 0.0)
    below = best == column.category or column.category.startswith(f"{best}.") or best.startswith(f"{column.category}.")
    if share >= DOUBT and not below and rank(best) > rank(column.category):
        told = f"{share:.0%} of {seen.sampled:,} sampled values are {WORDS[best]}".replace("%", " %")
        return _found(column, f"It is confirmed as {column.category}, but {told}")
    if column.category in WORDS and column.category in ENTIRE and seen.shares.get(column.category, 0.0) < GONE:
        told = f"hardly any of {seen.sampled:,} sampled values are {WORDS[column.category]}"
        return _found(column, f"It is confirmed as {column.category}, but {told}")
    return None


# Of these every value has one form; a bank account may be kept as a token or by its last digits.
ENTIRE = ("user.contact.email", "user.device.ip_address")


def _found(column: Column, words: str) -> Found:
    return Found(column.dataset_id, str(column.pk), words, "", column.name, "a sample of its values")


@transaction.atomic
def decide(*, actor: Actor, suggestions: Iterable[int], accept: bool) -> int:
    """A person's yes makes each the confirmed category of its column; a no keeps it from coming back."""
    rows = Suggestion.objects.select_for_update(of=("self",)).filter(
        pk__in=list(suggestions), state=Suggestion.State.OPEN
    )
    listed = list(rows.select_related("column__dataset__source"))
    if accept:
        for each in listed:
            dataset = each.column.dataset
            ref = ColumnRef(dataset.source.name, tuple(dataset.path), each.column.name)
            classify(actor=actor, items={ref: each.category}, evidence=f"suggested: {each.evidence}"[:500])
    for each in listed:
        each.state = Suggestion.State.ACCEPTED if accept else Suggestion.State.REJECTED
        each.decided_at, each.decided_by = timezone.now(), actor.name
    Suggestion.objects.bulk_update(listed, ["state", "decided_at", "decided_by"])
    for each in listed:
        record(
            actor=actor,
            action=Action.SUGGESTION_DECIDED,
            target=Target("column", str(each.column_id), f"{each.column.dataset.title}.{each.column.name}"),
            detail={"category": each.category, "accepted": accept},
        )
    return len(listed)
