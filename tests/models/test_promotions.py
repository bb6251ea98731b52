from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.models import aliases, promotions, selectors, tasks
from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel, Snapshot
from apps.models.promotions import NotPromoted, State
from apps.models.types import AliasState, NotServing, Serving, Verdict
from portal.accounts.models import User
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.notices.models import Notice
from portal.runs.models import Run
from portal.workflow import ForbiddenMove, StaleState
from tests.models import builders
from tests.models.conftest import Registry
from tests.people import person

pytestmark = pytest.mark.django_db


def promoted(asks: User, decides: User, number: int = 1) -> Promotion:
    entry = builders.checked(builders.requested(asks, builders.version(number)))
    return promotions.approve(actor=Actor.of(decides), person=decides, entry=entry)


def rolled_back(person: User, entry: Promotion, reason: str = "") -> Promotion:
    return promotions.roll_back(
        actor=Actor.of(person), person=person, model=entry.model, serves=entry.pk, reason=reason
    )


def served() -> int | None:
    found = selectors.serving("fraud_model")
    return found.version if isinstance(found, Serving) else None


def actions() -> list[str]:
    return [action for action in Event.objects.order_by("at").values_list("action", flat=True) if "models." in action]


def test_what_two_people_approved_serves(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    entry = promoted(engineer, second_engineer)
    found = selectors.serving("fraud_model")
    assert isinstance(found, Serving)
    assert (found.version, found.approved_by, found.promotion_id) == (1, second_engineer.label, entry.pk)
    assert found.artifact_sha256 == entry.version.artifact_sha256
    assert list(found.inputs)[:2] == ["AMOUNT", "INSTALLMENTS"]
    assert mlflow_says.alias == 1
    assert actions()[-4:] == [
        "models.promotion_approved",
        "models.alias_intended",
        "models.promotion_applied",
        "models.alias_set",
    ]


def test_why_nothing_serves(engineer: User) -> None:
    assert selectors.serving("fraud_model") == NotServing(
        "fraud_model", "unknown_model", "No model fraud_model was ever trained."
    )
    model = builders.model()
    assert selectors.serving("fraud_model").code == "not_promoted"  # type: ignore[union-attr]
    RegisteredModel.objects.filter(pk=model.pk).update(untrainable="no labels")
    found = selectors.serving("fraud_model")
    assert isinstance(found, NotServing)
    assert (found.code, found.reason) == ("not_trainable", "not trainable: no labels")


def test_asking_starts_the_run_that_gathers_evidence_and_tells_the_others(
    engineer: User, second_engineer: User
) -> None:
    entry = builders.requested(engineer, builders.version())
    run = Run.objects.get(kind="gates")
    assert run.steps.get().params == {"promotion": entry.pk, "round": 1}
    notice = Notice.objects.get(kind="promotion_awaits")
    assert notice.people == [second_engineer.pk]
    assert served() is None


def test_nobody_decides_what_they_asked_for(engineer: User, mlflow_says: Registry) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()))
    for decide in (promotions.approve, promotions.refuse):
        more = {"note": ""} if decide is promotions.refuse else {}
        with pytest.raises(NotPromoted, match="Another person decides"):
            decide(actor=Actor.of(engineer), person=engineer, entry=entry, **more)
    assert served() is None


def test_the_database_holds_that_it_is_another(engineer: User) -> None:
    entry = builders.requested(engineer, builders.version())
    with pytest.raises(IntegrityError, match="ml_decided_by_another"), transaction.atomic():
        Promotion.objects.filter(pk=entry.pk).update(
            state=State.APPROVED, decided_by=engineer, decided_at=timezone.now()
        )


def test_the_database_keeps_the_ledger(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    entry = promoted(engineer, second_engineer)
    other = builders.version(2)
    for change in (
        lambda: Promotion.objects.filter(pk=entry.pk)._raw_delete("default"),
        lambda: Promotion.objects.filter(pk=entry.pk).update(version=other),
        lambda: Promotion.objects.filter(pk=entry.pk).update(state=State.REQUESTED),
        lambda: Promotion.objects.filter(pk=entry.pk).update(applied_at=timezone.now()),
        lambda: Gate.objects.update(verdict=Verdict.FAILED),
        lambda: Gate.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match=r"ledger|evidence"), transaction.atomic():
            change()


def test_an_entry_begins_as_a_request(engineer: User, second_engineer: User) -> None:
    now, version = timezone.now(), builders.version()
    decided = {"decided_by": second_engineer, "decided_at": now}
    for more in (
        {"state": State.APPLIED, "applied_at": now, **decided},
        {"state": State.APPROVED, **decided},
        {"state": State.WITHDRAWN},
        decided,
        {"applied_at": now},
        {"rolled_back_at": now},
    ):
        with pytest.raises(DatabaseError, match="begins as a request"), transaction.atomic():
            Promotion.objects.create(model=version.model, version=version, requested_by=engineer, **more)
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("column", ["reason", "requested_by", "decided_by", "decided_at", "note"])
def test_what_was_decided_stays(column: str, engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    entry = promoted(engineer, second_engineer)
    other = {"reason": "another", "note": "another", "decided_at": timezone.now()}.get(column, person("third"))
    with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic():
        Promotion.objects.filter(pk=entry.pk).update(**{column: other})


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("number", 9),
        ("mlflow_run_id", "b" * 32),
        ("artifact_uri", "mlflow-artifacts:/else"),
        ("artifact_sha256", "0" * 64),
        ("signature", {"inputs": []}),
        ("threshold", 0.01),
        ("state", "intended"),
    ],
)
def test_a_registered_version_stays_what_it_is(column: str, other: object) -> None:
    version = builders.version()
    with pytest.raises(DatabaseError, match="registered version stays"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(**{column: other})


def test_a_registered_version_keeps_its_snapshot() -> None:
    version, other = builders.version(1), builders.version(2)
    other_snapshot = Snapshot.objects.create(
        **{
            f.attname: getattr(other.snapshot, f.attname)
            for f in Snapshot._meta.fields
            if f.name not in ("id", "label")
        },
        label="another",
    )
    with pytest.raises(DatabaseError, match="registered version stays"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(snapshot=other_snapshot)


def test_these_are_tried_as_the_account_of_the_portal() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, tableowner FROM pg_tables WHERE tablename = 'ml_promotion'")
        assert cursor.fetchone() == ("portico_app", "portico_owner")


@pytest.mark.parametrize("gate", ["better", "signature", "drift", "snapshot"])
@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNKNOWN])
def test_one_gate_that_did_not_pass_is_enough(
    gate: str, verdict: Verdict, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()), **{gate: verdict})
    with pytest.raises(NotPromoted, match=f"did not pass: {gate} says so"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    assert served() is None
    assert mlflow_says.alias is None


def test_gates_that_were_never_checked_are_not_passed(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = builders.requested(engineer, builders.version())
    with pytest.raises(NotPromoted, match="not checked yet"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)


def test_evidence_grows_old(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    entry = builders.requested(engineer, builders.version())
    builders.checked(entry, at=timezone.now() - timedelta(hours=25))
    with pytest.raises(NotPromoted, match="older than 24 hours"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    builders.checked(entry)
    promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    assert served() == 1


def test_evidence_against_another_champion_is_none(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promoted(engineer, second_engineer, 1)
    second = promoted(engineer, second_engineer, 2)
    entry = builders.checked(builders.requested(engineer, builders.version(3)))
    rolled_back(engineer, second)
    with pytest.raises(NotPromoted, match="Another version serves"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)


def test_a_snapshot_that_was_rewritten_voids_its_evidence(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()))
    Snapshot.objects.update(fingerprint="99" * 32)
    with pytest.raises(NotPromoted, match="snapshot changed"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)


def test_a_version_without_signature_cannot_be_asked_for(engineer: User) -> None:
    with pytest.raises(NotPromoted, match="without a signature"):
        builders.requested(engineer, builders.version(signature={}))
    assert not Promotion.objects.exists()


def test_one_promotion_at_a_time(engineer: User, second_engineer: User) -> None:
    builders.requested(engineer, builders.version(1))
    with pytest.raises(NotPromoted, match="Another promotion"):
        builders.requested(second_engineer, builders.version(2))


def test_mlflow_down_promotes_nothing(engineer: User, second_engineer: User, nobody_listens: None) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()))
    with pytest.raises(NotPromoted, match=r"MLflow does not answer\. Nothing was promoted"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    entry.refresh_from_db()
    assert entry.state == State.REQUESTED
    assert served() is None


def test_a_version_that_mlflow_lost_is_not_promoted(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    mlflow_says.versions = set()
    entry = builders.checked(builders.requested(engineer, builders.version()))
    with pytest.raises(NotPromoted, match="does not have this version"):
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)


def test_mlflow_that_falls_silent_in_between_is_asked_again(
    engineer: User, second_engineer: User, mlflow_says: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()))
    with monkeypatch.context() as patched:
        patched.setattr(promotions.registry, "set_alias", lambda name, number: mlflow_says_down())
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    assert (entry.state, served()) == (State.APPROVED, None)
    tasks.reconcile_aliases()
    entry.refresh_from_db()
    assert (entry.state, served(), mlflow_says.alias) == (State.APPLIED, 1, 1)


def mlflow_says_down() -> None:
    raise promotions.registry.RegistryDown("MLflow does not answer.")


def test_a_version_lost_after_approval_fails_and_frees_the_way(
    engineer: User, second_engineer: User, mlflow_says: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = builders.checked(builders.requested(engineer, builders.version()))
    with monkeypatch.context() as patched:
        patched.setattr(promotions.registry, "set_alias", lambda name, number: mlflow_says_down())
        promotions.approve(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    mlflow_says.versions = set()
    tasks.reconcile_aliases()
    entry.refresh_from_db()
    assert (entry.state, served()) == (State.FAILED, None)


def test_rollback_is_one_step_back(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    promoted(engineer, second_engineer, 1)
    second = promoted(second_engineer, engineer, 2)
    assert served() == 2
    back = rolled_back(engineer, second, "scores are off")
    second.refresh_from_db()
    assert (served(), back.version.number, mlflow_says.alias) == (1, 1, 1)
    assert (second.state, second.rolled_back_by, second.note) == (State.ROLLED_BACK, engineer, "scores are off")
    assert "models.promotion_rolled_back" in actions()


def test_rollback_pressed_twice_goes_back_once(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    for number in (1, 2, 3):
        third = promoted(engineer, second_engineer, number)
    rolled_back(engineer, third)
    with pytest.raises(StaleState, match=r"fraud_model version 2 serves now.*Nothing was changed"):
        rolled_back(second_engineer, third)
    assert (served(), mlflow_says.alias) == (2, 2)
    assert Promotion.objects.filter(state=State.ROLLED_BACK).count() == 1


def test_gates_checked_twice_at_once_are_one_run(engineer: User) -> None:
    entry = builders.requested(engineer, builders.version())
    for _ in range(2):
        promotions.check_again(actor=Actor.of(engineer), person=engineer, entry=entry)
    assert Run.objects.filter(kind="gates").count() == 1
    Run.objects.update(state="done")
    promotions.check_again(actor=Actor.of(engineer), person=engineer, entry=entry)
    assert Run.objects.filter(kind="gates").count() == 2


def test_rollback_works_while_mlflow_is_down_and_the_alias_follows(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    promoted(engineer, second_engineer, 1)
    second = promoted(second_engineer, engineer, 2)
    mlflow_says.down = True
    rolled_back(engineer, second, "")
    second.model.refresh_from_db()
    assert (served(), second.model.alias_state, mlflow_says.alias) == (1, AliasState.PENDING, 2)
    tasks.reconcile_aliases()
    assert mlflow_says.alias == 2
    mlflow_says.down = False
    tasks.reconcile_aliases()
    second.model.refresh_from_db()
    assert (mlflow_says.alias, second.model.alias_state) == (1, AliasState.MIRRORED)


def test_there_must_be_something_to_roll_back_to(engineer: User, second_engineer: User, mlflow_says: Registry) -> None:
    entry = promoted(engineer, second_engineer)
    with pytest.raises(NotPromoted, match="No version served before"):
        rolled_back(engineer, entry)
    assert served() == 1


def test_an_alias_moved_outside_is_told_and_not_served(
    engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = promoted(engineer, second_engineer)
    builders.version(2)
    mlflow_says.alias = 2
    tasks.reconcile_aliases()
    tasks.reconcile_aliases()
    entry.model.refresh_from_db()
    assert (entry.model.alias_state, entry.model.alias_version, served()) == (AliasState.MOVED, 2, 1)
    notice = Notice.objects.get(kind="alias_moved", resolved_at=None)
    assert notice.title == "Alias moved outside the portal: fraud_model to version 2. It is not served."
    assert actions().count("models.alias_moved_outside") == 1
    assert aliases.put_back(actor=Actor.of(engineer), model=entry.model) == 1
    entry.model.refresh_from_db()
    assert (mlflow_says.alias, entry.model.alias_state) == (1, AliasState.MIRRORED)
    assert not Notice.objects.filter(kind="alias_moved", resolved_at=None).exists()


def test_what_is_told_to_who_puts_an_alias_back(
    client: Client, engineer: User, second_engineer: User, mlflow_says: Registry
) -> None:
    entry = promoted(engineer, second_engineer)
    client.force_login(engineer)

    def told() -> str:
        answer = client.post(reverse("models:alias", args=[entry.model.name]), follow=True)
        return " ".join(str(message) for message in answer.context["messages"])

    mlflow_says.alias = 2
    assert told() == "In MLflow, champion stands on version 1 again, the one that serves."
    mlflow_says.down = True
    assert told() == "MLflow does not answer. The alias goes back to version 1 as soon as it does."
    mlflow_says.down, mlflow_says.versions = False, {2}
    assert told().startswith("MLflow does not have version 1 any more, so the alias cannot stand there.")
    assert served() == 1


def test_without_a_version_that_serves_there_is_nothing_to_put_an_alias_back_to(
    engineer: User, mlflow_says: Registry
) -> None:
    model = builders.version(1).model
    mlflow_says.alias = 1
    tasks.reconcile_aliases()
    with pytest.raises(aliases.NotPutBack, match="No version is promoted"):
        aliases.put_back(actor=Actor.of(engineer), model=model)
    model.refresh_from_db()
    assert model.alias_state == AliasState.MOVED, "it waits for nothing"


def test_an_alias_set_before_anything_was_promoted_is_told(engineer: User, mlflow_says: Registry) -> None:
    builders.version(1)
    mlflow_says.alias = 1
    tasks.reconcile_aliases()
    assert RegisteredModel.objects.get().alias_state == AliasState.MOVED
    assert served() is None


def test_refusing_and_withdrawing(engineer: User, second_engineer: User) -> None:
    entry = builders.requested(engineer, builders.version())
    with pytest.raises(NotPromoted, match="Only who asked"):
        promotions.withdraw(actor=Actor.of(second_engineer), person=second_engineer, entry=entry)
    promotions.refuse(actor=Actor.of(second_engineer), person=second_engineer, entry=entry, note="not now")
    with pytest.raises(ForbiddenMove):
        promotions.withdraw(actor=Actor.of(engineer), person=engineer, entry=entry)
    assert not Notice.objects.filter(resolved_at=None).exists()
    again = builders.requested(engineer, ModelVersion.objects.get())
    promotions.withdraw(actor=Actor.of(engineer), person=engineer, entry=again)
    assert again.state == State.WITHDRAWN


def test_two_who_decide_at_once_do_not_both_decide(engineer: User, second_engineer: User) -> None:
    entry = builders.requested(engineer, builders.version())
    same = Promotion.objects.get(pk=entry.pk)
    promotions.withdraw(actor=Actor.of(engineer), person=engineer, entry=entry)
    with pytest.raises(StaleState):
        promotions.refuse(actor=Actor.of(second_engineer), person=second_engineer, entry=same, note="")
