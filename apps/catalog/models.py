from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.catalog.check_words import check_words
from apps.catalog.dbt import models as dbt  # noqa: F401 - Django looks for an app's models here
from apps.catalog.finding import models as finding  # noqa: F401 - Django looks for an app's models here
from apps.catalog.findings import models as findings  # noqa: F401 - Django looks for an app's models here
from apps.catalog.history import models as history  # noqa: F401
from apps.catalog.marks import models as marks  # noqa: F401
from apps.catalog.openlineage import models as openlineage  # noqa: F401
from apps.catalog.row_edges import models as row_edges  # noqa: F401
from apps.catalog.statements import models as statements  # noqa: F401
from apps.catalog.suggestions import models as suggestions  # noqa: F401
from apps.catalog.types import Certainty, EdgeKind, SourceKind
from apps.catalog.use import models as use  # noqa: F401


class Source(models.Model):
    """One store under governance. `revision` grows with anything the gate depends on: schemas are cached by it."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=[(k, k) for k in SourceKind])
    default_path = ArrayField(models.CharField(max_length=300), default=list)
    revision = models.BigIntegerField(default=0)
    synced_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SyncRun(models.Model):
    """One look at a store, kept also when it failed: the page says since when the catalog is stale, and why."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="syncs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    actor_name = models.CharField(max_length=200)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["source", "-started_at"])]

    def __str__(self) -> str:
        return f"{self.source_id} at {self.started_at:%Y-%m-%d %H:%M}"


class Dataset(models.Model):
    """A table, view or collection. One that vanished from its store is retired, not deleted: history points at it."""

    class Lineage(models.TextChoices):
        UNKNOWN = "unknown", "unknown"
        KNOWN = "known", "known"
        PARTIAL = "partial", "partly known"
        STALE = "stale", "stale"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="datasets")
    path = ArrayField(models.CharField(max_length=300))
    name = models.CharField(max_length=300)
    namespace = models.CharField(max_length=600, blank=True)
    kind = models.CharField(max_length=30)
    comment = models.TextField(blank=True)
    description = models.TextField(blank=True)
    described_by = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=200, blank=True)
    owned_by = models.CharField(max_length=200, blank=True)  # who named the owner: "dbt" gives way to a person
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    row_count = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    indexes = ArrayField(models.TextField(), default=list, blank=True)
    keys = models.JSONField(default=list, blank=True)  # as `portal.stores.types.KeyInfo`
    sampled = models.IntegerField(null=True)  # documents: how many the columns were inferred from
    structure = models.CharField(max_length=32, blank=True)  # fingerprint of the columns that were last written
    changed_at = models.DateTimeField(null=True)
    loaded_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)  # the last sync that found something of the dataset itself moved
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    definition = models.TextField(blank=True)
    dbt_id = models.CharField(max_length=300, blank=True)
    dbt_checksum = models.CharField(max_length=100, blank=True)  # of the model whose lineage is known
    lineage = models.CharField(max_length=10, choices=Lineage.choices, default=Lineage.UNKNOWN)
    lineage_note = models.CharField(max_length=500, blank=True)
    # What search looks at (`finding.index`): words with weights, and categories of columns, instead of joins over them.
    words = SearchVectorField(null=True)
    categories = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # What puts one dataset before another that matches as well: use, certification, freshness.
    standing = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "path"], name="catalog_dataset_path")]
        indexes = [
            GinIndex(fields=["words"], name="catalog_dataset_words"),
            GinIndex(fields=["categories"], name="catalog_dataset_categories"),
            models.Index(Lower("name"), name="catalog_dataset_lower_name"),
            models.Index(
                F("standing").desc(),
                "name",
                "id",
                condition=Q(retired_at__isnull=True),
                name="catalog_dataset_standing",
            ),
            models.Index(
                fields=["source", "namespace", "name"],
                condition=Q(retired_at__isnull=True),
                name="catalog_dataset_live",
            ),
            models.Index(fields=["owner"], name="catalog_dataset_owner"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """How people name it: without the database, which is the same for all of a source."""
        return ".".join(self.path[1:] if len(self.path) > 1 else self.path)

    @property
    def kind_words(self) -> str:
        return self.kind.replace("_", " ")


class Column(models.Model):
    """A column, or a path of a document: `devices[].ip` of a collection, `DOC:devices[].ip` of a VARIANT column.

    `within` is the path that contains this one; whatever a contained path is, its container is too.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="columns")
    name = models.CharField(max_length=500)
    position = models.IntegerField(default=0)
    type = models.CharField(max_length=200)
    nullable = models.BooleanField(default=True)
    primary_key = models.BooleanField(default=False)
    references = models.CharField(max_length=900, blank=True)
    comment = models.TextField(blank=True)
    description = models.TextField(blank=True)
    described_by = models.CharField(max_length=200, blank=True)
    presence = models.FloatField(null=True)
    types = models.JSONField(default=dict, blank=True)  # documents: by type its share and the day it was last met
    last_seen_at = models.DateTimeField(null=True)  # documents: the last sample that met the path
    within = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="parts")
    category = models.CharField(max_length=200, blank=True)
    certainty = models.CharField(max_length=10, choices=[(c, c) for c in Certainty], default=Certainty.NONE)
    evidence = models.CharField(max_length=500, blank=True)
    # Where an inferred category comes from. Kept as a link and not as text: the reader may not know of that column.
    inferred_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    inferred_steps = models.IntegerField(default=0)
    # Every category whose values reach this column, not only the most sensitive one.
    carries = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    classified_by = models.CharField(max_length=200, blank=True)
    classified_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="catalog_column_name"),
            models.CheckConstraint(
                condition=Q(certainty=Certainty.NONE, category="") | (~Q(certainty=Certainty.NONE) & ~Q(category="")),
                name="catalog_column_category_has_certainty",
            ),
        ]
        indexes = [
            models.Index(fields=["category"], condition=~Q(category=""), name="catalog_column_category"),
        ]

    def __str__(self) -> str:
        return self.name


class LineageEdge(models.Model):
    """One column's values (or rows) come from another. All edges of one `origin` are replaced together."""

    upstream = models.ForeignKey(Column, on_delete=models.CASCADE, related_name="outgoing")
    downstream = models.ForeignKey(Column, on_delete=models.CASCADE, related_name="incoming")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in EdgeKind], default=EdgeKind.VALUE)
    transform = models.CharField(max_length=20, default="copy")
    origin = models.CharField(max_length=300)
    evidence_kind = models.CharField(max_length=20)
    evidence_ref = models.CharField(max_length=500, blank=True)
    evidence_detail = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["downstream", "upstream", "kind", "origin"], name="catalog_edge_once_per_origin"
            )
        ]
        indexes = [
            models.Index(fields=["upstream", "kind"], name="catalog_edge_upstream"),
            models.Index(fields=["origin"], name="catalog_edge_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.upstream_id} -> {self.downstream_id} ({self.origin})"


class Derivation(models.Model):
    """What is known of a column beside its edges: it is a constant, a count, made by the load, or not known (why)."""

    class How(models.TextChoices):
        CONSTANT = "constant", "constant"
        COUNT = "count", "count"
        GENERATED = "generated", "generated"
        UNKNOWN = "unknown", "unknown"

    column = models.ForeignKey(Column, on_delete=models.CASCADE, related_name="derivations")
    origin = models.CharField(max_length=300)
    how = models.CharField(max_length=10, choices=How.choices)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["column", "origin"], name="catalog_derivation_once")]
        indexes = [models.Index(fields=["origin"], name="catalog_derivation_origin")]

    def __str__(self) -> str:
        return f"{self.column_id} {self.how}"


class Check(models.Model):
    """A check of a dataset and its latest answer; `outcomes` keeps the earlier ones."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="checks")
    column = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=400)
    passed = models.BooleanField()
    detail = models.CharField(max_length=500, blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    figures = models.JSONField(default=dict)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name", "column"], name="catalog_check_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def words(self) -> str:
        return check_words(self.name, self.column)


class CheckOutcome(models.Model):
    check_of = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="outcomes")
    passed = models.BooleanField()
    detail = models.CharField(max_length=500, blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["check_of", "-checked_at"])]

    def __str__(self) -> str:
        return f"{self.check_of_id} {'passed' if self.passed else 'failed'}"
