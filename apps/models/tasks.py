"""What Celery calls."""

from celery import shared_task

from apps.models import aliases, inferences, promotions
from apps.models.drift import watch
from apps.models.models import Promotion, RegisteredModel
from apps.models.types import PromotionState
from portal.audit.types import Actor
from portal.workflow import StaleState

RECONCILER = Actor.system("models")


@shared_task(name="apps.models.tasks.reconcile_aliases")
def reconcile_aliases() -> None:
    """Finishes what was approved while MLflow was away, then compares every alias with the ledger."""
    for entry in Promotion.objects.filter(state=PromotionState.APPROVED).select_related("model", "version"):
        try:
            promotions.finish(actor=RECONCILER, entry=entry)
        except StaleState:
            continue  # whoever approved it finished it meanwhile
    for model in RegisteredModel.objects.exclude(versions=None):
        aliases.look(actor=RECONCILER, model=model)


@shared_task(name="apps.models.tasks.look_for_drift")
def look_for_drift() -> None:
    watch.start_due()


@shared_task(name="apps.models.tasks.forget_old_inferences")
def forget_old_inferences() -> None:
    inferences.forget_old()
