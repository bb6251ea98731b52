"""Pipelines and runs for the tests of pages, without any store."""

from django.utils import timezone

from apps.pipelines import services
from apps.pipelines.models import Check, LoadReceipt, Pipeline, PipelineRun
from portal.accounts.models import User
from portal.runs.models import Run
from tests.people import HOUSE

NAME = "payments_elt"


def pipeline() -> Pipeline:
    return services.pipeline_named(NAME)


def started(by: User | None = None) -> PipelineRun:
    return services.start(actor=HOUSE, pipeline=pipeline(), started_by=by)


def ended(state: str = "done", by: User | None = None) -> PipelineRun:
    """A run whose end is written straight into its row: what leads there is tested with real workers."""
    found = started(by)
    Run.objects.filter(pk=found.run_id).update(state=state, started_at=timezone.now(), finished_at=timezone.now())
    found.refresh_from_db()
    return found


def receipt(run: PipelineRun, dataset: str = "oltp.charges", **fields: object) -> LoadReceipt:
    return LoadReceipt.objects.create(
        pipeline_run=run,
        dataset=dataset,
        step_key=f"load:{dataset}",
        target=f"ANALYTICS.RAW.{dataset.replace('.', '_').upper()}",
        label=f"{run.pipeline.name}/{run.run_id}/{dataset}",
        window_at=timezone.now(),
        **fields,
    )


def comparison(run: PipelineRun, currency: str, *amounts: str | None) -> Check:
    places = zip(("PostgreSQL", "RAW", "CORE"), amounts, strict=True)
    return Check.objects.create(
        pipeline_run=run,
        kind=Check.Kind.COMPARISON,
        name=f"charges_agree: {currency}, card",
        dataset="ANALYTICS.CORE.FCT_CHARGES",
        passed=len(set(amounts)) == 1,
        detail="" if len(set(amounts)) == 1 else "The places do not agree.",
        figures={
            "title": "Charges agree by currency, payment type",
            "group": {"currency": currency, "payment_type": "card"},
            "places": [
                {"place": place, "figures": amount and {"rows": "3", "amount": amount}} for place, amount in places
            ],
        },
    )
