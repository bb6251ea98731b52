from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """Something needs somebody: anyone who holds one of the roles, or one of the people. Open until resolved."""

    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=500)
    roles = ArrayField(models.CharField(max_length=40), default=list)
    people = ArrayField(models.BigIntegerField(), default=list)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"],
                condition=Q(resolved_at=None),
                name="one_open_notice_each",
            ),
            models.CheckConstraint(condition=~Q(roles=[], people=[]), name="notice_needs_somebody"),
        ]
        indexes = [
            GinIndex(fields=["roles"], condition=Q(resolved_at=None), name="notice_open_roles"),
            GinIndex(fields=["people"], condition=Q(resolved_at=None), name="notice_open_people"),
        ]

    def __str__(self) -> str:
        return self.title
