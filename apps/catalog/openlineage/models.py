from django.db import models


class OpenLineageJob(models.Model):
    """A job that told of its runs, and the newest finished run whose lineage the catalog holds: an older event that
    arrives late changes nothing."""

    name = models.CharField(max_length=1001, unique=True)
    run = models.CharField(max_length=500)
    finished_at = models.DateTimeField()
    told_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name
