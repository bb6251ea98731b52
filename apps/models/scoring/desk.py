"""One request from the header to the answer, in one thread."""

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.utils import timezone
from pydantic import ValidationError

from apps.models.inferences import Scored, digest_of
from apps.models.scoring.asked import problems
from apps.models.scoring.callers import Caller, Callers
from apps.models.scoring.journal import Journal
from apps.models.scoring.ledger import Ledger
from apps.models.scoring.limits import Bounded, Rate
from apps.models.scoring.loaded import Answer, Loaded
from apps.models.types import NotServing

DIGITS = 6


@dataclass(frozen=True)
class Said:
    status: int
    content: dict[str, Any] = field(default_factory=dict)
    retry_after_s: int = 0


class Desk:
    def __init__(self, ledger: Ledger, journal: Journal, callers: Callers, rate: Rate) -> None:
        self._ledger = ledger
        self._journal = journal
        self._callers = callers
        self._rate = rate

    def score(self, header: str, body: bytes, started: float) -> Said:
        """Raises Refused, Bounded."""
        caller = self._callers.of(header)
        self._rate.take(caller.id)
        live = self._ledger.live
        if isinstance(live, NotServing):
            return nothing(live)
        try:
            asked = live.form.model_validate_json(body)
        except ValidationError as error:
            return Said(422, {"detail": problems(error)})
        content = asked.model_dump(by_alias=True)
        if content["model"] != live.serving.model:
            return Said(404, {"detail": f"This service serves {live.serving.model} and no other model."})
        if not self._journal.has_room:
            raise Bounded(503, "Inferences cannot be logged at the moment, and none is given without.", retry_after_s=2)
        return self._scored(live, caller, content, started)

    def schema(self, header: str) -> Said:
        self._callers.of(header)
        live = self._ledger.live
        if isinstance(live, NotServing):
            return nothing(live)
        return Said(200, {"model": live.serving.model, "version": live.serving.version, "request": form(live)})

    def _scored(self, live: Loaded, caller: Caller, content: dict[str, Any], started: float) -> Said:
        row, request_id = content["features"], uuid.uuid4()
        answer = live.answer(row)
        flagged = answer.score >= live.serving.threshold
        logged = self._journal.add(
            Scored(
                request_id=request_id, model_id=live.model_id, version_id=live.serving.version_id, at=timezone.now(),
                features=live.features_to_keep(row), score=answer.score, flagged=flagged, caller_id=caller.id,
                latency_ms=round((time.perf_counter() - started) * 1000, 3),
                charge=digest_of(content["charge"]) if content["charge"] else "",
            )
        )  # fmt: skip
        if not logged:
            raise Bounded(503, "Inferences cannot be logged at the moment, and none is given without.", retry_after_s=2)
        return Said(200, told(live, answer, request_id, flagged=flagged))


def told(live: Loaded, answer: Answer, request_id: uuid.UUID, *, flagged: bool) -> dict[str, Any]:
    reasons = [{**asdict(each), "effect": round(each.effect, DIGITS)} for each in answer.reasons]
    return {
        "score": round(answer.score, DIGITS),
        "flagged": flagged,
        "model": live.serving.model,
        "version": live.serving.version,
        "reasons": reasons,
        "request_id": str(request_id),
    }


def nothing(reason: NotServing) -> Said:
    return Said(503, {"detail": reason.reason, "code": reason.code, "model": settings.SCORING_MODEL}, retry_after_s=5)


def form(live: Loaded) -> dict[str, Any]:
    return live.form.model_json_schema(by_alias=True)
