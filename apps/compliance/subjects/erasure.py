"""Carries out a plan in one store, or asks the holders to. Safe to call again, also after its worker was killed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from apps.compliance.subjects import holders
from apps.compliance.subjects.looking import Look, live_keys
from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.reach import Reach, Target, reach
from apps.compliance.subjects.territory import survey
from apps.compliance.subjects.types import Action, Check, Done, HeldThing, Place, Plan, Progress, Trace
from apps.compliance.subjects.values import still_theirs
from portal.stores.types import Store, StoreError


class NotSettled(ValueError):
    """The plan has findings that somebody must settle first."""


def erase(
    *,
    plan: Plan,
    trace: Trace,
    source: str,
    check: Check,
    progress: Progress,
    opened: Callable[[Store], None] = lambda store: None,
) -> tuple[Done, ...]:
    """What the plan says for this store. Enter the person into the ledger first (`ledger.enter`). Raises StoreError.

    `opened` is told of the store before it is asked, so that somebody can cancel (`context.on_cancel`).
    """
    if plan.blocking:
        raise NotSettled(plan.blocking[0].message)
    where = reach(source)
    opened(where.store)
    trace = still_theirs(trace, check)
    work = Work(where, trace, check, progress)
    keys = live_keys({source: work.where})
    done: list[Done] = []
    # Texts first: what they stand in may be a row that is masked or erased next.
    for place in sorted(plan.of(source), key=lambda place: place.action is not Action.CUT):
        check()
        target = Target(place.dataset, place.owners, trace.keys, keys.get((source, place.dataset.path), ""))
        with naming(place):
            done.append(Done(place.dataset, place.action, work.carry_out(place, target)))
    return tuple(done)


@contextmanager
def naming(place: Place) -> Iterator[None]:
    """Says of what a store refuses in which dataset it was: whoever reads it has to mend it there."""
    try:
        yield
    except StoreError as error:
        said = f"{place.dataset.title}: {error.public}"
        raise StoreError(
            str(error), store=error.store, public=said, retryable=error.retryable, code=error.code
        ) from error


@dataclass
class Work:
    where: Reach
    trace: Trace
    check: Check
    progress: Progress
    done: int = 0

    def carry_out(self, place: Place, target: Target) -> int:
        rows = self._carried_out(place, target)
        self.done += rows
        return rows

    def _carried_out(self, place: Place, target: Target) -> int:
        if place.action is Action.ERASE:
            return self.where.erase(target, check=self.check, progress=self._tell)
        if place.action is Action.CUT:
            return self._cut(place, target)
        return self.where.mask(target, place.masked, check=self.check, progress=self._tell)

    def _tell(self, rows: int) -> None:
        self.progress(self.done + rows)

    def _cut(self, place: Place, target: Target) -> int:
        """Found anew: what was cut out before is not met again."""
        matcher = Matcher(self.trace.values)
        look = Look(survey(), place.dataset.source, self.where, self.trace.keys, matcher, self.check)
        total = 0
        for info in look.tables():
            if info.path != place.dataset.path or not matcher:
                continue
            for whose, document, _ in list(look.hits(info)):
                if whose != "other":
                    self.check()
                    # What says that a row is hers stays until the row is masked as a whole: without it nobody knew.
                    spared = frozenset(owner.column for owner in target.owners) if whose == "mine" else frozenset()
                    total += self.where.cut(target, document, matcher, names=look.names(info), spared=spared)
                    self._tell(total)
        return total


def erase_held(*, trace: Trace, check: Check) -> tuple[HeldThing, ...]:
    """What every holder did; one that does not answer is in it as `silent`, and raises nothing."""
    return holders.erase(trace, check=check)
