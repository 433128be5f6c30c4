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
    "政策版本": "default-2026.1",
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
                        "lambda_e4": 6667 if cut else None,
                        "on_site": stratum != "A",
                        "shortfall_action": "defer" if cut else "none",
                        "legal_basis": "企业信息公示暂行条例第十四条；国市监信〔2019〕38号",
                        "statutory": False,
                        "policy_version": "default-2026.1",
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
                "trigger_ids": "T-2026-0012" if number == 5 else None,
                "visits_ytd_before": number % 2,
                "visits_cap": 2,
                "lead_inspector": "Y0013" if state == "assigned" else None,
                "other_inspectors": "Y0027" if state == "assigned" else None,
                "assignment_state": state,
                "assignment_reason": "本县具备特种设备专长的人员均已达到户次上限或须回避" if number == 7 else None,
                "status": "planned",
            }
        )
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
        }
    )


def summary() -> pd.DataFrame:
    rows = []
    for source, counts in {
        "licence": ("SP-LT", "食品流通科", 9499, 501, 0, 120, 0),
        "penalty": ("ZHZF", "综合行政执法队", 80, 15, 5, 3, 1),
        "abnormal_listing": ("140802", "盐湖区市场监督管理局", 300, 2, 0, 0, 0),
        "serious_violation": ("XY", "信用监督管理科", 0, 0, 0, 2, 0),
    }.items():
        code, name, good, late, overdue, open_, unknown = counts
        due = good + late + overdue
        rows.append(
            {
                "month": "2026-10",
                "source": source,
                "unit_code": code,
                "unit_name": name,
                "records": due + open_ + unknown,
                "on_time": good,
                "late": late,
                "overdue_open": overdue,
                "denominator": due,
                "rate": good / due if due else None,
                "not_yet_due": open_,
                "undeterminable": unknown,
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
                "source": "penalty",
                "row_id": f"{'ab' * 8}:Sheet1:{number + 3}",
                "month": "2026-10",
                "unit_code": "ZHZF",
                "unit_name": "综合行政执法队",
                "formed_on": dt.date(2026, 9, 25) if known else None,
                "due_on": dt.date(2026, 10, 12) if known else None,
                "due_provisional": False,
                "received_on": None if state == "overdue_open" else dt.date(2026, 10, 20),
                "state": state,
                "delay_wd": 6 if state in ("late", "overdue_open") else None,
                "delivery_id": "2026-10-ZHZF-01",
                "file_name": "行政处罚.csv",
                "sheet": None,
                "row_no": number + 3,
            }
        )
    return pd.DataFrame(rows)
