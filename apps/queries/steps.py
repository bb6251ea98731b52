"""The step that runs an execution: through the gate, into a sealed file."""

import uuid
from dataclasses import replace

from apps.compliance import gate
from apps.compliance.policy.types import Allowed
from apps.queries import results, services
from apps.queries.budget import budget_of
from apps.queries.look_ups.selectors import limits as look_up_limits
from apps.queries.look_ups.selectors import sought_of
from apps.queries.look_ups.services import forget_token
from apps.queries.models import Execution
from apps.queries.parameters import Unfit
from apps.queries.selectors import asked_of, text_of
from portal.accounts.types import Purpose
from portal.runs.sentences import counted
from portal.runs.types import Outcome, StepContext, StepFailed
from portal.stores.types import Store


def execute(context: StepContext) -> Outcome:
    """Decides anew: rights and rules may have changed since it was asked. Params: `execution`."""
    key = uuid.UUID(str(context.params["execution"]))
    if not services.mark_running(key=key):
        return Outcome("already ended")
    row = Execution.objects.select_related("owner").get(pk=key)
    try:
        return answered(context, row)
    except Unfit as unfit:  # an erasure cut the value while it waited
        services.fail(key=key, message=unfit.message)
        return Outcome("a parameter has no value any more")
    except gate.QueryRefused as refusal:
        services.refuse(key=key, refused=refusal.refused)
        forget_token(execution=row)
        return Outcome(f"refused: {refusal.refused.code}")
    except gate.QueryFailed as failure:
        return failed(context, row, failure)


def answered(context: StepContext, row: Execution) -> Outcome:
    def opened(store: Store) -> None:
        context.on_cancel(store.cancel)

    sought = sought_of(row)
    most = gate.standard_limits() if sought is None else look_up_limits()
    limits = replace(most, timeout_s=min(most.timeout_s, max(1, budget_of(row.owner).left)))
    with gate.run_query(
        user=row.owner,
        purpose=Purpose(row.purpose),
        source=row.source,
        text=asked_of(row) if sought is None else text_of(row),
        subject=str(row.pk),
        limits=limits,
        opened=opened,
        sought=sought,
    ) as answer:
        allowed = answer.judgement.decision
        assert isinstance(allowed, Allowed)
        names = [column.name for column in answer.columns]
        types = results.write(row.pk, answer.batches, names, by_name=bool(allowed.collection))
    told = services.outcome_of(row.source, allowed, types, hide="" if sought is None else sought.token)
    outcome = replace(told, policy_version=answer.judgement.policy_version)
    try:
        with context.fenced():
            services.finish(
                key=row.pk,
                outcome=outcome,
                rows=answer.rows,
                truncated=answer.truncated,
                judgement=answer.judgement,
            )
    finally:
        services.drop_unwanted(key=row.pk)
    if sought is not None:
        forget_token(execution=row)
    context.log(counted(answer.rows, "row"))
    return Outcome(counted(answer.rows, "row"), counts={"rows": answer.rows})


def failed(context: StepContext, row: Execution, failure: gate.QueryFailed) -> Outcome:
    """A query is never tried again by itself: its owner sits and waits, and sees why at once."""
    context.check()
    services.fail(key=row.pk, message=failure.message)
    forget_token(execution=row)
    raise StepFailed(failure.message, retryable=False) from None
