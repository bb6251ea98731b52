"""How long one person's queries may keep the stores at work in a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from apps.compliance.policy.types import Refused
from apps.queries.models import Execution
from portal.accounts.models import User


@dataclass(frozen=True)
class Budget:
    """Seconds since the last midnight UTC, and of how many."""

    used: int
    whole: int

    @property
    def left(self) -> int:
        return max(0, self.whole - self.used)

    @property
    def low(self) -> bool:
        return self.left * 10 < self.whole


def budget_of(user: User) -> Budget:
    """What runs now counts as far as it has run. One query."""
    today = midnight()
    ran = ExpressionWrapper(Coalesce(F("finished_at"), Now()) - F("started_at"), output_field=DurationField())
    found = Execution.objects.filter(owner=user, started_at__gte=today).aggregate(took=Sum(ran))
    took: timedelta = found["took"] or timedelta()
    return Budget(int(took.total_seconds()), settings.QUERY_DAILY_SECONDS)


def midnight() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def refusal_of(budget: Budget) -> Refused | None:
    if budget.left:
        return None
    return Refused(
        "over_budget",
        f"Your queries have kept the stores at work for {budget.used} of the {budget.whole} seconds that a day has.",
        "It begins again at midnight UTC. For more, ask an administrator: PORTICO_QUERY_DAILY_SECONDS.",
    )
