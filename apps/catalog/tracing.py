"""From the lineage of a statement, by name, to the catalog's columns: the same for dbt, views and executed queries."""

from collections.abc import Mapping, Sequence

from apps.catalog.edges import Known, Link, Stated
from apps.catalog.models import Column, Derivation
from apps.catalog.naming import Names, containers, is_below
from apps.catalog.row_edges.storing import RowLink
from apps.catalog.types import EdgeEvidence, EdgeKind
from portal.sql.lineage.statement import OutputColumn, RowOrigin, StatementLineage
from portal.sql.lineage.values import Path

NOT_IN_STATEMENT = "the compiled statement has no such column"


class Tracer:
    """`relations` are columns of tables that the catalog has not seen, by path in lower case."""

    def __init__(self, source: str, names: Names, relations: Mapping[Path, tuple[str, ...]] | None = None) -> None:
        self.source = source
        self.names = names
        self.relations = relations or {}
        self.known: dict[Path, Sequence[str] | None] = {}

    def columns_of(self, path: Path) -> Sequence[str] | None:
        """Found once: a project asks for the same table in many models."""
        if path not in self.known:
            self.known[path] = self._columns_of(path)
        return self.known[path]

    def _columns_of(self, path: Path) -> Sequence[str] | None:
        dataset = self.names.dataset(self.source, path)
        if dataset is None:
            return self.relations.get(tuple(part.lower() for part in path))
        return [name for name, column in self.names.columns(dataset).items() if column.within_id is None]

    def own_columns(self, dataset: int) -> dict[str, Column]:
        columns = self.names.columns(dataset)
        return {name.lower(): column for name, column in columns.items() if column.within_id is None}

    def stated(self, dataset: int, lineage: StatementLineage, evidence: EdgeEvidence) -> Stated:
        """What a statement that makes the whole dataset says of it."""
        outputs = {output.name.lower(): output for output in lineage.columns}
        missing = OutputColumn("", (), "unknown", lineage.opaque or NOT_IN_STATEMENT)
        links: list[Link] = []
        known: list[Known] = []
        for name, column in self.own_columns(dataset).items():
            output = outputs.get(name, missing)
            found, lost = self.links(column, output, evidence)
            links += found
            if output.how or lost:
                how = Derivation.How.UNKNOWN if lost else Derivation.How(output.how)
                known.append(Known(column, how, output.reason or lost))
        return Stated(links, known, self.row_links(dataset, lineage.rows, evidence))

    def links(self, column: Column, output: OutputColumn, evidence: EdgeEvidence) -> tuple[list[Link], str]:
        """The edges to one column, and why some are lost."""
        links = []
        lost = ""
        for origin in output.origins:
            found = self._columns(origin.table, origin.column, origin.path)
            detail = EdgeEvidence(evidence.kind, evidence.ref, origin.path or evidence.detail)
            links += [Link(each, column, EdgeKind.VALUE, origin.transform, detail) for each in found]
            if not found:
                lost = f"{'.'.join(origin.table)}.{origin.column} is not in the catalog"
        return links, lost

    def row_links(self, dataset: int, rows: Sequence[RowOrigin], evidence: EdgeEvidence) -> list[RowLink]:
        return [
            RowLink(column, dataset, origin.role, EdgeEvidence(evidence.kind, evidence.ref, origin.path))
            for origin in rows
            for column in self._columns(origin.table, origin.column, origin.path)
        ]

    def _columns(self, table: Path, name: str, path: str) -> list[Column]:
        """The catalog's columns for an origin: where it leads into a document, the paths it leads to."""
        dataset = self.names.dataset(self.source, table)
        column = self.names.column(dataset, name) if dataset else None
        if column is None or not path:
            return [column] if column else []
        inside = {
            part.name.partition(":")[2]: part
            for part in self.names.columns(column.dataset_id).values()
            if part.within_id == column.pk
        }
        below = [part for each, part in inside.items() if is_below(each, path)]
        around = [inside[each] for each in containers(path) if each in inside]
        return below or around[:1] or [column]


def view_origin(dataset: int) -> str:
    return f"view:{dataset}"


def problem_of(stated: Stated) -> str:
    """The first column whose origin is not known, and why."""
    return next((f"{k.column.name}: {k.detail}" for k in stated.known if k.how == Derivation.How.UNKNOWN), "")
