"""The tree agrees with the published vectors of Certificate Transparency, and its proofs with its roots."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.audit.tree import EMPTY_ROOT, Growth, inclusion_path, leaf_hash, root, root_from_path

ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
Nodes = dict[tuple[int, int], bytes]


def grown(entries: list[bytes]) -> tuple[Nodes, Growth]:
    nodes: Nodes = {}
    growth = Growth(0, lambda level, index: nodes[level, index])
    for entry in entries:
        nodes |= {(level, index): value for level, index, value in growth.append(leaf_hash(entry))}
    return nodes, growth


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    nodes, growth = grown(ENTRIES[:size])
    assert growth.root().hex() == ROOTS[size - 1]
    assert root(size, lambda level, index: nodes[level, index]).hex() == ROOTS[size - 1]


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert Growth(0, lambda level, index: b"").root() == EMPTY_ROOT == root(0, lambda level, index: b"")


@pytest.mark.parametrize("cut", range(9))
def test_growth_goes_on_from_what_is_stored(cut: int) -> None:
    nodes, _ = grown(ENTRIES[:cut])
    growth = Growth(cut, lambda level, index: nodes[level, index])
    for entry in ENTRIES[cut:]:
        list(growth.append(leaf_hash(entry)))
    assert growth.root().hex() == ROOTS[7]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_every_leaf_can_be_proved_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    nodes, growth = grown(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    path = inclusion_path(index, len(entries), lambda level, at: nodes[level, at])
    assert root_from_path(leaf_hash(entries[index]), index, len(entries), path) == growth.root()
    assert root_from_path(leaf_hash(entries[index] + b"!"), index, len(entries), path) != growth.root()


def test_a_leaf_outside_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 8"):
        inclusion_path(8, 8, lambda level, index: b"")


@pytest.mark.parametrize("path", [[], [b"x"] * 9])
def test_a_path_of_the_wrong_length_is_refused(path: list[bytes]) -> None:
    with pytest.raises(ValueError, match="path is"):
        root_from_path(b"leaf", 3, 8, path)
