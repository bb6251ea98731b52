import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from apps.queries.library.types import LIVE, Audience, State, Topic
from apps.queries.roles import QUERIERS
from portal.accounts.types import Purpose, Role


class LibraryEntry(models.Model):
    """One version of a query, proposed for one audience. `body` is the library's own sealed copy: the saved query may
    change or go. Only an erasure ever rewrites it. `key` names a query that is shipped with the estate."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    query = models.ForeignKey("queries.SavedQuery", on_delete=models.SET_NULL, null=True, related_name="entries")
    number = models.PositiveIntegerField()  # the version of the saved query, or of the shipped file
    key = models.CharField(max_length=100, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=200)
    role = models.CharField(max_length=30, choices=[(str(role), role.label) for role in QUERIERS])
    purpose = models.CharField(max_length=50)
    topic = models.CharField(max_length=20, choices=[(str(topic), str(topic)) for topic in Topic])
    source = models.CharField(max_length=100)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)  # keyed, of what was proposed
    state = models.CharField(max_length=12, choices=[(str(s), str(s)) for s in State], default=State.PROPOSED)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    policy_version = models.PositiveIntegerField(default=0)
    schema_revision = models.BigIntegerField(default=0)
    sight = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["topic", "-created_at"]
        indexes = [models.Index(fields=["state", "role"])]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in State]), name="library_state"),
            models.CheckConstraint(condition=Q(role__in=[str(role) for role in QUERIERS]), name="library_role"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(author=None) | ~Q(approved_by=F("author")),
                name="library_approver_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[str(s) for s in LIVE]) | Q(approved_by__isnull=False) | ~Q(key=""),
                name="library_approval_has_a_person",
            ),
            models.UniqueConstraint(
                fields=["query", "role", "purpose"], condition=Q(state=State.PROPOSED), name="library_one_proposal"
            ),
            models.UniqueConstraint(
                fields=["query", "role", "purpose"], condition=Q(state__in=list(LIVE)), name="library_one_in_force"
            ),
            models.UniqueConstraint(fields=["key", "number"], condition=~Q(key=""), name="library_shipped_version"),
            models.UniqueConstraint(
                fields=["key"], condition=~Q(key="") & Q(state__in=list(LIVE)), name="library_shipped_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"library query {self.key or str(self.id)[:8]}"

    def get_absolute_url(self) -> str:
        return reverse("queries:library-entry", args=[self.pk])

    @property
    def audience(self) -> Audience:
        return Audience(Role(self.role), Purpose(self.purpose))

    @property
    def open(self) -> bool:
        """Whether a reviewer can decide about it."""
        return self.state in (State.PROPOSED, State.QUARANTINED)


class LibraryStep(models.Model):
    """One move of an entry, with its words and what was agreed, sealed: both repeat names that people typed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(LibraryEntry, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(max_length=12, choices=[(str(s), str(s)) for s in State])
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200)
    body = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=State.APPROVED) | Q(person=None) | Q(author=None) | ~Q(person=F("author")),
                name="library_step_by_another",
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.state}"
