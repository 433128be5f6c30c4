"""Policy files: their lines, what is told of a broken one, the verbs `ssj policy lint` and `ssj policy diff`."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli.policy import group
from resources.policy_files import PolicyFileError, findings, judge, known_names, line_of, read_policy, shipped
from resources.reference import not_served, policies, policy_for
from supervision.policy import PolicyError

RUN = CliRunner()


def rewritten(folder: Path, *changes: tuple[str, str], name: str = "draft.yaml") -> Path:
    """The shipped policy of 2026 with the first occurrence of each text replaced."""
    text = next(path for path in shipped() if "2026" in path.name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def line_with(path: Path, text: str) -> int:
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


def test_the_shipped_policies_may_be_used() -> None:
    assert judge(shipped(), not_served()) == []
    for policy, _, _ in policies():
        assert findings(policy) == []
    result = RUN.invoke(group, ["lint"])
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert "default-2022.yaml、default-2026.yaml" in result.stdout


def test_every_entry_has_its_line() -> None:
    file = read_policy(next(path for path in shipped() if "2026" in path.name))
    lines = (
        (Path(__file__).resolve().parents[2] / "data_contracts/policies/default-2026.yaml")
        .read_text("utf-8")
        .splitlines()
    )
    assert "version: default-2026" in lines[file.lines["version"] - 1]
    assert re.match(r"  GEN:", lines[file.lines["tasks.GEN"] - 1])
    assert lines[file.lines["tasks.FOOD.levels.L4.rate_e4"] - 1].lstrip().startswith("L4: {rate_e4: 10000")
    assert "kind: general" in lines[file.lines["tasks.GEN.legal_basis[1].kind"] - 1]
    assert line_of(file.lines, "tasks.GEN.levels.A.nothing") == file.lines["tasks.GEN.levels.A"]
    assert line_of(file.lines, "nothing") == file.lines[""]


def test_a_finding_names_file_line_and_clause(tmp_path: Path) -> None:
    path = rewritten(
        tmp_path, ("rate_e4: 1000, rounding: at_least, minimum: 3", "rate_e4: 200, rounding: at_least, minimum: 3")
    )
    result = RUN.invoke(group, ["lint", str(path)])
    assert result.exit_code == 1
    line = line_with(path, "rate_e4: 200, rounding: at_least, minimum: 3")
    told = result.stdout.splitlines()
    assert any(
        each.startswith(f"draft.yaml:{line}: 抽查政策 tasks.GEN.levels.C.rate_e4：") and "R-10" in each for each in told
    )


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ([("team_size: 2", "team_size: two")], "team_size: two", "tasks.GEN.team_size：应是 1 到 20 的整数"),
        ([("    lane: generic\n", "")], "  GEN:", "tasks.GEN.lane：缺少这一项"),
        ([("round_prefix: YC", "round_prefix: YC\nround_prefix: XX")], "round_prefix: XX", "这个键写了两次"),
        ([("version: default", "version: [default")], None, "不合 YAML 写法"),
        ([("spec: ssj-policy-v1", "spec: ssj-policy-v1\nspeck: 1")], "speck: 1", "speck：不认识的键"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, changes: list[tuple[str, str]], where: str | None, said: str
) -> None:
    path = rewritten(tmp_path, *changes)
    with pytest.raises(PolicyFileError) as caught:
        read_policy(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    if where is not None:
        assert caught.value.line == line_with(path, where)
    result = RUN.invoke(group, ["lint", str(path)])
    assert result.exit_code == 1 and f"draft.yaml:{caught.value.line}: " in result.stdout


def test_other_files_that_are_no_policies(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00x")
    (tmp_path / "empty.yaml").write_bytes(b"")
    for name in ("bytes.yaml", "empty.yaml", "missing.yaml"):
        with pytest.raises(PolicyFileError):
            read_policy(tmp_path / name)


def test_names_from_outside() -> None:
    known = known_names()
    assert {"A07", "C14", "S01"} <= set(known.items) and "D01" not in known.items
    assert len(known.counties) == 14 and set(known.counties) < set(known.units)
    assert {"food_sales", "standard", "testing"} <= set(known.fields)
    assert set(known.exploratory_sources) == {"utility_signal", "association_signal", "platform_signal"}


def test_an_undeclared_gap_and_an_overlap_are_told(tmp_path: Path) -> None:
    this = rewritten(tmp_path)
    later = rewritten(
        tmp_path,
        ("valid_from: 2026-01-01", "valid_from: 2028-01-01"),
        ("valid_to: 2026-12-31", "valid_to: 2028-12-31"),
        name="z.yaml",
    )
    (told,) = judge([this, later], not_served())
    assert (told.name, told.line) == ("z.yaml", line_with(later, "valid_from"))
    assert "2027-01 至 2027-12 没有政策" in told.sentence
    same = rewritten(tmp_path, name="again.yaml")
    assert "重叠" in judge([this, same], not_served())[0].sentence


def test_a_year_without_a_policy_says_why() -> None:
    assert set(not_served()) == {f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)}
    with pytest.raises(PolicyError, match="2024-06 没有抽查政策：市局没有提供"):
        policy_for("2024-06")
    with pytest.raises(PolicyError, match="2027-01 应恰有一份"):
        policy_for("2027-01")


def lake(home: Path) -> None:
    """A month of one county: eight restaurants, four of A in observation and four of B, all of field grade B."""
    folder = home / "lake" / "2026-10" / ("0" * 16)
    folder.mkdir(parents=True)
    (folder.parent / "current").write_text(folder.name, encoding="ascii")
    (folder / "basis.json").write_text(json.dumps({"as_of": "2026-10-31", "demonstration": True}), encoding="utf-8")
    uids = [f"U{n}" for n in range(8)]
    day = date(2026, 1, 1)
    month = [
        {
            "uid": uid, "county": "140802", "credit_grade": "A" if n < 4 else "B", "is_new_form": n < 4, "is_live": True,
            "in_jurisdiction": True, "established_on": day,
        }
        for n, uid in enumerate(uids)
    ]  # fmt: skip
    texts = {"visit": ("uid", "task"), "draw_history": ("task", "uid", "draw_month", "stratum")}
    empty = {name: {column: pa.array([], pa.string()) for column in columns} for name, columns in texts.items()}
    empty["visit"] |= {"visited_on": pa.array([], pa.date32()), "month_number": pa.array([], pa.int64())}
    empty["draw_history"] |= {"is_voided": pa.array([], pa.bool_())}
    days = {name: pa.array([], pa.date32()) for name in ("listed_on", "expires_on")}
    white = {
        "uscc": pa.array([], pa.string()),
        "tasks": pa.array([], pa.string()),
        "is_current": pa.array([], pa.bool_()),
    }
    tables = {
        "enterprise_month": pa.Table.from_pylist(month),
        "subject": pa.table({"uid": uids, "industry_code": ["6210"] * 8}),
        "population": pa.table({"uid": uids, "county": ["140802"] * 8, "type": ["enterprise"] * 8}),
        "subject_field": pa.table(
            {"uid": uids, "field_code": ["catering"] * 8, "field_grade": ["B"] * 8, "is_key_unit": [False] * 8}
        ),
        "subject_licence": pa.table({"uid": pa.array([], pa.string()), "licence_words": pa.array([], pa.string())}),
        "accepted_white_list": pa.table(white | days),
        **{name: pa.table(columns) for name, columns in empty.items()},
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")


def test_diff_runs_the_plans_own_joins_under_both(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lake(home)
    old = rewritten(tmp_path, name="old.yaml")
    raised = ("L2: {rate_e4: 500, rounding: unbiased", "L2: {rate_e4: 750, rounding: unbiased")
    new = rewritten(tmp_path, raised, ("version: default-2026.2", "version: default-2026.3"), name="new.yaml")
    result = RUN.invoke(group, ["diff", str(old), str(new), "--month", "2026-10", "--home", str(home)])
    assert result.exit_code == 0, result.output
    said = result.stdout
    assert "演示数据" in said and "default-2026.2）→ new.yaml（default-2026.3" in said
    # 8 restaurants of level L2: 0.4 visits a year at 5 %, 0.6 at 7.5 %; half of them of each grade
    assert "CATER 餐饮服务监督检查：本月 0.0→0.1（+0.0），全年 0.4→0.6（+0.2）；非现场 0.0→0.0（+0.0）" in said
    # price: 4 of A at 3 %, 4 of B at 5 %, off-site; no observation for firms of a key field
    assert "PRICE 价格行为检查：本月 0.0→0.0（+0.0），全年 0.0→0.0（+0.0）；非现场 0.3→0.3（+0.0）" in said
    assert "按检查主体" in said and "140802 盐湖区市场监督管理局：" in said
    assert re.search(r"  A：本月 .*全年 0\.2→0\.3（\+0\.1）", said)
    broken = rewritten(tmp_path, ("team_size: 2", "team_size: 1"), name="broken.yaml")
    refused = RUN.invoke(group, ["diff", str(old), str(broken), "--month", "2026-10", "--home", str(home)])
    assert isinstance(refused.exception, PolicyFileError) and "broken.yaml:" in str(refused.exception)
    nowhere = RUN.invoke(group, ["diff", str(old), str(new), "--month", "2026-10", "--home", str(tmp_path / "none")])
    assert "还没有运行过任何月份" in str(nowhere.exception)
