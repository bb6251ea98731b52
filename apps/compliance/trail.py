"""What the trail is told of a query: what was decided, why not, and how it ended. Never the text, never a value."""

from typing import TYPE_CHECKING

from django.db import transaction

from apps.compliance.policy.types import Allowed, Masking, Refused
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target

if TYPE_CHECKING:
    from apps.compliance.gate import Answer, Judgement

COLUMNS_TOLD = 200


def record_decision(*, actor: Actor, target: Target, judgement: "Judgement", allowed: Allowed) -> None:
    origins = sorted({origin for column in allowed.columns for origin in column.origins})
    masked = sum(column.masked is not Masking.NO for column in allowed.columns)
    detail = {
        "datasets": list(allowed.datasets),
        "columns": origins[:COLUMNS_TOLD],
        "more_columns": max(0, len(origins) - COLUMNS_TOLD),
        "filtered": list(allowed.filtered[:COLUMNS_TOLD]),
        "masked": masked,
    }
    with transaction.atomic():
        record(actor=actor, action=Action.QUERY_DECIDED, target=target, detail={**rests_on(judgement), **detail})


def record_refusal(*, actor: Actor, target: Target, judgement: "Judgement", refused: Refused) -> None:
    """The code alone: a message can repeat what was typed."""
    detail = {**rests_on(judgement), "code": refused.code}
    with transaction.atomic():
        record(actor=actor, action=Action.QUERY_REFUSED, target=target, detail=detail)


def record_end(*, actor: Actor, target: Target, answer: "Answer", outcome: str) -> None:
    told = {"outcome": outcome, "rows": answer.rows, "truncated": answer.truncated}
    detail = {**rests_on(answer.judgement), **told}
    with transaction.atomic():
        record(actor=actor, action=Action.QUERY_FINISHED, target=target, detail=detail)


def rests_on(judgement: "Judgement") -> dict[str, object]:
    return {
        "query": judgement.digest,
        "policy_version": judgement.policy_version,
        "schema_revision": judgement.schema_revision,
        "purpose": judgement.purpose,
        **({"grants": [grant.id for grant in judgement.grants]} if judgement.grants else {}),
        **({"emergency": True} if judgement.emergency else {}),
    }
