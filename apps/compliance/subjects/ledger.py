"""Remembers who was erased, by keyed digests alone, so that no later load brings them back."""

import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q, QuerySet

from apps.compliance.models import Forgotten, ForgottenKey
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.types import Action, Plan, Trace
from portal.audit.actions import Action as Word
from portal.audit.services import record
from portal.audit.types import Actor, Target

BATCH = 5_000


def digest(domain: str, value: str) -> bytes:
    """HMAC-SHA256 under a key of its own: whoever has the table alone can try no keys or addresses against it."""
    key = bytes.fromhex(settings.ERASURE_KEY)
    plain = value.strip().lower() if domain == EMAIL else value
    return hmac.new(key, f"{domain}\0{plain}".encode(), hashlib.sha256).digest()


def enter(*, actor: Actor, request: str, plan: Plan, trace: Trace) -> int:
    """Before anything is erased: from here on every load leaves the person out. The same again changes nothing.

    `request` is the request's id. What a later plan knows more is a further entry, which says everything anew: the
    ledger is only ever added to. Returns how many digests are kept. Runs in the caller's transaction
    (`context.fenced()`), with its audit event.
    """
    before = list(entries(request))
    said = {**(before[-1].actions if before else {}), **actions(plan)}
    known = set(before[-1].keys.values_list("domain", "digest")) if before else set()
    known = {(domain, bytes(value)) for domain, value in known}
    wanted = known | {(domain, digest(domain, value)) for domain, each in trace.keys.items() for value in each}
    if before and wanted == known and said == before[-1].actions:
        return len(known)
    name = f"{request}/{len(before) + 1}" if before else request
    forgotten = Forgotten.objects.create(request=name, actions=said)
    rows = [ForgottenKey(forgotten=forgotten, domain=domain, digest=value) for domain, value in sorted(wanted)]
    ForgottenKey.objects.bulk_create(rows, batch_size=BATCH)
    record(
        actor=actor,
        action=Word.ERASURE_ENTERED,
        target=Target("subject_request", request),
        detail={"digests": len(rows), "plan": plan.digest},
    )
    return len(rows)


def has(request: str) -> bool:
    """Whether the request's erasure has begun: every load since then leaves the person out."""
    return entries(request).exists()


def entries(request: str) -> QuerySet[Forgotten]:
    return Forgotten.objects.filter(Q(request=request) | Q(request__startswith=f"{request}/")).order_by("pk")


def actions(plan: Plan) -> dict[str, str]:
    return {place.dataset.title: str(place.action) for place in plan.places if place.action is not Action.CUT}


def remembered(domains: Iterable[str]) -> dict[str, dict[bytes, int]]:
    """By domain, the digests of erased people's keys, and whose erasure each belongs to."""
    found: dict[str, dict[bytes, int]] = {}
    rows = ForgottenKey.objects.filter(domain__in=set(domains)).order_by("forgotten_id")  # the newest entry decides
    for domain, value, forgotten in rows.values_list("domain", "digest", "forgotten_id"):
        found.setdefault(domain, {})[bytes(value)] = forgotten
    return found


def entered(domain: str, values: Iterable[str]) -> frozenset[str]:
    """Those of the values that are keys of somebody who was erased."""
    digests = {digest(domain, value): value for value in values}
    rows = ForgottenKey.objects.filter(domain=domain, digest__in=list(digests)).values_list("digest", flat=True)
    return frozenset(digests[bytes(found)] for found in rows)
