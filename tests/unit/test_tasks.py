"""Status of the notice's tasks: due dates at their edges, what counts as evidence, history beside the current year."""

from __future__ import annotations

import csv
import datetime as dt
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from supervision.task_register import Settled, TaskError, parse_register, parse_units, resolve_written
from supervision.tasks import Evidence, Measure, TaskStatus, known_evidence, task_status

ROOT = Path(__file__).resolve().parents[2] / "data_contracts"
AS_OF = dt.date(2026, 10, 31)
DIGEST = "ab" * 32


@lru_cache(maxsize=1)
def _read():
    return yaml.load((ROOT / "tasks.yaml").read_bytes(), Loader=yaml.CSafeLoader)


def _document():
    return deepcopy(_read())


@lru_cache(maxsize=1)
def _units():
    with (ROOT / "reference" / "units.csv").open(encoding="utf-8") as file:
        return parse_units(csv.DictReader(file))


def _register(**changes):
    document = _document()
    document["tasks"] = [
        {
            "task_id": "T7.1",
            "clause": "第（七）条",
            "title": "方案",
            "content": "方案",
            "responsible": ["140802"],
            "cooperating": ["DA"],
            "evidence": [{"kind": "work_plan", "at_least": 1, "counts": "year"}],
            **changes,
        }
    ]
    return parse_register(document, _units())


def _evidence(day: str, number: str = "E1", **changes) -> Evidence:
    fields = {
        "evidence_no": number,
        "task_id": "T7.1",
        "unit_code": "140802",
        "evidence_kind": "work_plan",
        "evidenced_on": dt.date.fromisoformat(day),
        "file_sha256": number.encode().hex().ljust(64, "0"),
        **changes,
    }
    return Evidence(**fields)


def _one(register, evidence=(), measures=None, as_of=AS_OF) -> TaskStatus:
    [row] = [r for r in task_status(register, _units(), list(evidence), measures or {}, as_of) if not r.is_history]
    return row


PLAN = {"due_on": "2022-05-31"}
YEARLY = {"recurring": "yearly"}


@pytest.mark.parametrize(
    ("day", "as_of", "status"),
    [
        ("2026-05-31", "2026-10-31", "done"),  # on the due day is in time
        ("2026-06-01", "2026-10-31", "done_late"),
        (None, "2026-05-31", "not_started"),  # the due day itself has not passed
        (None, "2026-06-01", "overdue"),
        ("2025-12-31", "2026-05-31", "not_started"),  # last year's plan does not count
        ("2025-12-31", "2026-06-01", "overdue"),
        ("2026-01-01", "2026-01-31", "done"),
        ("2026-11-01", "2026-10-31", "overdue"),  # formed after as_of
    ],
)
def test_status_at_the_edges_of_a_due_date(day, as_of, status):
    row = _one(_register(**PLAN), [_evidence(day)] if day else [], as_of=dt.date.fromisoformat(as_of))
    assert (row.status, row.due_on, row.period) == (status, dt.date(2026, 5, 31), "2026")


@pytest.mark.parametrize(
    ("day", "as_of", "status"),
    [
        (None, "2022-12-30", "not_started"),
        (None, "2026-10-31", "overdue"),  # years later it is not due again, it is overdue still
        ("2022-06-01", "2026-10-31", "done"),
        ("2024-03-01", "2026-10-31", "done_late"),
    ],
)
def test_what_is_set_up_once_keeps_its_date(day, as_of, status):
    """A mechanism due in 2023 was read as due again at this year's end, beside a bulletin that called it overdue."""
    register = _register(due_on="2022-12-31", evidence=[{"kind": "work_plan", "at_least": 1, "counts": "standing"}])
    rows = task_status(register, _units(), [_evidence(day)] if day else [], {}, dt.date.fromisoformat(as_of))
    assert [(r.status, r.due_on, r.period, r.is_history) for r in rows] == [
        (status, dt.date(2022, 12, 31), "2022", False)
    ]


def test_every_standing_duty_with_a_date_is_overdue_after_it():
    register = parse_register(_document(), _units())
    rows = task_status(register, _units(), [], {}, AS_OF)
    late = {row.task_id for row in rows if row.status == "overdue" and row.due_on < dt.date(2026, 1, 1)}
    assert late == {task.task_id for task in register.tasks if task.is_once} == {"T2.1", "T2.2", "T7.3"}


def test_a_yearly_task_is_settled_on_the_last_day_of_the_year():
    register = _register(**YEARLY)
    assert _one(register, as_of=dt.date(2026, 12, 30)).status == "not_started"
    assert _one(register, as_of=dt.date(2026, 12, 31)).status == "overdue"
    done = _one(register, [_evidence("2026-12-31")], as_of=dt.date(2026, 12, 31))
    assert (done.status, done.progress_pct, done.evidence_ref) == ("done", 100, "E1")


def test_what_the_notice_dated_earlier_stands_as_history_with_its_own_date():
    rows = task_status(_register(**PLAN), _units(), [_evidence("2022-06-01"), _evidence("2026-05-01", "E2")], {}, AS_OF)
    assert [(r.period, r.is_history, r.due_on.isoformat(), r.status, r.evidence_ref) for r in rows] == [
        ("2022", True, "2022-05-31", "done_late", "E1"),
        ("2026", False, "2026-05-31", "done", "E2"),
    ]


def test_history_without_evidence_is_not_judged_and_this_years_evidence_does_not_settle_it():
    past, current = task_status(_register(**PLAN), _units(), [_evidence("2026-05-01")], {}, AS_OF)
    assert (past.status, past.progress_pct, past.evidence_ref) == ("n/a", None, None)
    assert "历史任务" in past.remark
    assert current.status == "done"


def test_this_years_figure_says_nothing_of_the_past():
    rows = task_status(_measured(recurring=None, **PLAN), _units(), [], _figure(100, 100), AS_OF)
    assert [(row.period, row.status, row.evidence_ref) for row in rows] == [
        ("2022", "n/a", None),
        ("2026", "done", "timeliness_summary"),
    ]


def test_in_the_year_of_the_notice_there_is_one_row():
    rows = task_status(_register(**PLAN), _units(), [_evidence("2022-05-31")], {}, dt.date(2022, 6, 30))
    assert [(row.period, row.is_history, row.status) for row in rows] == [("2022", False, "done")]


def test_while_the_notices_own_date_is_ahead_there_is_no_history_row():
    rows = task_status(_register(due_on="2024-12-31"), _units(), [], {}, dt.date(2023, 6, 30))
    assert [(r.period, r.is_history, r.due_on) for r in rows] == [("2024", False, dt.date(2024, 12, 31))]


@pytest.mark.parametrize(
    "changes",
    [{"unit_code": "140821"}, {"evidence_kind": "training"}, {"task_id": "T8"}, {"task_id": "T7.10"}, {"task_id": "T"}],
)
def test_evidence_of_another_unit_kind_or_task_does_not_count(changes):
    assert _one(_register(**PLAN), [_evidence("2026-05-01", **changes)]).status == "overdue"


def test_evidence_filed_under_the_clause_as_a_whole_counts():
    assert _one(_register(**PLAN), [_evidence("2026-05-01", task_id="T7")]).status == "done"


def test_the_same_paper_counts_once_and_the_day_that_completes_the_count_decides():
    register = _register(evidence=[{"kind": "work_plan", "at_least": 2, "counts": "year"}], **PLAN)
    same = {"file_sha256": DIGEST}
    half = _one(register, [_evidence("2026-05-01", **same), _evidence("2026-05-02", "E2", **same)])
    assert (half.status, half.progress_pct, half.evidence_count) == ("overdue", 50, 1)
    early = _one(register, [_evidence("2026-05-01")], as_of=dt.date(2026, 5, 20))
    assert (early.status, early.progress_pct) == ("in_progress", 50)
    both = _one(register, [_evidence("2026-06-02", "E2"), _evidence("2026-05-01"), _evidence("2026-07-01", "E3")])
    assert (both.status, both.evidence_ref) == ("done_late", "E1;E2")
    assert both.evidence_sha256 == ";".join(
        (_evidence("2026-05-01").file_sha256, _evidence("2026-05-01", "E2").file_sha256)
    )


def test_a_standing_body_of_earlier_years_still_counts():
    register = _register(evidence=[{"kind": "work_plan", "at_least": 1, "counts": "standing"}], **YEARLY)
    assert _one(register, [_evidence("2022-06-01")]).status == "done"


def test_training_without_headcount_or_hours_is_named_but_not_counted():
    rule = {"kind": "training", "at_least": 1, "counts": "year", "requires": ["headcount", "hours"]}
    register = _register(evidence=[rule], **YEARLY)
    bare = _one(register, [_evidence("2026-05-01", evidence_kind="training", headcount=0, hours=Decimal(4))])
    assert bare.status == "not_started"
    assert "1 份佐证缺少人数或学时" in bare.remark
    full = _evidence("2026-05-01", evidence_kind="training", headcount=30, hours=Decimal("1.5"))
    assert _one(register, [full]).status == "done"


def _measured(**changes):
    return _register(evidence=[{"measure": "timeliness_rate", "at_least": "95/100"}], **{**YEARLY, **changes})


def _figure(numerator: int, denominator: int) -> dict:
    return {("timeliness_rate", "140802"): Measure(numerator, denominator, "timeliness_summary", DIGEST)}


@pytest.mark.parametrize(
    ("numerator", "as_of", "status", "progress"),
    [
        (95, "2026-10-31", "in_progress", 100),  # a rate can fall again: not done before the year closes
        (95, "2026-12-31", "done", 100),
        (94, "2026-12-31", "overdue", 98),
        (94, "2026-10-31", "in_progress", 98),
        (0, "2026-10-31", "not_started", 0),
        (100, "2026-12-31", "done", 100),
    ],
)
def test_a_measured_figure_against_its_threshold(numerator, as_of, status, progress):
    row = _one(_measured(), measures=_figure(numerator, 100), as_of=dt.date.fromisoformat(as_of))
    assert (row.status, row.progress_pct) == (status, progress)
    assert row.remark == f"归集及时率{numerator}/100，{'达到' if numerator >= 95 else '低于'}95%"
    assert (row.evidence_ref, row.evidence_sha256) == ("timeliness_summary", DIGEST)


def test_what_cannot_be_counted_says_so_instead_of_being_judged():
    nothing = _one(_measured(), as_of=dt.date(2026, 12, 31))
    assert (nothing.status, nothing.progress_pct) == ("n/a", None)
    assert "没有可计数的佐证" in nothing.remark
    assert "没有可计数的佐证" in _one(_measured(), measures=_figure(0, 0)).remark
    words = _one(_register(evidence=[], uncountable="台账尚未接入", **YEARLY))
    assert (words.status, words.remark) == ("n/a", "没有可计数的佐证，不评价：台账尚未接入")


def test_of_two_rules_the_countable_one_decides_and_the_other_is_named():
    rules = [
        {"measure": "timeliness_rate", "at_least": "95/100"},
        {"kind": "work_plan", "at_least": 1, "counts": "year"},
    ]
    register = _register(evidence=rules, **PLAN)
    alone = _one(register, [_evidence("2026-05-01")])
    assert alone.status == "done"
    assert "没有该单位的归集及时率" in alone.remark
    low = _one(register, [_evidence("2026-05-01")], _figure(19, 100))
    assert (low.status, low.progress_pct) == ("overdue", 60)


def test_a_task_without_date_is_never_overdue():
    register = _register(evidence=[{"kind": "work_plan", "at_least": 1, "counts": "year"}])
    row = _one(register, as_of=dt.date(2026, 12, 31))
    assert (row.status, row.due_on) == ("not_started", None)


# —— the register as it is ——


@pytest.fixture(scope="module")
def real():
    return parse_register(_document(), _units())


def test_the_register_holds_every_task_of_the_notice_with_owner_and_evidence_or_reason(real):
    tasks = {task.task_id: task for task in real.tasks}
    assert {"T5", "T6.1", "T6.2", "T6.3", "T6.4", "T6.5", "T7.1", "T7.2", "T7.3", "T7.4", "T8.1", "T8.2", "T9"} <= set(
        tasks
    )
    assert all(task.responsible and bool(task.rules) != bool(task.uncountable) for task in real.tasks)
    dates = {name: tasks[name].dated for name in ("T6.2", "T6.3", "T6.4", "T7.1")}
    assert dates == {
        "T6.2": dt.date(2022, 12, 31),
        "T6.3": dt.date(2024, 12, 31),
        "T6.4": dt.date(2023, 12, 31),
        "T7.1": dt.date(2022, 5, 31),
    }
    assert len(tasks["T7.1"].responsible) == 14
    assert set(tasks["T6.3"].responsible) - set(tasks["T6.2"].responsible) == {"XY"}


def test_the_lists_of_the_notice_resolve_and_the_unit_named_twice_counts_once(real):
    written = _document()["groups"]["named_sections"]["as_written"]
    assert written.count("特设科") == 2
    codes = resolve_written(written, _units(), real.decisions)
    assert len(codes) == 20
    assert codes.count("TSSB") == 1
    assert "ZLK" in codes
    assert not {"ZL", "ZLFZ"} & set(codes)
    assert _units().resolve("企业数据中心").code == "DA"
    assert _units().resolve("质量科") is None
    with pytest.raises(TaskError, match="质监科"):
        resolve_written("质监科", _units(), real.decisions)


def test_a_group_that_differs_from_the_notices_wording_is_refused():
    document = _document()
    document["groups"]["named_sections"]["units"].remove("JJ")
    with pytest.raises(TaskError, match="named_sections"):
        parse_register(document, _units())


def test_the_ambiguous_section_stays_undecided_until_a_person_decides(real):
    rows = [r for r in task_status(real, _units(), [], {}, AS_OF) if r.unit_code == "ZLK"]
    assert rows
    assert {r.status for r in rows} == {"n/a"}
    assert all("待明确" in r.unit_name and "待明确" in r.remark for r in rows)


ZLK = Settled(("ZL",), "LDXZ", dt.date(2026, 10, 1), "局发〔2026〕1号")


def test_a_decision_replaces_the_ambiguous_section_and_says_whose_it_was():
    rows = task_status(parse_register(_document(), _units(), {"ZLK": ZLK}), _units(), [], {}, AS_OF)
    assert not [r for r in rows if r.unit_code == "ZLK"]
    [row] = [r for r in rows if r.unit_code == "ZL" and r.task_id == "T6.2" and not r.is_history]
    assert "“质量科”由LDXZ于2026-10-01认定为本单位（局发〔2026〕1号）" in row.remark
    assert not [r for r in rows if r.unit_code == "XY" and "质量科" in r.remark]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"due_on": "2022-02-30"}, "应形如"),
        ({"due_on": "2022-05-31", "recurring": "yearly"}, "时限"),
        ({"responsible": ["140899"]}, "不是单位代码"),
        ({"responsible": ["@nobody"]}, "不存在的分组"),
        ({"deadline": "2022-05-31"}, "不认识的键"),
        ({"evidence": []}, "恰有其一"),
        ({"evidence": [{"kind": "work_plan", "at_least": 0, "counts": "year"}]}, "计数规则"),
        ({"evidence": [{"measure": "unknown", "at_least": "1/1"}]}, "未说明"),
    ],
)
def test_a_faulty_register_is_refused_with_the_task_named(change, message):
    with pytest.raises(TaskError, match=r"T7\.1") as caught:
        _register(**change)
    assert message in str(caught.value)


@pytest.mark.parametrize("chosen", [("JL",), (), ("ZL", "ZL")])
def test_a_decision_needs_candidates_each_once(chosen):
    with pytest.raises(TaskError, match="只能决定为"):
        parse_register(_document(), _units(), {"ZLK": replace(ZLK, chosen=chosen)})


# —— fields, evidence as it was known, words of a rule ——


def test_every_field_of_a_section_needs_its_own_mechanism(real):
    rz = [
        _evidence("2023-06-01", "M1", evidence_kind="mechanism", unit_code="RZ", task_id="T7.3", field_code="testing")
    ]
    again = replace(rz[0], evidence_no="M2", file_sha256="cd" * 32)

    def row(evidence):
        [found] = [
            r
            for r in task_status(real, _units(), evidence, {}, dt.date(2023, 12, 31))
            if (r.task_id, r.unit_code) == ("T2.2", "RZ")
        ]
        return found

    half = row([*rz, again])
    assert (half.status, half.progress_pct, half.measured, half.threshold) == (
        "overdue", 50, "工作机制1份", "工作机制不少于2份",
    )  # fmt: skip
    assert "缺认证认可" in half.remark
    both = row([*rz, replace(again, field_code="certification")])
    assert (both.status, both.evidence_ref) == ("done", "M1;M2")


def test_evidence_filed_under_another_task_counts_where_the_register_says_so(real):
    held = _evidence("2026-03-01", evidence_kind="meeting", unit_code="XY", task_id="T7.3")

    def status(evidence):
        rows = task_status(real, _units(), [evidence], {}, AS_OF)
        return {r.task_id: r.status for r in rows if r.unit_code == "XY" and not r.is_history}["T4"]

    assert status(held) == "done"
    assert status(replace(held, task_id="T7.4")) == "not_started"


def _version(number: int, received: str, **changes) -> dict:
    evidence = _evidence("2026-05-20", **changes)
    row = {name: getattr(evidence, name) for name in Evidence.__slots__} | {"document_sha256": evidence.file_sha256}
    return row | {"version_no": number, "received_at": dt.datetime.fromisoformat(received), "is_withdrawn": False}


def test_evidence_is_what_was_received_by_the_day_in_its_newest_version():
    first, second = _version(1, "2026-05-31T23:59"), _version(2, "2026-06-01T00:00", title="改正")
    withdrawn = _version(3, "2026-07-02T09:00") | {"is_withdrawn": True}

    def known(day):
        return [row.title for row in known_evidence([withdrawn, second, first], dt.date.fromisoformat(day))]

    assert [known(day) for day in ("2026-05-30", "2026-05-31", "2026-06-01", "2026-07-02")] == [[], [""], ["改正"], []]


def test_a_row_says_its_rule_what_was_measured_and_what_is_asked():
    row = _one(_register(**PLAN), [_evidence("2026-05-01")])
    assert (row.rule, row.measured, row.threshold, row.reply) == (
        "当年登记的工作方案", "工作方案1份", "工作方案不少于1份", None,
    )  # fmt: skip
    figure = _one(_measured(), measures=_figure(90, 100))
    assert (figure.measured, figure.threshold) == ("归集及时率90/100", "归集及时率不低于95%")
    words = _one(_register(evidence=[], uncountable="没有清单", **YEARLY))
    assert (words.rule, words.measured, words.threshold) == ("没有可计数的规则：没有清单", None, None)


def test_a_name_of_two_units_is_refused():
    row = {"unit_code": "A1", "unit_name": "甲科", "kind": "section", "county": "", "aliases": "质量科"}
    with pytest.raises(TaskError, match="质量科"):
        parse_units([row, {**row, "unit_code": "A2", "unit_name": "乙科"}])
