"""The ceremony: commitment, key, tickets, beacon texts, phase salt (DRAW.md §2, §3, §4).

Here: the hash formulas, letter by letter, and the grammar of beacons. Not here: who signs and types what, and when.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import Final

SPEC: Final = "ssj-draw-v1"

_HEX64 = re.compile("[0-9a-f]{64}")
_ROUND_ID = re.compile("[A-Za-z0-9._-]+")
# Selector and value of each source. Each value holds more than the 48 bits of DRAW.md §3.2: 61.6, 66.4 and 256.
_GRAMMAR = {
    "kl8": (re.compile("[0-9]{7}"), re.compile(r"([0-9]{2}\.){19}[0-9]{2}")),
    "dice": (re.compile("[0-9]{8}"), re.compile("[0-9]{20}")),
    "drand": (re.compile("[0-9a-f]{64}-[1-9][0-9]{0,17}"), re.compile("[0-9a-f]{64}")),
}


class CeremonyError(ValueError):
    """A commitment, secret or beacon that the ceremony does not allow; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class BeaconChoice:
    """One public draw: source kl8, dice or drand, and which issue, day or chain and round. DRAW.md §3.2."""

    source: str
    selector: str


@dataclass(frozen=True, slots=True)
class Beacon:
    """The beacon declared before the commitment; not_before is ISO 8601 with offset. DRAW.md §3.2."""

    primary: BeaconChoice
    not_before: str
    fallback: BeaconChoice


def sha256_hex(text: str) -> str:
    """The lower-case hexadecimal SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def number(text: str, m: int) -> int:
    """SHA256(text) as one big-endian integer, modulo m. DRAW.md, head."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % m


def _check_hex64(what: str, text: str) -> None:
    if not _HEX64.fullmatch(text):
        raise CeremonyError(f"{what}应为 64 位小写十六进制字符，请核对后重新录入。")


def commitment(round_id: str, manifest_sha256: str, secret: str) -> str:
    """C: binds the round to its eight files and to the secret, before the beacon; raises CeremonyError. DRAW.md §2."""
    if not _ROUND_ID.fullmatch(round_id):
        raise CeremonyError("批次编号只能含字母、数字、点、下划线和连字符，请核对批次编号。")
    _check_hex64("清单摘要", manifest_sha256)
    _check_hex64("机关密值", secret)
    return sha256_hex(f"ssj-commit-v1|{round_id}|{manifest_sha256}|{sha256_hex(secret)}")


def draw_key(commitment_hex: str, beacon: str, secret: str) -> str:
    """K: known to nobody before the beacon is out and the secret opened; raises CeremonyError. DRAW.md §2."""
    _check_hex64("承诺值", commitment_hex)
    _check_hex64("机关密值", secret)
    parse_beacon(beacon)
    return sha256_hex(f"ssj-draw-v1|{commitment_hex}|{beacon}|{secret}")[:32]


def ticket(key: str, uid: str) -> str:
    """The ticket of a subject in a round, the same in all its tasks. DRAW.md §2."""
    return sha256_hex(f"{key}|{uid}")


def is_selector(choice: BeaconChoice) -> bool:
    """Whether the source is known and the selector keeps to its grammar. DRAW.md §3.2."""
    selector, _ = _GRAMMAR.get(choice.source, (None, None))
    if selector is None or not selector.fullmatch(choice.selector):
        return False
    return choice.source != "dice" or _is_day(choice.selector)


def _is_day(text: str) -> bool:
    try:
        datetime.datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True


def parse_beacon(text: str) -> BeaconChoice:
    """The source and selector of a beacon text; raises CeremonyError if it keeps to no grammar of DRAW.md §3.2."""
    head, _, value = text.partition(":")
    source, _, selector = head.partition("-")
    choice = BeaconChoice(source, selector)
    if is_selector(choice) and _GRAMMAR[source][1].fullmatch(value):
        balls = value.split(".")
        ascending = all(a < b for a, b in itertools.pairwise(balls))
        if source != "kl8" or (ascending and balls[0] >= "01" and balls[-1] <= "80"):
            return choice
    raise CeremonyError(
        "公开随机源文本不合格式，应为“kl8-期号:20 个升序两位号码”“dice-日期:20 位数字”"
        "或“drand-链-轮次:64 位十六进制”，请对照公告原文重录。"
    )


def check_beacon(text: str, rule: Beacon) -> bool:
    """Whether the beacon is the declared fallback (True) or the primary (False); any other raises CeremonyError.

    That the primary was never published must be shown in the ledger. DRAW.md §3.2.
    """
    choice = parse_beacon(text)
    if choice == rule.primary:
        return False
    if choice == rule.fallback:
        return True
    raise CeremonyError("公开随机源既不是承诺前声明的主用期次，也不是备用期次，请按 policy.json 声明的来源和期次录入。")


def phase_salt(year: int, beacon: str) -> str:
    """The salt that spreads single visits over the year: from the last beacon of the year before. DRAW.md §4."""
    parse_beacon(beacon)
    return sha256_hex(f"ssj-phase-v1|{year}|{beacon}")
