"""Everything the page and the API say of one dataset's columns, naming nothing the reader may not know of."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from apps.catalog.categories import most_sensitive
from apps.catalog.evidence import origins_of, sentence
from apps.catalog.history.keys import told_references
from apps.catalog.models import Column, Dataset, Derivation, LineageEdge
from apps.catalog.selectors import visible_ids
from apps.catalog.types import Certainty, EdgeKind, SourceKind
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.stores.names import ENTRY

HIDDEN = "from where you may not look"
GENERATED = {"constant": "a constant", "count": "a count", "generated": "made by the load"}


@dataclass(frozen=True)
class Line:
    """One column as people see it. `upstream` is where its values come from, in a word; empty where they begin."""

    column: Column
    meaning: str
    evidence: str
    upstream: str
    unknown: str  # why lineage is not known in full
    depth: int  # how deep in a document
    references: str = ""  # whose key it holds, as far as the reader may know of it

    @property
    def types(self) -> list[tuple[str, float, str]]:
        """Of a document's path: each type with its share of the sampled documents and the day it was last met."""
        return sorted(((name, share, day) for name, (share, day) in self.column.types.items()), key=lambda t: -t[1])

    @property
    def is_map(self) -> bool:
        """Whether the line stands for all keys of an object, which are data."""
        return self.column.name.rpartition(".")[2].rpartition(":")[2] == ENTRY


@dataclass(frozen=True)
class Sensitivity:
    """What a dataset holds at most, and how many of its columns nobody has classified."""

    category: str
    certainty: str
    unclassified: int


def lines(person: Someone, dataset: Dataset) -> list[Line]:
    """In the dataset's order, a path right after what contains it. Seven queries, with references."""
    columns = list(dataset.columns.filter(retired_at=None).order_by("position", "id"))
    visible = visible_ids(person)
    origins = origins_of(column.inferred_from_id for column in columns)
    upstream = _upstream(dataset, visible)
    references = told_references(dataset, (column.references for column in columns), visible)
    stated = _stated(dataset)
    return [
        Line(
            column=column,
            meaning=column.description or column.comment,
            evidence=sentence(column, origins, visible),
            upstream=_word(upstream.get(column.pk, []), stated.get(column.pk)) or _beginning(dataset),
            unknown=_unknown(stated.get(column.pk)) if knows_all(person) else "",
            depth=_depth(column),
            references=references.get(column.references, ""),
        )
        for column in sorted(columns, key=lambda column: (column.position, column.name))
    ]


def knows_all(person: Someone) -> bool:
    """Reasons quote statements, which name tables: they are for those who may know of every dataset."""
    return isinstance(person, User) and person.has_perm("catalog.view_dataset")


def _upstream(dataset: Dataset, visible: frozenset[int]) -> dict[int, list[str]]:
    """Nearest columns by column; a hidden one as an empty name."""
    rows = LineageEdge.objects.filter(
        downstream__dataset=dataset,
        kind=EdgeKind.VALUE,
        upstream__retired_at=None,
        upstream__dataset__retired_at=None,
    ).select_related("upstream__dataset__source")
    found: dict[int, list[str]] = defaultdict(list)
    for edge in rows.order_by("upstream__dataset__name", "upstream__position", "upstream_id"):
        above = edge.upstream
        known = above.dataset_id in visible
        how = "" if edge.transform == "copy" else f" ({edge.transform})"
        found[edge.downstream_id].append(f"{above.dataset.title}.{above.name}{how}" if known else "")
    return found


def _stated(dataset: Dataset) -> dict[int, Derivation]:
    rows = Derivation.objects.filter(column__dataset=dataset).order_by("-how")
    return {row.column_id: row for row in rows}


def _word(upstream: Sequence[str], stated: Derivation | None) -> str:
    names = list(dict.fromkeys(name for name in upstream if name))
    if names:
        more = len(set(upstream)) - 1
        return f"{names[0]} and {more} more" if more else names[0]
    if upstream:
        return HIDDEN
    return GENERATED.get(stated.how, "unknown") if stated else ""


def _beginning(dataset: Dataset) -> str:
    """Values begin in an operational store, as far as this catalog reaches; in a warehouse they came from somewhere."""
    return "unknown" if dataset.source.kind == SourceKind.SNOWFLAKE else ""


def _unknown(stated: Derivation | None) -> str:
    return stated.detail if stated and stated.how == Derivation.How.UNKNOWN else ""


def _depth(column: Column) -> int:
    if column.within_id is None:
        return 0
    return max(1, column.name.count(".") + column.name.count("[]"))


def sensitivity(columns: Sequence[Column]) -> Sensitivity:
    known = [column for column in columns if column.certainty != Certainty.NONE]
    unclassified = len(columns) - len(known)
    if not known:
        return Sensitivity("", Certainty.NONE, unclassified)
    category = most_sensitive({column.category for column in known})
    sure = any(column.certainty == Certainty.CONFIRMED for column in known if column.category == category)
    return Sensitivity(category, Certainty.CONFIRMED if sure else Certainty.INFERRED, unclassified)
