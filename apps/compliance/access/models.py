from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from apps.catalog.models import Dataset
from apps.compliance.access.types import State
from portal.accounts.types import Purpose


class AccessRequest(models.Model):
    """Somebody asks to see what is masked. `subject` is "warehouse/ANALYTICS/CORE/DIM_CUSTOMERS/EMAIL", or the
    dataset alone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_requests")
    dataset = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(max_length=900)
    rule = models.CharField(max_length=100, blank=True)
    approver = models.CharField(max_length=100)
    purpose = models.CharField(max_length=50, default=Purpose.ANALYTICS)
    days = models.PositiveSmallIntegerField(default=1)
    reason = models.CharField(max_length=1000, blank=True)
    emergency = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=[(str(s), str(s)) for s in State], default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answer = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "subject", "purpose"], condition=Q(state=State.OPEN), name="one_open_access_request"
            ),
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in State]), name="access_request_state"),
            models.CheckConstraint(
                condition=Q(state=State.OPEN, answered_at=None) | ~Q(state=State.OPEN) & ~Q(answered_at=None),
                name="access_request_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"access request {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("compliance:access-request", args=[self.pk])

    @property
    def place(self) -> str:
        """`ANALYTICS.CORE.DIM_CUSTOMERS.EMAIL`, for people."""
        return self.subject.partition("/")[2].replace("/", ".")

    @property
    def purpose_label(self) -> str:
        return self.purpose.replace("_", " ")

    @property
    def shown_state(self) -> str:
        """What became of it: a grant that has ended is not "approved" to anybody who reads a list."""
        grant = getattr(self, "grant", None) if self.state == State.APPROVED else None
        if grant is None or grant.active:
            return {State.OPEN: "waiting", State.APPROVED: "granted"}.get(State(self.state), self.state)
        return "revoked" if grant.revoked_at else "ended"

    @property
    def open(self) -> bool:
        return self.state == State.OPEN


class AccessApproval(models.Model):
    """One person's yes. Whoever asks cannot give it: the database refuses that, too."""

    request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="approvals")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "approver"], name="one_approval_each"),
            models.CheckConstraint(condition=~Q(approver=F("asked_by")), name="approver_is_another"),
        ]

    def __str__(self) -> str:
        return f"approval of request {self.request_id}"


class AccessGrant(models.Model):
    """What was approved, from then until it ends. Only ever shortened: the database lets nobody lengthen it."""

    request = models.OneToOneField(AccessRequest, on_delete=models.CASCADE, related_name="grant")
    # What it opens: columns by name, each with the categories that it held then. Frozen: it never opens more.
    columns = models.JSONField(default=dict)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    revoke_reason = models.CharField(max_length=1000, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # when its end was written into the trail

    class Meta:
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["ends_at"], condition=Q(told_at=None), name="access_grant_untold")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="access_grant_ends"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | ~Q(revoked_at=None) & ~Q(revoked_by=None),
                name="access_grant_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.pk}"

    @property
    def active(self) -> bool:
        return self.revoked_at is None and self.starts_at <= timezone.now() < self.ends_at
