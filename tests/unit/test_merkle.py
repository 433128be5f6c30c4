"""The tree of RFC 6962, by the roots its reference implementation publishes."""

from __future__ import annotations

import hashlib
import hmac
import random

import pytest

from supervision.merkle import Tree, frame_leaf, frame_leaf_hashes, includes, inclusion_proof, leaf_hash, root

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    assert root(iter(LEAVES[:size])).hex() == ROOTS[size]


def test_every_leaf_has_a_proof_and_no_other_passes() -> None:
    for size in range(1, 35):
        leaves = [str(i).encode() for i in range(size)]
        head = root(leaves)
        for index in range(size):
            path = inclusion_proof(leaves, index)
            assert includes(head, size, index, leaves[index], path)
            assert not includes(head, size, index, b"stranger", path)
            assert not includes(head, size, index, leaves[index], [*path, head])
            assert not includes(head, size, size, leaves[index], path)
            if size > 1:
                assert not includes(head, size, (index + 1) % size, leaves[index], path)
                assert not includes(head, size, index, leaves[index], path[:-1])


def test_a_proof_outside_the_list_is_refused() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError, match="名录行号"):
            inclusion_proof([b"a", b"b", b"c"], index)


def test_frame_leaf_is_mac_and_row() -> None:
    mac = hmac.new(b"salt", b"GEN|R:1", hashlib.sha256).digest()
    assert frame_leaf(b"salt", "GEN", "R:1") == mac + b"GEN|R:1"


def test_a_tree_grows_by_any_steps() -> None:
    rng = random.Random(4)
    for size in [*range(20), 1000]:
        leaves = [str(i).encode() for i in range(size)]
        tree, at = Tree(), 0
        while at < size:
            step = rng.randrange(1, 9)
            tree.extend([leaf_hash(leaf) for leaf in leaves[at : at + step]])
            at += step
        assert tree.root() == root(leaves)


@pytest.mark.parametrize("salt_key", [b"k" * 32, b"k" * 64, b"k" * 65])
def test_leaf_hashes_of_many_rows_are_those_of_each(salt_key: bytes) -> None:
    rows = [("GEN", "R:1"), ("LIFT", "91140802MA0000003D")]
    assert frame_leaf_hashes(salt_key, [f"{task}|{uid}".encode() for task, uid in rows]) == [
        leaf_hash(frame_leaf(salt_key, task, uid)) for task, uid in rows
    ]
