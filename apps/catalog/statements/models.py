from django.db import models


class Statement(models.Model):
    """One form of statement and when it was last executed: what an edge of origin `query:<fingerprint>` rests on.

    The text has a placeholder in the place of every literal: a literal may be a row's value. Executions that differ
    in their literals alone are one row, so a job that runs every minute stays one statement.
    """

    source = models.ForeignKey("catalog.Source", on_delete=models.CASCADE, related_name="statements")
    fingerprint = models.CharField(max_length=64)
    text = models.TextField()
    executed_at = models.DateTimeField()
    executed_by = models.CharField(max_length=200, blank=True)
    executed_as = models.CharField(max_length=200, blank=True)  # the store's own id of the latest execution
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="catalog_statement_once")]
        indexes = [models.Index(fields=["source", "-executed_at"], name="catalog_statement_latest")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.fingerprint[:12]}"
