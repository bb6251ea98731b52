from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchWord(models.Model):
    """A word that stands somewhere in the catalog: where a mistyped one, or a part of one, is looked up. Which datasets
    hold it is asked of them alone, so that it tells nothing of what somebody may not know of."""

    word = models.CharField(max_length=60, primary_key=True)

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="catalog_searchword_trgm")]

    def __str__(self) -> str:
        return self.word
