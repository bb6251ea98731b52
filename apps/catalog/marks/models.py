from django.db import models
from django.db.models import F, Q


class Mark(models.Model):
    """What stewards say of a dataset as a whole: that it can be relied on, or that it should be left for another."""

    dataset = models.OneToOneField("catalog.Dataset", on_delete=models.CASCADE, related_name="mark")
    certified_at = models.DateTimeField(null=True)
    certified_by = models.CharField(max_length=200, blank=True)
    rests_on = models.CharField(max_length=500, blank=True)
    deprecated_at = models.DateTimeField(null=True)
    deprecated_by = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    successor = models.ForeignKey("catalog.Dataset", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(certified_at=None) | Q(deprecated_at=None), name="catalog_mark_certified_or_deprecated"
            ),
            models.CheckConstraint(
                condition=Q(successor=None) | ~Q(successor=F("dataset")), name="catalog_mark_successor_is_another"
            ),
        ]

    def __str__(self) -> str:
        return f"mark of {self.dataset_id}"
