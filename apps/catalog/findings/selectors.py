"""Findings, cut down to datasets that the person may know of."""

from django.db.models import Count, Q, QuerySet

from apps.catalog.details import knows_all
from apps.catalog.findings.models import Finding
from apps.catalog.findings.types import FindingKind
from apps.catalog.selectors import datasets_for
from portal.accounts.selectors import Someone


def open_findings(person: Someone) -> QuerySet[Finding]:
    """Newest first; of what the catalog has no row for only those see a finding who may know of everything."""
    seen = Q(dataset__in=datasets_for(person).order_by().values("pk"))
    if knows_all(person):
        seen |= Q(dataset=None)
    rows = Finding.objects.filter(seen, closed_at=None).select_related("source", "dataset__source")
    return rows.order_by("-opened_at", "pk")


def counts(rows: QuerySet[Finding], field: str) -> list[tuple[str, int]]:
    """How many of `rows` have each value of `field` (`kind`, `source__name`), most first."""
    return list(rows.order_by().values_list(field).annotate(n=Count("pk")).order_by("-n", field))


def title(kind: str) -> str:
    return str(FindingKind(kind).label)
