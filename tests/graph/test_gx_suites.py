"""Great Expectations over DuckDB: right counts, no value told, crashes apart from failures, and a quiet end."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from data_contracts.model import Contract, Rule, output_contracts, source_contract, source_contracts
from pipelines.checks.judge import Crash, Finding, judging, run_suite

ORIGIN = {"row_id": "VARCHAR", "received_at": "TIMESTAMP", "is_current": "BOOLEAN", "formed_on": "DATE"}
CANARY = "KANARIENVOGEL"


def stored(contract: Contract, folder: Path, rows: list[dict[str, object]]) -> Path:
    """Rows as an accepted table of this contract."""
    columns = {column.name: column.physical_type for column in contract.columns} | ORIGIN
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        for row in rows:
            connection.execute(
                f"insert into t ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values())
            )
        path = folder / f"{contract.name}.parquet"
        connection.table("t").write_parquet(str(path))
    return path


def inspector(number: int, **changes: object) -> dict[str, object]:
    row = {"inspector_id": f"I-{number}", "unit_code": "140802", "county": "140802", "specialties": "食品销售;计量"}
    row |= {"days": 10, "load_cap": 20, "valid_until": "2027-12-31", "status": "active"}
    return row | {"row_id": f"r{number}", "received_at": "2026-10-08", "is_current": True} | changes


@pytest.fixture
def contract() -> Contract:
    """The inspectors' contract with rules whose text GX or SQLAlchemy could take for their own."""
    rules = (
        Rule(
            "braces_and_colons", ("inspector_id",), "error", "regexp_matches(inspector_id, '^(?:I-9{1,2}|:x)$')", "。"
        ),
        Rule("per_cent", ("specialties",), "warning", "specialties LIKE '%计量%' AND days::BIGINT > 10", "。"),
    )
    return replace(source_contract("inspector"), rules=rules)


def test_what_is_right_passes(contract: Contract, tmp_path: Path) -> None:
    result = run_suite(contract, stored(contract, tmp_path, [inspector(1), inspector(2)]))
    assert result.success
    assert result.failed == result.warned == result.raised == ()
    assert result.evaluated > 10
    assert result.sentence() == f"{result.evaluated} 项约定；全部符合"


def test_each_kind_of_fault_is_counted_and_no_value_told(
    contract: Contract, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rows = [
        inspector(1),
        inspector(1, row_id="old", is_current=False),  # an older version of the same key is no fault
        inspector(2, status=None),
        inspector(3, status=CANARY),
        inspector(4, unit_code=CANARY.lower()),
        inspector(5),
        inspector(5, row_id="twice"),
        inspector(9),
        inspector(99),
        inspector(6, days=11),
    ]
    result = run_suite(contract, stored(contract, tmp_path, rows))
    assert not result.success
    assert result.failed == (
        Finding("braces_and_colons", 2),
        Finding("pattern:unit_code", 1),
        Finding("required:status", 1),
        Finding("unique:inspector_id", 2),
        Finding("values:status", 1),
    )
    assert result.warned == (Finding("per_cent", 1),)
    assert result.raised == ()
    assert "unique:inspector_id 2 行" in result.sentence()
    told = "".join([*capfd.readouterr(), caplog.text, repr(result)]).upper()
    assert CANARY not in told


def test_a_warning_alone_does_not_fail(contract: Contract, tmp_path: Path) -> None:
    result = run_suite(contract, stored(contract, tmp_path, [inspector(1, days=11)]))
    assert result.success
    assert result.warned == (Finding("per_cent", 1),)


def test_a_crashed_expectation_is_not_a_failed_one(contract: Contract, tmp_path: Path) -> None:
    rule = Rule("no_such_column", (), "error", "gone = 1", "。")
    path = stored(contract, tmp_path, [inspector(1)])
    result = run_suite(replace(contract, rules=(rule,)), path)
    assert not result.success
    assert result.failed == ()
    assert [crash.rule_id for crash in result.raised] == ["no_such_column"]
    assert isinstance(result.raised[0], Crash) and result.raised[0].error.endswith(("Error", "Exception"))
    assert "未能评判：no_such_column" in result.sentence()


def test_a_crashed_expectation_hides_no_other(contract: Contract, tmp_path: Path) -> None:
    rules = (*contract.rules, Rule("no_such_column", (), "error", "gone = 1", "。"))
    path = stored(contract, tmp_path, [inspector(1, status=None), inspector(9), inspector(2, days=11)])
    result = run_suite(replace(contract, rules=rules), path)
    assert [crash.rule_id for crash in result.raised] == ["no_such_column"]
    assert result.failed == (Finding("braces_and_colons", 1), Finding("required:status", 1))
    assert result.warned == (Finding("per_cent", 1),)
    assert result.evaluated == run_suite(contract, path).evaluated + 1


def test_tables_judged_together_are_not_mixed_up(contract: Contract, tmp_path: Path) -> None:
    conflict = source_contract("inspector_conflict")
    tables = {
        contract.name: stored(contract, tmp_path, [inspector(1, status=None)]),
        conflict.name: stored(conflict, tmp_path, []),
    }
    with judging(tables) as judge:
        assert judge(conflict).success
        assert judge(contract).failed == (Finding("required:status", 1),)


def test_a_compound_key_with_gaps_is_unique_too(tmp_path: Path) -> None:
    register = replace(source_contract("register"), rules=())
    row = {"party_name": "甲", "subject_type": "enterprise", "status": "in_operation", "established_on": "2020-01-01"}
    row |= {"is_current": True, "reg_no": "140800000000001"}
    twice = run_suite(register, stored(register, tmp_path, [row, row]))
    assert twice.failed == (Finding("unique:uscc,reg_no", 2),)
    other = row | {"reg_no": "140800000000002"}
    assert run_suite(register, stored(register, tmp_path, [row, other])).success


def test_too_few_and_too_many_rows(contract: Contract, tmp_path: Path) -> None:
    path = stored(contract, tmp_path, [inspector(1)])
    assert run_suite(replace(contract, min_rows=2, max_rows=None), path).failed == (Finding("min_rows", 1),)
    (tmp_path / "none").mkdir()
    none = run_suite(replace(contract, min_rows=1, max_rows=None), stored(contract, tmp_path / "none", []))
    assert not none.success
    assert none.failed == (Finding("min_rows", 0),)
    many = run_suite(replace(contract, min_rows=None, max_rows=0), path)
    assert many.success
    assert many.warned == (Finding("max_rows", 1),)


def test_every_contract_can_be_judged(tmp_path: Path) -> None:
    contracts = [*source_contracts(), *(contract for contract in output_contracts() if contract.rules)]
    for contract in contracts:
        result = run_suite(contract, stored(contract, tmp_path, []))
        assert result.evaluated > 0, contract.name
        assert result.raised == (), contract.name
        assert {finding.rule_id for finding in result.failed} <= {"min_rows"}, contract.name


def test_a_missing_table_is_told_in_one_sentence(contract: Contract, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.parquet 不存在，请先生成它"):
        run_suite(contract, tmp_path / "nothing.parquet")


def test_nothing_is_printed_at_the_end(contract: Contract, tmp_path: Path, checkout: Path) -> None:
    """DuckDB's binding reports objects that outlive the interpreter; a run that went well must end in silence."""
    path = stored(contract, tmp_path, [inspector(1)])
    code = (
        "import sys, pathlib\n"
        "from data_contracts.model import source_contract\n"
        "from pipelines.checks.judge import run_suite\n"
        "print(run_suite(source_contract('inspector'), pathlib.Path(sys.argv[1])).success)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
    assert done.stderr == ""
