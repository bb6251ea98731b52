from django.db import models

from apps.catalog.history.types import What


class SchemaChange(models.Model):
    """One difference between two looks at a store, dated by the look that found it. Never changed afterwards."""

    dataset = models.ForeignKey("catalog.Dataset", on_delete=models.CASCADE, related_name="schema_changes")
    column = models.CharField(max_length=500, blank=True)
    what = models.CharField(max_length=20)  # a What
    before = models.CharField(max_length=900, blank=True)
    after = models.CharField(max_length=900, blank=True)
    breaking = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["dataset", "-at"], name="catalog_schema_change_of"),
            models.Index(fields=["-at"], name="catalog_schema_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.column or 'dataset'} {self.what}"

    @property
    def word(self) -> str:
        return str(What(self.what).label)
