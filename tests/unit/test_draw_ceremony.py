"""The hash formulas, spelled out again by hand, and the grammar of beacons."""

from __future__ import annotations

import hashlib

import pytest

from supervision.draw.ceremony import (
    Beacon,
    BeaconChoice,
    CeremonyError,
    check_beacon,
    commitment,
    draw_key,
    number,
    parse_beacon,
    phase_salt,
    ticket,
)

BALLS = ".".join(f"{n:02d}" for n in range(61, 81))
KL8 = f"kl8-2026007:{BALLS}"
DICE = "dice-20261103:01234567890123456789"
DRAND = f"drand-{'ab' * 32}-4200:{'cd' * 32}"
SECRET = "0f" * 32


def sha(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_commitment_key_ticket_and_salt() -> None:
    manifest = sha(b"manifest")
    c = sha(b"ssj-commit-v1|YC-2026-11.2|" + manifest.encode() + b"|" + sha(SECRET.encode()).encode())
    assert commitment("YC-2026-11.2", manifest, SECRET) == c
    k = sha(f"ssj-draw-v1|{c}|{KL8}|{SECRET}".encode())[:32]
    assert draw_key(c, KL8, SECRET) == k
    assert ticket(k, "R:1") == sha(f"{k}|R:1".encode())
    assert phase_salt(2026, KL8) == sha(f"ssj-phase-v1|2026|{KL8}".encode())


def test_number_is_the_whole_digest() -> None:
    assert number("x", 10_000) == int(sha(b"x"), 16) % 10_000
    assert number("x", 2**256) == int(sha(b"x"), 16)


@pytest.mark.parametrize(
    ("round_id", "manifest", "secret"),
    [
        ("YC|2026", "0" * 64, SECRET),
        ("", "0" * 64, SECRET),
        ("YC", "0" * 63, SECRET),
        ("YC", "0" * 64, SECRET.upper()),
        ("YC", "0" * 64, SECRET + "\n"),
    ],
)
def test_commitment_takes_nothing_ambiguous(round_id: str, manifest: str, secret: str) -> None:
    with pytest.raises(CeremonyError):
        commitment(round_id, manifest, secret)


def test_beacons_of_each_source() -> None:
    assert parse_beacon(KL8) == BeaconChoice("kl8", "2026007")
    assert parse_beacon(DICE) == BeaconChoice("dice", "20261103")
    assert parse_beacon(DRAND) == BeaconChoice("drand", f"{'ab' * 32}-4200")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kl8-2026007:" + ".".join(f"{n:02d}" for n in range(20)),  # 00 is no ball
        "kl8-2026007:" + ".".join(f"{n:02d}" for n in range(62, 82)),  # nor is 81
        "kl8-2026007:" + ".".join(f"{n:02d}" for n in range(61, 80)),  # nineteen
        "kl8-2026007:80." + ".".join(f"{n:02d}" for n in range(61, 80)),  # not ascending
        "kl8-2026007:" + BALLS.replace("62", "61"),  # twice
        "kl8-2026007:" + BALLS.replace(".", " "),
        "kl8-202607:" + BALLS,
        KL8 + "\n",
        KL8.upper(),
        "dice-20261103:0123456789",  # 33 bits
        "dice-20261131:01234567890123456789",
        DRAND.replace("cd", "CD"),
        DRAND.replace("-4200", "-04200"),
        "time-20261103:01234567890123456789",
    ],
)
def test_other_texts_are_no_beacon(text: str) -> None:
    with pytest.raises(CeremonyError, match="随机源"):
        parse_beacon(text)
    with pytest.raises(CeremonyError):
        draw_key("0" * 64, text, SECRET)


def test_only_the_declared_beacons_count_and_the_fallback_is_told() -> None:
    rule = Beacon(BeaconChoice("kl8", "2026007"), "2026-11-03T16:00:00+08:00", BeaconChoice("kl8", "2026008"))
    assert check_beacon(KL8, rule) is False
    assert check_beacon(KL8.replace("2026007", "2026008"), rule) is True
    with pytest.raises(CeremonyError, match="既不是"):
        check_beacon(KL8.replace("2026007", "2026009"), rule)
    with pytest.raises(CeremonyError, match="既不是"):
        check_beacon(DICE, rule)
