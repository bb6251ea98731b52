"""Decides whether an erasure is complete: by looking again, not by what the steps returned."""

from collections import Counter
from collections.abc import Iterator

from django.conf import settings

from apps.compliance.subjects import holders
from apps.compliance.subjects.looking import Look, Seen, live_keys
from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.reach import Reach, Target, reach
from apps.compliance.subjects.sight import unseen
from apps.compliance.subjects.territory import survey
from apps.compliance.subjects.types import (
    Action,
    Check,
    HeldThing,
    KeptRows,
    Place,
    Plan,
    Progress,
    ReachedBy,
    Rescan,
    Residue,
    Searched,
    Trace,
)

VALUE = "a value of the person"
ROWS = "rows of the person that were to go"
COLUMN = "a personal column that is not masked"
NAME = "a name that is a value of the person: rename it in the store"
UNSEEN = "cannot be read, so nobody knows what is left there"


def rescan(*, plan: Plan, trace: Trace, check: Check, progress: Progress) -> Rescan:
    """Every text and JSON column and path of every store as it is now, and every holder. Raises StoreError."""
    territory, matcher = survey(), Matcher(trace.values)
    before = holders.find(trace)
    residues: list[Residue] = []
    kept: list[KeptRows] = []
    searched: list[Searched] = []
    alone = 0
    reaches = {source: reach(source) for source in settings.STORES}
    residues += [Residue(each.dataset, "", 0, f"{UNSEEN}: {each.why}") for each in unseen(territory, reaches)]
    for source, where in reaches.items():
        look = Look(territory, source, where, trace.keys, matcher, check)
        residues += [Residue(dataset, column, 0, NAME) for dataset, column in look.named_after()]
        for seen in look.all():
            residues += _values(look, seen)
            alone += seen.others
        for place in _places(look, plan, trace):
            check()
            left, rows = _rows(where, place, trace)
            residues += left
            kept += rows
        searched.append(look.searched())
        progress(sum(each.rows for each in searched))
    return Rescan(tuple(residues), tuple(searched), tuple(kept), _held(before, holders.find(trace)), alone)


def _held(before: tuple[HeldThing, ...], after: tuple[HeldThing, ...]) -> tuple[HeldThing, ...]:
    """As it is at the end, and every silence of the beginning: a load that was under way then and is over now may
    have written behind the search."""
    silent = [
        each for each in before if each.silent and each.holder not in {then.holder for then in after if then.silent}
    ]
    return (*silent, *after)


def _values(look: Look, seen: Seen) -> Iterator[Residue]:
    for column, rows in sorted((seen.mine + seen.nobody).items()):
        yield Residue(look.cut(seen.dataset), look.matcher.cut(column), rows, VALUE)


def _places(look: Look, plan: Plan, trace: Trace) -> list[Place]:
    """Those of the plan, and datasets that have rows of the person and were not in it: they were not decided upon."""
    planned = [place for place in plan.of(look.source) if place.action is not Action.CUT]
    known = {place.dataset for place in planned}
    for info in look.tables():
        target = look.target(info)
        if target.owners and target.dataset not in known and look.reach.count(target):
            planned.append(_unplanned(target))
    return planned


def _unplanned(target: Target) -> Place:
    return Place(target.dataset, "", ReachedBy.KEY, target.owners, (), 0, Action.ERASE, "", ())


def _rows(where: Reach, place: Place, trace: Trace) -> tuple[list[Residue], list[KeptRows]]:
    key = live_keys({place.dataset.source: where}).get((place.dataset.source, place.dataset.path), "")
    target = Target(place.dataset, place.owners, trace.keys, key)
    if not any(info.path == place.dataset.path for info in where.live()):
        return [], []  # gone with its table
    rows = where.count(target)
    if place.action is Action.ERASE:
        return ([Residue(place.dataset, "", rows, ROWS)] if rows else []), []
    unmasked = Counter(where.unmasked(target, place.masked))
    left = [Residue(place.dataset, column, n, COLUMN) for column, n in sorted(unmasked.items()) if n]
    return left, ([KeptRows(place.dataset, rows, place.ground or place.why, place.until)] if rows else [])
