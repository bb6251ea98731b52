from django.conf import settings
from django.db import models


class DatasetUse(models.Model):
    """How often one person's queries read a dataset on one day."""

    dataset = models.ForeignKey("catalog.Dataset", on_delete=models.CASCADE, related_name="uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    reads = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "user", "day"], name="catalog_dataset_use_once")]
        indexes = [models.Index(fields=["day"], name="catalog_dataset_use_day")]

    def __str__(self) -> str:
        return f"{self.dataset_id} on {self.day}"


class ColumnUse(models.Model):
    """How often queries read or compared a column on one day, whoever ran them."""

    column = models.ForeignKey("catalog.Column", on_delete=models.CASCADE, related_name="uses")
    day = models.DateField()
    reads = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["column", "day"], name="catalog_column_use_once")]

    def __str__(self) -> str:
        return f"{self.column_id} on {self.day}"
