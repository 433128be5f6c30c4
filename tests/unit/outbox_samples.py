"""Made-up frames for the documents: the shape the assets hand over, a few rows, invented names only."""

from __future__ import annotations

import datetime as dt

import pandas as pd

SHA = "ab" * 32
UNITS = [("140802", "盐湖区市场监督管理局"), ("140821", "临猗县市场监督管理局"), ("1408KF", "运城开发区分局")]
FACTS = {
    "月份": "2026-10",
    "批次": "YC-2026-10",
    "截止日": "2026-10-31",
    "政策版本": "default-2026.2",
    "政策摘要": SHA,
    "等级快照": "2026-10（2026-10-08 收到）",
    "快照摘要": "cd" * 32,
    "数据说明": "企业、等级和监管记录均为生成数据",
}
LEVELS = {
    "GEN": ("登记事项与公示信息抽查", ("A", "B", "C", "D", "U"), (0.01, 0.03, 0.1, 0.5, 0.03)),
    "FOOD": ("食品销售监督检查", ("L1", "L2", "L3", "L4"), (0.03, 0.03, 0.1, 1.0)),
    "EQUIP": ("特种设备使用单位监督检查", ("KEY", "NONKEY"), (0.2, 0.1)),
    "QUAL": ("工业产品质量监督检查", ("A", "D"), (0.1, 3.0)),
}


def plan() -> pd.DataFrame:
    rows = []
    for code, name in UNITS:
        for task, (title, strata, rates) in LEVELS.items():
            for number, (stratum, rate) in enumerate(zip(strata, rates, strict=True)):
                base = 9224 // (number + 1) ** 2
                planned = round(base * rate / 9)
                cut = planned // 3 if stratum == "B" and code == "140802" else 0
                rows.append(
                    {
                        "plan_id": f"YC-2026-10-{task}",
                        "plan_month": "2026-10",
                        "task_code": task,
                        "task_name": title,
                        "item_codes": "A07;A08",
                        "item_names": "公示信息检查；登记事项检查（名称、住所、经营范围、注册资本）",
                        "item_category": "一般" if task == "GEN" else "重点",
                        "draw_type": "不定向" if task == "GEN" else "定向",
                        "object_scope": "辖区内全部存续企业",
                        "unit_code": code,
                        "unit_name": name,
                        "initiator": "信用监督管理科",
                        "coop_depts": "企业档案数据中心",
                        "mode": "市抽县查",
                        "window_start": dt.date(2026, 10, 1),
                        "window_end": dt.date(2026, 10, 31),
                        "field_code": None if task == "GEN" else "food_sales",
                        "stratum": stratum,
                        "credit_grade": stratum if stratum in "ABCD" else None,
                        "n_frame": base,
                        "n_eligible": base - base // 20,
                        "ratio_annual": rate,
                        "rounding": "at_least" if stratum in "CD" else "unbiased",
                        "min_stratum": 3 if stratum == "C" else 0,
                        "freq_max_per_year": 2,
                        "n_annual": round(base * rate) if stratum in "CD" else None,
                        "n_drawn_ytd": planned * 7,
                        "n_planned": planned,
                        "n_funded": planned - cut,
                        "n_short": 1.25 if task == "QUAL" and stratum == "D" and code == "140821" else 0,
                        "n_excess": 2 if task == "QUAL" and stratum == "D" and code == "140821" else 0,
                        "served_e4": 0,
                        "lambda_e4": 6667 if cut else None,
                        "on_site": stratum != "A",
                        "onsite_rule": "on_site_if_triggered" if stratum == "A" else "on_site",
                        "shortfall_action": "defer" if cut else "none",
                        "legal_basis": "企业信息公示暂行条例第十四条；国市监信〔2019〕38号",
                        "statutory": False,
                        "policy_version": "default-2026.2",
                        "policy_sha256": SHA,
                        "snapshot_month": "2026-10",
                        "snapshot_sha256": SHA,
                        "frame_sha256": SHA,
                        "commitment": SHA,
                        "demonstration": True,
                    }
                )
    return pd.DataFrame(rows)


def capacity() -> pd.DataFrame:
    rows = []
    for number, (code, name) in enumerate(UNITS):
        unmet = 9 if number == 0 else 0
        rows.append(
            {
                "plan_month": "2026-10",
                "unit_code": code,
                "unit_name": name,
                "inspectors": 24 - number,
                "inspector_days": 300,
                "capacity_available_visits": 180 if number < 2 else None,
                "triggered_visits": 12,
                "capacity_required_visits": 189 - number,
                "funded_visits": 189 - number - unmet,
                "unmet_visits": unmet,
                "cut_strata": "A:0;B:6667" if unmet else None,
                "unassignable_visits": 0,
                "shortfall_action": "defer" if unmet else "none",
            }
        )
    return pd.DataFrame(rows)


def drawn() -> pd.DataFrame:
    rows = []
    for number in range(60):
        code, name = UNITS[number * len(UNITS) // 60]
        away = number % 4 == 0
        state = "not_needed" if away else "unassignable" if number == 7 else "assigned"
        rows.append(
            {
                "round_id": "YC-2026-10",
                "uid": f"911408027{number:08d}X",
                "ent_name": [
                    "=1+1食品有限公司",
                    "+号商贸有限公司",
                    "@运城样例商贸有限公司",
                    f"运城样例第{number}食品有限公司",
                ][min(number, 3)],
                "uscc": f"911408027{number:08d}X",
                "reg_no": None,
                "unit_code": code,
                "unit_name": name,
                "address": f"样例街道{number}号",
                "plan_ids": "YC-2026-10-GEN;YC-2026-10-FOOD",
                "task_names": "登记事项与公示信息抽查；食品销售监督检查",
                "item_names": "公示信息检查；登记事项检查；食品销售监督检查",
                "window_start": dt.date(2026, 10, 1),
                "window_end": dt.date(2026, 10, 31),
                "mode_planned": "off_site" if away else "on_site",
                "credit_grade": "ABCD"[number % 4],
                "strata": "GEN:C;FOOD:L2",
                "ranks": f"GEN:{number + 1};FOOD:3",
                "targets_e4": "FOOD:2500;GEN:20000",
                "pi": "FOOD:0.031250;GEN:0.250000",
                "reserve_ranks": "GEN:8" if number == 9 else None,
                "trigger_ids": "T-2026-0012" if number == 5 else None,
                "risk_points": "未见具体风险点"
                if number % 3
                else "2026-03-02 行政处罚 运市监处罚〔2026〕12号 虚假宣传",
                "visits_ytd_before": number % 2,
                "visits_cap": 2,
                "lead_inspector": "Y0013" if state == "assigned" else None,
                "other_inspectors": "Y0027" if state == "assigned" else None,
                "assignment_state": state,
                "assignment_reason": "本县具备特种设备专长的人员均已达到户次上限或须回避" if number == 7 else None,
                "status": "replaced" if number == 6 else "planned",
                "replaced_by": "GEN:91140802700000009X" if number == 6 else None,
            }
        )
    return pd.DataFrame(rows)


def triggers() -> pd.DataFrame:
    rows = [
        {
            "round_id": "YC-2026-10",
            "trigger_id": name,
            "trigger_type": kind,
            "evidence_ref": "12315-2026-0099",
            "approval_ref": None,
            "received_on": dt.date(2026, 10, 9) if kind else None,
            "uid": "91140802700000005X",
            "ent_name": "运城样例第5食品有限公司",
            "unit_code": "140802",
            "unit_name": UNITS[0][1],
            "credit_grade": "B",
            "onsite_allowed": True,
            "counts_toward_cap": not kind,
            "is_late": late,
            "task_names": "食品销售监督检查",
            "lead_inspector": "Y0013",
            "other_inspectors": "Y0027",
            "unmet_reason": None,
        }
        for name, kind, late in (
            ("T-2026-0012", "TS", False),
            ("T-2026-0044", "FC", True),
            ("V.YC-2026-10.1", None, False),
        )
    ]
    return pd.DataFrame(rows)


def joint() -> pd.DataFrame:
    counts = [(8, 10, 2, 1, 1, 3, 4), (5, 5, 0, 0, 2, 0, 0), (0, 0, 0, 0, 0, 0, 1), (13, 15, 2, 1, 3, 3, 5)]
    names = ("onsite_visits", "onsite_items", "multi_task_visits", "task_and_trigger_visits", "trigger_only_visits",
             "joint_visits")  # fmt: skip
    rows = [
        {"round_id": "YC-2026-10", "unit_code": code, "unit_name": name}
        | dict(zip(names, numbers, strict=False))
        | {
            "joint_share": numbers[5] / numbers[0] if numbers[0] else None,
            "joint_target": 0.6,
            "off_site_checks": numbers[6],
        }
        for (code, name), numbers in zip([*UNITS, ("CITY", "全市")], counts, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("unit_code", ignore_index=True)


def amendments() -> pd.DataFrame:
    shown = {
        "round_id": "YC-2026-10", "request_no": 1, "requested_at": "2026-11-05T09:30:00+08:00", "request_kind": "replacement",
        "task": "GEN", "uid": "91140802700000006X", "unit_code": "140802", "stratum": "C", "amend_reason": "not_found",
        "evidence": "现场笔录3号", "asked_by": "Y0013", "trigger_id": None, "trigger_type": None, "inspector_id": None,
        "outcome": "new_visit", "outcome_reason": None, "new_uid": "91140802700000009X", "new_rank": 8,
        "former_lead": "Y0013", "lead_inspector": "Y0004", "team": "Y0004;Y0007",
    }  # fmt: skip
    late = {
        "request_no": 2,
        "request_kind": "late_conflict",
        "task": None,
        "amend_reason": None,
        "inspector_id": "Y0027",
    }
    return pd.DataFrame(
        [shown, shown | late | {"outcome": "unassignable", "outcome_reason": "没有可派的检查人员", "new_uid": None}]
    )


def replacements() -> pd.DataFrame:
    row = {"round_id": "YC-2026-10", "inspector_id": "Y0013", "unit_code": "140802", "unit_name": UNITS[0][1]}
    counts = {
        "lead_visits": 8,
        "replaced_visits": 2,
        "replaced_not_found": 1,
        "replaced_share": 0.25,
        "replacements_asked": 2,
    }
    return pd.DataFrame([row | counts])


def rounds() -> pd.DataFrame:
    row = {
        "round_id": "YC-2026-10", "plan_month": "2026-10", "round_kind": "正式", "commitment_serial": 7,
        "committed_at": "2026-11-08T16:00:00+08:00", "commitment": SHA, "merkle_root": SHA, "beacon_choice": "kl8-2026311",
        "beacon_text": "kl8-2026311:01.05.09.13.17.21.25.29.33.37.41.45.49.53.57.61.65.69.73.80", "fallback_used": "否",
        "round_state": "作废", "void_reason": "登记表漏报一个乡镇",
    }  # fmt: skip
    after = {
        "round_id": "YC-2026-10.2",
        "commitment_serial": 8,
        "beacon_text": None,
        "round_state": "已承诺",
        "void_reason": None,
    }
    return pd.DataFrame([row | after, row])


def totals() -> pd.DataFrame:
    rows = [
        {"round_id": "YC-2026-10", "unit": name, "round_kind": "正式", "drawn_count": 20, "task_count": 31}
        for _, name in UNITS
    ]
    return pd.DataFrame(rows)


def loads() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "round_id": "YC-2026-10",
                "inspector_id": f"Y{number:04d}",
                "unit_code": UNITS[number % 3][0],
                "unit_name": UNITS[number % 3][1],
                "specialties": "特种设备；食品销售" if number % 2 else None,
                "days": 12,
                "load_cap": 30,
                "visits_lead": number % 5,
                "visits_other": number % 7,
            }
            for number in range(12)
        ]
    )


def public() -> pd.DataFrame:
    frame = drawn()
    return pd.DataFrame(
        {
            "plan_ids": frame["plan_ids"],
            "ent_name": frame["ent_name"],
            "uscc": frame["uscc"],
            "tasks": frame["task_names"],
            "window": "2026-10-01至2026-10-31",
            "unit": frame["unit_name"],
            "public_note": ["补抽" if number == 9 else None for number in range(len(frame))],
        }
    )


def summary() -> pd.DataFrame:
    rows = []
    for clock, source, unit, county, counts in (
        ("collect_7wd", "licence", ("SP-LT", "食品流通科"), "140802", (9000, 301, 0, 120, 0, 0)),
        ("collect_7wd", "licence", ("SP-LT", "食品流通科"), "-", (499, 200, 0, 0, 0, 2)),
        ("collect_7wd", "penalty", ("ZHZF", "综合行政执法队"), "-", (80, 15, 5, 3, 1, 0)),
        ("collect_7wd", "abnormal_listing", ("140802", "盐湖区市场监督管理局"), "140802", (300, 2, 0, 0, 0, 0)),
        ("collect_7wd", "serious_violation", ("XY", "信用监督管理科"), "-", (0, 0, 0, 2, 0, 0)),
        ("double_publicity_7wd", "penalty", ("ZHZF", "综合行政执法队"), "-", (60, 30, 10, 3, 1, 4)),
        ("publish_20wd", "penalty", ("ZHZF", "综合行政执法队"), "-", (90, 2, 8, 30, 0, 0)),
        ("grade_monthly", "grade_snapshot", ("SJ-PT", "省局平台"), "-", (1, 0, 0, 0, 0, 0)),
    ):
        good, late, overdue, open_, unknown, before = counts
        due = good + late + overdue
        rows.append(
            {
                "month": "2026-10",
                "clock": clock,
                "source": source,
                "unit_code": unit[0],
                "unit_name": unit[1],
                "record_county": county,
                "records": due + open_ + unknown,
                "on_time": good,
                "late": late,
                "overdue_open": overdue,
                "denominator": due,
                "rate": good / due if due else None,
                "not_yet_due": open_,
                "undeterminable": unknown,
                "overdue_before": before,
            }
        )
    return pd.DataFrame(rows)


def records() -> pd.DataFrame:
    rows = []
    for number in range(40):
        state = ("late", "on_time", "overdue_open", "undeterminable")[number % 4]
        known = state != "undeterminable"
        rows.append(
            {
                "clock": "collect_7wd",
                "source": "penalty",
                "row_id": f"{'ab' * 8}:Sheet1:{number + 3}",
                "month": "2026-10",
                "unit_code": "ZHZF",
                "unit_name": "综合行政执法队",
                "record_county": "140802",
                "formed_on": dt.date(2026, 9, 25) if known else None,
                "due_on": dt.date(2026, 10, 12) if known else None,
                "due_provisional": False,
                "received_on": None if state == "overdue_open" else dt.date(2026, 10, 20),
                "published_on": None,
                "state": state,
                "delay_wd": 6 if state in ("late", "overdue_open") else None,
                "row_place": "quarantined" if state == "overdue_open" else "accepted",
                "delivery_id": "2026-10-ZHZF-01",
                "file_name": "行政处罚.csv",
                "sheet": None,
                "row_no": number + 3,
            }
        )
    return pd.DataFrame(rows)


def completeness() -> pd.DataFrame:
    rows = []
    for month, total, collected, settled in (
        ("2026-09", 100, 96, True),
        ("2026-10", 80, 41, False),
        ("2026-08", None, 7, True),
    ):
        rows.append(
            {
                "source": "penalty",
                "unit_code": "ZHZF",
                "unit_name": "综合行政执法队",
                "record_county": "-",
                "formed_month": month,
                "control_total": total,
                "collected": collected,
                "missing_estimated": None if total is None else total - collected,
                "refused": 1,
                "never_delivered": None if total is None else total - collected - 1,
                "surplus": None if total is None else 0,
                "rate": None if total is None else collected / total,
                "first_due_on": dt.date(2026, 9, 10),
                "last_due_on": dt.date(2026, 10, 15),
                "is_settled": settled,
                "total_basis": None if total is None else "案号登记簿",
            }
        )
    return pd.DataFrame(rows).astype(
        {"control_total": "Int64", "missing_estimated": "Int64", "never_delivered": "Int64", "surplus": "Int64"}
    )


def gaps() -> pd.DataFrame:
    rows = []
    for series, missing, text in (("运市监处罚〔2026〕", 0, None), ("运盐市监处罚〔2026〕", 4, "0005至0007、0010")):
        rows.append(
            {
                "source": "penalty",
                "unit_code": "ZHZF",
                "unit_name": "综合行政执法队",
                "series": series,
                "series_year": "2026",
                "first_no": 3,
                "last_no": 1011,
                "numbers_seen": 1005,
                "missing": missing,
                "missing_due": missing // 2,
                "missing_numbers": text,
            }
        )
    return pd.DataFrame(rows)


def accuracy() -> pd.DataFrame:
    rows = []
    for unit, rows_sent, bad in ((("ZHZF", "综合行政执法队"), 200, 6), (("XY", "信用监督管理科"), 0, 0)):
        rows.append(
            {
                "month": "2026-10",
                "source": "penalty",
                "unit_code": unit[0],
                "unit_name": unit[1],
                "files": 5,
                "quarantined_files": int(rows_sent == 0),
                "delivered_rows": rows_sent,
                "quarantined_rows": bad,
                "rate": (rows_sent - bad) / rows_sent if rows_sent else None,
            }
        )
    return pd.DataFrame(rows)


def kpi() -> pd.DataFrame:
    rows = []
    for unit, complete, timely, accurate in (
        (("ZHZF", "综合行政执法队"), (96, 100), (80, 100), (194, 200)),
        (("XY", "信用监督管理科"), (None, None), (0, 0), (None, None)),
    ):
        row: dict[str, object] = {"month": "2026-10", "source": "penalty", "unit_code": unit[0], "unit_name": unit[1]}
        for kind, (top, bottom) in (("complete", complete), ("timely", timely), ("accurate", accurate)):
            row |= {
                f"{kind}_numerator": top,
                f"{kind}_denominator": bottom,
                f"{kind}_rate": top / bottom if bottom else None,
            }
        rows.append(row)
    return pd.DataFrame(rows).astype({name: "Int64" for name in rows[0] if name.endswith("ator")})


def coverage() -> pd.DataFrame:
    rows = []
    for level, code, title, state, reason in (
        ("source", "penalty", "行政处罚", "normal", None),
        ("source", "field_standard", "标准", "unconnected", "市局尚无批量导出权限，已请省局协调"),
        (
            "source",
            "licence",
            "行政许可",
            "suspended",
            "2026-10-01_JL/许可.csv 缺少列「许可决定日期」，请补上后重新报送",
        ),
        ("domain", "standard", "标准", "unconnected", "市局尚无批量导出权限，已请省局协调"),
        ("field", "drug", "药品", "silent", "所在来源有交付，本领域本月没有记录"),
        ("indicator_class", "关联关系", "关联关系信息", "unconnected", "由省局按全国数据计算"),
    ):
        live = state != "unconnected"
        rows.append(
            {
                "level": level,
                "code": code,
                "position": len(rows) + 1,
                "title": title,
                "coverage": state,
                "coverage_reason": reason,
                "source_names": title,
                "units_expected": 31 if live and level == "source" else None,
                "units_delivered": 29 if live and level == "source" else None,
                "silent_units": "药品流通科、医疗器械科" if live and level == "source" else None,
                "files": 62 if live else None,
                "quarantined_files": 1 if live else None,
                "accepted_rows": 1234 if live else None,
                "quarantined_rows": 12 if live else None,
            }
        )
    counts = ("units_expected", "units_delivered", "files", "quarantined_files", "accepted_rows", "quarantined_rows")
    return pd.DataFrame(rows).astype(dict.fromkeys(counts, "Int64"))


def departments() -> pd.DataFrame:
    rows = []
    for source, state, now, ever, day in (
        ("department_penalty", "delivered", 3, 9, dt.date(2026, 10, 8)),
        ("department_licence", "silent", 0, 2, dt.date(2026, 9, 8)),
        ("department_dishonest", "never", 0, 0, None),
        ("department_inspection", "unconnected", None, None, None),
    ):
        rows.append(
            {
                "dept_code": "HB",
                "dept_name": "运城市生态环境局",
                "source": source,
                "dept_state": state,
                "accepted_rows": now,
                "rows_ever": ever,
                "last_received_on": day,
            }
        )
    return pd.DataFrame(rows).astype({"accepted_rows": "Int64", "rows_ever": "Int64"})


def push() -> pd.DataFrame:
    rows = []
    for batch, declared, loaded, state in (("ZDZ-202610-1", 40, 40, "matched"), ("ZDZ-202610-2", 41, 38, "differs")):
        rows.append(
            {
                "batch_no": batch,
                "record_kind": "penalty",
                "declared": declared,
                "loaded": loaded - 2,
                "rejected": 1,
                "repeated": 1,
                "difference": declared - loaded,
                "push_state": state,
            }
        )
    return pd.DataFrame(rows)


def due_soon() -> pd.DataFrame:
    rows = []
    for number, (item, unit, records) in enumerate(
        (
            ("uncorrected", ("ZHZF", "综合行政执法队"), 1),
            ("unpublished", ("ZHZF", "综合行政执法队"), 1),
            ("shortfall", ("140802", "盐湖区市场监督管理局"), 12),
        )
    ):
        short = item == "shortfall"
        rows.append(
            {
                "clock": "publish_20wd" if item == "unpublished" else "collect_7wd",
                "row_id": f"row:{number}",
                "unit_code": unit[0],
                "unit_name": unit[1],
                "source": "penalty",
                "record_county": "-",
                "item": item,
                "formed_on": None if short else dt.date(2026, 10, 22),
                "formed_month": "2026-10",
                "due_on": dt.date(2026, 11, 10 if short else 2),
                "due_provisional": False,
                "days_left": 7 if short else 1,
                "records": records,
                "delivery_id": None if short else "2026-10-ZHZF-01",
                "file_name": None if short else "行政处罚.csv",
                "sheet": None,
                "row_no": None if short else 7,
            }
        )
    return pd.DataFrame(rows).astype({"row_no": "Int64"})


def collection() -> dict[str, pd.DataFrame]:
    """The tables of the workbook of collecting, by name."""
    return {
        "timeliness_summary": summary(),
        "timeliness": records(),
        "completeness": completeness(),
        "document_gap": gaps(),
        "accuracy": accuracy(),
        "collection_kpi": kpi(),
        "source_coverage": coverage(),
        "department_coverage": departments(),
        "push_reconciliation": push(),
    }
