"""Names become what the catalog knows: tables by path, columns by table, stars by their columns."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify as sqlglot_qualify
from sqlglot.schema import MappingSchema

from portal.sql.parse import Dialect, SqlProblem, problem_at

Path = tuple[str, ...]
Parsed = TypeVar("Parsed", bound=exp.Expr)


@dataclass(frozen=True)
class Names:
    """The tables that a reader may know of, and what a name that says less than a whole path is completed with."""

    default_path: Path
    tables: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)

    def path_of(self, table: exp.Table) -> Path:
        """The path of a table of the store. Raises SqlProblem for one that does not exist or may not be known of:
        the two look the same to the one who asks."""
        typed = tuple(part.name for part in table.parts)
        path = self.default_path[: max(0, 3 - len(typed))] + typed
        if len(typed) <= 3 and path in self.tables:
            return path
        raise problem_at(
            table, "unknown_table", f"There is no table {'.'.join(typed)} that you can see.", self.hint(typed)
        )

    def hint(self, typed: Path) -> str:
        close = [path for path in self.tables if path[-1].lower() == typed[-1].lower()]
        if not close:
            names = set(difflib.get_close_matches(typed[-1], [path[-1] for path in self.tables], n=3))
            close = [path for path in self.tables if path[-1] in names]
        if not close:
            return "Search the catalog for it, or ask a steward for access."
        return f"Did you mean {' or '.join('.'.join(path[1:]) for path in sorted(close)[:3])}?"


def fold_identifiers(query: Parsed, dialect: Dialect) -> Parsed:
    """Unquoted names in the store's case (Snowflake upper, PostgreSQL lower); quoted ones as they are.

    >>> select Id from "Orders"      (postgres)
    select id from "Orders"
    """
    return normalize_identifiers(query, dialect=dialect)


def qualify(query: exp.Query, dialect: Dialect, columns: Mapping[str, tuple[str, ...]]) -> exp.Query:
    """Every column gets its source, every star its columns, every name its quotes.

    `columns` are those of each bare table name that stands in the query. Raises SqlProblem for a column that none or
    several sources have.
    """
    schema = MappingSchema(
        {name: dict.fromkeys(names, "UNKNOWN") for name, names in columns.items()}, dialect=dialect, normalize=False
    )
    columns_typed = list(query.find_all(exp.Column))
    try:
        return sqlglot_qualify(query, dialect=dialect, schema=schema, identify=True)
    except SqlglotError as error:
        raise column_problem(str(error), columns_typed, columns.values()) from None
    except (RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise SqlProblem(
            "not_understood", "The columns of this query cannot be told apart.", hint="Name each with its table."
        ) from None


def column_problem(said: str, columns: list[exp.Column], known: Iterable[tuple[str, ...]]) -> SqlProblem:
    for column in columns:
        if f"'{column.name}'" in said:
            message = f"The column {column.sql(comments=False)} is in none of the tables here, or in several."
            return problem_at(column, "unknown_column", message, nearest(column.name, known))
    return SqlProblem("not_understood", "This query's names cannot be resolved.", hint="Name each column's table.")


def nearest(name: str, known: Iterable[tuple[str, ...]]) -> str:
    """Of the columns of the tables in the query, whose names the reader may know."""
    names = {column for columns in known for column in columns}
    if name in names:
        return "Put the name of its table in front of it."
    folded = {column.lower(): column for column in names}
    close = [folded[each] for each in difflib.get_close_matches(name.lower(), folded, n=3)]
    return f"Did you mean {' or '.join(close)}?" if close else "Check its name, and put the table's in front."
