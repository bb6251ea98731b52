"""From what was found to what will happen: places with their columns, and findings that stand in the way."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from apps.compliance.subjects.decisions import Decider, Decision, order
from apps.compliance.subjects.fates import Demands, above_of, fates, personal
from apps.compliance.subjects.looking import Look, Seen, head
from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.reach import Keys, Reach, Target
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.territory import Site, Territory
from apps.compliance.subjects.types import (
    Action,
    Check,
    ColumnFate,
    Finding,
    FindingKind,
    HeldThing,
    Place,
    Plan,
    ReachedBy,
    Searched,
)
from portal.stores.names import ENTRY, below

CUT_WHY = "the person's value is cut out of the text"


@dataclass
class Planner:
    territory: Territory
    reaches: Mapping[str, Reach]
    keys: Keys
    live_keys: dict[tuple[str, tuple[str, ...]], str]
    matcher: Matcher
    check: Check
    findings: list[Finding] = field(default_factory=list)

    def plan(self, findings: Sequence[Finding], held: Sequence[HeldThing]) -> Plan:
        self.findings, self.demands = list(findings), Demands(self.territory)
        decider = Decider(self.territory, self.keys, dict(self.reaches), self.live_keys, self.check)
        decisions = decider.decide()
        sites = order(self.territory, [site for site in self.territory.owned() if site.is_table])
        places = [place for site in sites for place in self._owned(decider, site, decisions[site.id])]
        searched: list[Searched] = []
        for source, reach in self.reaches.items():
            look = Look(self.territory, source, reach, self.keys, self.matcher, self.check)
            searched.append(look.searched())
            self._named_after(look)
            places += [place for seen in look.all() for place in self._seen(look, seen, places, decisions)]
        self._no_key()
        self._swallowed()
        views = sorted(site.dataset.title for site in self.territory.owned() if not site.is_table)
        return Plan(tuple(places), tuple(self.findings), tuple(held), tuple(searched), tuple(views))

    def _owned(self, decider: Decider, site: Site, decision: Decision) -> Iterator[Place]:
        self.check()
        target = decider.target(site)
        rows = self.reaches[site.dataset.source].count(target)
        if not rows:
            return
        columns, findings = fates(self.territory, self.demands, site, decision.action, self.territory.rule(site))
        self.findings += findings
        if decision.action is Action.UNDECIDED:
            self._undecided(site, rows)
        self._of_two(site, target)
        self._clashing(site, columns)
        by_email = all(owner.domain == EMAIL for owner in target.owners)
        yield Place(
            dataset=site.dataset,
            kind=site.kind,
            reached_by=ReachedBy.EMAIL if by_email else ReachedBy.KEY,
            owners=target.owners,
            hops=self.territory.hops[site.id],
            rows=rows,
            action=decision.action,
            why=decision.why,
            columns=columns,
            ground=decision.ground,
            until=decision.until,
        )

    def _of_two(self, site: Site, target: Target) -> None:
        """A row that names the person and somebody else, by columns of one rank: nobody knows what of it is whose."""
        first = target.ranks[0]
        if first[0].rank or (len(first) == 1 and "[]" not in first[0].column):
            return
        rows = sum(
            any(value not in target.values(owner) for owner, value in target.deciding(document))
            for document in self.reaches[site.dataset.source].mine(target)
        )
        if rows:
            names = ", ".join(owner.column for owner in first)
            message = (
                f"{rows} rows of {site.dataset.title} name somebody else beside the person ({names}): say in the "
                "governance file which column says whose a row is (owner)."
            )
            self.findings.append(Finding(FindingKind.SHARED, message, site.dataset, count=rows, blocking=True))

    def _clashing(self, site: Site, columns: Sequence[ColumnFate]) -> None:
        """Told before anything is erased: the store would refuse the second person's row in the middle of the work."""
        masked = [fate for fate in columns if fate.masked]
        for name in self.reaches[site.dataset.source].clashing(site.dataset.path, masked):
            message = (
                f"{site.dataset.title}.{name} is to be masked, and no two rows may say the same there. "
                "In the store, let it be empty, or wide enough for a text of its own; "
                "or say erase for its rows, or keep for the column."
            )
            self.findings.append(Finding(FindingKind.CANNOT, message, site.dataset, name, blocking=True))

    def _undecided(self, site: Site, rows: int) -> None:
        message = f"No rule for {site.dataset.title}, which has {rows} rows of the person: say erase, mask or keep."
        self.findings.append(Finding(FindingKind.NO_RULE, message, site.dataset, count=rows, blocking=True))

    def _named_after(self, look: Look) -> None:
        for dataset, column in look.named_after():
            place = f"{dataset.title}.{column}" if column else dataset.title
            message = (
                f"{place} is named after the person: rename it in the store, sync {look.source}, and search again."
            )
            self.findings.append(Finding(FindingKind.CANNOT, message, blocking=True))

    def _seen(
        self, look: Look, seen: Seen, places: Sequence[Place], decisions: Mapping[int, Decision]
    ) -> Iterator[Place]:
        """Values in rows that nobody else owns, where nothing planned so far takes them away."""
        told = look.cut(seen.dataset)
        title = told.title
        if seen.others:
            message = (
                f"{seen.others} rows of {title} name the person and belong to somebody else: they stay as they are."
            )
            self.findings.append(Finding(FindingKind.OTHERS, message, told, count=seen.others))
        left = seen.nobody + self._not_masked(seen, places)
        if not left:
            return
        rows = seen.rows_of_nobody or max(left.values())
        site = next((s for s in self.territory.sites.values() if s.dataset == seen.dataset), None)
        if seen.kind == "materialized_view":
            message = f"{title} holds {rows} rows that name the person and cannot be changed: refresh it afterwards."
            self.findings.append(Finding(FindingKind.CANNOT, message, told, count=rows))
            return
        if site is None or not self._ruled(site, decisions):
            message = f"No rule for {title}, where {rows} rows name the person: say erase, mask or keep."
            self.findings.append(Finding(FindingKind.NO_RULE, message, told, count=rows, blocking=True))
            return
        yield Place(
            dataset=seen.dataset,
            kind=seen.kind,
            reached_by=ReachedBy.VALUE,
            owners=self.territory.owners_of(site),
            hops=(f"a value of the person stands in {title}",),
            rows=rows,
            action=Action.CUT,
            why=CUT_WHY,
            columns=tuple(ColumnFate(name, True, f"{count} times: {CUT_WHY}") for name, count in sorted(left.items())),
        )

    def _not_masked(self, seen: Seen, places: Sequence[Place]) -> Counter[str]:
        """Paths of the person's own rows that stay as they are, although a value of theirs stands there."""
        for place in places:
            if place.dataset == seen.dataset and place.action is not Action.CUT:
                if place.action not in (Action.MASK, Action.KEEP):
                    return Counter()
                return Counter({path: n for path, n in seen.mine.items() if not covered(path, place)})
        return seen.mine

    def _ruled(self, site: Site, decisions: Mapping[int, Decision]) -> bool:
        """Its own rule, or that of what it is made from."""
        decision = decisions.get(site.id)
        if decision is not None:
            return decision.action is not Action.UNDECIDED
        return self.territory.rule(site) is not None or bool(self.territory.upstream(site))

    def _no_key(self) -> None:
        """Personal columns made from what was reached, in a table where no column says whose a row is."""
        reached = {site.id for site in self.territory.owned()}
        for site in self.territory.sites.values():
            if site.id in reached or not site.is_table or site.id in self.territory.foreign:
                continue
            for column in site.columns.values():
                if personal(column.category) and self._made_of(column.pk, reached) and not self.territory.rule(site):
                    message = (
                        f"{site.dataset.title}.{column.name} is made of personal columns, and no column says whose a "
                        "row is: say what happens to it."
                    )
                    self.findings.append(Finding(FindingKind.NO_KEY, message, site.dataset, column.name, blocking=True))

    def _swallowed(self) -> None:
        """Without the column that says whose a document is, nothing of the person would be found there by key."""
        for reference in self.territory.rules.references:
            site = self.territory.find(reference.source, reference.path)
            if site is None or site.column(reference.column) is not None:
                continue
            around = next(
                (each for each in (*above_of(reference.column), "") if below(each, ENTRY) in site.columns), None
            )
            if around is not None:
                message = (
                    f"{site.dataset.title}.{reference.column} says whose a document is, and is not told from keys that "
                    f"are data ({below(around, ENTRY)}): name it in the collection's validator."
                )
                self.findings.append(
                    Finding(FindingKind.NO_KEY, message, site.dataset, reference.column, blocking=True)
                )

    def _made_of(self, column: int, reached: set[int]) -> bool:
        waiting, seen = [column], {column}
        while waiting:
            for above in self.territory.origins.get(waiting.pop(), ()):
                found = self.territory.columns[above]
                if found.dataset_id in reached and personal(found.category):
                    return True
                if above not in seen:
                    seen.add(above)
                    waiting.append(above)
        return False


def covered(path: str, place: Place) -> bool:
    """Whether masking the place's columns takes away what stands at the path."""
    names = {column.name for column in place.masked}
    if place.kind != "collection":
        return head(path) in names
    return path in names or any(above in names for above in above_of(path))
