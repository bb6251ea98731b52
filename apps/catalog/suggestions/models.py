from django.db import models


class Suggestion(models.Model):
    """What a column may hold, for a person to say yes or no to. It is no category: until then the gate hides it.

    `evidence` tells of shares and never of a value. A refused one stays, so that it does not come back."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    column = models.ForeignKey("catalog.Column", on_delete=models.CASCADE, related_name="suggestions")
    category = models.CharField(max_length=200)
    score = models.FloatField()
    evidence = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    made_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-score", "pk"]
        constraints = [models.UniqueConstraint(fields=["column", "category"], name="catalog_suggestion_once")]
        indexes = [models.Index(fields=["state", "-score"], name="catalog_suggestion_state")]

    def __str__(self) -> str:
        return f"{self.column_id} may be {self.category}"
