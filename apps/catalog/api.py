"""`GET /api/catalog/datasets/` and `/{id}/`: the same cut as the pages, with a bearer token."""

from dataclasses import asdict
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.catalog import details, lineage
from apps.catalog.history.keys import keys_of
from apps.catalog.models import Check, Dataset
from apps.catalog.search import find, reasons
from apps.catalog.selectors import visible_ids
from apps.catalog.views import dataset_or_404, wanted_by

PAGE_SIZE = 50
LARGEST_PAGE = 500


class Datasets(APIView):
    """`?q=` searches; `source`, `namespace`, `kind`, `owner`, `tag`, `category` narrow; `page`, `page_size`. With
    `more`, `count` is what was listed of a larger number."""

    def get(self, request: Request) -> Response:
        wanted = wanted_by(request.query_params)
        page = _number(request, "page", 1, 1_000_000)
        size = _number(request, "page_size", PAGE_SIZE, LARGEST_PAGE)
        rows = find(request.user, wanted)
        count, start = len(rows), (page - 1) * size
        shown = list(rows[start : start + size])
        why = reasons(shown, wanted)
        return Response(
            {
                "count": count,
                "more": rows.more,
                "page": page,
                "page_size": size,
                "next": page + 1 if start + size < count else None,
                "results": [{**_head(each), "why": why.get(each.pk, "")} for each in shown],
            }
        )


class OneDataset(APIView):
    def get(self, request: Request, pk: int) -> Response:
        found = dataset_or_404(request.user, pk)
        lines = details.lines(request.user, found)
        sensitivity = details.sensitivity([line.column for line in lines])
        return Response(
            {
                **_head(found),
                "sensitivity": {
                    "category": sensitivity.category,
                    "certainty": sensitivity.certainty,
                    "unclassified_columns": sensitivity.unclassified,
                },
                "keys": [asdict(key) for key in keys_of(found, visible_ids(request.user))],
                "indexes": list(found.indexes),
                "sampled_documents": found.sampled,
                "columns": [_column(line) for line in lines],
                "checks": [_check(check) for check in found.checks.order_by("name", "column")],
                "lineage": {
                    "state": found.lineage,
                    "upstream": [_reached(each) for each in lineage.reached(request.user, found, "upstream")],
                    "downstream": [_reached(each) for each in lineage.reached(request.user, found, "downstream")],
                },
            }
        )


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= largest:
        raise ValidationError({name: f"A number from 1 to {largest:,}."})
    return int(text)


def _head(found: Dataset) -> dict[str, Any]:
    return {
        "id": found.pk,
        "source": found.source.name,
        "path": list(found.path),
        "name": found.name,
        "kind": found.kind,
        "description": found.description or found.comment,
        "owner": found.owner,
        "tags": list(found.tags),
        "row_count": found.row_count,
        "size_bytes": found.size_bytes,
        "loaded_at": found.loaded_at,
        "changed_at": found.changed_at,
        "synced_at": found.source.synced_at,
    }


def _column(line: details.Line) -> dict[str, Any]:
    column = line.column
    return {
        "id": column.pk,
        "name": column.name,
        "position": column.position,
        "type": column.type,
        "nullable": column.nullable,
        "primary_key": column.primary_key,
        "references": line.references,
        "presence": column.presence,
        "types": {name: {"share": share, "last_seen": day} for name, share, day in line.types},
        "first_seen_at": column.first_seen_at,
        "last_seen_at": column.last_seen_at,
        "description": line.meaning,
        "category": column.category,
        "certainty": column.certainty,
        "evidence": line.evidence,
        "carries": list(column.carries),
        "upstream": line.upstream,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "column": check.column,
        "passed": check.passed,
        "detail": check.detail,
        "evidence": check.evidence,
        "checked_at": check.checked_at,
    }


def _reached(each: lineage.Reached) -> dict[str, Any]:
    return {
        "id": each.dataset.pk,
        "source": each.dataset.source.name,
        "path": list(each.dataset.path),
        "kind": each.dataset.kind,
        "steps": each.steps,
        "columns": [{"column": p.here, "reached": p.there, "steps": p.steps} for p in each.pairs],
    }
