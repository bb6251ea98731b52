import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from apps.queries.library import models as library  # noqa: F401 - Django looks for an app's models here
from portal.accounts.types import ROLE_LABELS


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
    parameters = models.BinaryField(null=True)  # what was typed for each `:name` of the text
    outcome = models.BinaryField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    datasets = ArrayField(models.BigIntegerField(), default=list)
    run_id = models.BigIntegerField(null=True)
    row_count = models.BigIntegerField(null=True)
    truncated = models.BooleanField(default=False)
    error = models.CharField(max_length=500, blank=True)
    has_result = models.BooleanField(default=False)
    basis = models.CharField(max_length=64, blank=True)  # what was decided: a kept result is shown under no other
    emergency = models.BooleanField(default=False)  # under a grant that two people gave in haste
    entry = models.ForeignKey(
        "queries.LibraryEntry", on_delete=models.SET_NULL, null=True, related_name="executions"
    )  # of the library, where it was run as an approved query
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


class SavedQuery(models.Model):
    """A query that one person keeps. What they typed stands in its versions; a role it is shared with reads only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_queries")
    head = models.PositiveIntegerField(default=1)
    shared_with = models.CharField(max_length=30, blank=True, choices=[(str(k), v) for k, v in ROLE_LABELS.items()])
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    favourite_of = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="favourite_queries")

    class Meta:
        ordering = ["-changed_at"]
        indexes = [models.Index(fields=["shared_with", "-changed_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shared_with__in=["", *map(str, ROLE_LABELS)]), name="saved_query_role"
            )
        ]

    def __str__(self) -> str:
        return f"saved query {str(self.id)[:8]}"

    def get_absolute_url(self) -> str:
        return reverse("queries:saved-query", args=[self.pk])


class SavedVersion(models.Model):
    """What was typed, title and folder included, sealed as one. Only an erasure ever rewrites one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    query = models.ForeignKey(SavedQuery, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=100)
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["query", "number"], name="saved_version_number")]

    def __str__(self) -> str:
        return f"{self.query} version {self.number}"


class SavedComment(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    query = models.ForeignKey(SavedQuery, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"comment on {self.query}"


class Schedule(models.Model):
    """One person wants the answer to a saved query at these times. It runs as that person, at the query's newest
    version, with what its parameters start with."""

    query = models.ForeignKey(SavedQuery, on_delete=models.CASCADE, related_name="schedules")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="query_schedules")
    purpose = models.CharField(max_length=50)
    times = models.CharField(max_length=100)
    next_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)  # why it did not run, or will not
    last = models.ForeignKey(Execution, on_delete=models.SET_NULL, null=True, related_name="+")
    delivered = models.BooleanField(default=True)  # whether the owner was told how `last` ended
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["query", "owner"], name="one_schedule_each")]
        indexes = [models.Index(fields=["next_at"], name="query_schedule_due")]

    def __str__(self) -> str:
        return f"schedule {self.pk}"


class LookUp(models.Model):
    """One value of one column that somebody looked for. Reason and token are sealed; the value is kept nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="look_ups")
    at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=100)
    dataset = models.BigIntegerField()
    name = models.CharField(max_length=300)
    column = models.CharField(max_length=300)
    body = models.BinaryField()
    execution = models.OneToOneField(Execution, null=True, on_delete=models.SET_NULL, related_name="look_up")

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["user", "-at"])]

    def __str__(self) -> str:
        return f"look-up {str(self.id)[:8]} in {self.source}"
