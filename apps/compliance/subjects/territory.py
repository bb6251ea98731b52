"""Which columns hold keys of the person, and through them which datasets have rows of theirs: the catalog's columns
and edges walked from the identity's key, before any store is asked.

A domain is a column whose values name things (customers, charges). A column holds keys of a domain when it is the
domain's own, a foreign key or declared reference to it, or an unchanged copy of one of these down the lineage.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.catalog.models import Column, LineageEdge
from apps.catalog.models import Dataset as Row
from apps.catalog.types import EdgeKind
from apps.compliance.models import GovernanceFile
from apps.compliance.subjects.columns import by_name
from apps.compliance.subjects.rules import EMAIL, Path, SubjectRules
from apps.compliance.subjects.rules import Rule as RuleOf
from apps.compliance.subjects.types import Dataset, Owner

LAST = 99  # rank of an e-mail address: it decides only where nothing else does
TABLES = ("table", "collection")


@dataclass(frozen=True)
class Site:
    """A live dataset of the catalog. Columns by name, document paths and parts of JSON columns among them."""

    id: int
    dataset: Dataset
    kind: str
    columns: dict[str, Column]

    @property
    def is_table(self) -> bool:
        return self.kind in TABLES

    def column(self, name: str) -> Column | None:
        found = self.columns.get(name)
        if found is not None:
            return found
        folded = [column for key, column in self.columns.items() if key.lower() == name.lower()]
        return folded[0] if len(folded) == 1 else None


@dataclass(frozen=True)
class Domain:
    name: str  # "oltp.public.customers.id"
    root: int  # the column's id
    rank: int


@dataclass
class Territory:
    rules: SubjectRules
    sites: dict[int, Site]
    columns: dict[int, Column] = field(default_factory=dict)
    copies: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # downstream, unchanged
    derived: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # downstream, however changed
    origins: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # the same, upstream
    pointing: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # foreign keys and references
    domains: list[Domain] = field(default_factory=list)
    owners: dict[int, list[Owner]] = field(default_factory=lambda: defaultdict(list))
    hops: dict[int, tuple[str, ...]] = field(default_factory=dict)
    foreign: set[int] = field(default_factory=set)  # datasets whose rows belong to others, whoever's value is in them
    # By domain, its own column and unchanged copies of that one: what stands there is the thing itself, not a
    # pointer at it (a charge can point at a card that is somebody else's).
    own: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def find(self, source: str, path: Path) -> Site | None:
        wanted = tuple(part.lower() for part in path)
        for site in self.sites.values():
            if site.dataset.source == source and _short(site.dataset.path) == wanted:
                return site
        return None

    def rule(self, site: Site) -> RuleOf | None:
        for rule in self.rules.rules:
            if rule.source == site.dataset.source and _short(("", *rule.path)) == _short(site.dataset.path):
                return rule
        return None

    def owners_of(self, site: Site) -> tuple[Owner, ...]:
        """Lowest rank first, up to the first whose column is never empty: what comes after it decides nothing."""
        found: list[Owner] = []
        ranked = sorted(set(self.owners.get(site.id, ())), key=lambda owner: (owner.rank, owner.column))
        for owner in ranked:
            if found and owner.rank > found[-1].rank and _decided(site, found):
                break
            found.append(owner)
        return tuple(found)

    def owned(self) -> list[Site]:
        return [site for site in self.sites.values() if self.owners.get(site.id)]

    def upstream(self, site: Site) -> set[int]:
        """The datasets with a rule of their own from which this one is made, through whatever lies in between."""
        waiting, seen, found = deque([site.id]), {site.id}, set()
        while waiting:
            columns = self.sites[waiting.popleft()].columns.values()
            above = {self.columns[pk].dataset_id for column in columns for pk in self.origins.get(column.pk, ())}
            for each in above - seen:
                seen.add(each)
                if self.sites[each].is_table and self.rule(self.sites[each]):
                    found.add(each)
                else:
                    waiting.append(each)
        return found

    def outgoing(self, column: int) -> Iterator[tuple[int, str]]:
        """(column that holds the same values, in words how)."""
        for each in self.pointing.get(column, ()):
            yield each, "points at"
        for each in self.copies.get(column, ()):
            yield each, "is copied from"

    def name(self, column: int) -> str:
        found = self.columns[column]
        return f"{self.sites[found.dataset_id].dataset.title}.{found.name}"


def survey() -> Territory:
    """Five queries. `rules` are empty while no governance file says anything of subjects."""
    found = Territory(_rules(), _sites())
    found.columns = {column.pk: column for site in found.sites.values() for column in site.columns.values()}
    _copies(found)
    _foreign_keys(found)
    _references(found)
    _walk(found)
    _others(found)
    return found


def _rules() -> SubjectRules:
    from apps.compliance import governance  # it reads this package's rules

    total = SubjectRules()
    for row in GovernanceFile.objects.order_by("name"):
        total = total + governance.read(row.name, row.content).subjects
    return total


def _sites() -> dict[int, Site]:
    rows: dict[int, list[Column]] = defaultdict(list)
    for column in Column.objects.filter(retired_at=None, dataset__retired_at=None).order_by("position", "id"):
        rows[column.dataset_id].append(column)
    return {
        row.pk: Site(row.pk, Dataset(row.source.name, tuple(row.path)), row.kind, by_name(row, rows[row.pk]))
        for row in Row.objects.filter(retired_at=None).select_related("source").order_by("source__name", "path")
    }


def _copies(found: Territory) -> None:
    for edge in LineageEdge.objects.filter(kind=EdgeKind.VALUE):
        if edge.upstream_id in found.columns and edge.downstream_id in found.columns:
            found.derived[edge.upstream_id].append(edge.downstream_id)
            found.origins[edge.downstream_id].append(edge.upstream_id)
            if edge.transform == "copy":
                found.copies[edge.upstream_id].append(edge.downstream_id)


def _foreign_keys(found: Territory) -> None:
    targets = {
        (site.dataset.source, f"{'.'.join(site.dataset.path[1:])}.{column.name}"): column.pk
        for site in found.sites.values()
        for column in site.columns.values()
    }
    for column in found.columns.values():
        source = found.sites[column.dataset_id].dataset.source
        target = targets.get((source, column.references)) if column.references else None
        if target:
            found.pointing[target].append(column.pk)


def _references(found: Territory) -> None:
    for reference in found.rules.references:
        if reference.to is None:
            continue
        source, path, column = reference.to
        holder, target = found.find(reference.source, reference.path), found.find(source, path)
        held = holder and holder.column(reference.column)
        root = target and target.column(column)
        if held and root:
            found.pointing[root.pk].append(held.pk)


def _walk(found: Territory) -> None:
    """Breadth first: what is reached directly is owned directly, whatever longer ways lead there too."""
    waiting = deque(_identities(found))
    known = {domain.root for domain in waiting}
    while waiting:
        domain = waiting.popleft()
        found.domains.append(domain)
        for dataset in _claim(found, domain):
            root = _key_of(found, found.sites[dataset])
            if root is not None and root not in known:
                known.add(root)
                waiting.append(Domain(_domain_name(found, root), root, domain.rank + 1))
    _by_email(found)


def _identities(found: Territory) -> list[Domain]:
    roots = []
    for identity in found.rules.identities:
        site = found.find(identity.source, identity.path)
        column = site and site.column(identity.key)
        if column:
            roots.append(Domain(_domain_name(found, column.pk), column.pk, 0))
    return roots


def _domain_name(found: Territory, column: int) -> str:
    site = found.sites[found.columns[column].dataset_id]
    return ".".join([site.dataset.source, *site.dataset.path[1:], found.columns[column].name])


def _claim(found: Territory, domain: Domain) -> list[int]:
    """Every column that holds keys of the domain; returns the datasets that were reached, the nearest first."""
    start = found.name(domain.root)
    before = found.hops.get(found.columns[domain.root].dataset_id, ())
    steps = {domain.root: before or (f"{start} names the person",)}
    waiting, order = deque([domain.root]), []
    while waiting:
        column = waiting.popleft()
        dataset = found.columns[column].dataset_id
        found.owners[dataset].append(_owner(found.columns[column], domain.name, domain.rank))
        found.hops.setdefault(dataset, steps[column])
        order.append(dataset)
        for after, how in found.outgoing(column):
            if after not in steps and _says_whose(found, after, domain):
                steps[after] = (*steps[column], f"{found.name(after)} {how} {found.name(column)}")
                waiting.append(after)
    _own(found, domain)
    return order


def _says_whose(found: Territory, column: int, domain: Domain) -> bool:
    """Unless a rule says that of several pointers at people another one does."""
    site = found.sites[found.columns[column].dataset_id]
    rule = found.rule(site)
    held = site.column(rule.owner) if rule and rule.owner else None
    return held is None or held.pk == column or held.pk not in found.pointing.get(domain.root, ())


def _owner(column: Column, domain: str, rank: int) -> Owner:
    return Owner(column.name, domain, rank, column.type)


def _own(found: Territory, domain: Domain) -> None:
    waiting = [domain.root]
    while waiting:
        column = waiting.pop()
        if column not in found.own[domain.name]:
            found.own[domain.name].add(column)
            waiting += found.copies.get(column, [])


def _key_of(found: Territory, site: Site) -> int | None:
    """The column others point at this dataset by: its single primary key, where somebody does."""
    keys = [column for column in site.columns.values() if column.primary_key]
    return keys[0].pk if site.is_table and len(keys) == 1 and found.pointing.get(keys[0].pk) else None


def _by_email(found: Territory) -> None:
    for reference in found.rules.references:
        site = found.find(reference.source, reference.path) if reference.to is None else None
        column = site and site.column(reference.column)
        waiting = [column.pk] if column else []
        while waiting:
            each = waiting.pop()
            dataset = found.columns[each].dataset_id
            hop = f"{found.name(each)} holds e-mail addresses"
            found.owners[dataset].append(_owner(found.columns[each], EMAIL, LAST))
            found.hops.setdefault(dataset, (hop,))
            waiting += found.copies.get(each, [])


def _others(found: Territory) -> None:
    for other in found.rules.others:
        site = found.find(other.source, other.path)
        column = site and site.column(other.key)
        waiting, seen = ([column.pk] if column else []), set()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            if not found.owners.get(found.columns[each].dataset_id):
                found.foreign.add(found.columns[each].dataset_id)
            waiting += found.copies.get(each, [])


def _decided(site: Site, owners: list[Owner]) -> bool:
    """Whether a column of this rank is never empty. Documents promise nothing of the kind, copies neither."""
    if site.kind != "table" or site.dataset.source == "warehouse":
        return False
    rank = owners[-1].rank
    columns = [site.column(owner.column) for owner in owners if owner.rank == rank]
    return any(column is not None and (not column.nullable or column.primary_key) for column in columns)


def _short(path: Path) -> Path:
    return tuple(part.lower() for part in path[1:])
