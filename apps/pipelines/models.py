"""What the portal remembers of pipelines: definition, hold, cursors, staged files, receipts and checks."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.catalog.check_words import check_words

# After a number: "3 values that ...".
REASONS = {
    "type": "values that do not fit its type, loaded as NULL",
    "moment": "moments that are infinite or outside of the years 1 to 9999, loaded as NULL",
    "key": "rows left out, because they have no usable key",
    "cursor": "rows left out, because they have no usable cursor",
}


class Pipeline(models.Model):
    """One entry of `settings.PIPELINES`; what it does stands in the definition that the dotted path names."""

    name = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    definition = models.CharField(max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    schedule = models.CharField(max_length=100, blank=True)
    paused = models.BooleanField(default=False)
    next_run_at = models.DateTimeField(null=True, blank=True)
    schedule_note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        permissions = [("run_pipeline", "May run, cancel and resume pipelines")]

    def __str__(self) -> str:
        return self.name


class PipelineRun(models.Model):
    """A run of a pipeline. It holds the pipeline until it is released; the constraint lets only one hold it."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="runs")
    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="pipeline_run")
    started_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline"], condition=Q(released_at=None), name="one_run_holds_a_pipeline")
        ]

    def __str__(self) -> str:
        return f"{self.pipeline_id} in run {self.run_id}"


class Cursor(models.Model):
    """How far one dataset of one pipeline has settled: the next window starts there. `columns` are the source's, as
    last seen: what is new among them is drift."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="cursors")
    dataset = models.CharField(max_length=200)
    at = models.DateTimeField()
    key = models.CharField(max_length=200, blank=True)
    run_id = models.BigIntegerField()
    columns = models.JSONField(default=list)
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "dataset"], name="one_cursor_per_dataset")]

    def __str__(self) -> str:
        return f"{self.dataset} at {self.at}"


class LoadReceipt(models.Model):
    """One window of one dataset on its way into the warehouse: intended first, loaded when the warehouse said so.

    `label` is the name of the same load in the warehouse's own receipts (`RAW._PORTICO_LOADS`).
    """

    class Status(models.TextChoices):
        INTENDED = "intended"
        LOADED = "loaded"
        EMPTY = "empty"  # nothing new in the window: no load was needed
        ABANDONED = "abandoned"  # the warehouse never committed it; a later run took the same rows

    pipeline_run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="receipts")
    dataset = models.CharField(max_length=200)
    step_key = models.CharField(max_length=200)
    target = models.CharField(max_length=300)
    label = models.CharField(max_length=300, unique=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.INTENDED)
    # The window, fixed once: a retry takes the same rows. `clock` is the source's, when it was fixed.
    lower_at = models.DateTimeField(null=True, blank=True)
    lower_key = models.CharField(max_length=200, blank=True)
    upper_at = models.DateTimeField(null=True, blank=True)
    upper_key = models.CharField(max_length=200, blank=True)
    clock = models.DateTimeField(null=True, blank=True)
    extracted_rows = models.BigIntegerField(default=0)
    loaded_rows = models.BigIntegerField(default=0)
    known_rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    files = models.IntegerField(default=0)
    content_hash = models.CharField(max_length=64, blank=True)
    columns = models.JSONField(default=list)
    # Whole counts by column and reason; the rows themselves are `rejects`, up to a limit.
    rejected = models.JSONField(default=list)
    reconciled = models.BooleanField(default=False)
    window_at = models.DateTimeField()
    extracted_at = models.DateTimeField(null=True, blank=True)
    intended_at = models.DateTimeField(null=True, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline_run", "dataset"], name="one_window_per_run_and_dataset")
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def state(self) -> str:
        """In the words that all states share."""
        Status = self.Status
        return {
            Status.INTENDED: "running" if self.extracted_at is None else "queued",
            Status.LOADED: "done",
            Status.EMPTY: "skipped",
            Status.ABANDONED: "failed",
        }[Status(self.status)]


class Reject(models.Model):
    """One value that was staged as NULL, or one row that was left out. Never the value; `key` is a keyed digest."""

    class Reason(models.TextChoices):
        TYPE = "type", "does not fit the type"
        MOMENT = "moment", "infinite, or outside of the years 1 to 9999"
        KEY = "key", "left out: no usable key"
        CURSOR = "cursor", "left out: no usable cursor"

    receipt = models.ForeignKey(LoadReceipt, on_delete=models.CASCADE, related_name="rejects")
    key = models.CharField(max_length=64, blank=True)
    column = models.CharField(max_length=300)
    reason = models.CharField(max_length=20, choices=Reason.choices)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}"


class StagedFile(models.Model):
    """One Parquet file below `settings.STAGE_DIR`; removed from disk once its load is receipted."""

    receipt = models.ForeignKey(LoadReceipt, on_delete=models.CASCADE, related_name="staged")
    path = models.CharField(max_length=500)
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["receipt", "path"], name="a_file_is_staged_once")]

    def __str__(self) -> str:
        return self.path


class Check(models.Model):
    """What a run checked: a dbt test, a comparison of places, or a finding about a source's columns."""

    class Kind(models.TextChoices):
        TEST = "test"
        COMPARISON = "comparison"
        DRIFT = "drift"

    pipeline_run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="checks")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=300)
    dataset = models.CharField(max_length=300, blank=True)
    column = models.CharField(max_length=300, blank=True)
    passed = models.BooleanField()
    detail = models.CharField(max_length=500, blank=True)
    figures = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline_run", "kind", "name"], name="a_check_counts_once_per_run")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'failed'}"

    @property
    def words(self) -> str:
        return check_words(self.name, self.column)
