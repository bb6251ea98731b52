"""An execution with its result, as a worker leaves it."""

from typing import Any

from apps.queries import results, services
from apps.queries.models import Execution
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor


def with_result(user: User, text: str, columns: dict[str, list[Any]]) -> Execution:
    import pyarrow as pa

    row = services.start_execution(actor=Actor.of(user), user=user, purpose=Purpose.ANALYTICS, source="oltp", text=text)
    types = results.write(row.pk, [pa.RecordBatch.from_pydict(columns)], list(columns), by_name=False)
    told = tuple(AnswerColumn(name, kind, "no") for name, kind in zip(columns, types, strict=True))
    rows = len(next(iter(columns.values())))
    services.finish(key=row.pk, outcome=Outcome(told), rows=rows, truncated=False)
    row.refresh_from_db()
    return row
