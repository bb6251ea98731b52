"""What the catalog knows of a dataset, as an OpenLineage dataset event with its schema and column lineage facets."""

from collections import defaultdict
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.catalog.models import Column, Dataset, LineageEdge
from apps.catalog.openlineage.naming import namespaces, place_of
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.selectors import visible_ids
from apps.catalog.types import EdgeKind
from portal.accounts.selectors import Someone

PRODUCER = "urn:portico:catalog"
EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent"
SCHEMA = "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json"
LINEAGE = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json"
SUBTYPES = {"copy": "IDENTITY", "aggregate": "AGGREGATION", "count": "AGGREGATION"}
MASKING = ("hash", "keyed_hash")
ROLES = {"filter": "FILTER", "join": "JOIN", "group": "GROUP_BY", "order": "SORT", "window": "WINDOW"}


def event_for(person: Someone, dataset: Dataset) -> dict[str, Any]:
    """`dataset` is one that the person may know of; inputs are cut down to what they may, too."""
    known = namespaces()
    place = place_of(dataset, known)
    columns = list(dataset.columns.filter(retired_at=None, within=None).order_by("position", "pk"))
    fields, whole = _lineage(person, dataset, known)
    facets: dict[str, Any] = {
        "schema": {"_producer": PRODUCER, "_schemaURL": SCHEMA, "fields": [_field(column) for column in columns]}
    }
    if fields or whole:
        facets["columnLineage"] = {"_producer": PRODUCER, "_schemaURL": LINEAGE, "fields": fields, "dataset": whole}
    return {
        "eventTime": timezone.now().isoformat(),
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "dataset": {"namespace": place.namespace, "name": place.name, "facets": facets},
    }


def _field(column: Column) -> dict[str, str]:
    told = {"name": column.name, "type": column.type}
    meaning = column.description or column.comment
    return told | ({"description": meaning} if meaning else {})


def _lineage(person: Someone, dataset: Dataset, known: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    seen = visible_ids(person)
    live = Q(upstream__retired_at=None, upstream__dataset__retired_at=None, upstream__dataset__in=seen)
    fields: dict[str, dict[str, Any]] = defaultdict(lambda: {"inputFields": []})
    edges = LineageEdge.objects.filter(
        live, downstream__dataset=dataset, kind=EdgeKind.VALUE, downstream__retired_at=None
    )
    for edge in edges.select_related("upstream__dataset__source", "downstream").order_by("pk"):
        direct = {"type": "DIRECT", "subtype": SUBTYPES.get(edge.transform, "TRANSFORMATION"), "description": "",
                  "masking": edge.transform in MASKING}  # fmt: skip
        fields[edge.downstream.name]["inputFields"].append(_input(edge.upstream, known, direct))
    rows = RowEdge.objects.filter(live, downstream=dataset).select_related("upstream__dataset__source").order_by("pk")
    whole = [
        _input(
            row.upstream, known, {"type": "INDIRECT", "subtype": ROLES[row.role], "description": "", "masking": False}
        )
        for row in rows
    ]
    return dict(fields), whole


def _input(column: Column, known: dict[str, str], transformation: dict[str, Any]) -> dict[str, Any]:
    place = place_of(column.dataset, known)
    return {
        "namespace": place.namespace,
        "name": place.name,
        "field": column.name,
        "transformations": [transformation],
    }
