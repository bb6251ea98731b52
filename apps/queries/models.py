import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse


class Execution(models.Model):
    """One text that one person ran. What was typed, what ran and what was answered are sealed: each can hold
    somebody's data."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        REFUSED = "refused"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="executions")
    source = models.CharField(max_length=100)
    purpose = models.CharField(max_length=50)
    text = models.BinaryField()
    outcome = models.BinaryField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    datasets = ArrayField(models.BigIntegerField(), default=list)
    run_id = models.BigIntegerField(null=True)
    row_count = models.BigIntegerField(null=True)
    truncated = models.BooleanField(default=False)
    error = models.CharField(max_length=500, blank=True)
    has_result = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["queued", "running", "done", "failed", "refused", "cancelled"]),
                name="execution_status",
            )
        ]

    def __str__(self) -> str:
        return f"query {str(self.id)[:8]} on {self.source}"

    def get_absolute_url(self) -> str:
        return f"{reverse('queries:console')}?execution={self.id}"

    @property
    def ended(self) -> bool:
        return self.status not in (self.Status.QUEUED, self.Status.RUNNING)
