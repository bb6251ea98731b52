"""What every exported file says about itself: who took it, when, what for, from which execution, under which policy."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from apps.queries.models import Execution
from apps.queries.selectors import outcome_of

EMERGENCY = "EMERGENCY ACCESS"


@dataclass(frozen=True)
class Mark:
    """`at` is the moment of the export, in UTC. `policy_version` is 0 for a result from before it was kept."""

    who: str
    at: dt.datetime
    purpose: str
    execution: str
    policy_version: int
    emergency: bool = False

    @property
    def policy(self) -> str:
        return str(self.policy_version) if self.policy_version else "unknown"

    @property
    def moment(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def short(self) -> str:
        """One line that stands beside every row. Begins with a word, so that no program takes it for a formula."""
        words = f"Portico: {self.who}, {self.moment}, {self.purpose}, query {self.execution}, policy {self.policy}"
        return f"{EMERGENCY}. {words}" if self.emergency else words

    @property
    def facts(self) -> dict[str, str]:
        return {
            "exported_by": self.who,
            "exported_at": self.moment,
            "purpose": self.purpose,
            "execution": self.execution,
            "policy_version": self.policy,
            "access": EMERGENCY if self.emergency else "ordinary",
        }


def mark_of(execution: Execution) -> Mark:
    return Mark(
        who=execution.owner.get_username(),
        at=timezone.now().replace(microsecond=0),
        purpose=execution.purpose,
        execution=str(execution.pk),
        policy_version=outcome_of(execution).policy_version,
        emergency=execution.emergency,
    )
