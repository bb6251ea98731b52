"""From dbt's artifacts to what the catalog keeps: lineage of every compiled model, texts, owners, tests."""

from dataclasses import dataclass, field, replace

from apps.catalog.dbt_artifacts import DbtFreshness, DbtModel, DbtProject
from apps.catalog.edges import Known, Stated, replace_origins
from apps.catalog.inference import settle
from apps.catalog.models import Column, Dataset, Derivation
from apps.catalog.naming import Names
from apps.catalog.tracing import Tracer, problem_of, view_origin
from apps.catalog.types import CheckResult, EdgeEvidence, ImportReport
from portal.sql.lineage.statement import OutputColumn, StatementLineage, lineage_of
from portal.sql.parse import Dialect, SqlProblem

DIALECTS: dict[str, Dialect] = {"snowflake": "snowflake", "postgres": "postgres"}
TEXTS = (
    "dbt_id",
    "dbt_checksum",
    "lineage",
    "lineage_note",
    "tags",
    "loaded_at",
    "description",
    "described_by",
    "owner",
    "owned_by",
)
FRESH = "fresh enough"
SEED = "its values stand in a file of the dbt project"


@dataclass
class Traced:
    """One model's lineage in the catalog's columns; `problem` is why some of it is not known."""

    model: DbtModel
    dataset: int
    stated: Stated | None  # None: nothing was compiled, so what is known stays
    problem: str = ""
    tables: frozenset[tuple[str, ...]] | None = None  # what its statement reads, where one is understood
    not_read: bool = False


@dataclass
class Tracing:
    models: list[Traced] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)


def origin_of(model: DbtModel) -> str:
    return f"dbt:{model.id}"[:300]


def trace(project: DbtProject, source: str, names: Names) -> Tracing:
    """Reads each compiled statement once. No writes."""
    tracer = ModelTracer(project, source, names)
    found = Tracing()
    for model in project.models:
        dataset = names.dataset(source, model.path)
        if dataset is None:
            found.unmatched.append(".".join(model.path))
        else:
            found.models.append(tracer.model(model, dataset))
    return found


class ModelTracer(Tracer):
    def __init__(self, project: DbtProject, source: str, names: Names) -> None:
        relations = {tuple(part.lower() for part in path): cols for path, cols in project.relations.items()}
        super().__init__(source, names, relations)
        self.dialect = DIALECTS.get(project.adapter, "snowflake")

    def model(self, model: DbtModel, dataset: int) -> Traced:
        if model.kind == "seed":
            return self._unknown(model, dataset, SEED)
        if not model.compiled:
            return Traced(model, dataset, None)
        try:
            lineage = lineage_of(model.compiled, self.dialect, self.columns_of, default_path=model.path[:2])
        except SqlProblem as problem:
            told = f"{problem.message} (line {problem.line})" if problem.line else problem.message
            lost = self._unknown(model, dataset, f"its compiled statement is not understood: {told}")
            return replace(lost, not_read=True)
        evidence = EdgeEvidence("dbt", model.id)
        stated = self.stated(dataset, _with_snapshot_columns(model, lineage), evidence)
        return Traced(model, dataset, stated, problem_of(stated), lineage.tables)

    def _unknown(self, model: DbtModel, dataset: int, why: str) -> Traced:
        columns = self.own_columns(dataset)
        known = [Known(column, Derivation.How.UNKNOWN, why) for column in columns.values()]
        return Traced(model, dataset, Stated((), known), why)


def _with_snapshot_columns(model: DbtModel, lineage: StatementLineage) -> StatementLineage:
    """What dbt adds to a snapshot: an id hashed from the key, and the times a version was valid."""
    if model.kind != "snapshot":
        return lineage
    by_name = {output.name.lower(): output for output in lineage.columns}
    updated = by_name.get(model.updated_at.lower())
    key = [by_name[name.lower()] for name in model.unique_key if name.lower() in by_name]
    times = updated.origins if updated else ()
    hashed = tuple(replace(o, transform="hash") for each in key for o in each.origins)
    added = [
        OutputColumn("DBT_SCD_ID", hashed, "" if hashed else "unknown", "" if hashed else "its key is an expression"),
        *(
            OutputColumn(name, times, "" if times else "generated")
            for name in ("DBT_UPDATED_AT", "DBT_VALID_FROM", "DBT_VALID_TO")
        ),
    ]
    return replace(lineage, columns=(*lineage.columns, *added))


def write(project: DbtProject, tracing: Tracing, names: Names) -> None:
    """Inside the importer's transaction."""
    datasets = Dataset.objects.in_bulk([traced.dataset for traced in tracing.models])
    columns: list[Column] = []
    changed: set[int] = set()
    for traced in tracing.models:
        dataset = datasets[traced.dataset]
        before = shown(dataset)
        settle_state(dataset, traced, project.generated_at)
        write_texts(dataset, traced)
        columns += described_columns(traced, names)
        if shown(dataset) != before:
            changed.add(dataset.pk)
    Dataset.objects.bulk_update(datasets.values(), TEXTS, batch_size=1_000)
    Column.objects.bulk_update(columns, ["description", "described_by"], batch_size=1_000)
    stated = {origin_of(t.model): t.stated for t in tracing.models if t.stated}
    # dbt's own text says more than what the store made of it: a model that is a view is told by dbt alone.
    views = {view_origin(t.dataset): Stated(()) for t in tracing.models if t.stated}
    changed |= replace_origins(stated | views)
    changed |= {column.dataset_id for column in columns}
    if changed:
        settle(datasets=changed)


def shown(dataset: Dataset) -> tuple[object, ...]:
    """What a new revision is worth: not that a model was built once more."""
    return tuple(getattr(dataset, name) for name in TEXTS if name != "loaded_at")


def report(tracing: Tracing, *, tests: int) -> ImportReport:
    compiled = [traced for traced in tracing.models if traced.stated]
    incomplete = {".".join(t.model.path): t.problem for t in compiled if t.problem}
    return ImportReport(
        models=len(tracing.models),
        tests=tests,
        edges=sum(len(traced.stated.links) for traced in compiled if traced.stated),
        complete=len(compiled) - len(incomplete),
        stale=len(tracing.models) - len(compiled),
        incomplete=incomplete,
        unmatched=tuple(sorted(tracing.unmatched)),
    )


def settle_state(dataset: Dataset, traced: Traced, generated_at: str) -> None:
    """Whether the dataset's lineage is known, in part, or older than its model."""
    model = traced.model
    if traced.stated is None:
        unchanged = model.checksum and model.checksum == dataset.dbt_checksum
        if dataset.lineage in (Dataset.Lineage.KNOWN, Dataset.Lineage.PARTIAL) and not unchanged:
            dataset.lineage = Dataset.Lineage.STALE
            dataset.lineage_note = f"dbt's artifact of {generated_at[:16]} holds no compiled statement of this model"
        return
    dataset.dbt_checksum = model.checksum
    dataset.lineage_note = traced.problem[:500]
    if not traced.problem:
        dataset.lineage = Dataset.Lineage.KNOWN
    else:
        dataset.lineage = Dataset.Lineage.PARTIAL if traced.stated.links else Dataset.Lineage.UNKNOWN


def write_texts(dataset: Dataset, traced: Traced) -> None:
    """Descriptions, owner and tags; what a person wrote stays."""
    model = traced.model
    dataset.dbt_id = model.id[:300]
    dataset.tags = [tag[:100] for tag in model.tags]
    dataset.loaded_at = model.built_at or dataset.loaded_at
    if model.description and dataset.described_by in ("", "dbt"):
        dataset.description, dataset.described_by = model.description, "dbt"
    if model.owner and dataset.owned_by in ("", "dbt"):
        dataset.owner, dataset.owned_by = model.owner[:200], "dbt"


def described_columns(traced: Traced, names: Names) -> list[Column]:
    """Columns whose text changed, not yet saved."""
    changed = []
    for name, text in traced.model.columns.items():
        column = names.column(traced.dataset, name)
        if column and text and column.described_by in ("", "dbt") and column.description != text:
            column.description, column.described_by = text, "dbt"
            changed.append(column)
    return changed


def checks_of(project: DbtProject, source: str) -> list[CheckResult]:
    """Answers of dbt's tests, and of its look at how fresh the sources are."""
    paths = project.paths
    evidence = f"dbt invocation {project.invocation[:8]}"
    tests = [
        CheckResult(
            source=source,
            path=paths[test.model],
            name=test.name,
            passed=test.passed,
            column=test.column[:500],
            detail=_verdict(test.status, test.failures),
            evidence=evidence,
            figures={"failures": test.failures},
        )
        for test in project.tests
        if test.model in paths
    ]
    fresh = [
        CheckResult(source, paths[each.source], FRESH, each.status == "pass", _freshness(each), "", evidence)
        for each in project.freshness
        if each.source in paths
    ]
    return tests + fresh


def _freshness(each: DbtFreshness) -> str:
    when = f"newest row of {each.loaded_at:%Y-%m-%d %H:%M} UTC" if each.loaded_at else "its newest row is not known"
    return when if each.status == "pass" else f"{when}: {each.status}"


def write_sources(project: DbtProject, source: str, names: Names) -> set[int]:
    """Texts and freshness of what the project reads; what a person wrote stays. Returns the datasets it changed."""
    loaded = {each.source: each.loaded_at for each in project.freshness}
    ids = {each.id: pk for each in project.sources if (pk := names.dataset(source, each.path))}
    held = Dataset.objects.in_bulk(ids.values())
    changed: set[int] = set()
    for each in project.sources:
        dataset = held.get(ids.get(each.id, 0))
        if dataset is None:
            continue
        before = (dataset.description, dataset.loaded_at)
        if each.description and dataset.described_by in ("", "dbt"):
            dataset.description, dataset.described_by = each.description, "dbt"
        dataset.loaded_at = max(filter(None, (loaded.get(each.id), dataset.loaded_at)), default=None)
        if before != (dataset.description, dataset.loaded_at):
            changed.add(dataset.pk)
    Dataset.objects.bulk_update([held[pk] for pk in changed], ["description", "described_by", "loaded_at"])
    return changed


def _verdict(status: str, failures: int | None) -> str:
    if status == "pass":
        return "passed"
    if "error" in status:
        return "the test could not run"
    return f"{failures} {'row fails' if failures == 1 else 'rows fail'}"
