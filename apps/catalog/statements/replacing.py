"""What a table held before it was made anew is gone, and with it what earlier statements said of it."""

from collections.abc import Mapping

from apps.catalog.edges import Stated
from apps.catalog.models import Derivation, LineageEdge, Source
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.statements.models import Statement
from apps.catalog.statements.sessions import Kept

PREFIX = "query:"


def outdated(source: Source, kept: Mapping[str, Kept]) -> dict[str, Stated]:
    """Origins of earlier executions into a dataset that a later one of `kept` made anew: they say nothing any more.
    The statements must have been written down."""
    anew: dict[int, Kept] = {}
    for each in kept.values():
        held = anew.get(each.dataset)
        if each.whole and (held is None or held.executed.at < each.executed.at):
            anew[each.dataset] = each
    pairs = _origins(list(anew))
    marks = {origin.removeprefix(PREFIX) for _, origin in pairs}
    times = dict(
        Statement.objects.filter(source=source, fingerprint__in=marks).values_list("fingerprint", "executed_at")
    )
    return {
        origin: Stated(())
        for dataset, origin in pairs
        if (mark := origin.removeprefix(PREFIX)) in times
        and mark != anew[dataset].fingerprint
        and times[mark] < anew[dataset].executed.at
    }


def _origins(datasets: list[int]) -> set[tuple[int, str]]:
    if not datasets:
        return set()
    values = LineageEdge.objects.filter(downstream__dataset__in=datasets, origin__startswith=PREFIX)
    rows = RowEdge.objects.filter(downstream__in=datasets, origin__startswith=PREFIX)
    known = Derivation.objects.filter(column__dataset__in=datasets, origin__startswith=PREFIX)
    return {
        *values.values_list("downstream__dataset", "origin").distinct(),
        *rows.values_list("downstream", "origin").distinct(),
        *known.values_list("column__dataset", "origin").distinct(),
    }
