"""The scheduled comparison: every model that serves, when something came since the last one."""

from apps.models.drift import services
from apps.models.models import RegisteredModel
from apps.models.observed import DriftReport, Inference
from apps.models.types import PromotionState


def start_due() -> int:
    """Returns how many runs were started."""
    serving = RegisteredModel.objects.filter(promotions__state=PromotionState.APPLIED).distinct()
    due = [model for model in serving if _is_due(model)]
    for model in due:
        services.start(actor=services.WATCHER, model=model, trigger="schedule")
    return len(due)


def _is_due(model: RegisteredModel) -> bool:
    last = DriftReport.objects.filter(model=model).order_by("-window_to").first()
    met = Inference.objects.filter(model=model)
    return met.filter(at__gte=last.window_to).exists() if last else met.exists()
