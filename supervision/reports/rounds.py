"""What the public is told of a round: that it was committed, by which beacon it was drawn, and whether it is void.

Here: one row of the public list of rounds (DRAW.md §3.4, §3.5). Not here: subjects, totals, anything confidential for ever
(secret, key, tickets, strata, manifest).
"""

from __future__ import annotations

from collections.abc import Mapping

from supervision.canonical import load_json
from supervision.draw.ceremony import Beacon, parse_beacon
from supervision.reports.leak import leak_words
from supervision.rounds import Round

_KEPT = "理由见机关存档"


def beacon_of(files: Mapping[str, bytes]) -> str | None:
    """The beacon text of a bundle's certificate; None before the draw."""
    if "certificate.json" not in files:
        return None
    certificate = load_json("certificate.json", files["certificate.json"])
    return str(certificate["beacon"]) if isinstance(certificate, dict) else None


def public_round(each: Round, declared: Beacon, text: str | None) -> dict[str, object]:
    """A committed round as a row of `round_public`; declared: the beacon of its policy.json.

    The moment of a demonstration's commitment proves nothing and is left out. A reason that tells of grades stays inside.
    """
    assert each.commitment is not None
    choice = parse_beacon(text) if text else declared.primary
    reason = each.void.reason if each.void else None
    return {
        "round_id": each.round_id,
        "plan_month": each.month,
        "round_kind": "演示" if each.demonstration else "正式",
        "commitment_serial": each.commitment.number,
        "committed_at": None if each.demonstration else each.commitment.at,
        "commitment": each.commitment.commitment,
        "merkle_root": each.commitment.merkle_root,
        "beacon_choice": f"{choice.source}-{choice.selector}",
        "beacon_text": text,
        "fallback_used": "是" if choice != declared.primary else "否",
        "round_state": "作废" if each.void else "有效" if each.sealed else "已承诺",
        "void_reason": _KEPT if reason and leak_words(reason) else reason,
    }
