"""Our ranking under the tickets of other published draws gives their published order (DRAW.md §8).

Here: RFC 3797 §6 (25 volunteers, lottery numbers of 2004) and the usage examples of R. Rivest's consistent_sampler 1.0.9,
each by a ticket function of this test that takes the place of SHA256(K|uid). Not here: our own vectors (test_draw_golden).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest

from supervision.draw import selection
from supervision.draw.committed import parse_committed
from supervision.draw.rows import FrameRow
from tests.unit.draw_city import key, level, one_task

Ticket = Callable[[str], bytes]
Order = Callable[[Iterable[str], Ticket, int], list[str]]


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Order:
    """The first `take` of a draw, then those in reserve, when the ticket of an id is what the given function says."""

    def drawn(ids: Iterable[str], ticket: Ticket, take: int) -> list[str]:
        def sha256(text: bytes) -> SimpleNamespace:
            _, _, uid = text.decode().partition("|")
            return SimpleNamespace(digest=lambda: ticket(uid))

        monkeypatch.setattr(selection, "hashlib", SimpleNamespace(sha256=sha256))
        named = sorted(ids)
        levels = {"A": level(0, "at_least", minimum=take)}
        committed = parse_committed(one_task({("X", "A"): len(named)}, levels, batch=12).files())
        frame = tuple(FrameRow("T", uid, "X", "A", "eligible", "") for uid in named)
        result = selection.draw(replace(committed, frame=frame), key(1))
        assert len(result.drawn) == take
        return [row.uid for row in result.drawn + result.reserve]

    return drawn


RFC_KEY = "9319./2.5.8.10.12./9.18.26.34.41.45./"
# What RFC 3797 §6 prints for the first selections: MD5, and who it selects.
RFC_PRINTED = (
    ("990DD0A5692A029A98B5E01AA28F3459", "17"),
    ("3691E55CB63FCC37914430B2F70B5EC6", "7"),
    ("FE814EDF564C190AC1D25753979990FA", "2"),
    ("1863CCACEB568C31D7DDBDF1D4E91387", "16"),
    ("F4AB33DF4889F0AF29C513905BE1D758", "25"),
    ("13EAEB529F61ACFB9A29D0BA3A60DE4A", "23"),
    ("992DB77C382CA2BDB9727001F3CDCCD9", "8"),
    ("63AB4258ECA922976811C7F55C383CE7", "24"),
    ("DFBC5AC97CED01B3A6E348E3CC63F40D", "19"),
    ("31CB111C4A4EBE9287CEAE16FE51B909", "13"),
    ("07FA46C122F164C215BBC72793B189A3", "22"),
)


def rfc3797(key_string: str, pool: int) -> list[tuple[str, str]]:
    """§4 of the RFC: MD5 of the key between two counters, modulo how many are left; they are numbered from 1."""
    left = [str(number) for number in range(1, pool + 1)]
    found = []
    for count in range(pool):
        frame = count.to_bytes(2, "big")
        digest = hashlib.md5(frame + key_string.encode() + frame, usedforsecurity=False)
        found.append((digest.hexdigest().upper(), left.pop(int.from_bytes(digest.digest(), "big") % len(left))))
    return found


def test_rfc_3797_section_6(order: Order) -> None:
    selected = rfc3797(RFC_KEY, 25)
    assert tuple(selected[: len(RFC_PRINTED)]) == RFC_PRINTED
    place = {who: count.to_bytes(32, "big") for count, (_, who) in enumerate(selected)}
    ranked = order(place, place.__getitem__, 10)
    assert ranked[: len(RFC_PRINTED)] == [who for _, who in RFC_PRINTED]


def rivest(seed: object) -> Ticket:
    """The digits of an id's first ticket number after the point: SHA256(SHA256(seed) id) in decimal, last digit first."""
    prefix = hashlib.sha256(str(seed).encode()).hexdigest()

    def ticket(uid: str) -> bytes:
        digest = hashlib.sha256((prefix + uid).encode()).digest()
        return str(int.from_bytes(digest, "big"))[::-1].encode()

    return ticket


HUNDRED = [str(number) for number in range(100)]
SIX = ["A-1", "A-2", "A-3", "B-1", "B-2", "B-3"]


@pytest.mark.parametrize(
    ("ids", "seed", "published"),
    [
        (list("abcd"), 31, list("badc")),
        (list("abcd"), 77, list("bdca")),
        (["1", "two", "('III', 3.0)", "(1, 1, 1, 1)"], 7711, ["('III', 3.0)", "1", "two", "(1, 1, 1, 1)"]),
        (HUNDRED, 41, "73 51 17 58 38 42 39 20 11 67".split()),
        (list("abcde"), 52, list("dbeac")),
        (SIX, 314159, "B-2 B-3 A-3 A-2 B-1 A-1".split()),
        (SIX[3:], 314159, "B-2 B-3 B-1".split()),
    ],
)
def test_consistent_sampler(order: Order, ids: Sequence[str], seed: int, published: list[str]) -> None:
    assert order(ids, rivest(seed), min(5, len(ids)))[: len(published)] == published


@pytest.mark.parametrize(
    ("seed", "uid", "published"),
    [(41, "73", "000508333"), (41, "51", "003446232"), (52, "d", "054468191"), (314159, "A-1", "9828515724")],
)
def test_its_ticket_numbers(seed: int, uid: str, published: str) -> None:
    assert rivest(seed)(uid).decode().startswith(published)
