"""The promotion ledger: ask, decide, apply, roll back. What it says serves; the alias in MLflow only mirrors it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.models import aliases, registry
from apps.models.gates import start_check
from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel
from apps.models.selectors import champion, latest_gates
from apps.models.types import AliasState, GateResult, PromotionState, Verdict, VersionState
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.services import notify, resolve
from portal.workflow import StaleState, Workflow, move

State = PromotionState
AWAITS = "promotion_awaits"
MOVES = Workflow(
    kind="promotion",
    moves={
        State.REQUESTED: {
            State.WITHDRAWN: Action.PROMOTION_WITHDRAWN,
            State.REFUSED: Action.PROMOTION_REFUSED,
            State.APPROVED: Action.PROMOTION_APPROVED,
        },
        State.APPROVED: {State.APPLIED: Action.PROMOTION_APPLIED, State.FAILED: Action.PROMOTION_FAILED},
        State.APPLIED: {State.ROLLED_BACK: Action.PROMOTION_ROLLED_BACK},
    },
)


class NotPromoted(Exception):
    """Nothing changed; the message says what is missing, for people."""


def promotion_target(entry: Promotion) -> Target:
    return Target("promotion", str(entry.pk), str(entry))


@transaction.atomic
def request(*, actor: Actor, person: User, version: ModelVersion, reason: str) -> Promotion:
    """Opens the entry and starts the run that gathers the evidence of its gates. Raises NotPromoted."""
    if version.state != VersionState.REGISTERED:
        raise NotPromoted("MLflow does not have this version yet: its training has not registered it.")
    if not version.signature.get("inputs"):
        raise NotPromoted("This version was logged without a signature: nobody could say what it takes. Train it anew.")
    now = champion(version.model)
    if now is not None and now.version_id == version.pk:
        raise NotPromoted("This version serves already.")
    try:
        with transaction.atomic():
            entry = Promotion.objects.create(
                model=version.model,
                version=version,
                replaces=now.version if now else None,
                requested_by=person,
                reason=reason[:500],
            )
    except IntegrityError:
        raise NotPromoted("Another promotion of this model is open. Decide or withdraw that one first.") from None
    record(
        actor=actor,
        action=Action.PROMOTION_REQUESTED,
        target=promotion_target(entry),
        detail={"version": version.number, "replaces": now.version.number if now else None},
    )
    _tell(entry)
    start_check(actor=actor, entry=entry, started_by=person)
    return entry


def _tell(entry: Promotion) -> None:
    """Everybody else who may decide it."""
    others = User.objects.filter(groups__name=Role.ENGINEER, is_active=True).exclude(pk=entry.requested_by_id)
    people = list(others.values_list("pk", flat=True))
    notify(
        kind=AWAITS,
        subject_kind="promotion",
        subject_id=str(entry.pk),
        title=f"{entry.requested_by.label} asks to promote {entry}",
        url=reverse("models:promotion", args=[entry.pk]),
        users=people,
        roles=[] if people else [Role.ENGINEER],
    )


def _settle_notice(entry: Promotion) -> None:
    resolve(kind=AWAITS, subject_kind="promotion", subject_id=str(entry.pk))


@transaction.atomic
def check_again(*, actor: Actor, person: User, entry: Promotion) -> None:
    """Gathers the evidence anew. Raises NotPromoted."""
    if entry.state != State.REQUESTED:
        raise NotPromoted("It is decided: its evidence stays as it was.")
    start_check(actor=actor, entry=entry, started_by=person)


@transaction.atomic
def withdraw(*, actor: Actor, person: User, entry: Promotion) -> None:
    """Raises NotPromoted, ForbiddenMove, StaleState."""
    if person.pk != entry.requested_by_id:
        raise NotPromoted("Only who asked for it withdraws it; others refuse it.")
    move(MOVES, entry, State.WITHDRAWN, actor=actor)
    _settle_notice(entry)


@transaction.atomic
def refuse(*, actor: Actor, person: User, entry: Promotion, note: str) -> None:
    """Raises NotPromoted, ForbiddenMove, StaleState."""
    _another(person, entry)
    move(MOVES, entry, State.REFUSED, actor=actor, decided_by=person, decided_at=timezone.now(), note=note[:500])
    _settle_notice(entry)


def approve(*, actor: Actor, person: User, entry: Promotion) -> Promotion:
    """Approves (the intent), sets the alias in MLflow, and writes that it serves (the outcome).

    When MLflow falls silent in between, the entry stays approved and does not serve; `aliases.reconcile` finishes it.
    Raises NotPromoted when a gate or MLflow speaks against it, ForbiddenMove, StaleState.
    """
    _another(person, entry)
    try:
        there = registry.version_exists(entry.model.name, entry.version.number or 0)
    except registry.RegistryDown as error:
        raise NotPromoted(f"{error} Nothing was promoted.") from error
    if not there:
        raise NotPromoted("MLflow does not have this version any more. Nothing was promoted.")
    with transaction.atomic():
        # One decision at a time: the champion that the gates compared with must still be the champion.
        RegisteredModel.objects.select_for_update().get(pk=entry.model_id)
        require_gates(entry)
        gates = {gate.name: gate.sentence for gate in latest_gates(entry)}
        move(
            MOVES, entry, State.APPROVED, actor=actor, detail={"gates": gates},
            decided_by=person, decided_at=timezone.now(),
        )  # fmt: skip
        aliases.intend(actor=actor, model=entry.model, number=entry.version.number)
        _settle_notice(entry)
    try:
        finish(actor=actor, entry=entry)
    except StaleState:
        entry.refresh_from_db()  # the reconcile met it in between and was quicker: what it wrote is so
    return entry


def _another(person: User, entry: Promotion) -> None:
    if person.pk == entry.requested_by_id:
        raise NotPromoted("Another person decides: you asked for it yourself.")


def require_gates(entry: Promotion) -> None:
    """Raises NotPromoted unless every gate passed, lately, against who serves now, on the snapshot as it is now."""
    gates = latest_gates(entry)
    if not gates:
        raise NotPromoted("Its gates are not checked yet.")
    for gate in gates:
        if gate.verdict != Verdict.PASSED:
            raise NotPromoted(f"The gate “{gate.get_name_display()}” did not pass: {gate.sentence}")
    if why := stale(entry, gates):
        raise NotPromoted(f"{why} Check the gates again.")


def stale(entry: Promotion, gates: list[Gate]) -> str:
    """Why this evidence speaks of something that is no longer so; empty when it still does."""
    now = champion(entry.model)
    serving = now.version_id if now else None
    snapshot = entry.version.snapshot
    snapshot.refresh_from_db()
    if any(gate.checked_at < timezone.now() - timedelta(hours=settings.GATE_HOURS) for gate in gates):
        return f"The evidence is older than {settings.GATE_HOURS} hours."
    if any(gate.against_id != serving for gate in gates):
        return "Another version serves than the one it was compared with."
    if any(gate.fingerprint != snapshot.fingerprint for gate in gates):
        return "The training snapshot changed since."
    return ""


def finish(*, actor: Actor, entry: Promotion) -> None:
    """Tells MLflow of an approved entry and writes down what came of it. Safe to call again."""
    try:
        registry.set_alias(entry.model.name, entry.version.number or 0)
    except registry.RegistryDown:
        return  # stays approved; asked again by the next reconcile
    except registry.NotThere:
        with transaction.atomic():
            move(MOVES, entry, State.FAILED, actor=actor, note="MLflow does not have the version any more.")
        return
    with transaction.atomic():
        move(MOVES, entry, State.APPLIED, actor=actor, applied_at=timezone.now())
        aliases.note(actor=actor, model=entry.model, number=entry.version.number, state=AliasState.MIRRORED)


def roll_back(*, actor: Actor, person: User, model: RegisteredModel, serves: int, reason: str) -> Promotion:
    """Back to the version that served before, at once: it was approved then, and an emergency waits for nobody.

    `serves` is the entry that the person saw serving: pressed twice, it is rolled back once. The ledger decides what
    serves, so this works while MLflow is down; the alias follows. Raises NotPromoted, StaleState.
    """
    with transaction.atomic():
        RegisteredModel.objects.select_for_update().get(pk=model.pk)
        if model.promotions.filter(state=State.APPROVED).exists():
            raise NotPromoted("A promotion is being applied. Wait for it, then roll it back.")
        applied = list(model.promotions.filter(state=State.APPLIED).select_related("version").order_by("-id")[:2])
        if applied and applied[0].pk != serves:
            raise StaleState(f"{applied[0]} serves now, not what you saw serving. Nothing was changed.")
        if len(applied) < 2:
            raise NotPromoted("No version served before this one.")
        now, before = applied
        move(
            MOVES, now, State.ROLLED_BACK, actor=actor, detail={"back_to": before.version.number},
            rolled_back_by=person, rolled_back_at=timezone.now(), note=reason[:500],
        )  # fmt: skip
        aliases.intend(actor=actor, model=model, number=before.version.number)
    aliases.mirror(actor=actor, model=model)
    return before


@transaction.atomic
def write_gates(
    *,
    actor: Actor,
    entry: Promotion,
    results: Sequence[GateResult],
    against: ModelVersion | None,
    round_: int,
    run_id: int,
    fingerprint: str,
    at: datetime,
) -> None:
    """The answers of one round. A second attempt of the same round finds the first one's and writes nothing."""
    if Gate.objects.filter(promotion=entry, round=round_).exists():
        return
    Gate.objects.bulk_create(
        Gate(
            promotion=entry,
            round=round_,
            name=result.name,
            verdict=result.verdict,
            sentence=result.sentence[:500],
            figures=dict(result.figures),
            against=against,
            fingerprint=fingerprint,
            run_id=run_id,
            checked_at=at,
        )
        for result in results
    )
    record(
        actor=actor,
        action=Action.GATES_CHECKED,
        target=promotion_target(entry),
        detail={"round": round_, "run": run_id, **{str(r.name): str(r.verdict) for r in results}},
    )
