"""Takes in statements that were executed in a store: lineage, evidence, and a finding for what is not understood."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from apps.catalog.edges import replace_origins
from apps.catalog.findings.models import Finding
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.inference import lock_graph, settle
from apps.catalog.models import Source
from apps.catalog.naming import Names
from apps.catalog.services import UnknownSource, mark_known
from apps.catalog.statements.models import Statement
from apps.catalog.statements.replacing import outdated
from apps.catalog.statements.sessions import Kept, Taken, take_sessions
from apps.catalog.statements.types import Executed, StatementsReport
from apps.catalog.tracing import Tracer
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.sql.parse import Dialect
from portal.sql.stripping import fingerprint

DIALECTS: dict[str, Dialect] = {"snowflake": "snowflake", "postgres": "postgres"}
MOST_FINDINGS = 200
BATCH = 500


def origin_of(mark: str) -> str:
    return f"query:{mark}"


def import_statements(
    *, actor: Actor, source: str, statements: Sequence[Executed], wrong: Mapping[int, str] | None = None
) -> StatementsReport:
    """Each statement that writes a dataset becomes an origin of its own, `query:<fingerprint>`; the same statements
    again change nothing. Raises UnknownSource."""
    row = Source.objects.filter(name=source, kind__in=DIALECTS).first()
    if row is None:
        known = ", ".join(Source.objects.filter(kind__in=DIALECTS).order_by("name").values_list("name", flat=True))
        raise UnknownSource(f"No source of that name has SQL statements. Known: {known or 'none; sync one first'}.")
    names = Names([source])
    names.load_columns(names.ids(source))
    path = tuple(row.default_path[:2])
    # Before the transaction: many statements take their time.
    taken = take_sessions(Tracer(source, names), DIALECTS[row.kind], path, statements)
    with transaction.atomic():
        _write(actor, row, taken)
        report = _report(statements, taken, wrong or {})
        record(
            actor=actor,
            action=Action.STATEMENTS_IMPORTED,
            target=Target("source", str(row.pk), row.name),
            detail={name: value for name, value in vars(report).items() if isinstance(value, int)},
        )
    return report


def _write(actor: Actor, source: Source, taken: Taken) -> None:
    lock_graph()
    _keep(source, taken.kept)
    stated = {origin_of(mark): each for mark, each in taken.stated.items()}
    changed = replace_origins(stated)
    changed |= replace_origins(outdated(source, taken.kept))
    if changed:
        mark_known(changed)
        settle(datasets=changed)
    _find(actor, source, taken)


def _keep(source: Source, kept: Mapping[str, Kept]) -> None:
    """The latest execution of each form; an older file that is taken in late does not put it back."""
    held = dict(Statement.objects.filter(source=source, fingerprint__in=kept).values_list("fingerprint", "executed_at"))
    rows = [
        Statement(
            source=source,
            fingerprint=mark,
            text=each.text,
            executed_at=each.executed.at,
            executed_by=each.executed.user,
            executed_as=each.executed.id,
        )
        for mark, each in kept.items()
        if mark not in held or held[mark] < each.executed.at
    ]
    Statement.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["source", "fingerprint"],
        update_fields=["executed_at", "executed_by", "executed_as"],
    )


def _find(actor: Actor, source: Source, taken: Taken) -> None:
    """One origin a statement: what one file says closes nothing that another file said."""
    unread = {fingerprint(text): (reason, text) for reason, text in taken.unread.values()}
    for mark, (reason, text) in list(unread.items())[:MOST_FINDINGS]:
        found = Found(None, mark, "A statement that was executed is not understood.", f"{reason}\n{text}")
        _say(actor, source, mark, [found])
    origins = [origin_of(mark) for mark in taken.read - unread.keys()]
    open_ones = Finding.objects.filter(
        source=source, kind=FindingKind.STATEMENT_NOT_READ, closed_at=None, origin__in=origins
    )
    for origin in open_ones.values_list("origin", flat=True):
        _say(actor, source, origin.partition(":")[2], [])


def _say(actor: Actor, source: Source, mark: str, found: Sequence[Found]) -> None:
    kind = FindingKind.STATEMENT_NOT_READ
    state(actor=actor, source=source.name, origin=origin_of(mark), kind=kind, found=found)


def _report(statements: Sequence[Executed], taken: Taken, wrong: Mapping[int, str]) -> StatementsReport:
    return StatementsReport(
        statements=len(statements),
        written=len(taken.kept),
        edges=sum(len(each.links) for each in taken.stated.values()),
        row_edges=sum(len(each.rows) for each in taken.stated.values()),
        wrong=dict(wrong),
        unread={line: reason for line, (reason, _) in sorted(taken.unread.items())},
        unmatched=tuple(sorted(taken.unmatched)),
    )
