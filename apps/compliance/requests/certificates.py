"""What was searched and done, in a form that can be kept, printed and checked."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.compliance.requests.models import SubjectCertificate, SubjectPlan, SubjectRequest
from apps.compliance.requests.services import target_of
from apps.compliance.requests.types import VERIFIED_HOW
from portal.audit.actions import Action
from portal.audit.models import Leaf
from portal.audit.services import canonical, record
from portal.audit.types import Actor
from portal.audit.verify import Proof, prove

VERSION = 1
LEDGER = "Keyed digests of the person's keys and addresses are kept, so that no later load brings them back."
SEALED = "The address of this request is encrypted (AES-256-GCM)"


def body(
    request: SubjectRequest,
    inputs: Mapping[str, Mapping[str, Any]],
    *,
    run: int,
    complete: bool,
    at: datetime,
    until: datetime | None,
) -> dict[str, Any]:
    """`inputs` are the outputs of the run's steps by key, as `steps` leaves them."""
    scan = dict(inputs.get("rescan", {}))
    plan = worked_by(request, inputs)
    return {
        "version": VERSION,
        "result": "complete" if complete else "incomplete",
        "at": at.isoformat(),
        "run": run,
        "request": about(request),
        "plan": None if plan is None else approved(plan),
        "searched": scan.get("searched") or searched_before(request),
        "done": [] if plan is None else done(plan, inputs),
        "holders": scan.get("held", []),
        "rescan": scan or None,
        "kept": scan.get("kept", []),
        "package": package(request) if "package" in inputs else None,
        "sections": inputs.get("package", {}).get("sections", []),
        "ledger": LEDGER if plan is not None else "",
        "identity": f"{SEALED} and deleted on {until:%-d %B %Y}." if until else f"{SEALED} while the request is open.",
        "identity_until": until.isoformat() if until else None,
    }


def about(request: SubjectRequest) -> dict[str, Any]:
    return {
        "id": str(request.pk),
        "kind": request.kind,
        "law": request.law,
        "received_on": str(request.received_on),
        "due_on": str(request.due_on),
        "verified": VERIFIED_HOW[request.verified_how],
        "opened_by": request.opened_by.get_username(),
        "opened_at": request.opened_at.isoformat(),
    }


def worked_by(request: SubjectRequest, inputs: Mapping[str, Any]) -> SubjectPlan | None:
    """The plan that this run carried out, or that the search after it is about."""
    if not any(key == "holders" or key.startswith("erase-") for key in inputs):
        return None
    return request.plans.select_related("planned_by", "approved_by").exclude(approved_by=None).first()


def approved(plan: SubjectPlan) -> dict[str, Any]:
    assert plan.approved_by is not None
    assert plan.approved_at is not None
    return {
        "number": plan.number,
        "sha256": plan.sha256,
        "planned_by": plan.planned_by.get_username(),
        "planned_at": plan.planned_at.isoformat(),
        "approved_by": plan.approved_by.get_username(),
        "approved_at": plan.approved_at.isoformat(),
    }


def done(plan: SubjectPlan, inputs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per place what was approved and what this run's last attempts did; an attempt that was killed leaves no count,
    so `attempts` says where the second number may be smaller."""
    outputs = [output for key, output in inputs.items() if key.startswith("erase-")]
    counted = {
        (each["dataset"], each["action"]): (each["rows"], output["attempt"])
        for output in outputs
        for each in output["done"]
    }
    lines = []
    for place in json.loads(plan.content)["plan"]["places"]:
        title = f"{place['dataset']['source']}: {'.'.join(place['dataset']['path'][1:])}"
        rows, attempts = counted.get((title, place["action"]), (None, None))
        columns = sorted(column["name"] for column in place["columns"] if column["masked"])
        lines.append(
            {"dataset": title, "action": place["action"], "why": place["why"], "approved_rows": place["rows"],
             "rows": rows, "attempts": attempts, "masked": columns, "ground": place["ground"],
             "until": place["until"]}
        )  # fmt: skip
    return lines


def searched_before(request: SubjectRequest) -> list[dict[str, Any]]:
    search = request.discoveries.first()
    return list(search.content.get("searched", [])) if search else []


def package(request: SubjectRequest) -> dict[str, Any] | None:
    made = request.packages.first()
    if made is None:
        return None
    return {"id": str(made.pk), "bytes": made.bytes, "sha256": made.sha256, "records": made.records}


def write(request: SubjectRequest, content: Mapping[str, Any], *, complete: bool) -> SubjectCertificate:
    """Inside the caller's transaction: the event names the hash, the row names the event."""
    text = canonical(content)
    digest = hashlib.sha256(text.encode()).hexdigest()
    event = record(
        actor=Actor.system("requests"),
        action=Action.SUBJECT_CERTIFIED,
        target=target_of(request),
        detail={"sha256": digest, "result": content["result"]},
    )
    return SubjectCertificate.objects.create(
        request=request, content=text, sha256=digest, event_id=event.pk, complete=complete
    )


def proof_of(certificate: SubjectCertificate) -> Proof | None:
    """None until the sequencer has given the event its leaf: some seconds."""
    try:
        return prove(str(certificate.event_id))
    except Leaf.DoesNotExist:
        return None


def as_json(certificate: SubjectCertificate) -> dict[str, Any]:
    """The certificate with all that somebody without the portal needs to check that the trail holds it."""
    proof = proof_of(certificate)
    return {
        "certificate": json.loads(certificate.content),
        "sha256": certificate.sha256,
        "proof": None
        if proof is None
        else {
            "event": str(certificate.event_id),
            "leaf_index": proof.index,
            "leaf": proof.leaf,
            "path": list(proof.path),
            "head": vars(proof.head),
        },
    }
