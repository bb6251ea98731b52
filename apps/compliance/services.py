"""Writes of compliance: applying governance."""

import hashlib
import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

import yaml
from django.db import transaction
from django.utils import timezone

from apps.catalog import services as catalog
from apps.catalog.models import Dataset
from apps.catalog.naming import Names
from apps.catalog.types import ColumnRef
from apps.compliance import governance, mask_options
from apps.compliance.models import GovernanceFile, GroupSizePolicy, MaskPolicy, PolicyVersion, RowFilterPolicy
from apps.compliance.policy.types import GroupSize, MaskRule, RowFilter
from apps.compliance.types import AccessRule, Governance, GovernanceErrors, GovernanceReport
from portal.accounts.access import grant_view_of_all
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target

Row = TypeVar("Row", MaskPolicy, RowFilterPolicy, GroupSizePolicy)
LOCK = 7_210_001  # advisory lock: two appliers would both make the next version


def apply_governance(*, actor: Actor, file: Path) -> GovernanceReport:
    """Applies a file as a whole, or not at all. Applying it again changes nothing.

    Raises GovernanceErrors with everything that is wrong, OSError if it cannot be read.
    """
    text = file.read_text(encoding="utf-8")
    rules = governance.read_text(file.name, text)
    return write_governance(actor=actor, rules=rules, content=yaml.safe_load(text))


@transaction.atomic
def write_governance(*, actor: Actor, rules: Governance, content: object) -> GovernanceReport:
    lock()
    before = GovernanceFile.objects.filter(name=rules.name).first()
    changed = before is None or before.digest != rules.digest
    if changed:
        GovernanceFile.objects.update_or_create(
            name=rules.name,
            defaults={
                "digest": rules.digest,
                "content": json.loads(json.dumps(content, default=str)),
                "applied_at": timezone.now(),
                "applied_by": actor.name,
            },
        )
    version = new_version(actor=actor, rules=rules)
    report = obey(actor=actor, rules=rules, version=version.number, changed=changed)
    if changed:
        record(
            actor=actor,
            action=Action.GOVERNANCE_APPLIED,
            target=Target("governance", rules.name, rules.name),
            detail={"digest": rules.digest, "version": version.number, "classified": report.classified},
        )
    return report


def lock() -> None:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def refresh_governance(*, actor: Actor) -> list[GovernanceReport]:
    """Lets datasets that appeared since obey the files that were applied before."""
    reports = []
    for row in GovernanceFile.objects.order_by("name"):
        try:
            rules = governance.read(row.name, row.content)
        except GovernanceErrors:
            continue  # written by an older release; it stands until somebody applies a new one
        with transaction.atomic():
            lock()
            number = PolicyVersion.objects.values_list("number", flat=True).first() or 0
            reports.append(obey(actor=actor, rules=rules, version=number, changed=False))
    return reports


def new_version(*, actor: Actor, rules: Governance) -> PolicyVersion:
    """The next version: this file's rules in place of those it had, the other files' as they were."""
    last = PolicyVersion.objects.first()
    masks = [*of_others(MaskPolicy, last, rules.name), *(mask_row(rules.name, rule) for rule in rules.masks)]
    filters = [
        *of_others(RowFilterPolicy, last, rules.name),
        *(filter_row(rules.name, rule) for rule in rules.row_filters),
    ]
    groups = [
        *of_others(GroupSizePolicy, last, rules.name),
        *(group_row(rules.name, rule) for rule in rules.group_sizes),
    ]
    clash = repeated([row.rule for rows in (masks, filters, groups) for row in rows])
    if clash:
        raise GovernanceErrors([f"{rules.name}: policies: the id {rule!r} is another file's" for rule in clash])
    digest = digest_of(masks, filters, groups)
    if last is not None and last.digest == digest:
        return last
    version = PolicyVersion.objects.create(
        number=(last.number if last else 0) + 1, created_at=timezone.now(), created_by=actor.name, digest=digest
    )
    keep(MaskPolicy, version, masks)
    keep(RowFilterPolicy, version, filters)
    keep(GroupSizePolicy, version, groups)
    counts = {"masks": len(masks), "row_filters": len(filters), "group_sizes": len(groups)}
    record(
        actor=actor,
        action=Action.POLICY_CHANGED,
        target=Target("policy", str(version.number), str(version)),
        detail={"before": last.number if last else 0, **counts},
    )
    return version


def keep(model: type[Row], version: PolicyVersion, rows: list[Row]) -> None:
    for row in rows:
        row.version = version
    model.objects.bulk_create(rows)


def of_others(model: type[Row], last: PolicyVersion | None, name: str) -> list[Row]:
    rows = model.objects.filter(version=last).exclude(file=name) if last else []
    return [copy_of(row) for row in rows]


def copy_of(row: Row) -> Row:
    row.pk = None
    row._state.adding = True
    return row


def mask_row(name: str, rule: MaskRule) -> MaskPolicy:
    return MaskPolicy(
        file=name,
        rule=rule.id,
        category=rule.category,
        mask=str(rule.mask),
        roles=sorted(rule.roles),
        purposes=sorted(rule.purposes),
        approver=rule.approver,
        options=mask_options.kept(rule.options),
    )


def filter_row(name: str, rule: RowFilter) -> RowFilterPolicy:
    return RowFilterPolicy(
        file=name,
        rule=rule.id,
        dataset=list(rule.dataset),
        column=rule.column,
        values=list(rule.values),
        roles=sorted(rule.roles),
    )


def group_row(name: str, rule: GroupSize) -> GroupSizePolicy:
    return GroupSizePolicy(
        file=name,
        rule=rule.id,
        dataset=list(rule.dataset),
        entity=rule.entity,
        at_least=rule.at_least,
        roles=sorted(rule.roles),
    )


def repeated(ids: list[str]) -> list[str]:
    return sorted({rule for rule in ids if ids.count(rule) > 1})


def digest_of(
    masks: Sequence[MaskPolicy], filters: Sequence[RowFilterPolicy], groups: Sequence[GroupSizePolicy]
) -> str:
    content = sorted(
        [
            [m.rule, m.category, m.mask, m.roles, m.purposes, m.approver, m.file, *([m.options] if m.options else [])]
            for m in masks
        ]
        + [[f.rule, f.dataset, f.column, f.values, f.roles, f.file] for f in filters]
        + [[g.rule, g.dataset, g.entity, g.at_least, g.roles, g.file] for g in groups],
        key=str,
    )
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def obey(*, actor: Actor, rules: Governance, version: int, changed: bool) -> GovernanceReport:
    """Categories, owners, descriptions and who may know of what, for everything that the catalog holds now."""
    names = Names({rule.source for rule in rules.datasets} | {rule.source for rule in rules.access})
    known = [rule for rule in rules.datasets if names.dataset(rule.source, rule.path) is not None]
    missing = [f"{r.source}: {'.'.join(r.path)}" for r in rules.datasets if r not in known]
    items = {
        ColumnRef(rule.source, rule.path, column): category for rule in known for column, category in rule.categories
    }
    report = catalog.classify(actor=actor, items=items, evidence=f"confirmed by governance file {rules.name}")
    for rule in known:
        if rule.owner:
            catalog.set_owner(actor=actor, source=rule.source, path=rule.path, owner=rule.owner)
        if rule.description or rule.descriptions:
            catalog.describe(
                actor=actor,
                source=rule.source,
                path=rule.path,
                description=rule.description,
                columns=dict(rule.descriptions),
            )
    granted = sum(grant(actor=actor, rule=rule) for rule in rules.access)
    return GovernanceReport(version, report.changed, granted, changed, tuple(missing), report.unmatched)


def grant(*, actor: Actor, rule: AccessRule) -> int:
    rows = Dataset.objects.filter(source__name=rule.source, retired_at=None)
    objects = [row for row in rows if any(fits(row, pattern) for pattern in rule.patterns)]
    return grant_view_of_all(actor=actor, objects=objects, roles=[Role(role) for role in rule.roles])


def fits(dataset: Dataset, pattern: str) -> bool:
    """`CORE.*` fits ANALYTICS.CORE.FCT_CHARGES; a pattern with the database in front fits the whole path."""
    path = ".".join(dataset.path).lower()
    below = ".".join(dataset.path[1:]).lower()
    return fnmatchcase(below, pattern.lower()) or fnmatchcase(path, pattern.lower())
