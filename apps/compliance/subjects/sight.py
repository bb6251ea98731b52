"""What a store holds and does not show to the account of requests. It would be taken for absent, and what stands there
for erased: so a search stops at it, and a re-scan names it and is not complete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from apps.compliance.subjects.reach import Reach
from apps.compliance.subjects.stores import seen_by_the_catalog
from apps.compliance.subjects.territory import Territory
from apps.compliance.subjects.types import Dataset

TOLD = 10


@dataclass(frozen=True)
class Unseen:
    dataset: Dataset
    why: str


class Blind(LookupError):
    """`str()` names the datasets, and is safe for people."""

    def __init__(self, unseen: list[Unseen]) -> None:
        named = "; ".join(f"{each.dataset.title} ({each.why})" for each in unseen[:TOLD])
        more = f"; and {len(unseen) - TOLD} more" if len(unseen) > TOLD else ""
        super().__init__(f"The account of requests cannot read all there is: {named}{more}. Grant it, and go on.")


def require_sight(territory: Territory, reaches: Mapping[str, Reach]) -> None:
    """Raises Blind. Before a search: a plan with a hole in it is none."""
    if found := list(unseen(territory, reaches)):
        raise Blind(found)


def unseen(territory: Territory, reaches: Mapping[str, Reach]) -> Iterator[Unseen]:
    for source, where in reaches.items():
        may = where.store.readable()
        for path in sorted(path for path, readable in may.items() if not readable):
            yield Unseen(Dataset(source, path), "no right to read all its rows")
        # A warehouse does not tell an account of what it may not see. The catalog knows, and may be behind: what it
        # does not see itself any more is gone.
        known = {
            site.dataset.path for site in territory.sites.values() if site.dataset.source == source and site.is_table
        }
        absent = known - set(may) - {info.path for info in where.live()}
        there = seen_by_the_catalog(source, {path[1] for path in absent}) if absent else set()
        for path in sorted(absent & there):
            yield Unseen(Dataset(source, path), "the catalog's account sees it, this one does not")
