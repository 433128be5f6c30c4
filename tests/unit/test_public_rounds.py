"""One row of the public list of rounds, from ledger and certificate (DRAW §3.4, §3.5)."""

from __future__ import annotations

import json
from typing import Any

from data_contracts.model import public_contract
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.reports.rounds import beacon_of, public_round
from supervision.rounds import rounds_of

NUMBERS = "01.05.09.13.17.21.25.29.33.37.41.45.49.53.57.61.65.69.73.80"
DECLARED = Beacon(BeaconChoice("kl8", "2026311"), "2026-11-08T21:30:00+08:00", BeaconChoice("kl8", "2026312"))
COMMITTED = {
    "round_id": "YC-2026-10", "month": "2026-10", "number": 4, "manifest_sha256": "ab" * 32, "secret_sha256": "cd" * 32,
    "commitment": "ef" * 32, "merkle_root": "12" * 32, "committed_rows": 9, "demonstration": False, "roles": ["a", "b"],
}  # fmt: skip


def row(*more: tuple[str, dict[str, Any]], text: str | None = None, **changes: Any) -> dict[str, object]:
    entries = [
        ("commitment", COMMITTED | changes),
        *((kind, {"round_id": "YC-2026-10", **body}) for kind, body in more),
    ]
    [each] = rounds_of([{"kind": k, "body": b, "at": "2026-11-08T16:00:00+08:00"} for k, b in entries]).values()
    return public_round(each, DECLARED, text)


def test_a_committed_round_is_public_before_its_draw() -> None:
    told = row()
    assert (told["round_state"], told["beacon_choice"], told["beacon_text"]) == ("已承诺", "kl8-2026311", None)
    assert (told["commitment"], told["merkle_root"], told["committed_at"]) == (
        "ef" * 32, "12" * 32, "2026-11-08T16:00:00+08:00",
    )  # fmt: skip
    assert "ab" * 32 not in told.values() and "cd" * 32 not in told.values()  # manifest and secret never
    assert list(told) == list(public_contract("round_public").column_names)


def test_a_drawn_round_tells_its_beacon_and_whether_it_was_the_fallback() -> None:
    seal = ("sealed", {"sha256sums": "00" * 32, "demonstration": False})
    told = row(seal, text=f"kl8-2026311:{NUMBERS}")
    assert (told["round_state"], told["fallback_used"], told["beacon_text"]) == ("有效", "否", f"kl8-2026311:{NUMBERS}")
    assert row(seal, text=f"kl8-2026312:{NUMBERS}")["fallback_used"] == "是"


def test_a_void_round_stays_with_its_reason_unless_that_tells_of_grades() -> None:
    void = {"reason": "登记表漏报一个乡镇", "roles": ["a", "b"]}
    told = row(("void", void))
    assert (told["round_state"], told["void_reason"]) == ("作废", "登记表漏报一个乡镇")
    assert row(("void", void | {"reason": "D类企业漏抽"}))["void_reason"] == "理由见机关存档"


def test_a_demonstration_says_so_and_claims_no_moment() -> None:
    told = row(demonstration=True)
    assert (told["round_kind"], told["committed_at"]) == ("演示", None)


def test_the_beacon_comes_from_the_certificate() -> None:
    assert beacon_of({"certificate.json": json.dumps({"beacon": "x"}).encode()}) == "x"
    assert beacon_of({}) is None
