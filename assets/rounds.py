"""冻结与承诺: the round's eight files written, and what was committed before anyone can know the outcome (DRAW §2, §3.1).

Here: policy.json and context.json of the round, the freeze, the entry of a demonstration's commitment. Not here: the steps
that people take (resources.rounds, ssj approve … ssj draw), the tables that are frozen (plan), the draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.round_state import phase_salt_of, salt_of
from assets.schema import unit_name
from assets.stage import Month, table_asset
from data_contracts.model import output_contract, source_contract
from resources.bundles import Bundles
from resources.freezing import freeze
from resources.lake import Stored, sha256_file
from resources.reference import city, record_table
from resources.rounds import MANIFEST, Rounds
from supervision import policy as rules
from supervision import rounds
from supervision.canonical import json_bytes
from supervision.draw import capacity, ceremony
from supervision.draw.committed import EIGHT
from supervision.draw.counts import DRAWN_THIS_YEAR, Counts
from supervision.draw.round_policy import parse_policy_json
from supervision.draw.rows import StratumRow, TriggerRow

HOLD = "round"
FROZEN = "round"  # the folder below the month's version


class PlanError(ValueError):
    """The round cannot be committed; the message says what is short and what to do."""


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    frozen = [
        "population",
        "frame",
        "frame_tally",
        "staffing",
        "strata",
        "round_trigger",
        "roster",
        "conflict",
        "draw_history",
        "visit",
    ]
    return [
        table_asset("frozen_round", partitions, _frozen_round, deps=frozen, held=_awaits_declaration),
        table_asset("committed_round", partitions, _committed_round, deps=["frozen_round"], held=_awaits_commitment),
    ]


def round_of(month: Month) -> rounds.Round | None:
    """The month's round as the ledger tells it; None before its first entry."""
    return Rounds(month.lake.home).all().get(month.round_id)


def _awaits_declaration(month: Month) -> bool:
    """A real round needs a declared beacon, and every earlier committed round computed and sealed."""
    reason = None
    known = Rounds(month.lake.home).all()
    unfinished = [
        each.round_id
        for each in known.values()
        if each.commitment and not each.sealed and (each.month, each.turn) < _place(month)
    ]
    if unfinished:
        reason = f"批次 {'、'.join(unfinished)} 已承诺而未抽取封装：请先完成，再冻结批次 {month.round_id}"
    elif not month.demonstration:
        basis = month.lake.basis()
        if basis["beacon"] is None:
            reason = f"批次 {month.round_id} 待声明公开随机源：ssj plan --month {month.name} --beacon … --not-before … --fallback …"
        elif basis["phase_beacon"] is None:
            reason = f"批次 {month.round_id} 是本系统本年度的首个批次，待声明相位信标：ssj plan --month {month.name} --phase-beacon …"
    month.lake.hold(HOLD, reason)
    return reason is not None


def _place(month: Month) -> tuple[str, int]:
    return month.name, len(month.voided_rounds) + 1


def _frozen_round(month: Month) -> Stored:
    """Write the eight files and their manifest; a round that cannot keep its floors is not to be committed (DRAW §4)."""
    folder = month.lake.version / FROZEN
    roster = month.records("roster")
    if not roster:
        raise PlanError(
            f"批次 {month.round_id} 没有可用的检查人员：请信用科交付「执法检查人员」（inspector），或核对证件有效期"
        )
    tables = {
        "population": month.lake.table("population"),
        "frame": month.lake.table("frame"),
        "strata": month.lake.table("strata"),
        "triggers": month.lake.table("round_trigger"),
        "roster": _roster(roster),
        "conflicts": month.lake.table("conflict"),
    }
    policy = round_policy(month, roster)
    short = capacity.floor_shortfalls(_counted(month, policy))
    if short:
        told = "；".join(f"{unit_name(s.county)}需 {s.needed} 户次、可用 {s.capacity} 户次" for s in short)
        raise PlanError(
            f"批次 {month.round_id} 检查力量不足以保证最低份额，不能承诺：{told}。请增派人员或由政策下调后重跑"
        )
    with month.house.engine() as engine:
        frozen = freeze(engine, tables, policy, _context(month), salt_of(month), folder)
    if not month.demonstration:
        state = round_of(month)
        month.lake.hold(HOLD, rounds.waiting_for(state) if state else None)
    row = {
        "round_id": month.round_id,
        "month": month.name,
        "manifest_sha256": frozen.manifest_sha256,
        "merkle_root": frozen.merkle_root,
        "committed_rows": frozen.frame_rows,
        "demonstration": month.demonstration,
    }
    return month.store_records(output_contract("frozen_round"), [row])


def _counted(month: Month, policy: Mapping[str, object]) -> Counts:
    """The round counted, as far as what is due before the beacon needs it."""
    reasons = month.read("frame", ["task", "county", "stratum", "reason"])
    drawn = reasons.filter(pc.field("reason") == DRAWN_THIS_YEAR).group_by(["task", "county", "stratum"])
    return Counts(
        policy=parse_policy_json(json_bytes(policy)),
        strata=[StratumRow(**row) for row in month.records("strata")],
        triggers=[TriggerRow(**row) for row in month.records("round_trigger")],
        drawn_this_year={
            (row["task"], row["county"], row["stratum"]): row["reason_count"]
            for row in drawn.aggregate([("reason", "count")]).to_pylist()
        },
    )


def _roster(roster: list[dict[str, Any]]) -> pa.Table:
    """The roster as committed: specialties as field codes, dates as text."""
    names = source_contract("task_evidence").column("field_code").values
    codes = {**names, **{code: code for code in names.values()}}
    return record_table(
        {
            "inspector_id": row["inspector_id"],
            "county": row["county"],
            "specialties": ";".join(
                sorted({codes[name.strip()] for name in _split(row["specialties"]) if name.strip()})
            ),
            "days": row["days"],
            "load_cap": row["load_cap"],
            "valid_until": row["valid_until"].isoformat(),
        }
        for row in roster
    )


def _split(text: str) -> list[str]:
    for mark in "；、,，":
        text = text.replace(mark, ";")
    return text.split(";")


def round_policy(month: Month, roster: list[dict[str, Any]]) -> dict[str, object]:
    """The object of policy.json for the month's round (DRAW §2)."""
    history = month.records("draw_history", ["draw_month", "is_voided"])
    held = {row["draw_month"] for row in history if not row["is_voided"]}
    known = Rounds(month.lake.home).all()
    held |= {each.month for each in known.values() if each.sealed and not each.void}
    declared = month.lake.basis()["beacon"]
    return rules.round_policy(
        month.policy,
        month.name,
        capacity=rules.county_capacity(roster, month.policy, month.name),
        phase_salt=phase_salt_of(month),
        beacon=rules.demonstration_beacon_rule(month.name) if month.demonstration else declared,
        batch_prev=rules.batches_before(month.policy, month.name, held),
    )


def _context(month: Month) -> dict[str, object]:
    basis = month.lake.basis()
    return {
        "calendar": basis["calendar"],
        "code_commit": basis["code_commit"],
        "grade_snapshot_sha256": source_digest(month, "grade_snapshot"),
        "previous_certificate_sha256": basis["previous_certificate_sha256"],
        "register_sha256": source_digest(month, "register"),
        "visit_ledger_sha256": sha256_file(month.lake.table("visit")),
    }


def source_digest(month: Month, source: str) -> str:
    """Digest of a source's file of this month as its owner knows it; of several, of their `sha256sum` lines."""
    files = sorted(
        (row["file_name"], row["file_sha256"])
        for row in month.records("deliveries")
        if row["source"] == source and row["state"] in ("used", "repeated") and row["delivery_month"] == month.name
    )
    if len(files) == 1:
        return str(files[0][1])
    lines = "".join(f"{digest}  {name}\n" for name, digest in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def frozen_files(month: Month) -> Mapping[str, bytes]:
    """The eight files and the manifest as they were frozen."""
    folder = month.lake.version / FROZEN
    return {name: (folder / name).read_bytes() for name in (*EIGHT, MANIFEST)}


def _awaits_commitment(month: Month) -> bool:
    """Hold a real round until people have approved and committed exactly what was frozen; a demonstration commits itself."""
    if month.demonstration:
        return False
    [frozen] = month.records("frozen_round")
    state = round_of(month)
    reason = rounds.waiting_for(state) if state else None
    if state is not None and state.commitment is not None:
        if state.commitment.manifest_sha256 != frozen["manifest_sha256"]:
            reason = (
                f"批次 {month.round_id} 承诺之后数据或程序有变，冻结的名录不再是承诺的那一份：承诺不得更改（DRAW §3）。"
                "请以承诺时的截至日期和交付重跑，或作废后另起批次"
            )
            month.lake.hold(HOLD, reason)
            return True
        return False
    month.lake.hold(HOLD, reason)
    return True


def _committed_round(month: Month) -> Stored:
    """What was committed, entered in the ledger; of a demonstration, whose secret anyone can compute, done here."""
    [frozen] = month.records("frozen_round")
    bundles, ledger = Bundles(month.lake.home), Rounds(month.lake.home)
    if month.demonstration:
        secret = rules.demonstration_secret(month.policy, month.round_id)
        bundles.commit(month.round_id, frozen_files(month))
        body = {name: value for name, value in frozen.items() if name != "demonstration"}
        commitment = ceremony.commitment(month.round_id, frozen["manifest_sha256"], secret)
        ledger.commit_demonstration(body | {"secret_sha256": ceremony.sha256_hex(secret), "commitment": commitment})
    made = ledger.get(month.round_id).commitment
    if made is None:
        raise PlanError(f"批次 {month.round_id} 尚未承诺，请先运行 ssj commit {month.round_id}")
    if month.demonstration:
        _demonstration_sheet(month, made)
    return month.store_records(output_contract("committed_round"), [frozen | {"commitment": made.commitment}])


def _demonstration_sheet(month: Month, made: rounds.Commitment) -> None:
    """The sheet that a real round's `ssj commit` prints, marked 演示; its moment is the month's as_of, not the clock's."""
    from resources.outbox.commitment_sheet import CommitmentSheet, write_commitment_sheet  # half a second of fonts

    first, second = [role.name for role in month.policy.roles.values() if "sign" in role.duties][:2]
    sheet = CommitmentSheet.of(
        made,
        city=city().full_name,
        round_id=month.round_id,
        month=month.name,
        beacon=Bundles(month.lake.home).policy(month.round_id).beacon,
        committed_at=f"{month.as_of}T09:00:00+08:00",
        signers=(first, second),
        voids=month.voided_rounds,
        demonstration=True,
    )
    write_commitment_sheet(month.lake.home.outbox / month.name / f"commitment_{month.round_id}.pdf", sheet)
