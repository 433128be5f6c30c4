"""The hash tree of RFC 6962: one digest for a list, and a short proof that an entry is in it (DRAW.md §3.5).

Here: root, inclusion proof and its check, and the leaf of a frame row. Not here: what is put in a tree, or signed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf data. RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The tree head over the leaf data in order, in memory of log n; of no leaf, the SHA-256 of nothing. §2.1."""
    peaks: list[tuple[int, bytes]] = []  # complete subtrees, left to right, as (size, hash)
    for data in leaves:
        size, right = 1, leaf_hash(data)
        while peaks and peaks[-1][0] == size:
            right = _node(peaks.pop()[1], right)
            size *= 2
        peaks.append((size, right))
    if not peaks:
        return hashlib.sha256(b"").digest()
    head = peaks.pop()[1]
    while peaks:
        head = _node(peaks.pop()[1], head)
    return head


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of the leaf at `index` (from 0), leaf's neighbour first; IndexError outside. RFC 6962 §2.1.1."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"证明的序号 {index} 不在 0 到 {len(leaves) - 1} 之间，请核对名录行号。")
    level = [leaf_hash(data) for data in leaves]
    path: list[bytes] = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        above = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level, index = above, index // 2
    return path


def includes(head: bytes, size: int, index: int, data: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that `data` is leaf `index` of the tree `head` of `size` leaves. RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    last, found = size - 1, leaf_hash(data)
    for neighbour in path:
        if last == 0:
            return False
        if index % 2 or index == last:
            found = _node(neighbour, found)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = _node(found, neighbour)
        index, last = index // 2, last // 2
    return last == 0 and hmac.compare_digest(found, head)


def frame_leaf(salt_key: bytes, task: str, uid: str) -> bytes:
    """Leaf data of a frame row: HMAC-SHA256(salt_key, task|uid) as 32 raw bytes, then task|uid. DRAW.md §3.5."""
    row = f"{task}|{uid}".encode()
    return hmac.digest(salt_key, row, "sha256") + row
