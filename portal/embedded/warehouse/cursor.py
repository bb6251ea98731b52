"""fakesnow's cursor, mended: MERGE, temporary tables with a schema, errors, readers, one statement at a time."""

import re
from typing import Any

import duckdb
import sqlglot
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from . import merge
from .errors import GAPS, as_snowflake

READS = (
    exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.Show, exp.Describe, exp.Use, exp.Set,
    exp.Transaction, exp.Commit, exp.Rollback,
)  # fmt: skip
# Texts, quoted names, texts between dollars, comments.
QUOTED = re.compile(r"""('(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/)""", re.DOTALL)


class WarehouseCursor(FakeSnowflakeCursor):  # type: ignore[misc]
    _arrow_table: Any

    def execute(self, command: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        try:
            self._permit(command)
            return super().execute(command, params, *args, **kwargs)
        except ProgrammingError:
            raise
        except (duckdb.Error, SqlglotError, *GAPS) as error:
            raise as_snowflake(error, self._conn.session.interrupted if self._conn.session else "") from None

    def _permit(self, command: str) -> None:
        if getattr(self._conn, "writes", True):
            return
        for statement in sqlglot.parse(command, read="snowflake"):
            session = isinstance(statement, exp.Alter) and statement.args.get("kind") == "SESSION"
            if statement is not None and not session and not isinstance(statement, READS):
                raise ProgrammingError(
                    msg="SQL access control error: Insufficient privileges: this account only reads.",
                    errno=3001,
                    sqlstate="42501",
                )

    def _inline_variables(self, sql: str) -> str:
        """Snowflake reads `$name` as a variable where a name may stand, and in no text."""
        parts = QUOTED.split(sql)
        inline = super()._inline_variables
        return "".join(part if place % 2 else inline(part) for place, part in enumerate(parts))

    def _transform_explode(self, expression: Any) -> Any:
        if isinstance(expression, exp.Merge):
            return [expression]
        return super()._transform_explode(expression)

    def _transform(self, expression: Any, params: Any) -> Any:
        return super()._transform(without_temporary(expression), params)

    def _describe_last_sql(self) -> list[Any]:
        """What ran is DuckDB's own already: to read and write it anew, as fakesnow does, cost more than to run it."""
        with self._conn.cursor() as cursor:
            described: list[Any] = cursor._duck_conn.execute(f"DESCRIBE {self._last_sql}", self._last_params).fetchall()
            return described

    def _execute(self, transformed: Any, params: Any = None) -> None:
        session = self._conn.session
        if session and session.interrupted:  # stopped while the statement was still being translated
            raise duckdb.InterruptException("interrupted")
        if not isinstance(transformed, exp.Merge):
            super()._execute(transformed, params)
            return
        kinds = merge.actions(transformed)
        super()._execute(merge.for_duckdb(transformed), params)
        select, total = merge.counts(kinds, self._arrow_table.column(0).to_pylist())
        self._arrow_table = self._duck_conn.execute(select).to_arrow_table()
        self._rowcount, self._last_sql, self._last_params = total, select, None


def without_temporary(expression: Any) -> Any:
    """DuckDB keeps temporary tables and views in a catalog of their own, where `analytics.core.t` is not found."""
    if isinstance(expression, exp.Create) and expression.kind in ("TABLE", "VIEW"):
        table = expression.find(exp.Table)
        properties = expression.args.get("properties")
        if table is not None and table.db and properties is not None:
            kept = [item for item in properties.expressions if not isinstance(item, exp.TemporaryProperty)]
            properties.set("expressions", kept)
            if not kept:
                expression.set("properties", None)
    return expression
