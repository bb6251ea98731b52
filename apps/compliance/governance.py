"""Reads a governance file, and finds everything that is wrong with it before anything is changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from django.conf import settings

from apps.catalog.categories import UnknownCategory, checked
from apps.compliance import mask_options
from apps.compliance.policy.types import PLAIN, GroupSize, MaskKind, MaskOptions, MaskRule, RowFilter
from apps.compliance.subjects import rules as subjects
from apps.compliance.types import AccessRule, DatasetRule, Governance, GovernanceErrors
from portal.accounts.types import Purpose, Role

KEYS = {"version", "domains", "owners", "domains/owners", "sources", "policies", "access", "subjects"}
DATASET_KEYS = {"owner", "description", "columns"}
MASK_KEYS = {"id", "category", "mask", "roles", "purposes", "approver", "description"} | mask_options.KEYS
FILTER_KEYS = {"id", "source", "dataset", "column", "values", "roles"}
GROUP_KEYS = {"id", "source", "dataset", "entity", "at_least", "roles"}
LEAST, MOST = 2, 10_000  # of a group; one is everybody, and nobody would see anything of more
ACCESS_KEYS = {"roles", "source", "datasets"}
ROLES = {str(role) for role in Role}
PURPOSES = {str(purpose) for purpose in Purpose}
MASKS = {str(kind) for kind in MaskKind}


class OnceOnly(yaml.SafeLoader):
    """YAML in which a key stands once in a mapping: the second of two would silently win."""


def mapping_of(loader: OnceOnly, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key_node, _value in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


OnceOnly.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping_of)


def read_text(name: str, text: str) -> Governance:
    """Raises GovernanceErrors."""
    try:
        body = yaml.load(text, Loader=OnceOnly)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise GovernanceErrors([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
    return read(name, body)


def read(name: str, body: Any) -> Governance:
    """From what a file holds, or what was kept of it. Raises GovernanceErrors."""
    reader = Reader(name)
    found = reader.governance(body)
    if reader.errors:
        raise GovernanceErrors(reader.errors)
    return found


class Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.errors: list[str] = []

    def wrong(self, path: str, message: str) -> None:
        self.errors.append(f"{self.name}: {path}: {message}" if path else f"{self.name}: {message}")

    def governance(self, body: Any) -> Governance:
        top = self.mapping(body, "", KEYS)
        if top.get("version") != 1:
            self.wrong("version", "must be 1")
        policies = self.mapping(top.get("policies", {}), "policies", {"masks", "row_filters", "group_sizes"})
        masks = tuple(self.masks(policies.get("masks", [])))
        filters = tuple(self.filters(policies.get("row_filters", [])))
        groups = tuple(self.groups(policies.get("group_sizes", [])))
        self.once([rule.id for rule in masks] + [rule.id for rule in filters] + [rule.id for rule in groups])
        return Governance(
            name=self.name,
            digest=hashlib.sha256(json.dumps(top, sort_keys=True, default=str).encode()).hexdigest(),
            datasets=tuple(self.datasets(top.get("sources", {}))),
            masks=masks,
            row_filters=filters,
            group_sizes=groups,
            access=tuple(self.access(top.get("access", []))),
            subjects=subjects.read(self, top.get("subjects", {})),
        )

    def once(self, ids: list[str]) -> None:
        for twice in sorted({rule for rule in ids if ids.count(rule) > 1}):
            self.wrong("policies", f"the id {twice!r} stands twice")

    def datasets(self, sources: Any) -> Iterator[DatasetRule]:
        for source, named in self.mapping(sources, "sources").items():
            if source not in settings.STORES:
                self.wrong(f"sources.{source}", f"no such source; known: {', '.join(settings.STORES)}")
                continue
            for name, body in self.mapping(named, f"sources.{source}").items():
                yield self.dataset(source, str(name), body)

    def dataset(self, source: str, name: str, body: Any) -> DatasetRule:
        at = f"sources.{source}.{name}"
        found = self.mapping(body, at, DATASET_KEYS)
        categories, descriptions = [], []
        for column, said in self.mapping(found.get("columns", {}), f"{at}.columns").items():
            category, description = self.column(f"{at}.columns.{column}", said)
            if category:
                categories.append((str(column), category))
            if description:
                descriptions.append((str(column), description))
        return DatasetRule(
            source,
            dataset_path(name),
            self.text(found, "owner", at),
            self.text(found, "description", at),
            tuple(categories),
            tuple(descriptions),
        )

    def column(self, at: str, said: Any) -> tuple[str, str]:
        if isinstance(said, str):
            return self.category(said, at), ""
        body = self.mapping(said, at, {"category", "description"})
        category = body.get("category", "")
        return (self.category(category, f"{at}.category") if category else ""), self.text(body, "description", at)

    def category(self, said: Any, at: str) -> str:
        try:
            return checked(str(said))
        except UnknownCategory as error:
            self.wrong(at, str(error))
            return ""

    def masks(self, rules: Any) -> Iterator[MaskRule]:
        for number, rule in enumerate(self.list(rules, "policies.masks")):
            at = f"policies.masks[{number}]"
            body = self.mapping(rule, at, MASK_KEYS)
            # YAML reads a bare null as nothing, and means the mask of that name here.
            mask = "null" if "mask" in body and body["mask"] is None else str(body.get("mask", ""))
            if mask not in MASKS:
                self.wrong(f"{at}.mask", f"{mask!r} is not a mask; known: {', '.join(sorted(MASKS))}")
                continue
            yield MaskRule(
                id=self.needed(body, "id", at),
                category=self.category(body.get("category", ""), f"{at}.category"),
                mask=MaskKind(mask),
                roles=self.words(body, "roles", at, ROLES),
                purposes=self.words(body, "purposes", at, PURPOSES),
                approver=self.text(body, "approver", at),
                options=self.options(MaskKind(mask), body, at),
            )

    def options(self, kind: MaskKind, body: Mapping[str, Any], at: str) -> MaskOptions:
        try:
            return mask_options.read(str(body.get("id", "")), kind, body)
        except mask_options.WrongOption as wrong:
            self.wrong(f"{at}.{wrong.key}", wrong.message)
            return PLAIN

    def filters(self, rules: Any) -> Iterator[RowFilter]:
        for number, rule in enumerate(self.list(rules, "policies.row_filters")):
            at = f"policies.row_filters[{number}]"
            body = self.mapping(rule, at, FILTER_KEYS)
            source = self.needed(body, "source", at)
            roles = self.words(body, "roles", at, ROLES)
            if source not in settings.STORES:
                self.wrong(f"{at}.source", f"{source!r} is no source")
                continue
            if not roles:
                self.wrong(f"{at}.roles", "names nobody: a filter is for the roles that it cuts down")
            yield RowFilter(
                id=self.needed(body, "id", at),
                dataset=(source, *dataset_path(self.needed(body, "dataset", at))),
                column=self.needed(body, "column", at),
                values=tuple(str(value) for value in self.list(body.get("values"), f"{at}.values")),
                roles=roles,
            )

    def groups(self, rules: Any) -> Iterator[GroupSize]:
        for number, rule in enumerate(self.list(rules, "policies.group_sizes")):
            at = f"policies.group_sizes[{number}]"
            body = self.mapping(rule, at, GROUP_KEYS)
            roles = self.words(body, "roles", at, ROLES)
            if not roles:
                self.wrong(f"{at}.roles", "names nobody: a size is for the roles that read in groups alone")
            yield GroupSize(
                id=self.needed(body, "id", at),
                dataset=(self.source(body, at), *dataset_path(self.needed(body, "dataset", at))),
                entity=self.needed(body, "entity", at),
                at_least=self.size(body.get("at_least"), f"{at}.at_least"),
                roles=roles,
            )

    def size(self, value: Any, at: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and LEAST <= value <= MOST:
            return value
        self.wrong(at, f"must be a whole number from {LEAST} to {MOST:,}; write for example 'at_least: 10'")
        return LEAST

    def access(self, rules: Any) -> Iterator[AccessRule]:
        for number, rule in enumerate(self.list(rules, "access")):
            at = f"access[{number}]"
            body = self.mapping(rule, at, ACCESS_KEYS)
            source = self.needed(body, "source", at)
            if source and source not in settings.STORES:
                self.wrong(f"{at}.source", f"{source!r} is no source")
            patterns = tuple(str(p) for p in self.list(body.get("datasets"), f"{at}.datasets"))
            yield AccessRule(tuple(sorted(self.words(body, "roles", at, ROLES))), source, patterns)

    def mapping(self, value: Any, at: str, keys: set[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            if value is not None:
                self.wrong(at, "must be a mapping")
            return {}
        for key in value if keys is not None else ():
            if keys is not None and key not in keys:
                self.wrong(f"{at}.{key}".lstrip("."), f"unknown key; known: {', '.join(sorted(keys))}")
        return value

    def list(self, value: Any, at: str) -> list[Any]:
        if isinstance(value, list):
            return value
        if value is not None:
            self.wrong(at, "must be a list")
        return []

    def words(self, body: Mapping[str, Any], key: str, at: str, known: set[str]) -> frozenset[str]:
        found = {str(word) for word in self.list(body.get(key), f"{at}.{key}")}
        for word in sorted(found - known):
            self.wrong(f"{at}.{key}", f"{word!r} is unknown; known: {', '.join(sorted(known))}")
        return frozenset(found)

    def source(self, body: Mapping[str, Any], at: str) -> str:
        source = self.needed(body, "source", at)
        if source and source not in settings.STORES:
            self.wrong(f"{at}.source", f"{source!r} is no source")
        return source

    def text(self, body: Mapping[str, Any], key: str, at: str) -> str:
        value = body.get(key, "")
        if not isinstance(value, str):
            self.wrong(f"{at}.{key}", "must be a text")
            return ""
        return value

    def needed(self, body: Mapping[str, Any], key: str, at: str) -> str:
        value = self.text(body, key, at)
        if not value:
            self.wrong(f"{at}.{key}", "is missing")
        return value


def dataset_path(name: str) -> tuple[str, ...]:
    """`CORE.DIM_CUSTOMERS` or `sessions`; the catalog puts the source's own database in front."""
    return tuple(name.split("."))
