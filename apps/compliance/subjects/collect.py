"""What belongs into the answer to an access request."""

from collections.abc import Iterator, Mapping

from apps.compliance.subjects.types import Check, Plan, Trace

Record = Mapping[str, object]


def collect(*, plan: Plan, trace: Trace, check: Check) -> Iterator[tuple[str, Iterator[Record]]]:
    """(title of the dataset or holder, its records), JSON-able; consume each iterator before the next. Raises
    StoreError, and HolderSilent when a holder cannot answer: an answer with a hole in it is none."""
    raise NotImplementedError
