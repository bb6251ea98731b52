"""The mask stage: a document rebuilt from the paths that the catalog knows, each value under its mask."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.catalog.types import DatasetSchema
from apps.compliance.policy.choose import Choice
from apps.compliance.policy.masks.mongo import mask_scalar
from apps.compliance.policy.types import MaskKind

LITERAL_NULL = {"$literal": None}


@dataclass
class Node:
    """What the catalog knows of one place in a document. A place can hold a scalar, an object and an array by turns:
    `scalar` is the mask of the first, `fields` the second, `item` the elements of the third."""

    scalar: Choice | None = None
    fields: dict[str, "Node"] = field(default_factory=dict)
    item: "Node | None" = None

    @property
    def hidden(self) -> bool:
        """Whether nothing below may be told, not even how much there is of it."""
        inner = [*self.fields.values(), *([self.item] if self.item else [])]
        own = self.scalar is None or self.scalar.kind is MaskKind.NULL
        return own and all(node.hidden for node in inner)


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


def mask_stage(choices: Mapping[str, Choice]) -> dict[str, Any]:
    """`{"$replaceWith": ...}`. What the catalog does not know does not come through."""
    return {"$replaceWith": rebuilt(tree_of(choices), "$$ROOT", 0)}


def rebuilt(node: Node, value: str, depth: int) -> dict[str, Any]:
    return {name: masked(child, f"{value}.{name}", depth) for name, child in node.fields.items()}


def masked(node: Node, value: str, depth: int) -> Any:
    if node.hidden:
        return LITERAL_NULL
    scalar = mask_scalar(node.scalar.kind if node.scalar else MaskKind.NULL, value)
    branches: list[dict[str, Any]] = []
    if node.fields:
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


def clear_paths(dataset: DatasetSchema, choices: Mapping[str, Choice]) -> frozenset[str]:
    """Paths, as conditions spell them, whose values come through the mask stage as they are."""
    plain = {path.replace("[]", "") for path, choice in choices.items() if not choice.masked}
    other = {path.replace("[]", "") for path, choice in choices.items() if choice.masked}
    return frozenset(plain - other)
