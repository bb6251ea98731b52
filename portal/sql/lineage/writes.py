"""A statement that writes, as queries whose output is what it writes: then it is read like any other query."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from portal.sql.parse import SqlProblem

ColumnsOf = Callable[[exp.Table], Sequence[str] | None]


@dataclass(frozen=True)
class Write:
    """`names` are those of the first query's columns by position; empty: its own. The other queries name theirs.
    `whole`: the table is made anew, and holds nothing else."""

    target: exp.Table
    kind: str
    queries: tuple[exp.Query, ...]
    names: tuple[str, ...] = ()
    whole: bool = False
    temporary: bool = False


def write_of(statement: exp.Expr, columns_of: ColumnsOf) -> Write | None:
    """None for what writes no rows. Raises SqlProblem for a writing statement that is not read."""
    if isinstance(statement, exp.Select) and statement.args.get("into"):
        into = statement.args["into"]
        return Write(into.this, "create", (statement,), whole=True, temporary=bool(into.args.get("temporary")))
    reader = next((READERS[kind] for kind in type(statement).__mro__ if kind in READERS), None)
    return reader(statement, columns_of) if reader else None


def _create(statement: exp.Expr, columns_of: ColumnsOf) -> Write | None:
    if statement.args.get("kind") not in ("TABLE", "VIEW"):
        return None
    target, names = _target(statement.this)
    properties = statement.args.get("properties")
    temporary = bool(properties and properties.find(exp.TemporaryProperty))
    clone, query = statement.args.get("clone"), statement.expression
    if clone is not None:
        query = exp.Select(expressions=[exp.Star()], from_=exp.From(this=clone.this.copy()))
    kind = "create"
    if not isinstance(query, exp.Query):  # a table with columns and no rows
        kind = "declare"
        like = properties.find(exp.LikeProperty) if properties else None
        names = names or tuple((columns_of(like.this) if like else None) or ())
        query = exp.Select(expressions=[exp.alias_(exp.null(), name, quoted=True) for name in names])
    return Write(target, kind, (query,), names, whole=True, temporary=temporary)


def _insert(statement: exp.Expr, columns_of: ColumnsOf) -> Write:
    target, listed = _target(statement.this)
    names = listed or tuple(columns_of(target) or ())
    if not names:
        raise _unread(f"{target.name} is not in the catalog, and the statement lists no columns")
    query = statement.expression
    if isinstance(query, exp.Values):
        query = exp.Select(expressions=[exp.Star()], from_=exp.From(this=query))
    if not isinstance(query, exp.Query):
        raise _unread("an INSERT without a query or values is not read")
    if (with_ := statement.args.get("with_")) is not None and query.args.get("with_") is None:
        query = query.copy()
        query.set("with_", with_.copy())
    updates = _conflict(statement.args.get("conflict"), query, target, names)
    return Write(target, "insert", (query, *updates), names, whole=bool(statement.args.get("overwrite")))


def _conflict(
    conflict: exp.Expr | None, query: exp.Query, target: exp.Table, names: tuple[str, ...]
) -> list[exp.Query]:
    """`on conflict do update set a = excluded.b`: the row that was to be inserted is a source beside the target."""
    if conflict is None or not conflict.expressions:
        return []
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    alias = exp.TableAlias(this=exp.to_identifier("excluded"), columns=columns)
    sources = [target, exp.Subquery(this=query.copy(), alias=alias)]
    return [_reading(_assigned(conflict.expressions), sources, conflict.args.get("where"))]


def _update(statement: exp.Expr, columns_of: ColumnsOf) -> Write:
    target, _ = _target(statement.this)
    from_ = statement.args.get("from_")
    sources = [statement.this, *([from_.this] if from_ else [])]
    query = _reading(
        _assigned(statement.expressions), sources, statement.args.get("where"), statement.args.get("with_")
    )
    return Write(target, "update", (query,))


def _delete(statement: exp.Expr, columns_of: ColumnsOf) -> Write:
    target, _ = _target(statement.this)
    sources = [statement.this, *(statement.args.get("using") or ())]
    query = _reading([], sources, statement.args.get("where"), statement.args.get("with_"))
    return Write(target, "delete", (query,))


def _merge(statement: exp.Expr, columns_of: ColumnsOf) -> Write:
    target, _ = _target(statement.this)
    using, with_ = statement.args["using"], statement.args.get("with_")
    whens = statement.args["whens"].expressions
    joined = exp.Join(this=using.copy(), on=statement.args["on"].copy())
    matched = exp.Select(from_=exp.From(this=statement.this.copy()), joins=[joined])
    for when in whens:
        if (condition := when.args.get("condition")) is not None:
            matched.where(condition.copy(), copy=False)
    values = [value for when in whens for value in _arm(when, target, columns_of, inserts=False)]
    matched.set("expressions", values)
    if with_ is not None:
        matched.set("with_", with_.copy())
    inserted = [value for when in whens for value in _arm(when, target, columns_of, inserts=True)]
    # An inserted value sees the source alone: a bare name there is never a column of the target.
    return Write(target, "merge", (matched, _reading(inserted, [using], None, with_)))


def _arm(when: exp.Expr, target: exp.Table, columns_of: ColumnsOf, *, inserts: bool) -> list[exp.Expr]:
    then = when.args.get("then")
    if isinstance(then, exp.Update) and not inserts:
        return _assigned(then.expressions)
    if not isinstance(then, exp.Insert) or not inserts:
        return []
    listed = then.this.expressions if isinstance(then.this, exp.Tuple) else []
    names = [each.name for each in listed] or list(columns_of(target) or ())
    values = then.expression.expressions if isinstance(then.expression, exp.Tuple) else []
    if len(names) != len(values):
        raise _unread("an INSERT of a MERGE names other columns than it has values")
    return [exp.alias_(value.copy(), name, quoted=True) for name, value in zip(names, values, strict=True)]


def _assigned(assignments: Iterable[exp.Expr]) -> list[exp.Expr]:
    """`set a = x, (b, c) = (y, z)` as `x as a, y as b, z as c`."""
    found: list[exp.Expr] = []
    for each in assignments:
        left, right = each.this, each.expression
        lefts = left.expressions if isinstance(left, exp.Tuple) else [left]
        rights = right.expressions if isinstance(right, exp.Tuple) else [right] * len(lefts)
        if len(lefts) != len(rights) or not isinstance(each, exp.EQ):
            raise _unread("an assignment is not read")
        found += [exp.alias_(b.copy(), a.name, quoted=True) for a, b in zip(lefts, rights, strict=True)]
    return found


def _reading(
    values: list[exp.Expr], sources: Sequence[exp.Expr], where: exp.Expr | None, with_: exp.Expr | None = None
) -> exp.Select:
    first, *others = (each.copy() for each in sources)
    query = exp.Select(expressions=values, from_=exp.From(this=first), joins=[exp.Join(this=each) for each in others])
    for name, clause in (("where", where), ("with_", with_)):
        if clause is not None:
            query.set(name, clause.copy())
    return query


def _target(this: exp.Expr) -> tuple[exp.Table, tuple[str, ...]]:
    """The table that is written, bare, and the columns that stand behind it in brackets."""
    table = this.this if isinstance(this, exp.Schema) else this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise _unread("what it writes is not a table")
    names = tuple(each.name for each in this.expressions if each.name) if isinstance(this, exp.Schema) else ()
    return exp.Table(**{key: table.args.get(key) for key in ("this", "db", "catalog")}).copy(), names


def _unread(why: str) -> SqlProblem:
    return SqlProblem("not_read", f"{why}.", hint="Its lineage stays unknown.")


Read = Callable[[exp.Expr, ColumnsOf], Write | None]
READERS: dict[type[exp.Expr], Read] = {
    exp.Create: _create,
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
}
