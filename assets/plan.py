"""抽查计划: who may be drawn, how many a year, and the frame frozen before anyone can know the outcome.

Here: population, frame with every exclusion and its reason, strata, triggers, roster, and the committed round.
Not here: the draw itself (draw), which needs the beacon.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.schema import unit_name
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract, source_contract
from resources.bundles import Bundles
from resources.lake import Stored, sha256_file
from resources.ledger import Ledger
from resources.reference import policies, record_table, text_table
from supervision import policy as rules
from supervision.draw import capacity, ceremony, committed, quota, writing
from supervision.draw.rows import ConflictRow, FrameRow, InspectorRow, PopulationRow, StratumRow, TriggerRow
from supervision.merkle import frame_leaf, root
from supervision.months import last_day, month_number


class PlanError(ValueError):
    """The round cannot be committed; the message says what is short and what to do."""


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "population",
            partitions,
            inputs=["enterprise_month", "subject_field"],
            deps=["grade_of_month"],
            extra=lambda m: {"policy_field": text_table(({"field_code": f} for f in m.policy.fields), ("field_code",))},
            held=lambda month: "grade_snapshot" in month.lake.holds(),
        ),
        sql_asset(
            "draw_history",
            partitions,
            inputs=["accepted_prior_draw"],
            deps=["intake"],
            parameters=lambda m: {"month": m.name},
            extra=lambda m: {"own_draws": own_draws(m)},
        ),
        sql_asset(
            "frame_candidate",
            partitions,
            inputs=["population", "enterprise_month", "subject_field", "visit", "draw_history"],
            parameters=_candidate_parameters,
            extra=policy_tables,
        ),
        sql_asset("stratum_base", partitions, inputs=["frame_candidate"]),
        table_asset("stratum_quota", partitions, _stratum_quota, deps=["stratum_base"]),
        sql_asset("frame", partitions, inputs=["frame_candidate", "stratum_quota"]),
        sql_asset("strata", partitions, inputs=["frame", "draw_history"]),
        sql_asset(
            "triggered_inspection",
            partitions,
            inputs=["accepted_trigger", "population"],
            deps=[f"accepted_{name}" for name in sorted({n for p, _, _ in policies() for n in p.exploratory_sources})],
            parameters=lambda m: {"month_first": m.first_day, "until": min(m.as_of, last_day(m.name))},
            extra=lambda m: {"accepted_signal": signals(m)},
            checks=[
                dg.AssetCheckSpec(
                    "every_trigger_placed",
                    asset="triggered_inspection",
                    description="本月送达的每条线索都对应辖区内的存续主体；对不上的按位置列出，由人办理（R-25）",
                )
            ],
            judge=_judge_triggers,
        ),
        sql_asset(
            "roster",
            partitions,
            inputs=["accepted_inspector", "deliveries"],
            deps=["intake"],
            parameters=lambda m: {"as_of": m.as_of},
        ),
        sql_asset("conflict", partitions, inputs=["accepted_inspector_conflict", "roster", "population"]),
        table_asset(
            "committed_round",
            partitions,
            _committed_round,
            deps=[
                "population",
                "frame",
                "strata",
                "triggered_inspection",
                "roster",
                "conflict",
                "draw_history",
                "visit",
            ],
            held=_awaits_approval,
        ),
    ]


def _judge_triggers(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    """A trigger whose subject is not live in the city is in no list: say which, by place."""
    placed = {row["row_id"] for row in month.records("triggered_inspection", ["row_id"])}
    until = min(month.as_of, last_day(month.name))
    left = [
        f"{row['delivery_id']}/{row['file_name']} 第 {row['row_no']} 行"
        for row in month.records("accepted_trigger")
        if row["is_current"] and month.first_day <= row["received_at"].date() <= until and row["row_id"] not in placed
    ]
    yield dg.AssetCheckResult(
        check_name="every_trigger_placed",
        passed=not left,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(left)} 条线索的对象不是辖区内存续主体，请人工办理：{'；'.join(left[:20])}"
        if left
        else "全部线索均已列入",
    )


def signals(month: Month) -> pa.Table:
    """Signals of the exploratory sources that the policy names (R-16); by default none, and none reaches a plan."""
    columns = ("row_id", "uscc", "provider", "signal_no", "observed_on", "received_at", "is_current")
    tables = [month.read(f"accepted_{name}", columns) for name in month.policy.exploratory_sources]
    kinds = {"observed_on": pa.date32(), "received_at": pa.timestamp("us"), "is_current": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    return pa.concat_tables([schema.empty_table(), *tables])


def own_draws(month: Month) -> pa.Table:
    """Who this system drew in earlier rounds of the year."""
    rows = Bundles(month.lake.home).drawn_before(rules.round_id(month.policy, month.name))
    columns = ("round_id", "draw_month", "task", "county", "stratum", "uid")
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in columns})


def policy_tables(month: Month) -> dict[str, pa.Table]:
    """The policy in force as the small tables that the joins name."""
    policy, name = month.policy, month.name
    return {
        "policy_task": record_table(rules.task_rows(policy, name)),
        "policy_scope_types": record_table(rules.scope_type_rows(policy, name)),
        "policy_scope_fields": record_table(rules.scope_field_rows(policy, name)),
        "policy_level": record_table(rules.level_rows(policy, name)),
        "policy_matrix": record_table(rules.matrix_rows(policy)),
        "policy_cap": record_table(rules.cap_rows(policy)),
        "policy_observed": record_table(rules.observed_rows(policy)),
        "policy_reason": record_table(rules.reason_rows(policy)),
    }


def _candidate_parameters(month: Month) -> dict[str, object]:
    first = month.first_day
    years, index = divmod(month_number(month.name) - 1 - month.policy.observation_months, 12)
    return {
        "year": first.year,
        "month_number": month_number(month.name),
        "observed_since": date(years, index + 1, 1),
    }


def _stratum_quota(month: Month) -> Stored:
    """Annual quota of each stratum, and whether those drawn this year are passed over (DRAW §4)."""
    rows = []
    for row in month.records("stratum_base"):
        level = month.policy.task(row["task"]).levels[row["stratum"]]
        unbiased = level.rounding == "unbiased"
        rows.append(
            row
            | {
                "annual_quota": None if unbiased else quota.annual_quota(level, row["base"]),
                "blocks_drawn_this_year": not unbiased and quota.blocks_drawn_this_year(level, row["base"]),
            }
        )
    return month.store_records(output_contract("stratum_quota"), rows)


def _awaits_approval(month: Month) -> bool:
    """Hold a real round for its approval; a demonstration is approved by configuration (and says so everywhere)."""
    round_id = rules.round_id(month.policy, month.name)
    waiting = None if month.demonstration else f"批次 {round_id} 的抽查计划已形成，待审批后承诺；审批前不抽取"
    month.lake.hold("approval", waiting)
    return waiting is not None


def _committed_round(month: Month) -> Stored:
    """Freeze the eight files, compute C, enter it in the ledger (DRAW §2, §3.1)."""
    round_id = rules.round_id(month.policy, month.name)
    salt_key = bytes.fromhex(rules.demonstration_secret(month.policy, f"salt|{month.name[:4]}"))
    files, merkle_root = committed_files(month, round_id, salt_key)
    parsed = committed.parse_committed(files)
    if not parsed.roster:
        raise PlanError(
            f"批次 {round_id} 没有可用的检查人员：请信用科交付「执法检查人员」（inspector），或核对证件有效期"
        )
    short = capacity.floor_shortfalls(parsed)
    if short:
        told = "；".join(f"{unit_name(s.county)}需 {s.needed} 户次、可用 {s.capacity} 户次" for s in short)
        raise PlanError(f"批次 {round_id} 检查力量不足以保证最低份额，不能承诺：{told}。请增派人员或由政策下调后重跑")
    manifest = committed.manifest_bytes(files)
    manifest_sha256 = hashlib.sha256(manifest).hexdigest()
    secret = rules.demonstration_secret(month.policy, round_id)
    commitment = ceremony.commitment(round_id, manifest_sha256, secret)
    Bundles(month.lake.home).commit(round_id, files | {"manifest.txt": manifest})
    row = {
        "round_id": round_id,
        "month": month.name,
        "manifest_sha256": manifest_sha256,
        "commitment": commitment,
        "merkle_root": merkle_root,
        "committed_rows": len(parsed.frame),
        "demonstration": month.demonstration,
    }
    ledger = Ledger(month.lake.home.ledger, "rounds")
    if not any(e["kind"] == "commitment" and e["body"]["round_id"] == round_id for e in ledger.entries()):
        ledger.append("commitment", row)
    return month.store_records(output_contract("committed_round"), [row])


def committed_files(month: Month, round_id: str, salt_key: bytes) -> tuple[dict[str, bytes], str]:
    """The eight committed files of DRAW §2 from the month's tables, and the head of the frame's tree."""
    population = [
        PopulationRow(r["uid"], r["county"], r["type"], tuple(r["fields"].split(";")) if r["fields"] else ())
        for r in month.records("population")
    ]
    columns = ("task", "uid", "county", "stratum", "state", "reason")
    frame = [FrameRow(*(r[c] for c in columns)) for r in month.records("frame", columns)]
    strata = [StratumRow(**r) for r in month.records("strata")]
    triggers = [TriggerRow(r["trigger_id"], r["uid"], r["county"]) for r in month.records("triggered_inspection")]
    codes = _field_codes()
    roster = month.records("roster")
    inspectors = [
        InspectorRow(
            r["inspector_id"],
            r["county"],
            tuple(
                sorted({codes[name.strip()] for name in r["specialties"].replace("；", ";").split(";") if name.strip()})
            ),
            r["days"],
            r["load_cap"],
            r["valid_until"].isoformat(),
        )
        for r in roster
    ]
    conflicts = [ConflictRow(r["inspector_id"], r["uid"]) for r in month.records("conflict")]
    merkle_root = root(frame_leaf(salt_key, row.task, row.uid) for row in frame).hex()
    files = {
        "population.csv": writing.population_csv(population),
        "frame.csv": writing.frame_csv(frame),
        "strata.csv": writing.strata_csv(strata),
        "triggers.csv": writing.triggers_csv(triggers),
        "roster.csv": writing.roster_csv(inspectors),
        "conflicts.csv": writing.conflicts_csv(conflicts),
        "policy.json": writing.policy_json(_round_policy(month, roster)),
        "context.json": writing.context_json(_context(month, round_id, salt_key, merkle_root)),
    }
    return files, merkle_root


def _field_codes() -> Mapping[str, str]:
    names = source_contract("task_evidence").column("field_code").values
    return {**names, **{code: code for code in names.values()}}


def _round_policy(month: Month, roster: list[dict[str, Any]]) -> dict[str, object]:
    year = int(month.name[:4])
    rounds = {row["draw_month"] for row in month.records("draw_history", ["draw_month"])}
    rounds |= Bundles(month.lake.home).months()
    return rules.round_policy(
        month.policy,
        month.name,
        capacity=rules.county_capacity(roster, month.policy, month.name),
        phase_salt=ceremony.phase_salt(year, rules.demonstration_phase_beacon(month.policy, year)),
        beacon=rules.demonstration_beacon_rule(month.name),
        batch_prev=rules.batches_before(month.policy, month.name, rounds),
    )


def _context(month: Month, round_id: str, salt_key: bytes, merkle_root: str) -> dict[str, object]:
    basis = month.lake.basis()
    return {
        "calendar": basis["calendar"],
        "code_commit": basis["code_commit"],
        "frame_merkle_root": merkle_root,
        "grade_snapshot_sha256": source_digest(month, "grade_snapshot"),
        "previous_certificate_sha256": Bundles(month.lake.home).previous_certificate(round_id),
        "register_sha256": source_digest(month, "register"),
        "salt_key_sha256": hashlib.sha256(salt_key).hexdigest(),
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
