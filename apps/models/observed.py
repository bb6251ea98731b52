"""What was observed of a version that serves: its inferences, who serves it, and how its inputs drift.

Nothing here names a person. An inference keeps numbers and categories that the training knew; the charge that it was
about stands here as a keyed digest, or not at all.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

DRIFTED, STEADY, TOO_FEW = "drifted", "steady", "too_few"
STATES = (DRIFTED, STEADY, TOO_FEW)


class Baseline(models.Model):
    """How the features and the scores of a version's training rows are spread: bins and shares, no rows.

    Written once, by whoever loads the version first. Reasons and drift are told against it.
    """

    version = models.OneToOneField("ml.ModelVersion", on_delete=models.PROTECT, related_name="baseline")
    rows = models.BigIntegerField()
    figures = models.JSONField()  # apps.models.drift.spread.Spread as JSON
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"baseline of {self.version}"


class Inference(models.Model):
    """One answer of the scoring service. `charge_digest` is a keyed digest (`inferences.digest_of`) or empty."""

    request_id = models.UUIDField(unique=True)
    model = models.ForeignKey("ml.RegisteredModel", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey("ml.ModelVersion", on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    features = models.JSONField()
    score = models.FloatField()
    flagged = models.BooleanField()
    caller = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    latency_ms = models.FloatField()
    charge_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        permissions = [("score", "May ask the scoring service for scores")]
        indexes = [
            models.Index(fields=["version", "at"]),
            models.Index(fields=["model", "at"]),
            models.Index(fields=["at"]),
            models.Index(fields=["charge_digest"], condition=~Q(charge_digest=""), name="ml_inference_of_charge"),
        ]

    def __str__(self) -> str:
        return f"inference {self.request_id}"


class ScoringService(models.Model):
    """A scoring process as it reports itself every two seconds. `counts` are its answers by status since its start."""

    name = models.CharField(max_length=200, unique=True)  # the machine and port it listens on
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    version = models.ForeignKey("ml.ModelVersion", null=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField(null=True)
    nothing = models.CharField(max_length=300, blank=True)  # why it serves nothing
    problem = models.CharField(max_length=300, blank=True)  # why it could not load what the ledger names
    counts = models.JSONField(default=dict)
    memory_mib = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class DriftReport(models.Model):
    """One comparison of a window of inferences with the baseline of the version that made them."""

    model = models.ForeignKey("ml.RegisteredModel", on_delete=models.PROTECT, related_name="drift_reports")
    version = models.ForeignKey("ml.ModelVersion", on_delete=models.PROTECT, related_name="drift_reports")
    run_id = models.BigIntegerField(unique=True)  # a step that is tried again finds what it wrote
    at = models.DateTimeField()
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    state = models.CharField(max_length=10, choices=[(state, state) for state in STATES])
    inferences = models.BigIntegerField()
    needed = models.BigIntegerField()
    share = models.FloatField(null=True)  # drifted features of all features
    share_limit = models.FloatField()
    psi_limit = models.FloatField()
    score_psi = models.FloatField(null=True)
    figures = models.JSONField(default=list)  # [{"name", "psi", "drifted", "labels", "reference", "current"}, ...]
    html_bytes = models.BigIntegerField(default=0)  # of Evidently's report; 0: there is none (any more)

    class Meta:
        ordering = ["-at", "-id"]
        permissions = [("run_driftreport", "May start a comparison of inferences with the training rows")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=TOO_FEW, share=None) | (~Q(state=TOO_FEW) & Q(share__isnull=False)),
                name="ml_too_few_is_no_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"drift of {self.version} at {self.at:%Y-%m-%d %H:%M} UTC"
