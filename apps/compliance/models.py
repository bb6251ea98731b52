from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.compliance import mask_options
from apps.compliance.access import models as access  # noqa: F401 - Django looks for an app's models here
from apps.compliance.policy.types import MaskKind, MaskOptions
from apps.compliance.requests import models as requests  # noqa: F401 - Django looks for an app's models here


class GovernanceFile(models.Model):
    """What a file said when it was last applied, kept so that tables which appear later obey it too."""

    name = models.CharField(max_length=200, unique=True)
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    applied_at = models.DateTimeField()
    applied_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """All rules as they stood from `created_at` until the next version. Never changed: decisions name it."""

    number = models.PositiveIntegerField(unique=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"version {self.number}"


class MaskPolicy(models.Model):
    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="masks")
    file = models.CharField(max_length=200)
    rule = models.CharField(max_length=100)
    category = models.CharField(max_length=200)
    mask = models.CharField(max_length=30)
    roles = ArrayField(models.CharField(max_length=50), default=list)
    purposes = ArrayField(models.CharField(max_length=50), default=list)
    approver = models.CharField(max_length=100, blank=True)
    options = models.JSONField(default=dict, blank=True)  # width, unit or bin; empty for a mask that takes none

    class Meta:
        ordering = ["category", "rule"]
        constraints = [
            models.UniqueConstraint(fields=["version", "rule"], name="mask_rule_once_a_version"),
            models.CheckConstraint(condition=Q(mask__in=[str(kind) for kind in MaskKind]), name="mask_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.category} {self.mask}"

    @property
    def kind(self) -> MaskKind:
        return MaskKind(self.mask)

    @property
    def said(self) -> MaskOptions:
        return MaskOptions(**self.options)

    @property
    def shown(self) -> str:
        return mask_options.shown(self.kind, self.said)


class RowFilterPolicy(models.Model):
    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="row_filters")
    file = models.CharField(max_length=200)
    rule = models.CharField(max_length=100)
    dataset = ArrayField(models.CharField(max_length=300))  # source, then the path
    column = models.CharField(max_length=300)
    values = ArrayField(models.CharField(max_length=300))
    roles = ArrayField(models.CharField(max_length=50))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "rule"], name="row_filter_once_a_version")]

    def __str__(self) -> str:
        return self.rule


class GroupSizePolicy(models.Model):
    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="group_sizes")
    file = models.CharField(max_length=200)
    rule = models.CharField(max_length=100)
    dataset = ArrayField(models.CharField(max_length=300))  # source, then the path
    entity = models.CharField(max_length=300)
    at_least = models.PositiveIntegerField()
    roles = ArrayField(models.CharField(max_length=50))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "rule"], name="group_size_once_a_version"),
            models.CheckConstraint(condition=Q(at_least__gte=2), name="group_of_two_at_least"),
        ]

    def __str__(self) -> str:
        return self.rule


class Forgotten(models.Model):
    """One erasure, for the loads that come after it. Only ever added to; holds no value of the person.

    `actions` says what happens to rows of the person by dataset ("oltp: public.charges"): erase, mask or keep.
    """

    request = models.CharField(max_length=100, unique=True)
    actions = models.JSONField()
    entered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"request {self.request}"


class ForgottenKey(models.Model):
    """A keyed digest of one key of the person (or of a thing of theirs), or of their e-mail address."""

    forgotten = models.ForeignKey(Forgotten, on_delete=models.PROTECT, related_name="keys")
    domain = models.CharField(max_length=500)
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["forgotten", "domain", "digest"], name="forgotten_key_once")]
        indexes = [models.Index(fields=["domain"], name="forgotten_key_domain")]

    def __str__(self) -> str:
        return f"a key of {self.domain}"
