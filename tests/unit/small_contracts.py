"""A small source contract for the tests of readers and of the split: one column of every kind, rules of both severities.

Here: contracts made by hand, valid identifiers, rows as they stand in `delivered`. Not here: the project's own contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from data_contracts.model import Column, Contract, Rule

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def column(name: str, title: str, logical_type: Any = "string", **more: Any) -> Column:
    """A column with reasons made of its title."""
    types = {"date": "DATE", "number": "DECIMAL(18,6)", "integer": "BIGINT", "boolean": "BOOLEAN"}
    made = Column(
        name=name,
        title=title,
        description=title,
        logical_type=logical_type,
        physical_type=types.get(logical_type, "VARCHAR"),
        required=False,
        classification="public",
        aliases=(),
        values={},
        pattern=None,
        check=None,
        required_reason=f"「{title}」为空",
        type_reason=f"「{title}」不能换算",
        check_reason=f"「{title}」不对",
    )
    return replace(made, **more)


PERMIT = Contract(
    name="permit",
    title="许可样表",
    kind="source",
    group="collected",
    description="测试用",
    responsible_unit="XY",
    openness="主动公开",
    classification="public",
    columns=(
        column("uscc", "统一社会信用代码", required=True, check="uscc", aliases=("信用代码",)),
        column("reg_no", "注册号", check="reg_no"),
        column("party_name", "企业名称", required=True, aliases=("行政相对人名称",)),
        column("doc_no", "文书号", required=True),
        column("kind", "类别", values={"普通": "ordinary", "特许": "special"}),
        column("signed_on", "决定日期", "date", required=True),
        column("ended_on", "撤销日期", "date"),
        column("fine_wan", "罚款金额（万元）", "number"),
        column("days", "天数", "integer"),
        column("is_key", "重点单位", "boolean", values={"是": "true", "否": "false"}),
        column("ticket", "编号", pattern="[A-Za-z0-9._-]+"),
    ),
    primary_key=("doc_no", "uscc"),
    rules=(
        Rule("fine_negative", ("fine_wan",), "error", "fine_wan < 0", "罚款金额为负"),
        Rule("signed_in_future", ("signed_on",), "error", "signed_on > CAST(received_at AS DATE)", "决定日期晚于送达"),
        Rule("days_many", ("days",), "warning", "days > 31", "天数过多"),
        Rule("kind_missing", ("kind",), "warning", "kind IS NULL", "没有类别"),
    ),
    formed_on=("ended_on", "signed_on"),
    ignored_headers=("序号", "法定代表人"),
    min_rows=None,
    max_rows=None,
    sha256="0" * 64,
)


def uscc(number: int) -> str:
    """The number-th valid credit code."""
    body = f"91140800{number:09d}"
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + ALPHABET[-total % 31]


def row(number: int = 1, **cells: str | None) -> dict[str, str | None]:
    """The cells of a faultless row, by column name; `cells` replace some."""
    sound: dict[str, str | None] = {
        "uscc": uscc(number),
        "party_name": f"样例{number}号商店",
        "doc_no": f"文{number}号",
        "kind": "普通",
        "signed_on": "2026-09-01",
    }
    return {**dict.fromkeys(PERMIT.column_names), **sound, **cells}


def delivered(
    rows: Iterable[Mapping[str, str | None]],
    *,
    delivery: str = "D1",
    received: str = "2026-10-08T09:30:00",
    withdrawal: bool = False,
    contract: Contract = PERMIT,
) -> pa.Table:
    """Rows of one delivery as the split reads them; `row_no`, `part_no`, `corrects_row_id` of a row may be given."""
    listed = [dict(entry) for entry in rows]
    table = pa.Table.from_pylist(listed, pa.schema([(name, pa.string()) for name in contract.column_names]))
    digest = delivery.encode().hex().ljust(64, "0")
    for name, value in (("delivery_id", delivery), ("file_name", "a.csv"), ("file_sha256", digest), ("sheet", "")):
        table = table.append_column(name, pa.repeat(pa.scalar(value), len(listed)))
    numbers: list[Any] = [entry.get("row_no", place) for place, entry in enumerate(listed, 2)]
    table = table.append_column("row_no", pa.array(numbers, pa.int64()))
    table = table.append_column("part_no", pa.array([e.get("part_no", 1) for e in listed], pa.int64()))
    table = table.append_column("corrects_row_id", pa.array([e.get("corrects_row_id") for e in listed], pa.string()))
    table = table.append_column("is_withdrawal", pa.repeat(pa.scalar(withdrawal), len(listed)))
    moment = pa.scalar(datetime.fromisoformat(received), pa.timestamp("us"))
    return table.append_column("received_at", pa.repeat(moment, len(listed)))
