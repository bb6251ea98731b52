"""The last thing that happens to a batch before it is staged: people who were erased are kept out of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.compliance.subjects.guard import Guard, guard_for
from apps.pipelines.definitions import Extract
from apps.pipelines.extraction.conform import Conformer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Forgetting:
    """Conforms, then forgets. Without a guard there is nobody to forget."""

    conform: Conformer
    guard: Guard | None

    def __call__(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        conformed = self.conform(batch)
        return self.guard(conformed) if self.guard else conformed

    @property
    def dropped(self) -> int:
        return self.guard.dropped if self.guard else 0

    @property
    def masked(self) -> int:
        return self.guard.masked if self.guard else 0

    @property
    def counts(self) -> dict[str, int]:
        """For the step's outcome; nothing while nobody was erased."""
        return {"left_out": self.dropped, "masked": self.masked} if self.guard else {}


def forgetting_of(extract: Extract, conform: Conformer) -> Forgetting:
    targets = {column.source: column.target for column in extract.columns}
    return Forgetting(conform, guard_for(source=extract.source, path=extract.path, targets=targets))
