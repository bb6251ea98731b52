"""The mask stage: a document rebuilt from the paths that the catalog knows, each value under its mask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.choose import Choice
from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.masks.mongo_keyed import key_name, key_stages
from apps.compliance.policy.types import MaskKind

NO_FIELDS: Mapping[str, str] = {}
LITERAL_NULL = {"$literal": None}
RESERVED = "portico_"  # fields that the rewriter adds for itself
ENTRY = "*"  # every key of an object whose keys are data
NOT_KNOWN = Choice(MaskKind.NULL, "not_configured", "Hidden: nobody has said yet what the keys of this map hold.")


@dataclass
class Node:
    """What the catalog knows of one place in a document. A place can hold a scalar, an object and an array by turns:
    `scalar` is the mask of the first, `fields` the second, `item` the elements of the third."""

    scalar: Choice | None = None
    fields: dict[str, "Node"] = field(default_factory=dict)
    item: "Node | None" = None
    entry: "Node | None" = None  # of a map: what stands under each key that is not among `fields`

    @property
    def shows_keys(self) -> bool:
        return self.entry is not None and self.entry.scalar is not None and not self.entry.scalar.masked

    @property
    def hidden(self) -> bool:
        """Whether nothing below may be told, not even how much there is of it."""
        entries = [self.entry] if self.entry and self.shows_keys else []
        inner = [*self.fields.values(), *([self.item] if self.item else []), *entries]
        own = self.scalar is None or self.scalar.kind is MaskKind.NULL
        return own and all(node.hidden for node in inner)


def with_maps(choices: Mapping[str, Choice]) -> dict[str, Choice]:
    """The category of an entry (`seen.*`) speaks of its keys, too. There is no mask for a key: two that are masked
    alike would be one, and how many there are tells of them. So keys are shown as they are, or their map is hidden,
    whatever may be seen of what is inside. Keys of the document itself are always hidden: an answer's columns have
    their names beforehand."""
    return {path: hidden if (hidden := _hidden(path, choices)) else choice for path, choice in choices.items()}


def _hidden(path: str, choices: Mapping[str, Choice]) -> Choice | None:
    parts = path.split(".")
    places = [place for place, part in enumerate(parts, 1) if part.rstrip("[]") == ENTRY]
    for place in places:
        entry = ".".join([*parts[: place - 1], ENTRY])
        choice = choices.get(entry)
        if place == 1:
            return Choice(MaskKind.NULL, "forbidden", "Hidden: the keys of these documents are data, and no columns.")
        if choice is None or choice.masked:
            return replace(choice or NOT_KNOWN, kind=MaskKind.NULL)
    return None


def tree_of(choices: Mapping[str, Choice]) -> Node:
    """The known paths (`devices[].ip`) as a tree."""
    root = Node()
    for path, choice in choices.items():
        node: Node | None = root
        for segment in segments(path):
            if node is None or not usable(segment):
                node = None
                break
            if segment == "[]":
                node.item = node.item or Node()
                node = node.item
            elif segment == ENTRY and node is not root:
                node.entry = node.entry or Node()
                node = node.entry
            else:
                node = node.fields.setdefault(segment, Node())
        if node is not None:
            node.scalar = choice
    return root


def segments(path: str) -> Iterator[str]:
    """
    >>> list(segments("devices[].ip"))
    ["devices", "[]", "ip"]
    """
    for part in path.split("."):
        name = part
        depth = 0
        while name.endswith("[]"):
            name, depth = name[:-2], depth + 1
        if name:
            yield name
        yield from ["[]"] * depth


def usable(segment: str) -> bool:
    """A name that a path in an expression can hold; a field with another name stays unknown, and so hidden."""
    return bool(segment) and "$" not in segment and "\0" not in segment


def mask_stages(choices: Mapping[str, Choice], carried: Mapping[str, str] = NO_FIELDS) -> list[dict[str, Any]]:
    """`{"$replaceWith": ...}`, behind what fetches the keys of tokens. What the catalog does not know does not come
    through, and neither do those keys, whatever a document calls its own fields. `carried` are paths that do, as they
    are, under names of the engine's own."""
    keys, document = mask_of(choices, "$$ROOT")
    raw = {name: f"$$ROOT.{path}" for name, path in carried.items()}
    return [*key_stages(keys), {"$replaceWith": {**document, **raw}}]


def mask_of(choices: Mapping[str, Choice], value: str) -> tuple[set[str], dict[str, Any]]:
    """(names of the keys that the masks need as fields of the document, the document at `value` under its masks)."""
    known = {path: choice for path, choice in choices.items() if not path.startswith(RESERVED)}
    names = {key_name(choice.kind, choice.options) for choice in known.values()} - {""}
    return names, rebuilt(tree_of(known), value, 0)


def rebuilt(node: Node, value: str, depth: int) -> dict[str, Any]:
    fields = {name: masked(child, f"{value}.{name}", depth) for name, child in node.fields.items()}
    if node.entry is None or not node.shows_keys:
        return fields
    return {"$mergeObjects": [entries(node.entry, value, depth, beside=sorted(node.fields)), fields]}


def entries(entry: Node, value: str, depth: int, *, beside: list[str]) -> dict[str, Any]:
    name = f"entry{depth}"
    others = {
        "$filter": {
            "input": {"$objectToArray": value},
            "as": name,
            "cond": {"$not": [{"$in": [f"$${name}.k", {"$literal": beside}]}]},
        }
    }
    shown = {"k": f"$${name}.k", "v": masked(entry, f"$${name}.v", depth + 1)}
    return {"$arrayToObject": {"$map": {"input": others, "as": name, "in": shown}}}


def masked(node: Node, value: str, depth: int) -> Any:
    if node.hidden:
        return LITERAL_NULL
    scalar = scalar_of(node.scalar, value)
    branches: list[dict[str, Any]] = []
    if node.fields or node.shows_keys:
        branches.append({"case": {"$eq": [{"$type": value}, "object"]}, "then": rebuilt(node, value, depth)})
    if node.item is not None:
        name = f"item{depth}"
        each = {"$map": {"input": value, "as": name, "in": masked(node.item, f"$${name}", depth + 1)}}
        branches.append({"case": {"$isArray": [value]}, "then": each})
    if not branches:
        return scalar
    # A field that is not there stays so: objects and arrays declare their presence with their content.
    branches.append({"case": {"$eq": [{"$type": value}, "missing"]}, "then": "$$REMOVE"})
    return {"$switch": {"branches": branches, "default": scalar}}


def scalar_of(choice: Choice | None, value: str) -> Any:
    return mask_scalar(choice.kind, value, choice.options) if choice else mask_scalar(MaskKind.NULL, value)


def clear_paths(dataset: DatasetSchema, choices: Mapping[str, Choice]) -> frozenset[str]:
    """Paths, as conditions spell them, whose values come through the mask stage as they are."""
    plain = {path.replace("[]", "") for path, choice in choices.items() if not choice.masked}
    other = {path.replace("[]", "") for path, choice in choices.items() if choice.masked}
    return frozenset(plain - other)
