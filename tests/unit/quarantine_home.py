"""A data folder with a few deliveries, read and split as a month does it, for the tests of the quarantine.

Here: deliveries of the register, penalties and grades; one `run`. Not here: Dagster (tests/e2e).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from data_contracts.model import Contract, source_contract
from resources.engines.amounts import amount_table, amount_texts
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine, sql_text
from resources.inbox import InboxError, find_deliveries, read_file
from resources.lake import MonthLake
from resources.settings import Home
from tests.unit.small_contracts import uscc

MONTH = "2026-10"
SOURCES = ("register", "penalty", "grade_snapshot")
UNITS = {
    "DA": "企业档案数据中心",
    "140802": "盐湖区市场监督管理局",
    "140881": "永济市市场监督管理局",
    "SJ-PT": "省局平台",
    "XB": "消保科",
    "JJ": "价监科",
}


def penalty(number: int, **changes: str) -> dict[str, str]:
    """A penalty's cells under the contract's names; sound unless changed."""
    return {
        "party_name": f"样例{number}号商店",
        "uscc": uscc(number),
        "decision_no": f"运盐市监处罚〔2026〕{number}号",
        "violation_type": "无照经营",
        "violation_facts": "=未经登记从事经营活动",
        "legal_basis": "市场主体登记管理条例第四十三条",
        "penalty_type": "罚款",
        "penalty_content": "罚款五千元",
        "fine_wan": "0.5",
        "decision_date": "2026-10-08",
        "publish_until": "2027-10-08",
        "authority": "盐湖区市场监督管理局",
        "source_unit": "盐湖区市场监督管理局",
    } | changes


def grade(number: int, **changes: str) -> dict[str, str]:
    """A grade's cells; sound unless changed."""
    return {
        "snapshot_month": MONTH, "uscc": uscc(number), "party_name": f"样例{number}号商店", "credit_grade": "B", "graded_on": "2026-09-28",
    } | changes  # fmt: skip


def subject(number: int) -> dict[str, str]:
    """A row of the register."""
    return {
        "uscc": uscc(number), "party_name": f"样例{number}号商店", "subject_type": "企业", "status": "存续", "established_on": "2020-01-01",
    }  # fmt: skip


def write_xlsx(path: Path, contract: Contract, rows: Sequence[Mapping[str, str]]) -> None:
    """The rows as a workbook with a title above the header."""
    names = [name for name in contract.column_names if contract.column(name).required or any(name in r for r in rows)]
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    page = book.add_worksheet("报送")
    page.write_string(0, 0, f"{contract.title}（报送表）")
    for place, name in enumerate(names):
        page.write_string(1, place, contract.column(name).title)
        for number, row in enumerate(rows, start=2):
            page.write_string(number, place, row.get(name, ""))
    book.close()


def deliver(
    home: Home,
    delivery_id: str,
    unit: str,
    source: str,
    rows: Sequence[Mapping[str, str]] | Path,
    *,
    received_at: str = "2026-10-12T09:30:00+08:00",
    generated: bool = True,
    count: int = 0,
    withdrawal: bool = False,
) -> Path:
    """One delivery folder with one file: rows, or a file of `count` rows as it came back; returns the file."""
    folder = home.inbox / delivery_id
    folder.mkdir(parents=True)
    path = folder / f"{source}.xlsx"
    if isinstance(rows, Path):
        path.write_bytes(rows.read_bytes())
    else:
        write_xlsx(path, source_contract(source), rows)
    manifest = {
        "spec": "ssj-delivery-v1",
        "delivery_id": delivery_id,
        "month": received_at[:7],
        "unit_code": unit,
        "unit_name": UNITS[unit],
        "source_system": "样例系统",
        "generated": generated,
        "registry_rows": None,
        "received_at": received_at,
        "files": [
            {
                "name": path.name,
                "source": source,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "rows": count if isinstance(rows, Path) else len(rows),
                "change": "withdrawal" if withdrawal else "record",
            }
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    return path


def run(home: Home) -> MonthLake:
    """Read and split everything in the inbox into the month's tables, as the assets do."""
    lake = MonthLake(home, MONTH)
    lake.begin({"month": MONTH, "as_of": "2026-10-31", "demonstration": True})
    tables: dict[str, list[pa.Table]] = {}
    deliveries, files = [], []
    for delivery in find_deliveries(home.inbox):
        for file in delivery.files:
            row: dict[str, Any] = {
                "delivery_id": delivery.delivery_id, "file_name": file.name, "unit_code": delivery.unit_code,
                "unit_name": delivery.unit_name, "source": file.source, "file_sha256": file.sha256,
            }  # fmt: skip
            more = {
                "source_system": delivery.source_system, "is_generated": delivery.generated,
                "registry_rows": delivery.registry_rows, "state": "used", "is_withdrawal": file.change == "withdrawal",
            }  # fmt: skip
            deliveries.append(row | more)
            try:
                raw = read_file(file.path, source_contract(file.source), rows=file.rows).table
                files.append(row | {"read_state": "read", "fault_kind": None, "fault_reason": None})
            except InboxError as error:
                files.append(row | {"read_state": "quarantined", "fault_kind": "drift", "fault_reason": str(error)})
                continue
            tables.setdefault(file.source, []).append(_placed(raw, row | more, delivery.received_at))
    _store(lake, "deliveries", pa.Table.from_pylist(deliveries))
    _store(lake, "received_file", pa.Table.from_pylist(files))
    aside, repeated = [], []
    with DuckDBEngine(temp_directory=home.lake / ".spill") as engine:
        for source in SOURCES:
            if source in tables:
                made = _split(engine, lake, source_contract(source), pa.concat_tables(tables[source]))
                aside.append(made["quarantined"])
                repeated.append(made["duplicates"])
    _store(lake, "duplicates", pa.concat_tables(repeated, promote_options="default").sort_by("row_id"))
    _store(lake, "quarantined", pa.concat_tables(aside, promote_options="default").sort_by("row_id"))
    return lake


def _placed(raw: pa.Table, row: Mapping[str, Any], received_at: datetime) -> pa.Table:
    texts = {"delivery_id": row["delivery_id"], "file_name": row["file_name"], "file_sha256": row["file_sha256"]}
    for name, text in texts.items():
        raw = raw.append_column(name, pa.repeat(pa.scalar(text, pa.string()), raw.num_rows))
    moment = pa.scalar(received_at.replace(tzinfo=None), pa.timestamp("us"))
    raw = raw.append_column("received_at", pa.repeat(moment, raw.num_rows))
    raw = raw.append_column("is_generated", pa.repeat(pa.scalar(row["is_generated"]), raw.num_rows))
    return raw.append_column("is_withdrawal", pa.repeat(pa.scalar(row["is_withdrawal"]), raw.num_rows))


def _split(engine: DuckDBEngine, lake: MonthLake, contract: Contract, delivered: pa.Table) -> dict[str, pa.Table]:
    split = split_sql(contract)
    inputs: dict[str, Any] = {"delivered": delivered}
    if "identity" in split.inputs:
        inputs["identity"] = lake.table("identity")
    if "amount_text" in split.inputs:
        texts = amount_texts(contract)
        assert texts is not None
        inputs["amount_text"] = amount_table(engine.select(texts, {"delivered": delivered}))
    made = {name: pq.read_table(path) for name, path in engine.select_chain(split.steps(), inputs).items()}
    _store(lake, f"accepted_{contract.name}", made["accepted"])
    if contract.name == "register":
        _store(lake, "identity", engine.select(sql_text("validated/identity"), {"accepted_register": made["accepted"]}))
    return made


def _store(lake: MonthLake, name: str, table: pa.Table) -> None:
    def write(path: Path) -> int:
        pq.write_table(table, path)
        return int(table.num_rows)

    lake.store(name, write)
