"""What a page shows of an execution."""

import json
from collections.abc import Sequence

from apps.queries import charts, selectors, services
from apps.queries.exports.formats import FORMATS
from apps.queries.models import Execution
from apps.queries.types import AnswerColumn

FIRST_ROWS = 50


def shown(execution: Execution, chart: str | None = None) -> dict[str, object]:
    """`chart` is what an address says of one; None where none is offered."""
    execution = services.settle_with_run(execution=execution)
    outcome = selectors.outcome_of(execution)
    page = selectors.page_of(execution, 1, FIRST_ROWS)
    return {
        "execution": execution,
        "formats": FORMATS,
        "outcome": outcome,
        "cells": [list(zip(row, outcome.columns, strict=True)) for row in page.rows],
        "closed": page.closed,
        "source": execution.source,
        "text": selectors.text_of(execution),
        "parameters": list(selectors.typed_of(execution).values()),
        **({} if chart is None else charted(charts.recognised(outcome.columns, page.rows), chart)),
    }


def charted(columns: Sequence[AnswerColumn], word: str) -> dict[str, object]:
    """The chart that an address asks for, or the one that fits; and how a form keeps the first."""
    names = [column.name for column in columns]
    wanted = charts.from_word(word, len(columns)) if word else None
    return {
        "chart": wanted or charts.suggest(columns),
        "chart_wanted": wanted is not None,
        "chart_columns": columns,
        "chart_kinds": list(charts.KINDS.items()),
        "chart_kept": json.dumps(charts.named(wanted, names).kept()) if wanted else "",
    }


def with_chart(execution: Execution, text: str) -> str:
    """The address of an execution, with the chart that its form brought along if the answer has its columns."""
    address = execution.get_absolute_url()
    try:
        chart = charts.read(text)
    except charts.Invalid:
        return address
    names = [column.name for column in selectors.outcome_of(execution).columns]
    found = charts.placed(chart, names) if chart else None
    return f"{address}&chart={found.word}" if found else address
