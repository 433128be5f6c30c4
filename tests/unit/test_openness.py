"""A public file can only be built from 公 columns: refused when contracts are loaded, not at review (R-38)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlglot
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


# Handed to the SQL beside the tables, under no contract: published names, and by what a task is laid in strata.
LISTS = {"unit.unit_name", "task_word.task_name", "result_word.result_words", "policy_task.stratum_by"}
# Made of the ledger and the certificate, without SQL (tests/unit/test_public_rounds).
WITHOUT_SQL = {"round_public"}


def read_by(sql: str, column: str) -> set[str]:
    """The columns of tables, `table.column`, of which the SQL makes one of its columns."""
    schema = {each.name: {c.name: c.physical_type for c in each.columns} for each in output_contracts()}
    nodes = lineage(column, sql, schema=schema, dialect="duckdb").walk()
    return {
        f"{node.expression.name}.{node.name.rpartition('.')[2]}".replace('"', "")
        for node in nodes
        if isinstance(node.expression, exp.Table)
    }


def order_read(sql: str) -> dict[str, set[str]]:
    """What each key of the final ORDER BY, `place_1` and so on, is made of: the order of rows tells too."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(query, exp.Select)
    found = {}
    for number, key in enumerate(query.args["order"].expressions, 1):
        if not (isinstance(key.this, exp.Column) and not key.this.table and key.this.name in query.named_selects):
            name = f"place_{number}"
            found[name] = read_by(query.select(exp.alias_(key.this.copy(), name)).sql(dialect="duckdb"), name)
    return found


def unexplained(sql: str, contract: Contract) -> list[str]:
    """What of a public table, or of its order, the SQL makes of columns that are not 公 or are under no contract.

    Columns with a written reason are passed over.
    """
    public = LISTS | {
        f"{t.name}.{c.name}" for t in output_contracts() for c in t.columns if c.classification == "public"
    }
    told = {column.name: read_by(sql, column.name) for column in contract.columns if not column.public_reason}
    told |= order_read(sql)
    return [f"{contract.name}.{name} <- {read}" for name, columns in told.items() for read in sorted(columns - public)]


def public_sql(checkout: Path) -> dict[str, str]:
    names = [contract.name for contract in output_contracts() if contract.openness == "主动公开"]
    paths = {name: checkout / "sql" / "reports" / f"{name}.sql" for name in names}
    return {name: path.read_text("utf-8") for name, path in paths.items() if path.exists()}


def test_the_sql_of_public_files_reads_only_public_columns_or_says_why(checkout: Path) -> None:
    texts = public_sql(checkout)
    public = {contract.name for contract in output_contracts() if contract.openness == "主动公开"}
    assert texts.keys() == public - WITHOUT_SQL and public > WITHOUT_SQL
    assert "inspection_outcome.result_code" in read_by(texts["results_public"], "result_words")  # through its steps
    assert [each for name, sql in texts.items() for each in unexplained(sql, public_contract(name))] == []


def test_a_sensitive_column_renamed_in_the_sql_is_found(checkout: Path) -> None:
    sql = public_sql(checkout)["drawn_public"].replace("unit_name as unit\n", "unit_name || strata as unit\n")
    sql = sql.replace("unit_name as unit,", "unit_name || strata as unit,")
    assert unexplained(sql, public_contract("drawn_public")) == ["drawn_public.unit <- drawn_subjects.strata"]


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("results_public", "order by sha256(uid),", "order by way, sha256(uid),", "place_1 <- inspection_outcome.origin"),
        ("county_totals_public", "order by c.round_id", "order by max(d.rank), c.round_id", "place_1 <- drawn_in_force.rank"),
        ("county_totals_public", "u.unit_name as unit,", "max(d.target_e4) as unit,", "unit <- drawn_in_force.target_e4"),
        ("county_totals_public", "u.unit_name as unit,", "u.leader as unit,", "unit <- unit.leader"),
        ("plan_public", "s.initiator,", "t.rate_words as initiator,", "initiator <- policy_task.rate_words"),
    ],
)  # fmt: skip
def test_an_order_or_a_list_that_tells_more_is_found(checkout: Path, name: str, old: str, new: str, told: str) -> None:
    sql = public_sql(checkout)[name]
    if "way" in new:
        sql = sql.replace("min(public_on) as public_on", "min(public_on) as public_on, max(origin) as way")
        sql = sql.replace("o.uid,", "o.uid, o.origin,", 1)
    assert old in sql
    assert unexplained(sql.replace(old, new, 1), public_contract(name)) == [f"{name}.{told}"]


def test_the_shipped_contracts_pass_the_lint() -> None:
    assert [each for each in lint() if "public" in each] == []
