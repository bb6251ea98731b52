"""MERGE, handed to DuckDB's own MERGE, which is atomic, instead of fakesnow's emulation in several statements.

Before: merge into core.t as t using s on t.id = s.id when not matched then insert (id, n) values (id, n)
After:  the same with values (s.id, s.n) ... returning merge_action, counted into Snowflake's one row of counts
"""

from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

# DuckDB's word for what happened to a row, and Snowflake's heading for how many.
HEADINGS = {
    "INSERT": "number of rows inserted",
    "UPDATE": "number of rows updated",
    "DELETE": "number of rows deleted",
}


def for_duckdb(merge: exp.Merge) -> exp.Merge:
    """Rewrites in place what DuckDB reads differently, and asks for the action of every row."""
    source = merge.args["using"].alias_or_name
    for when in merge.args["whens"].expressions:
        then = when.args.get("then")
        if isinstance(then, exp.Insert):
            qualify_values(then, source)
        elif isinstance(then, exp.Update):
            plain_targets(then)
    merge.set("returning", exp.Returning(expressions=[exp.column("merge_action")]))
    return merge


def qualify_values(insert: exp.Insert, source: str) -> None:
    """An unqualified column among inserted values means the source's; DuckDB finds it in both and gives up."""
    values = insert.args.get("expression")
    for column in values.find_all(exp.Column) if values is not None else ():
        if not column.table and not column.find_ancestor(exp.Subquery):
            column.set("table", exp.to_identifier(source))
    for column in insert.this.find_all(exp.Column) if insert.this is not None else ():
        column.set("table", None)


def plain_targets(update: exp.Update) -> None:
    """`set t.n = s.n`: DuckDB wants the assigned column without its table."""
    for assignment in update.expressions:
        if isinstance(assignment.this, exp.Column):
            assignment.this.set("table", None)


def actions(merge: exp.Merge) -> list[str]:
    """What the statement may do, in the order in which Snowflake names its counts."""
    kinds = set()
    for when in merge.args["whens"].expressions:
        then = when.args.get("then")
        kinds.add("INSERT" if isinstance(then, exp.Insert) else "UPDATE" if isinstance(then, exp.Update) else "DELETE")
    return [kind for kind in HEADINGS if kind in kinds]


def counts(kinds: Iterable[str], done: Iterable[str]) -> tuple[str, int]:
    """A one-row select with Snowflake's headings, and the total."""
    tally = Counter(done)
    columns = [f'{tally[kind]} AS "{HEADINGS[kind]}"' for kind in kinds]
    return f"SELECT {', '.join(columns)}", tally.total()
