"""A public file can only be built from 公 columns: refused when contracts are loaded, not at review (R-38)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlglot import exp
from sqlglot.lineage import lineage

from data_contracts import model
from data_contracts.lint import lint
from data_contracts.model import Contract, ContractError, load_contracts, output_contracts, public_contract

PLAN, LIST = "outputs/plan_public.yaml", "outputs/drawn_public.yaml"
END = "      - {name: plan_id, required: true, primaryKey: true, primaryKeyPosition: 1}\n"
OWN = "description: 说明。, logicalType: string"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("fields", "sources", "outputs", "confidential", "reference"):
        shutil.copytree(model.ROOT / folder, tmp_path / folder)
    return tmp_path


def refusal(root: Path, name: str, old: str, new: str) -> str:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ContractError) as told:
        load_contracts(root, "output")
    return str(told.value)


def test_the_contracts_as_they_are_can_be_loaded(root: Path) -> None:
    assert {c.name for c in load_contracts(root, "output")} == {c.name for c in output_contracts()}


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("{name: stratum}", "却有不是公开级的字段 stratum"),
        ("{name: unit_code}", "却有不是公开级的字段 unit_code"),
        # The same column, declared public here.
        ("{name: stratum, classification: public}", "stratum 在数据字典中不是公开级"),
        ("{name: credit_grade, classification: public}", "credit_grade 在数据字典中不是公开级"),
        ("{name: ratio_annual, businessName: 数, classification: public, " + OWN + "}", "publicReason"),
        ("{name: on_site, businessName: 现场, classification: public, " + OWN + "}", "on_site 在契约 sampling_plan"),
        # The same column under another name.
        ("{name: kind_of_firm, businessName: 监管档次, classification: public, " + OWN + "}", "同名“监管档次”"),
        ("{name: level_code, businessName: 类, classification: public, " + OWN + "}", "level_code（类）的名称涉及等级"),
        ("{name: group_word, businessName: 企业分档, classification: public, " + OWN + "}", "名称涉及等级"),
        ("{name: head_words, businessName: 法定代表人, classification: public, " + OWN + "}", "或个人"),
        ("{name: mobile, businessName: 号码, classification: public, " + OWN + "}", "或个人"),
    ],
)
def test_a_public_contract_with_a_column_that_is_not_public_is_not_loaded(root: Path, column: str, told: str) -> None:
    sentence = refusal(root, PLAN, END, f"{END}      - {column}\n")
    assert "outputs/plan_public.yaml" in sentence and told in sentence


def test_a_written_reason_lets_a_column_through_and_an_empty_one_does_not(root: Path) -> None:
    reason = "{name: n_sum, businessName: 各档次合计, classification: public, " + OWN + ", customProperties: [%s]}"
    path = root / PLAN
    text = path.read_text("utf-8")
    extra = reason % "{property: publicReason, value: 只有合计，说明不了任何一户}"
    path.write_text(text.replace(END, f"{END}      - {extra}\n"), "utf-8")
    assert any(
        c.public_reason for c in next(c for c in load_contracts(root, "output") if c.name == "plan_public").columns
    )
    load_contracts.cache_clear()
    assert "没有说清" in refusal(root, PLAN, "只有合计，说明不了任何一户", "可以")


def test_a_reason_never_makes_a_sensitive_class_public(root: Path) -> None:
    column = "{name: stratum, customProperties: [{property: publicReason, value: 已有书面理由并经批准}]}"
    assert "却有不是公开级的字段 stratum" in refusal(root, PLAN, END, f"{END}      - {column}\n")


def test_openness_and_the_name_of_a_public_file_go_together(root: Path) -> None:
    assert "两者须一致" in refusal(root, PLAN, "value: 主动公开", "value: 不予公开")


def test_an_internal_table_cannot_be_declared_public(root: Path) -> None:
    assert "drawn_subjects" in refusal(root, "outputs/drawn_subjects.yaml", "value: 不予公开", "value: 主动公开")


def test_a_public_writer_is_made_for_public_contracts_only() -> None:
    assert public_contract("drawn_public").openness == "主动公开"
    for name in ("drawn_subjects", "sampling_plan", "leak_meter"):
        with pytest.raises(ContractError, match="不是主动公开的"):
            public_contract(name)


def unexplained(sql: str, contract: Contract) -> list[str]:
    """Columns of a public table that its SQL makes of columns that are not 公, without a written reason."""
    known = {each.name: each for each in output_contracts()}
    schema = {name: {c.name: c.physical_type for c in each.columns} for name, each in known.items()}
    found = []
    for column in contract.columns:
        for node in lineage(column.name, sql, schema=schema, dialect="duckdb").walk():
            table = known.get(node.expression.name) if isinstance(node.expression, exp.Table) else None
            read = node.name.rpartition(".")[2].strip('"')
            if table is None or read not in table.column_names or column.public_reason:
                continue
            if table.column(read).classification != "public":
                found.append(f"{contract.name}.{column.name} <- {table.name}.{read}")
    return found


def public_sql(checkout: Path) -> dict[str, str]:
    names = [contract.name for contract in output_contracts() if contract.openness == "主动公开"]
    paths = {name: checkout / "sql" / "reports" / f"{name}.sql" for name in names}
    return {name: path.read_text("utf-8") for name, path in paths.items() if path.exists()}


def test_the_sql_of_public_files_reads_only_public_columns_or_says_why(checkout: Path) -> None:
    texts = public_sql(checkout)
    assert {"plan_public", "drawn_public", "results_public", "county_totals_public"} <= set(texts)
    assert [each for name, sql in texts.items() for each in unexplained(sql, public_contract(name))] == []


def test_a_sensitive_column_renamed_in_the_sql_is_found(checkout: Path) -> None:
    sql = public_sql(checkout)["drawn_public"].replace("unit_name as unit\n", "unit_name || strata as unit\n")
    sql = sql.replace("unit_name as unit,", "unit_name || strata as unit,")
    assert unexplained(sql, public_contract("drawn_public")) == ["drawn_public.unit <- drawn_subjects.strata"]


def test_the_shipped_contracts_pass_the_lint() -> None:
    assert [each for each in lint() if "public" in each] == []
