from django.db import models

from apps.catalog.row_edges.types import RowRole


class RowEdge(models.Model):
    """That column decides which rows of this dataset exist, or how they are grouped.

    It ends at the dataset and not at its columns: a filter concerns every column alike, and ten filters times a
    hundred columns would be a thousand rows that say one thing.
    """

    upstream = models.ForeignKey("catalog.Column", on_delete=models.CASCADE, related_name="row_outgoing")
    downstream = models.ForeignKey("catalog.Dataset", on_delete=models.CASCADE, related_name="row_incoming")
    role = models.CharField(max_length=10, choices=RowRole.choices, default=RowRole.FILTER)
    origin = models.CharField(max_length=300)
    evidence_kind = models.CharField(max_length=20)
    evidence_ref = models.CharField(max_length=500, blank=True)
    evidence_detail = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["downstream", "upstream", "role", "origin"], name="catalog_row_edge_once_per_origin"
            )
        ]
        indexes = [models.Index(fields=["origin"], name="catalog_row_edge_origin")]

    def __str__(self) -> str:
        return f"{self.upstream_id} {self.role} {self.downstream_id} ({self.origin})"
