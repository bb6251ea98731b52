from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from portal.runs.types import State, Wait

RUN_STATES = [State.QUEUED, State.RUNNING, State.WAITING, State.DONE, State.FAILED, State.CANCELLED]
ATTEMPT_STATES = [State.RUNNING, State.DONE, State.FAILED, State.CANCELLED]


class Pool(models.Model):
    """How many steps may hold a name at once. Its row is the lock under which the holders are counted."""

    name = models.CharField(max_length=60, unique=True)
    size = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gte=1), name="pool_has_room")]

    def __str__(self) -> str:
        return self.name


class Run(models.Model):
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=100, blank=True)
    # "app_label.codename" of whoever may see the run; empty: only the one who started it.
    permission = models.CharField(max_length=150, blank=True)
    control = models.CharField(max_length=150, blank=True)
    trigger = models.CharField(max_length=40)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=200)
    interactive = models.BooleanField(default=False)
    state = models.CharField(max_length=10, default=State.QUEUED)
    reason = models.TextField(blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("control_run", "May cancel and resume every run that they may see")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RUN_STATES), name="run_state"),
            models.CheckConstraint(condition=~Q(state=State.WAITING) | ~Q(reason=""), name="run_waits_for_something"),
        ]
        indexes = [
            models.Index(fields=["kind", "name", "-id"]),
            models.Index(fields=["subject_kind", "subject_id", "-id"]),
            models.Index(
                fields=["state"],
                condition=Q(state__in=[State.QUEUED, State.RUNNING, State.WAITING]),
                name="run_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} (run {self.pk})"

    def get_absolute_url(self) -> str:
        return reverse(settings.RUN_PAGES.get(self.kind, "runs:detail"), args=[self.pk])

    @property
    def started_how(self) -> str:
        """`by ana`, `from the command line`, `by the schedule, in the name of stefan`"""
        ways = {
            "schedule": f"by the schedule, in the name of {self.actor_name}",
            "api": f"by {self.actor_name} over the API",
            "command": f"by {self.actor_name} from the command line" if self.started_by_id else "from the command line",
        }
        return ways.get(self.trigger, f"by {self.actor_name}")

    @property
    def took_s(self) -> float | None:
        """Seconds of work so far, or in all."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()


class Step(models.Model):
    """One piece of work. `attempt` is the number of the attempt that owns it, or owned it last: the fence."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    title = models.CharField(max_length=300)
    params = models.JSONField(default=dict)
    after = ArrayField(models.CharField(max_length=100), default=list)
    pool = models.CharField(max_length=60, blank=True)
    queue = models.CharField(max_length=20, default="steps")
    max_attempts = models.PositiveIntegerField(default=4)
    timeout_s = models.PositiveIntegerField(default=3600)
    state = models.CharField(max_length=10, default=State.WAITING)
    wait = models.CharField(max_length=10, blank=True)
    reason = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    store_down_since = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    # Attempts that failed since the step was started or resumed by a person; `attempt` never goes back.
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_count = models.PositiveIntegerField(default=0)
    summary = models.TextField(blank=True)
    counts = models.JSONField(default=dict)
    output = models.JSONField(default=dict)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "key"], name="step_key_once_a_run"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="step_state"),
            models.CheckConstraint(
                condition=Q(state=State.WAITING, wait__in=list(Wait)) | (~Q(state=State.WAITING) & Q(wait="")),
                name="step_waits_for_something",
            ),
            models.CheckConstraint(condition=Q(tries__lte=F("attempt")), name="step_tries_are_attempts"),
        ]
        indexes = [
            models.Index(
                fields=["state", "not_before"],
                condition=Q(state__in=[State.QUEUED, State.WAITING]),
                name="step_to_do",
            ),
            models.Index(fields=["pool"], condition=Q(state=State.RUNNING) & ~Q(pool=""), name="step_pool_held"),
        ]

    def __str__(self) -> str:
        return f"{self.title} (run {self.run_id}, step {self.key})"


class Attempt(models.Model):
    """One worker's try at a step. The lease lives here, so that renewing it never waits for a receipt's row lock."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=State.RUNNING)
    worker = models.CharField(max_length=200)
    lease_until = models.DateTimeField()
    error = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    done = models.BigIntegerField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["step", "number"]
        constraints = [
            models.UniqueConstraint(fields=["step", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["step"], condition=Q(state=State.RUNNING), name="one_live_attempt_per_step"
            ),
            models.CheckConstraint(condition=Q(state__in=ATTEMPT_STATES), name="attempt_state"),
            models.CheckConstraint(
                condition=Q(state=State.RUNNING, finished_at=None)
                | (~Q(state=State.RUNNING) & Q(finished_at__isnull=False)),
                name="attempt_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["lease_until"], condition=Q(state=State.RUNNING), name="attempt_leases"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of step {self.step_id}"

    @property
    def took_s(self) -> float:
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()


class LogLine(models.Model):
    """A line of a step's log. Within one run, ids become visible in their order (see `logs.write`)."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="lines")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=10)
    text = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "id"])]

    def __str__(self) -> str:
        return self.text


class Heartbeat(models.Model):
    """A worker or scheduler that lives: it writes its row every few seconds."""

    kind = models.CharField(max_length=10, choices=[("worker", "worker"), ("scheduler", "scheduler")])
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="one_heartbeat_each")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
