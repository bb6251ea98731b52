"""The rules in force, and what a person may see of them."""

from collections import OrderedDict
from threading import Lock

from django.db.models import QuerySet

from apps.compliance.models import GroupSizePolicy, MaskPolicy, PolicyVersion, RowFilterPolicy
from apps.compliance.openings import opened_functions
from apps.compliance.policy.types import GroupSize, MaskRule, PolicySet, RowFilter
from portal.accounts.selectors import Someone, has_role
from portal.accounts.types import Role

READERS_OF_POLICIES = (Role.OFFICER, Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR)
KEPT = 8
_kept: "OrderedDict[tuple[int, str, frozenset[str]], PolicySet]" = OrderedDict()
_lock = Lock()


def policy_set() -> PolicySet:
    """The rules in force: one query when this process has them already."""
    version = PolicyVersion.objects.first()
    if version is None:
        return PolicySet(0, ())
    opened = opened_functions()
    key = (version.number, version.digest, opened)
    with _lock:
        if key in _kept:
            return _kept[key]
    found = PolicySet(version.number, mask_rules(version), row_filters(version), group_sizes(version), functions=opened)
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def mask_rules(version: PolicyVersion) -> tuple[MaskRule, ...]:
    return tuple(
        MaskRule(
            row.rule,
            row.category,
            row.kind,
            frozenset(row.roles),
            frozenset(row.purposes),
            row.approver,
            row.said,
        )
        for row in MaskPolicy.objects.filter(version=version)
    )


def row_filters(version: PolicyVersion) -> tuple[RowFilter, ...]:
    return tuple(
        RowFilter(row.rule, tuple(row.dataset), row.column, tuple(row.values), frozenset(row.roles))
        for row in RowFilterPolicy.objects.filter(version=version)
    )


def group_sizes(version: PolicyVersion) -> tuple[GroupSize, ...]:
    return tuple(
        GroupSize(row.rule, tuple(row.dataset), row.entity, row.at_least, frozenset(row.roles))
        for row in GroupSizePolicy.objects.filter(version=version)
    )


def current_version(person: Someone) -> PolicyVersion | None:
    return PolicyVersion.objects.first() if has_role(person, *READERS_OF_POLICIES) else None


def masks_for(person: Someone) -> QuerySet[MaskPolicy]:
    version = current_version(person)
    return MaskPolicy.objects.none() if version is None else MaskPolicy.objects.filter(version=version)


def row_filters_for(person: Someone) -> QuerySet[RowFilterPolicy]:
    version = current_version(person)
    return RowFilterPolicy.objects.none() if version is None else RowFilterPolicy.objects.filter(version=version)


def group_sizes_for(person: Someone) -> QuerySet[GroupSizePolicy]:
    version = current_version(person)
    return GroupSizePolicy.objects.none() if version is None else GroupSizePolicy.objects.filter(version=version)
