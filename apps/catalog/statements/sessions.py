"""From sessions of executed statements to what each statement says of the catalog's columns. No writes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.catalog.edges import Known, Stated
from apps.catalog.models import Derivation
from apps.catalog.statements.types import Executed
from apps.catalog.tracing import Tracer
from apps.catalog.types import EdgeEvidence
from portal.sql.lineage.script import Written, session_lineage
from portal.sql.parse import Dialect
from portal.sql.stripping import fingerprint, stripped


@dataclass(frozen=True)
class Kept:
    """A statement that wrote a dataset: its text without literals, those that its temporary tables came from first."""

    fingerprint: str
    text: str
    executed: Executed
    dataset: int
    whole: bool  # it made the dataset anew


@dataclass
class Taken:
    """`kept` and `stated` by fingerprint; `unread` are lines with their reason and what may be kept of their text."""

    kept: dict[str, Kept] = field(default_factory=dict)
    stated: dict[str, Stated] = field(default_factory=dict)
    unread: dict[int, tuple[str, str]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)  # fingerprints of single statements that were understood
    unmatched: set[str] = field(default_factory=set)


def take_sessions(tracer: Tracer, dialect: Dialect, default_path: tuple[str, ...], given: Iterable[Executed]) -> Taken:
    """A statement without a session stands alone. Later executions win over earlier ones of the same form."""
    sessions: dict[str | int, list[Executed]] = defaultdict(list)
    for each in sorted(given, key=lambda each: (each.at, each.line)):
        sessions[each.session or each.line].append(each)
    taken = Taken()
    for session in sessions.values():
        _session(tracer, dialect, default_path, session, taken)
    return taken


def _session(
    tracer: Tracer, dialect: Dialect, default_path: tuple[str, ...], session: Sequence[Executed], taken: Taken
) -> None:
    texts = [stripped(each.text, dialect) for each in session]
    path = (*default_path[: max(0, 2 - len(session[0].path))], *session[0].path)
    found = session_lineage([each.text for each in session], dialect, tracer.columns_of, default_path=path)
    unread = {each.statement: each.reason for each in found.unread}
    for number, each in enumerate(session):
        if number in unread:
            taken.unread[each.line] = (unread[number], texts[number])
        else:
            taken.read.add(fingerprint(texts[number]))
    for written in found.written:
        chain = [texts[number] for number in written.through]
        dataset = tracer.names.dataset(tracer.source, written.table)
        if dataset is None:
            taken.unmatched.add(".".join(written.table))
            continue
        mark, executed = fingerprint(*chain), session[written.statement]
        kept = Kept(mark, ";\n".join(chain), executed, dataset, written.whole)
        _take(tracer, written, kept, taken)


def _take(tracer: Tracer, written: Written, kept: Kept, taken: Taken) -> None:
    taken.kept[kept.fingerprint] = kept
    taken.stated[kept.fingerprint] = _stated(tracer, written, kept)


def _stated(tracer: Tracer, written: Written, kept: Kept) -> Stated:
    """Only what the statement names. That a value is a constant is not said: a literal may be anybody's address."""
    evidence = EdgeEvidence("query", kept.fingerprint[:16], f"{written.kind} at {kept.executed.at:%Y-%m-%d %H:%M %Z}")
    columns = tracer.own_columns(kept.dataset)
    links, known = [], []
    for output in written.lineage.columns:
        column = columns.get(output.name.lower())
        if column is None:
            continue
        found, lost = tracer.links(column, output, evidence)
        links += found
        if output.how == "unknown" or lost:
            known.append(Known(column, Derivation.How.UNKNOWN, output.reason or lost))
    return Stated(links, known, tracer.row_links(kept.dataset, written.lineage.rows, evidence))
