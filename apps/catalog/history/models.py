from django.db import models
from django.db.models import Q


class SchemaChange(models.Model):
    """One difference between two looks at a store, written with the look that saw it. Holds structure, never a value.

    `downstream` is what rested on it in the moment it broke, as steps from dataset to dataset: the lineage of tomorrow
    will have forgotten. A reader walks it over what they may see.
    """

    sync = models.ForeignKey("catalog.SyncRun", on_delete=models.CASCADE, related_name="changes")
    dataset = models.ForeignKey("catalog.Dataset", on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    column = models.CharField(max_length=500, blank=True)
    what = models.CharField(max_length=20)  # a What
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    breaking = models.BooleanField(default=False)
    downstream = models.JSONField(default=list)
    # A breaking change waits until it is undone, or nothing rests on it any more.
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["dataset", "at"], name="catalog_change_dataset"),
            models.Index(fields=["at"], name="catalog_change_at"),
            models.Index(
                fields=["dataset"], condition=Q(breaking=True, settled_at__isnull=True), name="catalog_change_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.column or self.dataset_id}"
