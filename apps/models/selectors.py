"""Reads of the registry. What is for people is cut down to what they may see; `serving` is for machines."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for
from apps.models.models import Gate, ModelVersion, Promotion, RegisteredModel
from apps.models.types import NotServing, PromotionState, Serving, VersionState
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.accounts.selectors import Someone

PROMOTE = "ml.promote_registeredmodel"


def champion(model: RegisteredModel) -> Promotion | None:
    """The ledger entry that serves: the newest that is applied."""
    return (
        Promotion.objects.filter(model=model, state=PromotionState.APPLIED)
        .select_related("version__model", "version__snapshot", "decided_by", "requested_by")
        .order_by("-id")
        .first()
    )


def serving(name: str) -> Serving | NotServing:
    """What the ledger approved for this model. Asked again every few seconds: two queries, no network."""
    model = RegisteredModel.objects.filter(name=name).first()
    if model is None:
        return NotServing(name, "unknown_model", f"No model {name} was ever trained.")
    entry = champion(model)
    if entry is not None:
        return _told(entry)
    if model.untrainable:
        return NotServing(name, "not_trainable", f"not trainable: {model.untrainable}")
    return NotServing(name, "not_promoted", f"No version of {name} is approved to serve.")


def _told(entry: Promotion) -> Serving:
    version = entry.version
    assert version.number is not None
    assert entry.applied_at is not None
    assert entry.decided_by is not None
    return Serving(
        model=version.model.name,
        version_id=version.pk,
        version=version.number,
        mlflow_run_id=version.mlflow_run_id,
        mlflow_model_id=version.mlflow_model_id,
        artifact_uri=version.artifact_uri,
        artifact_sha256=version.artifact_sha256,
        inputs={column["name"]: column["type"] for column in version.signature["inputs"]},
        threshold=version.threshold,
        snapshot_id=version.snapshot_id,
        promotion_id=entry.pk,
        since=entry.applied_at,
        approved_by=entry.decided_by.label,
    )


def latest_gates(entry: Promotion) -> list[Gate]:
    """The answers of the newest round; none while the first is being gathered."""
    gates = list(Gate.objects.filter(promotion=entry).select_related("against").order_by("-round", "id"))
    return [gate for gate in gates if gate.round == gates[0].round]


def newest_versions() -> list[ModelVersion]:
    """The newest registered version of every model, with a signature."""
    rows = ModelVersion.objects.filter(state=VersionState.REGISTERED).exclude(signature={})
    return list(rows.select_related("model", "snapshot").order_by("model_id", "-number").distinct("model_id"))


def models_for(person: Someone) -> QuerySet[RegisteredModel]:
    return visible(person, RegisteredModel.objects.all())


def model_for(person: Someone, name: str) -> RegisteredModel:
    """Raises RegisteredModel.DoesNotExist for one this person may not know of."""
    return models_for(person).get(name=name)


def version_for(person: Someone, name: str, number: int) -> ModelVersion:
    """Raises ModelVersion.DoesNotExist."""
    seen = ModelVersion.objects.filter(model__in=models_for(person).order_by().values("pk"))
    return seen.select_related("model", "snapshot").get(model__name=name, number=number)


def promotion_for(person: Someone, pk: int) -> Promotion:
    """Raises Promotion.DoesNotExist."""
    return entries(Promotion.objects.filter(model__in=models_for(person).order_by().values("pk"))).get(pk=pk)


def entries(found: QuerySet[Promotion]) -> QuerySet[Promotion]:
    return found.select_related(
        "model", "version__model", "version__snapshot", "replaces", "requested_by", "decided_by", "rolled_back_by"
    )


def may_promote(person: Someone) -> bool:
    return isinstance(person, User) and person.is_active and person.has_perm(PROMOTE)


def before_champion(model: RegisteredModel) -> Promotion | None:
    """Whom a rollback would bring back: the entry that served before the one that serves."""
    applied = entries(Promotion.objects.filter(model=model, state=PromotionState.APPLIED)).order_by("-id")[:2]
    found = list(applied)
    return found[1] if len(found) > 1 else None


def versions_of(model: RegisteredModel) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(model=model).select_related("model", "snapshot").order_by("-number", "-id")


def catalog_pages(person: Someone, datasets: Iterable[Sequence[str]]) -> list[tuple[str, int | None]]:
    """Each dataset by name, with its key in the catalog where the person may know of it."""
    seen = {(row.source.name, *row.path): row.pk for row in _named(person, datasets)}
    return [(".".join(place[1:]), seen.get(tuple(place))) for place in datasets]


def _named(person: Someone, datasets: Iterable[Sequence[str]]) -> QuerySet[Dataset]:
    return datasets_for(person).filter(name__in=[place[-1] for place in datasets])
