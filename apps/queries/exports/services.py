"""The one way out: opens the sealed result, writes it down in the trail, then hands out the file."""

from collections.abc import Iterator
from importlib import import_module

from django.db import transaction

from apps.queries import results
from apps.queries.exports.formats import FORMATS
from apps.queries.exports.marks import mark_of
from apps.queries.exports.types import (
    DoesNotFit,
    Download,
    Export,
    Format,
    NoResult,
    ResultClosed,
    ResultGone,
    UnknownFormat,
)
from apps.queries.models import Execution
from apps.queries.sealing import Broken
from apps.queries.selectors import closed, outcome_of
from apps.queries.services import target_of
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor

GONE = "This result is past its time or was removed. Run the query again."


def export(*, actor: Actor, execution: Execution, word: str) -> Download:
    """The masked rows as they were sealed; no store is asked. The event stands before the first byte is there to take.

    `word` is one of FORMATS. Raises NotExported.
    """
    kind = format_of(word)
    taken = opened(execution)
    refuse_what_does_not_fit(kind, taken)
    detail = {
        "format": word,
        "rows": taken.rows,
        "columns": len(taken.columns),
        "purpose": taken.mark.purpose,
        "policy_version": taken.mark.policy_version,
        "emergency": taken.mark.emergency,
    }
    with transaction.atomic():
        record(actor=actor, action=Action.QUERY_EXPORTED, target=target_of(execution), detail=detail)
    name = f"query-{str(execution.pk)[:8]}.{kind.suffix}"
    return Download(name, kind.content_type, written(kind, taken))


def format_of(word: str) -> Format:
    if word not in FORMATS:
        raise UnknownFormat(f"“format” must be one of {', '.join(FORMATS)}.")
    return FORMATS[word]


def opened(execution: Execution) -> Export:
    """Decided about again, as every look at it is."""
    if not execution.has_result:
        if execution.status == Execution.Status.DONE:
            raise ResultGone(GONE)
        raise NoResult(f"This query is {execution.status}: it has no result to export.")
    if why := closed(execution):
        raise ResultClosed(why)
    try:
        with results.opened(execution.pk) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
    except (FileNotFoundError, Broken):
        raise ResultGone(GONE) from None
    columns, mark = outcome_of(execution).columns, mark_of(execution)
    return Export(results.tables_of(execution.pk), schema, rows, columns, mark, execution.truncated)


def refuse_what_does_not_fit(kind: Format, taken: Export) -> None:
    for count, most, noun in (
        (taken.rows, kind.most_rows, "rows"),
        (len(taken.columns), kind.most_columns, "columns"),
    ):
        if most and count > most:
            raise DoesNotFit(
                f"{kind.label} holds at most {most:,} {noun} and this result has {count:,}. "
                "Take Parquet, Arrow or CSV, or narrow the query."
            )


def written(kind: Format, taken: Export) -> Iterator[bytes]:
    chunks: Iterator[bytes] = import_module(kind.writer).write(taken)
    return chunks
