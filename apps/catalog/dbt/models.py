from django.db import models


class Exposure(models.Model):
    """What people use that is made from datasets, as a dbt project declares it: a dashboard, an application."""

    source = models.ForeignKey("catalog.Source", on_delete=models.CASCADE, related_name="exposures")
    dbt_id = models.CharField(max_length=300)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=50, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=1000, blank=True)
    description = models.TextField(blank=True)
    datasets = models.ManyToManyField("catalog.Dataset", related_name="exposures")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["source", "dbt_id"], name="catalog_exposure_once")]

    def __str__(self) -> str:
        return self.name
