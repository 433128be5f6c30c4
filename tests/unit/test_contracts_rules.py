"""Every row rule runs in DuckDB over the typed columns, fires on its fault and not beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest

from data_contracts.model import Contract, Rule, source_contract, source_contracts

RECEIVED = dt.datetime(2026, 10, 8, 9, 30)
EVE, DAY, NEXT = dt.date(2026, 10, 7), dt.date(2026, 10, 8), dt.date(2026, 10, 9)
LATE_REPORT = "未依照《企业信息公示暂行条例》第八条规定的期限公示年度报告的"

# contract.rule: (a violating row, a row just beside it); columns not named are NULL.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "abnormal_listing.listing_reason_unknown": ({"listing_reason": "其他"}, {"listing_reason": LATE_REPORT}),
    "abnormal_listing.report_year_malformed": ({"report_year": "25年"}, {"report_year": "2025"}),
    "abnormal_listing.report_year_missing": (
        {"listing_reason": LATE_REPORT}, {"listing_reason": LATE_REPORT, "report_year": "2025"}),
    "acknowledgement.acknowledged_before_inspected": (
        {"acknowledged_on": EVE, "inspected_on": DAY}, {"acknowledged_on": DAY, "inspected_on": DAY}),
    "acknowledgement.acknowledged_in_future": ({"acknowledged_on": NEXT}, {"acknowledged_on": DAY}),
    "commitment.committed_in_future": ({"committed_on": NEXT}, {"committed_on": DAY}),
    "grade_snapshot.graded_after_snapshot_month": (
        {"graded_on": DAY, "snapshot_month": "2026-09"}, {"graded_on": DAY, "snapshot_month": "2026-10"}),
    "grade_snapshot.graded_in_future": ({"graded_on": NEXT}, {"graded_on": DAY}),
    "inspection_result.problem_undescribed": ({"result_code": "E"}, {"result_code": "1"}),
    "inspection_result.single_inspector": ({"inspector_ids": "A1"}, {"inspector_ids": "A1;A2"}),
    "inspector.certificate_expired": ({"valid_until": EVE}, {"valid_until": DAY}),
    "inspector.days_out_of_range": ({"days": 32}, {"days": 31}),
    "inspector.supports_own_county": (
        {"support_county": "140821", "county": "140821"}, {"support_county": "140821", "county": "140802"}),
    "inspector.load_cap_negative": ({"load_cap": -1}, {"load_cap": 0}),
    "licence.decision_after_valid_to": (
        {"decision_date": DAY, "valid_to": EVE}, {"decision_date": DAY, "valid_to": DAY}),
    "penalty.fine_amount_missing": ({"penalty_type": "警告;罚款"}, {"penalty_type": "警告"}),
    "penalty.publish_until_before_decision": (
        {"publish_until": EVE, "decision_date": DAY}, {"publish_until": DAY, "decision_date": DAY}),
    "penalty.valid_to_before_decision": (
        {"valid_to": EVE, "decision_date": DAY}, {"valid_to": DAY, "decision_date": DAY}),
    "penalty.withdrawn_date_without_status": ({"withdrawn_on": DAY}, {"withdrawn_on": DAY, "status": "撤销"}),
    "penalty.withdrawn_without_date": ({"status": "撤销"}, {"status": "撤销", "withdrawn_on": DAY}),
    "prior_draw.draw_in_future": ({"draw_month": "2026-11"}, {"draw_month": "2026-10"}),
    "register.ended_without_date": ({"status": "revoked"}, {"status": "in_operation"}),
    "register.established_in_future": ({"established_on": NEXT}, {"established_on": DAY}),
    "register.established_too_early": (
        {"established_on": dt.date(1949, 9, 30)}, {"established_on": dt.date(1949, 10, 1)}),
    "register.reg_no_unusable": ({"reg_no": "企合总字第0001"}, {"reg_no": "140800100000000"}),
    "register.status_change_before_establishment": (
        {"status_changed_on": EVE, "established_on": DAY}, {"status_changed_on": DAY, "established_on": DAY}),
    "register.status_change_in_future": ({"status_changed_on": NEXT}, {"status_changed_on": DAY}),
    "register.subject_unidentified": ({}, {"reg_no": "140800100000000"}),
    "repair.applied_in_future": ({"applied_on": NEXT}, {"applied_on": DAY}),
    "repair.decided_before_applied": ({"decided_on": EVE, "applied_on": DAY}, {"decided_on": DAY, "applied_on": DAY}),
    "repair.decided_in_future": ({"decided_on": NEXT}, {"decided_on": DAY}),
    "repair.decision_without_outcome": ({"decided_on": DAY}, {"decided_on": DAY, "outcome": "granted"}),
    "repair.granted_without_commitment": (
        {"outcome": "granted", "has_commitment": False}, {"outcome": "granted", "has_commitment": True}),
    "repair.outcome_undated": ({"outcome": "refused"}, {"outcome": "refused", "decided_on": DAY}),
    "task_evidence.evidenced_in_future": ({"evidenced_on": NEXT}, {"evidenced_on": DAY}),
    "task_evidence.headcount_negative": ({"headcount": -1}, {"headcount": 0}),
    "task_evidence.hours_negative": ({"hours": -0.5}, {"hours": 0}),
    "task_evidence.training_without_headcount": (
        {"evidence_kind": "security_training"}, {"evidence_kind": "meeting"}),
    "trigger.received_in_future": ({"received_on": NEXT}, {"received_on": DAY}),
    "trigger.complaint_without_work_order": (
        {"trigger_type": "TS", "evidence_ref": "《食品安全法》第一百二十四条"},
        {"trigger_type": "TS", "evidence_ref": "1408022026100100001"}),
    "trigger.signal_without_model_rule": (
        {"trigger_type": "DSJ", "evidence_ref": "12315-140820261000001"},
        {"trigger_type": "DSJ", "evidence_ref": "MX-YJ03-0012"}),
    "trigger.referral_without_document_no": (
        {"trigger_type": "ZBJB", "evidence_ref": "上级电话交办"},
        {"trigger_type": "ZBJB", "evidence_ref": "晋市监转〔2026〕12号"}),
    "trigger.statute_without_article": (
        {"trigger_type": "FLFG", "evidence_ref": "特种设备安全法"},
        {"trigger_type": "FLFG", "evidence_ref": "《特种设备安全法》第五十七条"}),
    "trigger.flying_without_document_no": (
        {"trigger_type": "FC", "evidence_ref": "12315-140820261000001"},
        {"trigger_type": "FC", "evidence_ref": "运市监飞检〔2026〕3号"}),
    "trigger.licence_check_without_task_no": (
        {"trigger_type": "XK", "evidence_ref": "晋市监转〔2026〕12号"},
        {"trigger_type": "XK", "evidence_ref": "核查任务单-20261000012"}),
    "trigger.sampling_without_report_no": (
        {"trigger_type": "CJ", "evidence_ref": "晋市监转〔2026〕12号"},
        {"trigger_type": "CJ", "evidence_ref": "NO.SP140820261000012"}),
    "trigger.recheck_without_original_document": (
        {"trigger_type": "FCZG", "evidence_ref": "晋市监转〔2026〕12号"},
        {"trigger_type": "FCZG", "evidence_ref": "责改〔2026〕12号"}),
    "trigger.signal_unapproved": (
        {"trigger_type": "DSJ"}, {"trigger_type": "DSJ", "approval_ref": "运市监审〔2026〕7号"}),
    "white_list.expires_before_listed": (
        {"expires_on": DAY, "listed_on": DAY}, {"expires_on": NEXT, "listed_on": DAY}),
    "white_list.listed_too_long": (
        {"expires_on": dt.date(2029, 10, 9), "listed_on": DAY}, {"expires_on": dt.date(2029, 10, 8), "listed_on": DAY}),
    "control_total.county_unstated": ({"unit_code": "140802"}, {"unit_code": "CY"}),
    "control_total.formed_month_in_future": ({"formed_month": "2026-11"}, {"formed_month": "2026-10"}),
    "control_total.records_negative": ({"records": -1}, {"records": 0}),
    "county_return.half_filled": ({"firm_rating": "fair"}, {"inspected_on": DAY, "result_code": "1"}),
    "county_return.problem_undescribed": ({"result_code": "E"}, {"result_code": "F"}),
    "county_return.scanned_another_day": (
        {"inspected_on": DAY, "scan_time": f"{EVE} 09:30"}, {"inspected_on": DAY, "scan_time": f"{DAY} 09:30"}),
    "county_return.single_inspector": ({"inspector_ids": "140802-ZF-001"}, {"inspector_ids": "140802-ZF-001;140802-ZF-002"}),
    "county_return.visit_without_code": (
        {"mode": "on_site", "inspected_on": DAY}, {"mode": "off_site", "inspected_on": DAY}),
    "department_inspection.problem_undescribed": ({"result": "pending"}, {"result": "no_problem"}),
    "field_catering.grading_without_grade": (
        {"record_kind": "grading"}, {"record_kind": "grading", "field_grade": "A"}),
    "field_food_drug.grade_of_other_scale": (
        {"field_code": "medical_device", "field_grade": "D"}, {"field_code": "medical_device", "field_grade": "level_4"}),
    "field_food_drug.grading_without_grade": (
        {"record_kind": "grading"}, {"record_kind": "grading", "field_grade": "level_1"}),
    "province_push_manifest.expected_negative": ({"expected_rows": -1}, {"expected_rows": 0}),
    "province_push_manifest.pushed_in_future": ({"pushed_on": NEXT}, {"pushed_on": DAY}),
    "task_evidence.disposal_without_reference": (
        {"evidence_kind": "reminder_disposal"}, {"evidence_kind": "reminder_disposal", "reference_no": "TX-1"}),
    "task_evidence.meeting_without_units": (
        {"evidence_kind": "meeting"}, {"evidence_kind": "meeting", "participant_units": "XY;CY"}),
    "task_evidence.records_negative": ({"records": -1}, {"records": 0}),
    "task_evidence.return_without_count": (
        {"evidence_kind": "result_return", "records": 3},
        {"evidence_kind": "result_return", "records": 3, "reference_no": "GEN"}),
    "task_evidence.training_without_hours": ({"evidence_kind": "training"}, {"evidence_kind": "training", "hours": 2}),
}  # fmt: skip

# Rules that several contracts share: the same case for each.
DATED = {
    "decision_in_future": ({"decision_date": NEXT}, {"decision_date": DAY}),
    "inspected_in_future": ({"inspected_on": NEXT}, {"inspected_on": DAY}),
    "listed_in_future": ({"listed_on": NEXT}, {"listed_on": DAY}),
    "observed_in_future": ({"observed_on": NEXT}, {"observed_on": DAY}),
    "published_before_decision": (
        {"published_on": EVE, "decision_date": DAY}, {"published_on": DAY, "decision_date": DAY}),
    "published_before_inspected": (
        {"published_on": EVE, "inspected_on": DAY}, {"published_on": DAY, "inspected_on": DAY}),
    "published_in_future": ({"published_on": NEXT}, {"published_on": DAY}),
    "recorded_in_future": ({"recorded_on": NEXT}, {"recorded_on": DAY}),
    "removal_incomplete": ({"removed_on": DAY}, {"removed_on": DAY, "removal_reason": "届满"}),
    "removal_undated": ({"removal_reason": "届满"}, {"removed_on": DAY, "removal_reason": "届满"}),
    "removed_before_listed": ({"removed_on": EVE, "listed_on": DAY}, {"removed_on": DAY, "listed_on": DAY}),
    "removed_in_future": ({"removed_on": NEXT}, {"removed_on": DAY}),
    "valid_to_before_recorded": ({"valid_to": EVE, "recorded_on": DAY}, {"valid_to": DAY, "recorded_on": DAY}),
    "valid_to_before_valid_from": ({"valid_to": EVE, "valid_from": DAY}, {"valid_to": DAY, "valid_from": DAY}),
    "withdrawn_before_decision": (
        {"withdrawn_on": EVE, "decision_date": DAY}, {"withdrawn_on": DAY, "decision_date": DAY}),
    "withdrawn_in_future": ({"withdrawn_on": NEXT}, {"withdrawn_on": DAY}),
    "fine_negative": ({"fine_wan": -0.000001}, {"fine_wan": 0}),
    "confiscation_negative": ({"confiscation_wan": -0.5}, {"confiscation_wan": 0}),
    "fine_unit_suspect": ({"fine_wan": 10000}, {"fine_wan": 9999.99}),
}  # fmt: skip
# A kind of record that always has a number, and one that never need have.
NUMBERED = {
    "field_catering": ("sample_failed", "inspection"), "field_certification": ("certified", "inspection"),
    "field_competition": ("confusion", "admonition"), "field_consumer": ("complaint", "pledge"),
    "field_food_drug": ("recall", "grading"), "field_infringement": ("trademark", "inspection"),
    "field_metrology": ("package_failed", "verification_overdue"), "field_price": ("price_fraud", "admonition"),
    "field_product_quality": ("sample_failed", "admission"), "field_special_equipment": ("accident", "test_overdue"),
    "field_standard": ("below_mandatory", "standard_unpublished"), "field_testing": ("false_report", "follow_up"),
}  # fmt: skip
for _contract in source_contracts():
    for _rule in _contract.rules:
        if _rule.id in DATED:
            CASES.setdefault(f"{_contract.name}.{_rule.id}", DATED[_rule.id])
for _name, (_with, _without) in NUMBERED.items():
    CASES[f"{_name}.record_unnumbered"] = ({"record_kind": _with}, {"record_kind": _without})


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def verdict(database: duckdb.DuckDBPyConnection, contract: Contract, rule: Rule, row: dict[str, Any]) -> bool:
    """Whether the rule calls this row a violation; NULL is none."""
    assert set(row) <= set(contract.column_names)
    typed = ", ".join(f"CAST(${c.name} AS {c.physical_type}) AS {c.name}" for c in contract.columns)
    query = f"SELECT coalesce({rule.condition}, false) FROM (SELECT {typed}, CAST($received_at AS TIMESTAMP) AS received_at)"
    values = {**dict.fromkeys(contract.column_names), **row, "received_at": RECEIVED}
    found = database.execute(query, values).fetchone()
    assert found is not None
    return bool(found[0])


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {f"{contract.name}.{rule.id}" for contract in source_contracts() for rule in contract.rules}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_fires_on_its_fault_and_not_beside_it(database: duckdb.DuckDBPyConnection, name: str) -> None:
    source, rule_id = name.split(".")
    contract = source_contract(source)
    rule = next(rule for rule in contract.rules if rule.id == rule_id)
    faulty, sound = CASES[name]
    assert verdict(database, contract, rule, faulty)
    assert not verdict(database, contract, rule, sound)


@pytest.mark.parametrize(
    ("source", "column", "text", "fits"),
    [
        ("penalty", "penalty_type", "警告", True),
        ("penalty", "penalty_type", "警告;罚款", True),
        ("penalty", "penalty_type", "没收违法所得、没收非法财物", True),
        ("penalty", "penalty_type", "警告罚款", False),
        ("penalty", "penalty_type", "口头警告", False),
        ("inspector", "specialties", "特种设备;食品销售", True),
        ("inspector", "specialties", "特种设备;拍卖", False),
        ("inspector", "inspector_id", "YC-0001", True),
        ("inspector", "inspector_id", "张三", False),
        ("inspection_result", "inspector_ids", "YC-1;YC-2", True),
        ("inspection_result", "inspector_ids", "YC-1;", False),
        ("grade_snapshot", "snapshot_month", "2026-13", False),
        ("white_list", "tasks", "GEN;QUAL", True),
        ("white_list", "tasks", "GEN、QUAL", False),
        ("task_evidence", "document_sha256", "ab" * 32, True),
        ("task_evidence", "document_sha256", "ab" * 31, False),
    ],
)
def test_patterns_mean_the_same_in_duckdb(
    database: duckdb.DuckDBPyConnection, source: str, column: str, text: str, fits: bool
) -> None:
    pattern = source_contract(source).column(column).pattern
    assert database.execute("SELECT regexp_matches($t, $p)", {"t": text, "p": f"^(?:{pattern})$"}).fetchone() == (fits,)


# By type of trigger, what it may refer to; what stands in another's list alone does not do.
EVIDENCE = {
    "TS": ("1140802002026100112345678", "12315-140820261000001", "TS12315〔2026〕000001号"),
    "DSJ": ("MX-YJ03-0012", "gz_food-7"),
    "ZBJB": ("晋市监转〔2026〕12号", "运市监转字[2026]第12号", "运政督（2026）3号"),
    "FLFG": ("《特种设备安全法》第五十七条", "食品安全法第109条第二款", "医疗器械经营监督管理办法第四十八条"),
    "FC": ("运市监飞检〔2026〕3号",),
    "XK": ("核查任务单-20261000012", "受理〔2026〕0012号", "SL2026100800012"),
    "CJ": ("NO.SP140820261000012", "No:GZJ2614080012345", "XBJ26140800123456", "运食检〔2026〕000001号"),
    "FCZG": ("责改〔2026〕12号", "运市监责改〔2026〕第12号", "盐湖市监检〔2026〕8号"),
}
SHARED = {("ZBJB", "FC"), ("FC", "FCZG"), ("FC", "ZBJB"), ("FCZG", "ZBJB"), ("FCZG", "FC")}
SHARED |= {("CJ", "ZBJB"), ("CJ", "FC"), ("CJ", "FCZG"), ("FC", "CJ"), ("FCZG", "CJ"), ("XK", "ZBJB"), ("XK", "FC")}
SHARED |= {("CJ", "TS"), ("XK", "TS"), ("XK", "CJ")}  # of, as: documents and long numbers that may be either


def evidence_refused(database: duckdb.DuckDBPyConnection, kind: str, evidence: str) -> list[str]:
    contract = source_contract("trigger")
    rules = [rule for rule in contract.rules if "evidence_ref" in rule.columns]
    assert len(rules) == len(EVIDENCE)
    row = {"trigger_type": kind, "evidence_ref": evidence}
    return [rule.reason for rule in rules if verdict(database, contract, rule, row)]


@pytest.mark.parametrize("kind", sorted(EVIDENCE))
def test_each_type_of_trigger_asks_for_its_own_evidence(database: duckdb.DuckDBPyConnection, kind: str) -> None:
    for evidence in EVIDENCE[kind]:
        assert evidence_refused(database, kind, evidence) == [], evidence
    for other, theirs in EVIDENCE.items():
        for evidence in theirs:
            if other != kind and (other, kind) not in SHARED:
                assert len(evidence_refused(database, kind, evidence)) == 1, evidence
    for poor in ("见附件", "电话反映", "无", "12", "张某举报"):
        [reason] = evidence_refused(database, kind, poor)
        name = next(
            text for text, code in source_contract("trigger").column("trigger_type").values.items() if code == kind
        )
        assert f"“{name}”" in reason and "「证据编号」应为" in reason
