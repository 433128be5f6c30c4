"""Two judges, one count: what SQL writes down row by row, Great Expectations finds in the whole table.

Here: a city with planted faults, each source's delivered rows converted a third way (plain Python, in this file), judged by
the suite, and compared with the rules on the quarantine list and the warnings of the accepted rows. Not here: identity
and amounts (they need more than the row), types of optional columns (a suite sees them only as empty).
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.model import Column, Contract
from data_contracts.registry import sources
from tests.e2e.conftest import Outcome

NOTHING = {"", "N/A", "n/a", "NULL", "null", "/", "／", "无", "—", "——", "-", "－", "--", "空"}
NO_END = {"长期", "永久", "长期有效", "永久有效", "无固定期限", "2099-12-31", "9999-09-09"}
ARROW = {
    "VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(),
    "DECIMAL(18,6)": pa.decimal128(18, 6),
}  # fmt: skip
SKIPPED = ("uscc.", "reg_no.", "key_conflict", "withdrawal")


def text_of(raw: str | None, column: Column) -> str | None:
    text = (raw or "").strip(" \t\r\n　")
    return None if text in NOTHING and text not in column.values else text


def day_of(text: str) -> date | None:
    if text in NO_END:
        return date(9999, 12, 31)
    if text.isdigit() and len(text) == 5:
        return date(1899, 12, 30) + timedelta(days=int(text))
    for style in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日"):
        try:
            found = datetime.strptime(text, style).date()
        except ValueError:
            continue
        return found if found.year < 2200 else date(9999, 12, 31)
    return None


def moment_of(text: str) -> datetime | None:
    for style in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        with suppress(ValueError):
            return datetime.strptime(text, style)
    return None


def value_of(raw: str | None, column: Column) -> Any:
    """A cell as the contract types it, by the plainest of means; None where it cannot be."""
    text = text_of(raw, column)
    if text is None:
        return None
    if column.logical_type == "boolean":
        return {"true": True, "false": False}.get(column.values.get(text, ""))
    if column.values:
        return column.values.get(text)
    if column.logical_type == "date":
        return day_of(text.split(" ")[0])
    if column.logical_type == "timestamp":
        return moment_of(text)
    if column.logical_type in ("number", "integer"):
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            return None
        return int(number) if column.logical_type == "integer" else number.quantize(Decimal("0.000001"))
    return text


def converted(contract: Contract, delivered: list[dict], skip: set[str]) -> pa.Table:
    """The delivered rows typed, without those that SQL put aside for another reason than a rule of the row."""
    rows = []
    for row in delivered:
        row_id = f"{row['file_sha256'][:16]}:{row['sheet']}:{row['row_no']}" + (
            f"#{row['part_no']}" if row["part_no"] > 1 else ""
        )
        if row_id not in skip and not row["is_withdrawal"]:
            cells = {column.name: value_of(row[column.name], column) for column in contract.columns}
            rows.append(cells | {"received_at": row["received_at"], "is_current": True})
    shape = [pa.field(c.name, ARROW[c.physical_type]) for c in contract.columns]
    shape += [pa.field("received_at", pa.timestamp("us")), pa.field("is_current", pa.bool_())]
    return pa.Table.from_pylist(rows, schema=pa.schema(shape))


def comparable(contract: Contract) -> list[Column]:
    """Columns that a row fills by itself."""
    return [c for c in contract.columns if c.check is None and not c.unit and c.name not in ("uscc", "reg_no")]


def by_sql(outcome: Outcome, contract: Contract) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in outcome.table("quarantined"):
        if row["source"] == contract.name:
            found.update(row["rule_ids"].split(";"))
    for row in outcome.table(f"accepted_{contract.name}"):
        found.update((row["warnings"] or "").split(";"))
    return found


@pytest.mark.parametrize("name", [source.name for source in sources() if source.connected])
def test_great_expectations_counts_what_sql_wrote_down(finished: Outcome, tmp_path: Path, name: str) -> None:
    from pipelines.checks.judge import run_suite

    contract = next(source.contract for source in sources() if source.name == name)
    elsewhere = {row["row_id"] for row in finished.table("duplicates")}
    elsewhere |= {
        row["row_id"]
        for row in finished.table("quarantined")
        if any(rule.startswith(SKIPPED) for rule in row["rule_ids"].split(";"))
    }
    refused = {row["row_id"] for row in finished.table("quarantined")}
    judged: dict[str, int] = {}
    # A row put aside for an error is not warned of as well: errors over all rows, warnings over those that stay.
    for severity, skip in (("failed", elsewhere), ("warned", elsewhere | refused)):
        path = tmp_path / f"{severity}.parquet"
        pq.write_table(converted(contract, finished.table(f"delivered_{name}"), skip), path)
        result = run_suite(contract, path)
        assert result.raised == ()
        judged |= {finding.rule_id: finding.rows for finding in getattr(result, severity)}

    written = by_sql(finished, contract)
    columns = {column.name for column in comparable(contract)}
    expected: Counter[str] = Counter()
    for column in comparable(contract):
        kinds = ("required", "type", "check") if column.values else ("required", "type")
        if column.required:
            expected[f"required:{column.name}"] = sum(written[f"{column.name}.{kind}"] for kind in kinds)
        if column.pattern and not column.values:
            expected[f"pattern:{column.name}"] = written[f"{column.name}.check"]
    readable = {rule.id for rule in contract.rules if set(rule.columns) <= columns}
    expected.update({rule: written[rule] for rule in readable})
    assert {rule: rows for rule, rows in judged.items() if rule in expected} == +expected


def test_the_comparison_is_of_something(finished: Outcome) -> None:
    """Otherwise two empty lists would agree."""
    rules = {rule for source in sources() for rule in by_sql(finished, source.contract) if rule}
    assert len(rules) > 25
