"""Writes of queries: start, decide, finish, cancel, forget."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog.use import services as use
from apps.compliance import gate
from apps.compliance.policy.masks.mongo_keyed import for_people
from apps.compliance.policy.types import Allowed, OutputColumn, Refused
from apps.compliance.trail import record_refusal
from apps.queries import budget, results
from apps.queries.models import Execution
from apps.queries.parameters import Typed, filled, names_of
from apps.queries.sealing import seal
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.runs.models import Run
from portal.runs.services import cancel_run, start_run
from portal.runs.types import RunPlan, StepPlan
from portal.sql.parse import readable
from portal.workflow import StaleState

TOUCHED = 200  # columns that a history names
ENDED = (
    Execution.Status.DONE,
    Execution.Status.FAILED,
    Execution.Status.REFUSED,
    Execution.Status.CANCELLED,
)


HIDDEN = "the token of your value"  # what stands for a value compares values in stores, and is nobody's to keep


def start_execution(
    *,
    actor: Actor,
    user: User,
    purpose: Purpose,
    source: str,
    text: str,
    typed: Mapping[str, Typed] | None = None,
) -> Execution:
    """Decides at once; what is allowed goes to a worker, which decides again when it runs.

    A refused execution is kept like any other: its owner sees why in the history. Raises Unfit for a parameter of the
    text that `typed` has no fitting value for.
    """
    names = names_of(source, text)
    used = {name: one for name, one in (typed or {}).items() if name in names}
    judgement = gate.judge(user=user, purpose=purpose, source=source, text=filled(source, text, used))
    return keep_judged(actor=actor, user=user, text=text, judgement=judgement, used=used)


def keep_judged(
    *,
    actor: Actor,
    user: User,
    text: str,
    judgement: gate.Judgement,
    used: Mapping[str, Typed] | None = None,
    hide: str = "",
) -> Execution:
    """`text` is what its owner reads of it; `hide` does not appear in what is told to have run."""
    source, purpose, key = judgement.source, judgement.purpose, uuid.uuid4()
    row = Execution(id=key, owner=user, source=source[:100], purpose=str(purpose))
    row.text = seal(text.encode(), f"text:{key}")
    if used:
        told = {name: [one.kind, one.value] for name, one in used.items()}
        row.parameters = seal(json.dumps(told).encode(), f"parameters:{key}")
    decision = judgement.decision
    if not isinstance(decision, Refused):
        decision = budget.refusal_of(budget.budget_of(user)) or decision
    if isinstance(decision, Refused):
        return keep_refused(actor=actor, row=row, judgement=judgement, refused=decision)
    row.outcome = sealed_outcome(key, outcome_of(source, decision, hide=hide))
    row.datasets = list(decision.datasets)
    row.basis, row.emergency = judgement.basis, judgement.emergency
    with transaction.atomic():
        row.save(force_insert=True)
        run = start_run(actor=actor, plan=plan_of(row), started_by=user)
        Execution.objects.filter(pk=key).update(run_id=run.pk)
        row.run_id = run.pk
    return row


@transaction.atomic
def keep_refused(*, actor: Actor, row: Execution, judgement: gate.Judgement, refused: Refused) -> Execution:
    row.status = Execution.Status.REFUSED
    row.finished_at = timezone.now()
    row.outcome = sealed_outcome(row.pk, Outcome(refusal=refusal_of(refused)))
    row.save(force_insert=True)
    record_refusal(actor=actor, target=target_of(row), judgement=judgement, refused=refused)
    return row


def plan_of(row: Execution) -> RunPlan:
    step = StepPlan(
        key="execute",
        kind="queries.execute",
        title="Run the query",
        params={"execution": str(row.pk)},
        pool="query",
        queue="queries",
        max_attempts=2,
        timeout_s=settings.QUERY_TIMEOUT_SECONDS + 60,
    )
    return RunPlan(
        kind="query",
        name=row.source,
        title=f"Query on {row.source}",
        steps=(step,),
        permission="",  # its owner alone
        subject_kind="execution",
        subject_id=str(row.pk),
    )


def target_of(row: Execution) -> Target:
    return Target("query", str(row.pk), row.source)


def sealed_outcome(key: uuid.UUID, outcome: Outcome) -> bytes:
    return seal(json.dumps(asdict(outcome)).encode(), f"outcome:{key}")


def outcome_of(source: str, allowed: Allowed, types: list[str] | None = None, *, hide: str = "") -> Outcome:
    kinds = types or [""] * len(allowed.columns)
    columns = tuple(column_of(source, column, kind) for column, kind in zip(allowed.columns, kinds, strict=True))
    rewritten = rewritten_of(source, allowed)
    read = tuple(dict.fromkeys(origin for column in allowed.columns for origin in column.origins))
    only = tuple(origin for origin in allowed.filtered if origin not in read)
    said = rewritten.replace(hide, HIDDEN) if hide else rewritten
    return Outcome(columns, allowed.notes, said, read=read[:TOUCHED], filtered=only[:TOUCHED])


def column_of(source: str, column: OutputColumn, kind: str) -> AnswerColumn:
    subject = f"{source}/{column.origins[0].replace('.', '/')}" if column.origins else ""
    return AnswerColumn(column.name, kind, str(column.masked), column.reason, column.rule, column.approver, subject)


def rewritten_of(source: str, allowed: Allowed) -> str:
    if not allowed.collection:
        kind = settings.STORES[source]["kind"]
        return readable(allowed.text, "snowflake" if kind == "snowflake" else "postgres")
    body = {"collection": allowed.collection, "pipeline": for_people(allowed.pipeline)}
    return json.dumps(body, indent=2, ensure_ascii=False, default=str)


def refusal_of(refused: Refused) -> dict[str, Any]:
    return {
        "code": refused.code,
        "message": refused.message,
        "hint": refused.hint,
        "line": refused.line,
        "column": refused.column,
        "function": refused.detail.get("function", ""),
    }


def mark_running(*, key: uuid.UUID) -> bool:
    """Whether the execution is still to be run: its owner may have cancelled it while it waited."""
    found = Execution.objects.filter(pk=key, status__in=[Execution.Status.QUEUED, Execution.Status.RUNNING])
    return bool(found.update(status=Execution.Status.RUNNING, started_at=timezone.now()))


def finish(
    *, key: uuid.UUID, outcome: Outcome, rows: int, truncated: bool, judgement: gate.Judgement | None = None
) -> None:
    """`judgement` is the one that it ran under, where that is not the one that it was accepted under."""
    ran = {} if judgement is None else {"basis": judgement.basis, "emergency": judgement.emergency}
    with transaction.atomic():
        end(
            key,
            status=Execution.Status.DONE,
            outcome=sealed_outcome(key, outcome),
            row_count=rows,
            truncated=truncated,
            has_result=True,
            **ran,
        )
        row = Execution.objects.select_related("owner").get(pk=key)
        use.count(user=row.owner, datasets=row.datasets, columns=(*outcome.read, *outcome.filtered))


def refuse(*, key: uuid.UUID, refused: Refused) -> None:
    end(
        key,
        status=Execution.Status.REFUSED,
        outcome=sealed_outcome(key, Outcome(refusal=refusal_of(refused))),
    )


def fail(*, key: uuid.UUID, message: str) -> None:
    end(key, status=Execution.Status.FAILED, error=message[:500])


def cancelled(*, key: uuid.UUID) -> None:
    end(key, status=Execution.Status.CANCELLED)


def end(key: uuid.UUID, **values: Any) -> None:
    """Only what has not ended can end: a late worker does not undo a cancel."""
    Execution.objects.filter(pk=key).exclude(status__in=ENDED).update(finished_at=timezone.now(), **values)


def drop_unwanted(*, key: uuid.UUID) -> None:
    """The rows of an execution that was cancelled while its worker wrote them: nobody would look for them again. A
    worker that merely lost its lease leaves them to the one that has it."""
    if Execution.objects.filter(pk=key, status__in=ENDED, has_result=False).exists():
        results.remove(key)


def cancel_execution(*, actor: Actor, execution: Execution) -> None:
    """Stops it in the queue or in the store. One that has ended stays as it ended."""
    run = Run.objects.filter(pk=execution.run_id or 0).first()
    if run is None or execution.ended:
        return
    try:
        cancel_run(actor=actor, run=run)
    except StaleState:
        return
    with transaction.atomic():
        cancelled(key=execution.pk)
        record(actor=actor, action=Action.QUERY_CANCELLED, target=target_of(execution))


def settle_with_run(*, execution: Execution) -> Execution:
    """Ends an execution whose run ended without telling it (its worker died for good)."""
    if execution.ended or execution.run_id is None:
        return execution
    state = Run.objects.filter(pk=execution.run_id).values_list("state", flat=True).first()
    if state == "cancelled":
        cancelled(key=execution.pk)
    elif state == "failed":
        fail(key=execution.pk, message="The query could not be finished; run it again.")
    elif state is not None:
        return execution
    execution.refresh_from_db()
    return execution


def forget_old_results() -> int:
    """Removes results past their time; the executions stay in the history without rows."""
    before = timezone.now() - timedelta(days=settings.QUERY_RESULT_DAYS)
    old = Execution.objects.filter(created_at__lt=before, has_result=True)
    keys = list(old.values_list("pk", flat=True))
    results.remove_halves()
    for key in keys:
        results.remove(key)
    Execution.objects.filter(pk__in=keys).update(has_result=False)
    return len(keys)
