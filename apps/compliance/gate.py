"""The one door to data: parse, decide, rewrite, run, record. Every request of a person passes here and nowhere else."""

import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, cast

from django.conf import settings

from apps.catalog.models import Dataset
from apps.catalog.selectors import SourceNotSynced, schema_for_gate, schema_for_role
from apps.compliance.access.readers import reader_of
from apps.compliance.access.selectors import Held, held_by
from apps.compliance.look_ups import Sought, decide_look_up, without_key
from apps.compliance.policy.decide import decide
from apps.compliance.policy.types import Allowed, Decision, Limits, OutputColumn, Reader, Refused
from apps.compliance.selectors import policy_set
from apps.compliance.trail import record_decision, record_end, record_refusal
from portal.accounts.models import User
from portal.accounts.selectors import purposes_of, roles_of
from portal.accounts.types import PURPOSES, Purpose, Role
from portal.audit.services import digest
from portal.audit.types import Actor, Target
from portal.stores import open_store
from portal.stores.types import Documents, Planned, Rows, Sql, Statement, Store, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = 256
NOT_SYNCED = "An administrator runs manage.py sync_source first."
PLAN_SECONDS = 2
BATCH_ROWS = 1_000  # so that little more than the limit is in memory when it is met


@dataclass(frozen=True)
class Judgement:
    """A decision, with what it rests on. `digest` stands for the typed text wherever the text may not be told.
    `grants` are those of the person that open something of what is read."""

    decision: Decision
    source: str
    digest: str
    policy_version: int
    schema_revision: int
    purpose: str
    grants: tuple[Held, ...] = ()
    token: str = ""  # of a look-up: forgotten when it has ended, so no part of what it rests on

    @property
    def emergency(self) -> bool:
        return any(grant.emergency for grant in self.grants)

    @property
    def basis(self) -> str:
        """Stands for what runs and what it shows: equal while the person may see neither more nor less of it."""
        allowed = self.decision
        if isinstance(allowed, Refused):
            return ""
        columns = [[column.name, column.masked, column.mask, column.rule] for column in allowed.columns]
        what = [allowed.text, allowed.collection, allowed.pipeline, columns]
        told = json.dumps(what, default=str, ensure_ascii=True)
        return digest(told.replace(self.token, "") if self.token else told)


@dataclass
class Answer:
    """An open answer: iterate `batches` once. `rows` and `truncated` are known at their end."""

    judgement: Judgement
    columns: tuple[OutputColumn, ...]
    batches: "Iterator[pa.RecordBatch]"
    rows: int = 0
    size: int = 0
    truncated: bool = False


@dataclass(frozen=True)
class Estimate:
    """`rows` and `size` (bytes) of the datasets that are read, by the catalog; `unknown` of them it has not counted.
    `answer` is how many rows the store's planner expects to give back, where the store has one."""

    rows: int
    size: int
    unknown: int
    answer: int | None = None


class QueryRefused(Exception):
    def __init__(self, judgement: Judgement, refused: Refused) -> None:
        super().__init__(refused.code)
        self.judgement = judgement
        self.refused = refused


class QueryFailed(Exception):
    """The store could not answer. The message is safe for people: it never holds a value."""

    def __init__(self, message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable


def standard_limits() -> Limits:
    return Limits(settings.QUERY_ROW_LIMIT, settings.QUERY_TIMEOUT_SECONDS)


def judge(
    *,
    user: User,
    purpose: Purpose,
    source: str,
    text: str,
    limits: Limits | None = None,
    sought: Sought | None = None,
) -> Judgement:
    """What the engine says to this text for this person, now. Touches no store. A look-up's `text` is its name."""
    limits = limits or standard_limits()
    policies = policy_set()
    token = digest(text)

    def judged(decision: Decision, revision: int, held: tuple[Held, ...] = ()) -> Judgement:
        return Judgement(decision, source, token, policies.version, revision, str(purpose), used(decision, held))

    refused = may_not_ask(user, purpose, source)
    if refused is not None:
        return judged(refused, 0)
    try:
        schema = schema_for_gate(source=source, user=user)
    except SourceNotSynced:
        return judged(Refused("not_configured", f"The catalog has not looked at {source} yet.", NOT_SYNCED), 0)
    held = held_by(user, purpose)
    reader = reader_of(user, purpose, held)
    if sought is not None:  # kept nowhere: it holds what stands for somebody's value
        looked_up = judged(decide_look_up(sought, reader, schema, policies, limits), schema.revision, held)
        return replace(looked_up, token=sought.token)
    key = (token, policies, schema.source, id(schema), schema.revision, reader, limits)
    decision = _kept.get(key)
    if decision is None:
        decision = decide(text, reader, schema, policies, limits)
        _kept.put(key, decision, schema)
    return judged(decision, schema.revision, held)


def judge_as(*, role: Role, purpose: Purpose, source: str, text: str, limits: Limits | None = None) -> Judgement:
    """What the engine would say to somebody who held this role alone, without a grant. Touches no store."""
    policies, token = policy_set(), digest(text)
    if source not in settings.STORES or purpose not in PURPOSES[role]:
        words = f"The role {role.label} does not act for {purpose.label}, or there is no source {source}."
        refused = Refused("forbidden", words, "Choose another purpose or source.")
        return Judgement(refused, source, token, policies.version, 0, str(purpose))
    try:
        schema = schema_for_role(source=source, role=role)
    except SourceNotSynced:
        refused = Refused("not_configured", f"The catalog has not looked at {source} yet.", NOT_SYNCED)
        return Judgement(refused, source, token, policies.version, 0, str(purpose))
    reader = Reader("", f"any {role.label}", frozenset({str(role)}), str(purpose))
    decision = decide(text, reader, schema, policies, limits or standard_limits())
    return Judgement(decision, source, token, policies.version, schema.revision, str(purpose))


def used(decision: Decision, held: tuple[Held, ...]) -> tuple[Held, ...]:
    """Grants for datasets that are read: a column that is only filtered on was shown, too."""
    if isinstance(decision, Refused):
        return ()
    return tuple(grant for grant in held if grant.dataset in decision.datasets)


def may_not_ask(user: User, purpose: Purpose, source: str) -> Refused | None:
    if source not in settings.STORES:
        return Refused("unknown_source", f"There is no source {source}.", f"Use {', '.join(settings.STORES)}.")
    if not roles_of(user):
        return Refused("forbidden", "You hold no role that may query data.", "An administrator gives roles.")
    if purpose not in purposes_of(user):
        return Refused("forbidden", f"Your roles do not allow the purpose {purpose}.", "Choose another purpose.")
    return None


class Kept:
    """Decisions of this process. Never a cache outside it: a rewritten text repeats values that people typed."""

    def __init__(self, most: int) -> None:
        self.most = most
        # The schema is kept with its decision, so that its id cannot become another's.
        self.decisions: OrderedDict[object, tuple[Decision, object]] = OrderedDict()
        self.lock = Lock()

    def get(self, key: object) -> Decision | None:
        with self.lock:
            found = self.decisions.get(key)
            return None if found is None else found[0]

    def put(self, key: object, decision: Decision, schema: object) -> None:
        with self.lock:
            self.decisions[key] = (decision, schema)
            while len(self.decisions) > self.most:
                self.decisions.popitem(last=False)


_kept = Kept(KEPT)


@contextmanager
def run_query(
    *,
    user: User,
    purpose: Purpose,
    source: str,
    text: str,
    subject: str = "",
    limits: Limits | None = None,
    opened: Callable[[Store], None] | None = None,
    sought: Sought | None = None,
) -> Iterator[Answer]:
    """Runs the text as this person may, and records it.

    `subject` names what it is for in the trail (an execution's id). `opened` is told of the store before it is asked,
    so that somebody can cancel. `sought` makes it a look-up. Raises QueryRefused, QueryFailed.
    """
    limits = limits or standard_limits()
    judgement = judge(user=user, purpose=purpose, source=source, text=text, limits=limits, sought=sought)
    actor, target = Actor.of(user), Target("query", subject or judgement.digest[:32], source)
    decision = judgement.decision
    if isinstance(decision, Refused):
        record_refusal(actor=actor, target=target, judgement=judgement, refused=decision)
        raise QueryRefused(judgement, decision)
    record_decision(actor=actor, target=target, judgement=judgement, allowed=decision)
    answer = Answer(judgement, decision.columns, iter(()))
    outcome = "failed"
    try:
        store = open_store(source, "gate")
        if opened is not None:
            opened(store)
        if sought is not None and (refused := without_key(store, source)):
            outcome = "refused"
            raise QueryRefused(judgement, refused)
        with store.read(
            statement(decision), batch_rows=min(BATCH_ROWS, limits.rows + 1), timeout_s=limits.timeout_s
        ) as rows:
            answer.batches = taken(answer, rows, limits.rows)
            yield answer
        outcome = "done"
    except StoreError as error:
        outcome = error.code
        raise QueryFailed(error.public, code=error.code, retryable=error.retryable) from None
    finally:
        record_end(actor=actor, target=target, answer=answer, outcome=outcome)


def estimate(judgement: Judgement) -> Estimate | None:
    """What it would cost to run this: PostgreSQL is asked for its plan of the text that would run, coarsely told; where
    a store has none or its plan would tell of groups that are left out, and beside it, what the catalog counts of the
    datasets that are read. None for a refusal."""
    allowed = judgement.decision
    if isinstance(allowed, Refused):
        return None
    counts = Dataset.objects.filter(pk__in=allowed.datasets).values_list("row_count", "size_bytes")
    rows = [row for row, _ in counts if row is not None]
    size = [bytes_ for _, bytes_ in counts if bytes_ is not None]
    unknown = len(counts) - len(rows)
    plan = None
    if allowed.text and not allowed.in_groups and settings.STORES[judgement.source]["kind"] == "postgres":
        try:
            plan = cast(Planned, open_store(judgement.source, "gate")).plan(Sql(allowed.text), timeout_s=PLAN_SECONDS)
        except StoreError:
            plan = None  # the store is away or slow: what the catalog counts stands alone
    return Estimate(sum(rows), sum(size), unknown, coarse(plan.rows) if plan else None)


def coarse(number: float) -> int:
    """The first digit alone: what a planner thinks rests on values that the reader may not see.

    >>> coarse(12_345), coarse(7), coarse(0)
    (10000, 7, 0)
    """
    whole = max(0, int(number))
    digits = len(str(whole)) - 1
    return round(whole, -digits)


def statement(allowed: Allowed) -> Statement:
    if allowed.collection:
        return Documents(allowed.collection, allowed.pipeline)
    return Sql(allowed.text)


def taken(answer: Answer, rows: Rows, most: int) -> "Iterator[pa.RecordBatch]":
    for whole in rows:
        room = settings.QUERY_BYTE_LIMIT - answer.size
        batch = whole.slice(0, min(most - answer.rows, rows_within(whole, room)))
        answer.truncated = batch.num_rows < whole.num_rows
        answer.rows += batch.num_rows
        answer.size += batch.nbytes
        if batch.num_rows:
            yield batch
        if answer.truncated:
            return


def rows_within(rows: "pa.RecordBatch | pa.Table", room: int) -> int:
    """How many of the first rows take no more than `room` bytes."""
    if rows.nbytes <= room:
        return int(rows.num_rows)
    return bisect_right(range(1, rows.num_rows + 1), room, key=lambda count: rows.slice(0, count).nbytes)
