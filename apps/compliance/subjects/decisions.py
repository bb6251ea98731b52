"""What happens to the rows of each dataset: what the governance file says, as far as a ground and foreign keys let it.

A copy obeys what its original obeys. Rows that were to go stay, masked, while rows that are kept (or somebody else's)
point at them. A ground holds from the person's last row in the dataset it counts from; without one there is none.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from apps.compliance.subjects.reach import Keys, Reach, Target
from apps.compliance.subjects.rules import Ground
from apps.compliance.subjects.territory import Site, Territory
from apps.compliance.subjects.types import Action, Check, Owner


@dataclass(frozen=True)
class Decision:
    action: Action
    why: str
    ground: str = ""
    until: str = ""


@dataclass
class Decider:
    territory: Territory
    keys: Keys
    reaches: dict[str, Reach]
    live_keys: dict[tuple[str, tuple[str, ...]], str]  # single primary keys, by source and path
    check: Check

    def target(self, site: Site) -> Target:
        key = self.live_keys.get((site.dataset.source, site.dataset.path), "")
        return Target(site.dataset, self.territory.owners_of(site), self.keys, key)

    def decide(self) -> dict[int, Decision]:
        """For every table that can have rows of the person, whether or not it has any now."""
        self._grounds = {ground.id: self._ground(ground) for ground in self.territory.rules.grounds}
        originals = {site.id: self._original(site) for site in self.territory.owned() if site.is_table}
        found = {pk: decision for pk, decision in originals.items() if decision}
        self._hold_back(found)
        for site in self.territory.owned():
            if site.is_table and site.id not in found:
                found[site.id] = self._as_upstream(site, found)
        return found

    def _original(self, site: Site) -> Decision | None:
        rule = self.territory.rule(site)
        if rule is None:
            return None
        if rule.action != "keep":
            return Decision(Action(rule.action), "the governance file says so")
        return self._grounds.get(rule.ground) or Decision(Action.ERASE, "no ground keeps it any more")

    def _ground(self, ground: Ground) -> Decision | None:
        """None when the ground does not hold (any more)."""
        kept = Decision(Action.KEEP, "kept by law; what is personal in it goes", ground.text)
        if ground.after is None:
            return kept
        source, path, column = ground.after
        site = self.territory.find(source, path)
        newest = self.reaches[source].newest(self.target(site), column) if site else None
        if newest is None:
            return None
        end = _years_later(newest, ground.years)
        return replace(kept, until=end.isoformat()) if end >= datetime.now(UTC).date() else None

    def _hold_back(self, found: dict[int, Decision]) -> None:
        """Again and again: a row that stays holds those it points at, and these hold others."""
        moved = True
        while moved:
            moved = False
            for pk in [pk for pk, decision in found.items() if decision.action is Action.ERASE]:
                self.check()
                held = self._held_by(self.territory.sites[pk], found)
                if held:
                    found[pk], moved = held, True

    def _held_by(self, site: Site, found: dict[int, Decision]) -> Decision | None:
        for column, after in self._pointing(site):
            if after.id == site.id:
                continue
            reach, target = self.reaches[after.dataset.source], self.target(after)
            decision = found.get(after.id)
            stays = decision is None or decision.action is not Action.ERASE
            if stays and reach.count(target):
                why = f"kept rows of {after.dataset.title} point at it"
                return Decision(
                    Action.MASK, why, decision.ground if decision else "", decision.until if decision else ""
                )
            if any(reach.pointed_at(target, pointer) for pointer in self._pointers(after, column)):
                return Decision(Action.MASK, f"rows of others in {after.dataset.title} point at it")
        return None

    def _pointers(self, after: Site, column: str) -> list[Owner]:
        """Also one that decides nothing about whose the row is, as a household's card on another's purchase."""
        return [owner for owner in self.territory.owners[after.id] if owner.column == column]

    def _pointing(self, site: Site) -> list[tuple[str, Site]]:
        """Foreign keys that the store itself watches over."""
        return [
            (column.name, self.territory.sites[column.dataset_id])
            for key in site.columns.values()
            for pk in self.territory.pointing.get(key.pk, ())
            if (column := self.territory.columns[pk]).references
        ]

    def _as_upstream(self, site: Site, found: dict[int, Decision]) -> Decision:
        above = [found[pk] for pk in self.territory.upstream(site) if pk in found]
        names = ", ".join(
            sorted(self.territory.sites[pk].dataset.title for pk in self.territory.upstream(site) if pk in found)
        )
        if not above:
            return Decision(Action.UNDECIDED, "the governance file has no rule for it")
        why = f"as {names}, from which it is made"
        for action in (Action.UNDECIDED, Action.KEEP, Action.MASK):
            for decision in above:
                if decision.action is action:
                    return replace(decision, why=why)
        return Decision(Action.ERASE, why)


def order(territory: Territory, sites: list[Site]) -> list[Site]:
    """Who points before whom: rows go before those they point at."""
    wanted = {site.id: site for site in sites}
    done: dict[int, Site] = {}

    def visit(site: Site, above: frozenset[int]) -> None:
        if site.id in done or site.id in above:
            return
        for key in site.columns.values():
            for pk in territory.pointing.get(key.pk, ()):
                after = wanted.get(territory.columns[pk].dataset_id)
                if after:
                    visit(after, above | {site.id})
        done[site.id] = site

    for site in sites:
        visit(site, frozenset())
    return list(done.values())


def _years_later(moment: datetime | date, years: int) -> date:
    day = moment.date() if isinstance(moment, datetime) else moment
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)
