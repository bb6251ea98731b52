"""Requests of people about their own data. What the database itself refuses stands in `Meta.constraints` here, and in
the triggers of the migration `subject_requests`: the account of web and workers owns no table, so it has no way round.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from apps.compliance.requests.types import EXTENSION_REASONS, GROUNDS, VERIFIED_HOW, Kind, Law, State

DEAD_ENDS = [State.REFUSED, State.CANCELLED]


class SubjectRequest(models.Model):
    """One person asks. `identity` is sealed and goes after the retention; `digest` (keyed) finds earlier requests."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10)
    law = models.CharField(max_length=10)
    state = models.CharField(max_length=12, default=State.RECEIVED)
    identity = models.BinaryField(null=True)
    identity_until = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, db_index=True)
    note = models.BinaryField(null=True)
    received_on = models.DateField()
    due_on = models.DateField()
    due_at = models.DateTimeField()
    clock = models.JSONField()  # the computation as it was made: [{on, what, rule}]
    extended_for = models.CharField(max_length=20, blank=True)
    verified_how = models.CharField(max_length=20, blank=True)
    ground = models.CharField(max_length=20, blank=True)
    run_id = models.BigIntegerField(null=True)
    # What the last search after the work found: places with something left, and holders that did not answer.
    residual = models.PositiveIntegerField(null=True)
    silent = models.PositiveIntegerField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "opened_at"]
        permissions = [("handle_subjectrequest", "May open, plan, approve and run requests of people")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="subject_request_kind"),
            models.CheckConstraint(condition=Q(law__in=list(Law)), name="subject_request_law"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="subject_request_state"),
            models.CheckConstraint(
                condition=Q(extended_for__in=["", *EXTENSION_REASONS]), name="subject_request_extension"
            ),
            models.CheckConstraint(
                condition=Q(verified_how__in=["", *VERIFIED_HOW])
                & (~Q(verified_how="") | Q(state__in=[State.RECEIVED, *DEAD_ENDS])),
                name="subject_request_verified_before_it_moves",
            ),
            models.CheckConstraint(
                condition=Q(ground__in=["", *GROUNDS]) & (~Q(state=State.REFUSED) | ~Q(ground="")),
                name="subject_request_refused_on_a_ground",
            ),
            models.CheckConstraint(
                # `isnull` too: a check that is NULL lets the row pass
                condition=~Q(state=State.COMPLETE)
                | Q(residual__isnull=False, residual=0, silent__isnull=False, silent=0),
                name="subject_request_complete_is_proven",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.kind} request {str(self.pk)[:8]} ({Law(self.law).label})"

    def get_absolute_url(self) -> str:
        return reverse("compliance:request", args=[self.pk])


class SubjectDiscovery(models.Model):
    """What one search of all stores found: counts and places in clear, everything of the person sealed.

    `content` is the engine's plan as JSON; while somebody must still say which of several people it is, it only has
    where people were looked for, and `people` is how many have the address.
    """

    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="discoveries")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64, blank=True)  # the engine's digest of what would be done
    people = models.PositiveIntegerField()
    # Sealed, and gone once the request is closed: who has the address, who of them was chosen, what they leave behind.
    candidates = models.BinaryField(null=True)
    chosen = models.BinaryField(null=True)
    trace = models.BinaryField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="subject_discovery_once")]

    def __str__(self) -> str:
        return f"search {self.number}"

    @property
    def settled(self) -> bool:
        return bool(self.sha256)


class SubjectPlan(models.Model):
    """What will happen, frozen: `sha256` is of `content`, the canonical JSON of counts and places."""

    request = models.ForeignKey(SubjectRequest, on_delete=models.PROTECT, related_name="plans")
    number = models.PositiveIntegerField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    discovery = models.ForeignKey(SubjectDiscovery, on_delete=models.PROTECT, related_name="plans")
    # As of the request; a foreign key over both columns (same migration) keeps the two alike.
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_sha256 = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="subject_plan_once"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | (~Q(approved_by=F("planned_by")) & ~Q(approved_by=F("opened_by"))),
                name="subject_plan_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_sha256="", approved_at=None)
                | Q(approved_by__isnull=False, approved_sha256=F("sha256"), approved_at__isnull=False),
                name="subject_plan_approval_names_the_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.number}"


class SubjectPackage(models.Model):
    """The answer to an access request: a ZIP, sealed, until `expires_at`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="packages")
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)  # of the ZIP before it was sealed
    datasets = models.PositiveIntegerField()
    records = models.PositiveIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"package {str(self.pk)[:8]}"


class SubjectLink(models.Model):
    """A way to download a package: for one person, until `expires_at`. Only the token's SHA-256 is kept."""

    package = models.ForeignKey(SubjectPackage, on_delete=models.CASCADE, related_name="links")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    downloads = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"link {self.pk}"


class SubjectCertificate(models.Model):
    """What was searched and done, as canonical JSON. `event_id` is the event of the trail that names its SHA-256."""

    request = models.ForeignKey(SubjectRequest, on_delete=models.PROTECT, related_name="certificates")
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    event_id = models.UUIDField()
    complete = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"certificate {self.sha256[:12]}"
