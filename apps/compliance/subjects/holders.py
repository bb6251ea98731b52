"""Asks everybody who keeps copies of a person's values beside the stores (`settings.HOLDERS`)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.conf import settings
from django.utils.module_loading import import_string

from apps.compliance.subjects.types import Check, HeldThing, Trace
from portal.holders import Held, Holder, HolderSilent, Working


def named() -> Iterator[tuple[str, Holder]]:
    for name, path in settings.HOLDERS.items():
        found = import_string(path)
        yield name, found() if isinstance(found, type) else found


def find(trace: Trace) -> tuple[HeldThing, ...]:
    return _all(lambda holder: holder.find(trace.for_holders()))


def erase(trace: Trace, *, check: Check) -> tuple[HeldThing, ...]:
    return _all(lambda holder: holder.erase(trace.for_holders(), check=check))


def at_rest() -> None:
    """Raises HolderBusy while a load is under way: what it brings may have been read before a search, and tables that
    it builds anew are not there for a moment."""
    for _, holder in named():
        if isinstance(holder, Working):
            holder.at_rest()


def collect(trace: Trace) -> Iterator[tuple[str, Iterator[tuple[str, Mapping[str, object]]]]]:
    """Raises HolderSilent."""
    traces = trace.for_holders()
    for _, holder in named():
        yield holder.title, holder.collect(traces)


def _all(ask: Callable[[Holder], Sequence[Held]]) -> tuple[HeldThing, ...]:
    return tuple(thing for name, holder in named() for thing in _asked(name, holder, ask))


def _asked(name: str, holder: Holder, ask: Callable[[Holder], Sequence[Held]]) -> list[HeldThing]:
    try:
        return [HeldThing(name, each.place, each.count, each.what, each.keep) for each in ask(holder)]
    except HolderSilent as silent:
        return [HeldThing(name, holder.title, 0, "", silent=str(silent))]
