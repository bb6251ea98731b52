"""The step that runs an execution: through the gate, into a sealed file."""

import uuid
from dataclasses import replace

from apps.compliance import gate
from apps.compliance.policy.types import Allowed
from apps.queries import results, services
from apps.queries.budget import budget_of
from apps.queries.models import Execution
from apps.queries.parameters import Unfit
from apps.queries.selectors import asked_of
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
        return Outcome(f"refused: {refusal.refused.code}")
    except gate.QueryFailed as failure:
        return failed(context, key, failure)


def answered(context: StepContext, row: Execution) -> Outcome:
    def opened(store: Store) -> None:
        context.on_cancel(store.cancel)

    most = gate.standard_limits()
    limits = replace(most, timeout_s=min(most.timeout_s, max(1, budget_of(row.owner).left)))
    with gate.run_query(
        user=row.owner,
        purpose=Purpose(row.purpose),
        source=row.source,
        text=asked_of(row),
        subject=str(row.pk),
        limits=limits,
        opened=opened,
    ) as answer:
        allowed = answer.judgement.decision
        assert isinstance(allowed, Allowed)
        names = [column.name for column in answer.columns]
        types = results.write(row.pk, answer.batches, names, by_name=bool(allowed.collection))
    outcome = services.outcome_of(row.source, allowed, types)
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
    context.log(counted(answer.rows, "row"))
    return Outcome(counted(answer.rows, "row"), counts={"rows": answer.rows})


def failed(context: StepContext, key: uuid.UUID, failure: gate.QueryFailed) -> Outcome:
    """A query is never tried again by itself: its owner sits and waits, and sees why at once."""
    context.check()
    services.fail(key=key, message=failure.message)
    raise StepFailed(failure.message, retryable=False) from None
