"""Log lines and reasons of runs. No step should write a person's values there; that none did is looked at here."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from django.db import models
from django.db.models import F, Func, Q, Value

from portal.holders import Held, Traces
from portal.runs.models import Attempt, LogLine, Run, Step

ERASED = "[erased]"
# A thing of which the person has more than these is looked for by its owner's key alone.
FEW = 200
PLACES: tuple[tuple[str, type[models.Model], str], ...] = (
    ("log lines of runs", LogLine, "text"),
    ("reasons of runs", Run, "reason"),
    ("reasons of steps", Step, "reason"),
    ("errors of attempts", Attempt, "error"),
)


class Logs:
    title = "Logs of runs"

    def find(self, traces: Traces) -> Sequence[Held]:
        return [
            Held(place, rows_of(model, field, traces).count() if texts(traces) else 0, "lines")
            for place, model, field in PLACES
        ]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """A log tells of the portal's work and not of the person."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        held = []
        for place, model, field in PLACES:
            check()
            held.append(Held(place, cut(model, field, traces), "lines"))
        return held


def texts(traces: Traces) -> list[str]:
    keys = {key for each in traces.keys.values() if len(each) <= FEW for key in each}
    return sorted({*traces.values, *keys}, key=lambda text: (-len(text), text))


def rows_of(model: type[models.Model], field: str, traces: Traces) -> models.QuerySet[models.Model]:
    named = Q()
    for text in texts(traces):
        named |= Q(**{f"{field}__icontains": text})
    return model._default_manager.filter(named)


def cut(model: type[models.Model], field: str, traces: Traces) -> int:
    if not texts(traces):
        return 0
    found = rows_of(model, field, traces)
    pks = list(found.values_list("pk", flat=True))
    pattern = "|".join(map(re.escape, texts(traces)))
    erased = Func(F(field), Value(pattern), Value(ERASED), Value("gi"), function="regexp_replace")
    return model._default_manager.filter(pk__in=pks).update(**{field: erased})
