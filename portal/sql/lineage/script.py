"""Lineage of several statements that see one another: a script, or what one session executed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Dialects
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from portal.sql.lineage.expressions import Keyed
from portal.sql.lineage.frames import Relation
from portal.sql.lineage.statement import Columns, Reader, StatementLineage, lineage_of, spelled, told
from portal.sql.lineage.values import NO_ROWS, Path, Value, union
from portal.sql.lineage.writes import Write, write_of
from portal.sql.parse import QUERY_TYPES, Dialect, SqlProblem, check_characters, parsed
from portal.sql.resolve import fold_identifiers

# They write no rows, or none that come from a column.
SILENT = (
    *QUERY_TYPES, exp.Create, exp.Use, exp.Set, exp.Drop, exp.TruncateTable, exp.Transaction, exp.Commit, exp.Rollback,
    exp.Comment, exp.Grant, exp.Describe, exp.Show, exp.Semicolon, exp.Pragma, exp.Analyze, exp.Kill, exp.Cache,
)  # fmt: skip
SILENT_COMMANDS = frozenset({"SHOW", "GRANT", "REVOKE", "VACUUM", "EXPLAIN", "LIST", "LS", "ALTER SESSION", "RESET"})
COLUMN_CHANGES = (exp.ColumnDef, exp.AlterColumn, exp.RenameColumn, exp.AddConstraint, exp.Drop)


@dataclass(frozen=True)
class Written:
    """What one statement wrote. `whole`: the table was made anew. `through` are the statements, by number, that made
    the temporary tables it read, itself the last."""

    statement: int
    table: Path
    kind: str
    lineage: StatementLineage
    whole: bool
    through: tuple[int, ...]


@dataclass(frozen=True)
class Unread:
    statement: int
    reason: str


@dataclass(frozen=True)
class ScriptLineage:
    written: tuple[Written, ...]
    unread: tuple[Unread, ...]


def script_lineage(
    text: str, dialect: Dialect, columns_of: Columns, *, default_path: Path = (), keyed: Keyed = frozenset()
) -> ScriptLineage:
    """A text of several statements; see session_lineage."""
    return session_lineage(pieces(text, dialect), dialect, columns_of, default_path=default_path, keyed=keyed)


def session_lineage(
    texts: Sequence[str], dialect: Dialect, columns_of: Columns, *, default_path: Path = (), keyed: Keyed = frozenset()
) -> ScriptLineage:
    """The statements of one session in their order, numbered from 0. What is not read is said, the others go on.

    A temporary table is seen through: whoever reads it reads what it was made of, and it is not in the result. So is
    a table that was made in the session and that `columns_of` does not know.
    """
    session = Session(dialect, columns_of, default_path, keyed)
    for number, text in enumerate(texts):
        try:
            for piece in pieces(text, dialect):
                session.take(number, piece)
        except SqlProblem as problem:
            session.unread.append(Unread(number, problem.message))
    return ScriptLineage(tuple(session.written), tuple(session.unread))


def view_lineage(text: str, dialect: Dialect, columns_of: Columns, *, default_path: Path = ()) -> StatementLineage:
    """Of a view's definition, as a store tells it: the query alone, or the whole CREATE VIEW. Raises SqlProblem."""
    found = script_lineage(text, dialect, columns_of, default_path=default_path)
    if found.unread:
        raise SqlProblem("not_read", found.unread[0].reason)
    if found.written:
        return found.written[-1].lineage
    return lineage_of(text, dialect, columns_of, default_path=default_path)


def pieces(text: str, dialect: Dialect) -> list[str]:
    """Cut at the semicolons that end a statement; one piece where quotes do not close, for the parser to say so."""
    try:
        tokens = Dialects.get_or_raise(dialect).tokenize(text)
    except SqlglotError:
        return [text]
    cuts = [token.start for token in tokens if token.token_type is TokenType.SEMICOLON]
    parts = [text[start:end] for start, end in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True)]
    return [part for part in parts if part.strip()]


@dataclass
class Session:
    dialect: Dialect
    known: Columns
    default_path: Path
    keyed: Keyed
    made: dict[Path, Relation] = field(default_factory=dict)
    stood: dict[Path, tuple[int, ...]] = field(default_factory=dict)
    temporary: set[Path] = field(default_factory=set)
    written: list[Written] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def take(self, number: int, text: str) -> None:
        """Raises SqlProblem."""
        check_characters(text)
        for parsed_one in parsed(text, self.dialect):
            if parsed_one is None:
                continue
            statement = fold_identifiers(spelled(parsed_one), self.dialect)
            write = write_of(statement, self.columns_of)
            if write:
                self.write(number, write)
            else:
                self.follow(number, statement)

    def columns_of(self, table: exp.Table) -> Sequence[str] | None:
        path = self.path_of(table)
        return self.made[path].names() if path in self.made else self.known(path)

    def path_of(self, table: exp.Table) -> Path:
        typed = tuple(part.name for part in table.parts)
        return self.default_path[: max(0, 3 - len(typed))] + typed

    def write(self, number: int, write: Write) -> None:
        path = self.path_of(write.target)
        reader = Reader(self.known, self.default_path, self.keyed, self.made)
        relation = self.relation(write, reader)
        stood = {each for made in reader.through for each in self.stood[made]}
        if path in self.made and not write.whole:
            stood |= set(self.stood[path])
        through = (*sorted(stood - {number}), number)
        if write.temporary or path in self.temporary or path in self.made or self.known(path) is None:
            self.remember(path, relation, through, write)
        if path not in self.temporary and write.kind != "declare":
            lineage = told(relation, frozenset(reader.met))
            self.written.append(Written(number, path, write.kind, lineage, write.whole, through))

    def relation(self, write: Write, reader: Reader) -> Relation:
        """What all its queries write, by the target's columns."""
        first, *others = (reader.read(query, None, {}) for query in write.queries)
        if write.names and first.opaque:
            raise SqlProblem("not_read", f"Which column goes where is not known: {first.opaque}.")
        named = first.renamed(write.names) if write.names else first
        kept = named.columns[: len(write.names)] if write.names else named.columns
        return combined([Relation(kept, named.opaque, named.rows), *others])

    def remember(self, path: Path, relation: Relation, through: tuple[int, ...], write: Write) -> None:
        if write.temporary:
            self.temporary.add(path)
        held = self.made.get(path)
        self.made[path] = combined([held, relation]) if held and not write.whole else relation
        self.stood[path] = through

    def follow(self, number: int, statement: exp.Expr) -> None:
        """What changes which table a name means; all else is silent or not read."""
        if isinstance(statement, exp.Use) and isinstance(statement.this, exp.Table):
            typed = tuple(part.name for part in statement.this.parts)
            schema = statement.text("kind").upper() != "DATABASE"
            self.default_path = (self.default_path[: 2 - len(typed)] if schema else ()) + typed
        elif isinstance(statement, exp.Drop):
            for table in statement.find_all(exp.Table):
                self.forget(self.path_of(table))
        elif isinstance(statement, exp.Alter):
            self.alter(number, statement)
        elif isinstance(statement, exp.Command):
            word = str(statement.this).upper()
            if word not in SILENT_COMMANDS:
                raise SqlProblem("not_read", f"{word} is not read: what it does is not in its text.")
        elif not isinstance(statement, SILENT):
            raise SqlProblem("not_read", f"{statement.key.upper()} is not read.")

    def forget(self, path: Path) -> None:
        self.made.pop(path, None)
        self.temporary.discard(path)

    def alter(self, number: int, statement: exp.Expr) -> None:
        for action in statement.args.get("actions") or ():
            if isinstance(action, exp.AlterRename | exp.SwapTable):
                swaps = isinstance(action, exp.SwapTable)
                self.rename(number, self.path_of(statement.this), self.path_of(action.this), swaps=swaps)
            elif not isinstance(action, COLUMN_CHANGES):
                raise SqlProblem("not_read", "This ALTER is not read.")

    def rename(self, number: int, old: Path, new: Path, *, swaps: bool) -> None:
        """A table that this session made keeps what it was made of under its new name."""
        if old not in self.made and new not in self.made:
            verb = "swapped with" if swaps else "renamed to"
            raise SqlProblem("not_read", f"{old[-1]} was {verb} {new[-1]}, and what it holds was made elsewhere.")
        moved = {new: old, **({old: new} if swaps else {})}
        relations = {to: self.made[was] for to, was in moved.items() if was in self.made}
        through = {to: (*self.stood[was], number) for to, was in moved.items() if was in self.made}
        for path in (old, new):
            self.forget(path)
        self.written = [each for each in self.written if swaps or each.table != old]
        for path, relation in relations.items():
            self.made[path], self.stood[path] = relation, through[path]
            lineage = told(relation, frozenset())
            self.written.append(Written(number, path, "rename", lineage, True, through[path]))


def combined(relations: Iterable[Relation]) -> Relation:
    """Several writes into one table: a column's value is any of theirs."""
    listed = list(relations)
    values: dict[str, list[Value]] = {}
    rows = NO_ROWS
    for relation in listed:
        rows |= relation.rows
        for name, value in relation.columns:
            values.setdefault(name, []).append(value)
    opaque = next((each.opaque for each in listed if each.opaque), "")
    return Relation(tuple((name, union(each)) for name, each in values.items()), opaque, rows)
