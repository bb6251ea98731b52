"""What the steps of a run write down. Each is called inside `context.fenced()`: one transaction, the attempt's own."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.compliance.requests import certificates, notices
from apps.compliance.requests.flow import REQUEST
from apps.compliance.requests.identity import seal
from apps.compliance.requests.models import SubjectCertificate, SubjectDiscovery, SubjectPackage, SubjectRequest
from apps.compliance.requests.packages import Made
from apps.compliance.requests.places import search_place
from apps.compliance.requests.services import forget_traces, kept_until, target_of
from apps.compliance.requests.types import State
from apps.compliance.subjects.types import Discovery, Identified, Rescan, Trace
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor
from portal.workflow import move

PORTAL = Actor.system("requests")
TOLD = 200  # a certificate names that many places with something left; the count is of all


def next_search(request: SubjectRequest) -> int:
    return (request.discoveries.values_list("number", flat=True).first() or 0) + 1


def sealed(request: SubjectRequest, number: int, part: str, content: object) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return seal(text, search_place(request.pk, number, part))


def several(request: SubjectRequest, found: Identified, *, run: int) -> None:
    """More than one person has the address: who of them it is, a person must say."""
    number = next_search(request)
    people = [asdict(candidate) for candidate in found.candidates]
    SubjectDiscovery.objects.create(
        request=request,
        number=number,
        content={"identity_datasets": list(found.searched)},
        people=len(people),
        candidates=sealed(request, number, "candidates", people),
    )
    move(
        REQUEST, request, State.DISCOVERED, actor=PORTAL, changed_at=timezone.now(),
        detail={"run": run, "people": len(people)},
    )  # fmt: skip


def found(request: SubjectRequest, result: Discovery, keys: tuple[str, ...], *, run: int) -> None:
    write_search(request, result, keys)
    plan = result.plan
    move(
        REQUEST, request, State.DISCOVERED, actor=PORTAL, changed_at=timezone.now(),
        detail={"run": run, "digest": plan.digest, "datasets": len(plan.places),
                "rows": sum(place.rows for place in plan.places), "findings": len(plan.findings)},
    )  # fmt: skip


def write_search(request: SubjectRequest, result: Discovery, keys: tuple[str, ...]) -> SubjectDiscovery:
    number = next_search(request)
    return SubjectDiscovery.objects.create(
        request=request,
        number=number,
        content=result.plan.as_json(),
        sha256=result.plan.digest,
        people=len(keys),
        chosen=sealed(request, number, "chosen", list(keys)) if keys else None,
        trace=sealed(request, number, "trace", result.trace.to_bytes()),
    )


def stale(request: SubjectRequest, fresh: Discovery, keys: tuple[str, ...], *, run: int, plan: int) -> None:
    """What was approved is not what would be done now: back to a new plan, with what was found now."""
    write_search(request, fresh, keys)
    move(
        REQUEST, request, State.DISCOVERED, actor=PORTAL, changed_at=timezone.now(),
        detail={"run": run, "plan": plan, "digest": fresh.plan.digest},
    )  # fmt: skip
    notices.refresh(request)


def keep_trace(search: SubjectDiscovery, trace: Trace) -> None:
    """The newest values of the same plan: somebody may have changed a telephone number since."""
    content = sealed(search.request, search.number, "trace", trace.to_bytes())
    SubjectDiscovery.objects.filter(pk=search.pk).update(trace=content)


def note(request: SubjectRequest, action: Action, detail: Mapping[str, object]) -> None:
    record(actor=PORTAL, action=action, target=target_of(request), detail=detail)


def rescan_as_json(result: Rescan) -> dict[str, Any]:
    residues = [
        {"dataset": each.dataset.title, "column": each.column, "rows": each.rows, "what": each.what}
        for each in result.residues
    ]
    return {
        "complete": result.complete,
        "places_left": len(residues),
        "residues": residues[:TOLD],
        "searched": [asdict(each) for each in result.searched],
        "kept": [
            {"dataset": each.dataset.title, "rows": each.rows, "ground": each.ground, "until": each.until}
            for each in result.kept
        ],
        "held": [asdict(each) for each in result.held],
        "left_alone": result.left_alone,
    }


def packaged(request: SubjectRequest, key: UUID, made: Made) -> None:
    hours = timedelta(hours=settings.SUBJECT_PACKAGE_HOURS)
    SubjectPackage.objects.create(
        id=key,
        request=request,
        bytes=made.bytes,
        sha256=made.sha256,
        datasets=len(made.sections),
        records=made.records,
        expires_at=timezone.now() + hours,
    )
    note(request, Action.SUBJECT_PACKAGED, {"package": str(key), "sha256": made.sha256, "records": made.records})


def certified(request: SubjectRequest, inputs: Mapping[str, Mapping[str, Any]], *, run: int) -> SubjectCertificate:
    """The certificate and the state it means, in one transaction. `inputs` are what the run's steps left."""
    scan = inputs.get("rescan", {})
    complete = bool(scan.get("complete", "package" in inputs))
    now = timezone.now()
    until = kept_until() if complete else None
    body = certificates.body(request, inputs, run=run, complete=complete, at=now, until=until)
    written = certificates.write(request, body, complete=complete)
    silent = sum(bool(each["silent"]) for each in scan.get("held", ()))
    held = sum(not each["silent"] and each["count"] and not each["keep"] for each in scan.get("held", ()))
    move(
        REQUEST, request, State.COMPLETE if complete else State.INCOMPLETE, actor=PORTAL, changed_at=now,
        residual=int(scan.get("places_left", 0)) + held, silent=silent, closed_at=now if complete else None,
        identity_until=until, detail={"run": run, "certificate": written.sha256},
    )  # fmt: skip
    if complete:
        forget_traces(request)
    notices.refresh(request)
    return written
