from django.db import models
from django.db.models import Q

from apps.catalog.findings.types import FindingKind


class Finding(models.Model):
    """Open until who stated it states it no more. A closed one stays: it tells since when and until when."""

    kind = models.CharField(max_length=40)  # a FindingKind; not as choices: a new kind needs no migration
    origin = models.CharField(max_length=300)
    key = models.CharField(max_length=500)
    source = models.ForeignKey("catalog.Source", on_delete=models.CASCADE, related_name="findings")
    dataset = models.ForeignKey("catalog.Dataset", null=True, on_delete=models.CASCADE, related_name="findings")
    column = models.CharField(max_length=500, blank=True)
    summary = models.CharField(max_length=500)
    detail = models.CharField(max_length=2000, blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "kind", "dataset", "key"],
                condition=Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="catalog_finding_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["dataset"], condition=Q(closed_at__isnull=True), name="catalog_finding_open"),
            models.Index(fields=["kind", "-opened_at"], name="catalog_finding_kind"),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def title(self) -> str:
        return str(FindingKind(self.kind).label)
