"""The model in the catalog: a dataset of kind model, whose columns are its inputs, below those it was trained on."""

from collections.abc import Iterator

from apps.catalog.services import describe, replace_edges, set_owner, sync_models
from apps.catalog.types import ColumnRef, Edge, EdgeEvidence, EdgeKind
from apps.models.models import ModelVersion
from apps.models.selectors import newest_versions
from portal.accounts.access import grant_view
from portal.accounts.types import Role
from portal.audit.types import Actor
from portal.stores.types import ColumnInfo, DatasetInfo

SOURCE = "models"
# Others know of every dataset by their role; an analyst follows lineage as far as marts.
SEEN_BY = (Role.ENGINEER,)


def path_of(name: str) -> tuple[str, str]:
    return (SOURCE, name)


def publish(*, actor: Actor, version: ModelVersion) -> int:
    """Safe to call again. Returns how many columns are traced."""
    sync_models(actor=actor, source=SOURCE, infos=[info(each) for each in newest_versions()])
    path = path_of(version.model.name)
    dataset = set_owner(actor=actor, source=SOURCE, path=path, owner=version.model.owner)
    meanings = {column["name"]: column["what"] for column in version.snapshot.columns}
    describe(actor=actor, source=SOURCE, path=path, description=version.model.description, columns=meanings)
    grant_view(actor=actor, obj=dataset, roles=SEEN_BY)
    report = replace_edges(actor=actor, origin=f"model:{version.model.name}", edges=edges(version))
    return report.edges


def info(version: ModelVersion) -> DatasetInfo:
    columns = [column["name"] for column in version.signature["inputs"]]
    types = {column["name"]: column["type"] for column in version.signature["inputs"]}
    return DatasetInfo(
        path=path_of(version.model.name),
        kind="model",
        columns=tuple(ColumnInfo(name, types[name], position=place) for place, name in enumerate(columns, start=1)),
        comment=version.model.title,
        changed_at=version.registered_at,
    )


def edges(version: ModelVersion) -> Iterator[Edge]:
    evidence = EdgeEvidence("training", f"run {version.run_id}", f"snapshot {version.snapshot.label}")
    for source, *path in version.snapshot.datasets:
        for column in version.signature["inputs"]:
            yield Edge(
                upstream=ColumnRef(source, tuple(path), column["name"]),
                downstream=ColumnRef(SOURCE, path_of(version.model.name), column["name"]),
                kind=EdgeKind.VALUE,
                evidence=evidence,
                transform="aggregate",
            )
