"""The registry as the portal knows it, and the promotion ledger that decides what serves. MLflow's words."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.models.types import GATE_TITLES, OPEN_STATES, AliasState, GateName, PromotionState, Verdict, VersionState


class RegisteredModel(models.Model):
    """One model by name. `untrainable` says why the last training made no version ("no labels"); empty: it did."""

    name = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    owner = models.CharField(max_length=200, blank=True)
    pipeline = models.CharField(max_length=100, blank=True)  # the name of the one that trains it
    untrainable = models.CharField(max_length=300, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    # What MLflow said last of the alias `champion`. It is compared with the ledger, never served.
    alias_state = models.CharField(max_length=20, choices=[(s, s) for s in AliasState], default=AliasState.NONE)
    alias_version = models.PositiveIntegerField(null=True, blank=True)
    alias_checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        permissions = [("promote_registeredmodel", "May ask for, decide and roll back promotions")]

    def __str__(self) -> str:
        return self.name


class Snapshot(models.Model):
    """The rows a version was trained on, as one Parquet file below `settings.SNAPSHOT_DIR`.

    `fingerprint` is over the rows (`fingerprints.of_rows`), so it stays the same however the file is written. An
    erasure rewrites the file: rows and fingerprint are then those of what is left, `erased_rows` says how many went.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="snapshots")
    label = models.CharField(max_length=200, unique=True)  # "fraud_model/run-12": the same run writes it once
    run_id = models.BigIntegerField()
    path = models.CharField(max_length=500)  # relative to settings.SNAPSHOT_DIR
    datasets = models.JSONField(default=list)  # [["warehouse", "ANALYTICS", "ML", "FRAUD_FEATURES"], ...]
    columns = models.JSONField(default=list)  # [{"name", "type", "role": key | time | feature | label}, ...]
    taken_at = models.DateTimeField()
    rows = models.BigIntegerField(default=0)
    positives = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=64)
    erased_rows = models.BigIntegerField(default=0)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.label


class ModelVersion(models.Model):
    """One trained version. `label` is also a tag in MLflow: a step that is tried again finds what it made there."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=200, unique=True)
    number = models.PositiveIntegerField(null=True, blank=True)  # MLflow's, once registered
    state = models.CharField(
        max_length=20, choices=[(s, s) for s in VersionState], default=VersionState.INTENDED, db_index=True
    )
    run_id = models.BigIntegerField()  # the portal's run that trained it
    mlflow_run_id = models.CharField(max_length=64, blank=True)
    mlflow_model_id = models.CharField(max_length=64, blank=True)
    artifact_uri = models.CharField(max_length=500, blank=True)
    artifact_sha256 = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    # {"inputs": [{"name", "type"}, ...], "outputs": [...]}; empty: it was logged without one and cannot be promoted
    signature = models.JSONField(default=dict)
    threshold = models.FloatField(default=0.5)
    trained_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    registered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="ml_version_number_once"),
            models.CheckConstraint(
                condition=~Q(state=VersionState.REGISTERED)
                | (Q(number__isnull=False) & ~Q(mlflow_run_id="") & ~Q(artifact_sha256="")),
                name="ml_registered_version_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} version {self.number or '(not registered)'}"


class Promotion(models.Model):
    """One entry of the ledger: appended, moved forward by `promotions.MOVES`, never taken away (a trigger holds that).

    Served is the newest entry in the state `applied`. Rolling back moves that entry to `rolled_back`, so that the one
    before it is the newest again.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="promotions")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    # Who served when it was requested: the gates compared with it. Empty: nobody did.
    replaces = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=[(s, s) for s in PromotionState], default=PromotionState.REQUESTED)
    reason = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)  # why it was refused, failed or rolled back
    applied_at = models.DateTimeField(null=True, blank=True)
    rolled_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rolled_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model"], condition=Q(state__in=list(OPEN_STATES)), name="ml_one_open_promotion"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")), name="ml_decided_by_another"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[PromotionState.REQUESTED, PromotionState.WITHDRAWN])
                | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
                name="ml_decision_has_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PromotionState.APPLIED, PromotionState.ROLLED_BACK])
                | Q(applied_at__isnull=False),
                name="ml_applied_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} version {self.version.number}"


class Gate(models.Model):
    """One gate's answer for one promotion, in one round of checks. Rounds stay: each was somebody's evidence."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="gates")
    round = models.PositiveIntegerField()
    name = models.CharField(max_length=20, choices=[(g, GATE_TITLES[g]) for g in GateName])
    verdict = models.CharField(max_length=10, choices=[(v, v) for v in Verdict])
    sentence = models.CharField(max_length=500)
    figures = models.JSONField(default=dict)
    against = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=64, blank=True)  # of the snapshot it was computed on
    run_id = models.BigIntegerField()
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["promotion", "-round", "id"]
        constraints = [models.UniqueConstraint(fields=["promotion", "round", "name"], name="ml_gate_once_a_round")]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"


# Django finds an app's tables through this module; those of what serves have a file of their own.
from apps.models import observed  # noqa: E402, F401
