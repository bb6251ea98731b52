"""Stands in every load's way: rows of people who were erased are left out, or arrive without what is personal.

It costs one query while nobody was ever erased. Afterwards, each distinct key of a batch is digested once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from apps.compliance.models import Forgotten
from apps.compliance.subjects import ledger
from apps.compliance.subjects.fates import Demands, above_of, fates
from apps.compliance.subjects.rules import Path
from apps.compliance.subjects.territory import Site, Territory, survey
from apps.compliance.subjects.types import Action, ColumnFate, Owner

if TYPE_CHECKING:
    import pyarrow as pa

GOES, MASKED = "goes", "masked"


@dataclass
class Guard:
    """One dataset on its way. `targets` names the loaded column of each column or path of the source."""

    targets: Mapping[str, str]
    ranks: Sequence[Sequence[Owner]]
    masks: Sequence[ColumnFate]
    digests: Mapping[str, Mapping[bytes, int]]
    actions: Mapping[int, str]  # what happens to rows of this dataset, by erasure
    dropped: int = 0
    masked: int = 0
    _known: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    def __call__(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        import pyarrow as pa
        import pyarrow.compute as pc

        verdicts = self._verdicts(batch)
        if not any(verdicts):
            return batch
        masked = pa.array([verdict == MASKED for verdict in verdicts])
        arrays = [self._column(batch, place, masked) for place in range(batch.num_columns)]
        kept = pa.RecordBatch.from_arrays(arrays, schema=batch.schema)
        stays = pa.array([verdict != GOES for verdict in verdicts])
        self.masked += pc.sum(masked).as_py()
        self.dropped += sum(verdict == GOES for verdict in verdicts)
        return kept.filter(stays)

    def _column(self, batch: "pa.RecordBatch", place: int, masked: "pa.Array") -> "pa.Array":
        import pyarrow as pa
        import pyarrow.compute as pc

        column, name = batch.column(place), batch.schema.field(place).name
        fate = next((fate for fate in self.masks if self.targets.get(fate.name) == name), None)
        if fate is None:
            return column
        value = pa.scalar(None, column.type) if fate.replacement is None else cast(fate.replacement, column.type)
        return pc.if_else(masked, value, column)

    def _verdicts(self, batch: "pa.RecordBatch") -> list[str]:
        """For each row `goes`, `masked` or nothing: the first rank that names anybody decides."""
        verdicts = [""] * batch.num_rows
        open_rows = [True] * batch.num_rows
        for owners in self.ranks:
            named = [False] * batch.num_rows
            for owner in owners:
                for row, erasure in self._named(batch, owner, open_rows):
                    named[row] = True
                    if erasure is not None and verdicts[row] != GOES:
                        verdicts[row] = self._verdict(erasure)
            open_rows = [still and not known for still, known in zip(open_rows, named, strict=True)]
        return verdicts

    def _named(self, batch: "pa.RecordBatch", owner: Owner, open_rows: Sequence[bool]) -> list[tuple[int, int | None]]:
        """(row, the erasure its key belongs to) of every undecided row in which the column names anybody."""
        place = batch.schema.get_field_index(self.targets[owner.column])
        encoded = batch.column(place).dictionary_encode()
        erasures = [
            None if value is None else self._erasure(owner, str(value)) for value in encoded.dictionary.to_pylist()
        ]
        codes = encoded.indices.to_pylist()
        return [(row, erasures[code]) for row, code in enumerate(codes) if code is not None and open_rows[row]]

    def _erasure(self, owner: Owner, value: str) -> int | None:
        return self.digests.get(owner.domain, {}).get(ledger.digest(owner.domain, value))

    def _verdict(self, erasure: int) -> str:
        return GOES if self.actions.get(erasure) == Action.ERASE else MASKED


def cast(text: str, kind: "pa.DataType") -> "pa.Scalar":
    import pyarrow as pa

    return pa.scalar(text, pa.string()).cast(kind)


def guard_for(*, source: str, path: Path, targets: Mapping[str, str]) -> Guard | None:
    """None where there is nobody to keep out. `targets` as in `Guard`."""
    erasures = dict(Forgotten.objects.values_list("pk", "actions"))
    if not erasures:
        return None
    territory = survey()
    site = territory.find(source, path)
    owners = [owner for owner in territory.owners_of(site) if owner.column in targets] if site else []
    digests = ledger.remembered(owner.domain for owner in owners)
    if site is None or not digests:
        return None
    ranks = [[o for o in owners if o.rank == rank] for rank in sorted({owner.rank for owner in owners})]
    return Guard(targets, ranks, _masks(territory, site, targets), digests, _actions(territory, site, erasures))


def _masks(territory: Territory, site: Site, targets: Mapping[str, str]) -> list[ColumnFate]:
    """Every personal column, whatever the plan of then knew: a column that came since is masked too."""
    known, unknown = fates(territory, Demands(territory), site, Action.MASK, territory.rule(site))
    # Nobody is there to be asked about a column that came since: it arrives empty until somebody has classified it.
    found = (*known, *(ColumnFate(finding.column, True, "nobody has classified it") for finding in unknown))
    masks: dict[str, ColumnFate] = {}
    for fate in found:
        # A path inside what is loaded whole takes the whole with it.
        loaded = next((name for name in (fate.name, *above_of(fate.name)) if name in targets), "")
        if fate.masked and loaded:
            masks[loaded] = fate if loaded == fate.name else replace(fate, name=loaded, replacement=None)
    return list(masks.values())


def _actions(territory: Territory, site: Site, erasures: Mapping[int, Any]) -> dict[int, str]:
    """What the plan of then said, else what the governance file says now; a dataset nobody speaks of is masked."""
    rule = territory.rule(site)
    default = rule.action if rule else str(Action.MASK)
    return {pk: said.get(site.dataset.title, default) for pk, said in erasures.items()}
