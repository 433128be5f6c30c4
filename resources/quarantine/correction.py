"""A correction: which cells become what, and whether the row would now be accepted.

Here: judging corrected rows by the very SQL that judges deliveries, and keeping a correction. Not here: sending it on
(release).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.model import Contract
from resources.clock import now
from resources.engines.amounts import amount_table, amount_texts
from resources.engines.contract_sql import split_sql
from resources.engines.duckdb_engine import DuckDBEngine, Input
from resources.inbox.header import fold
from resources.quarantine.rows import CORRECTED, RELEASED, AsideRow, Quarantine, QuarantineError

_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a corrected row would be accepted, and what is still wrong with it if not."""

    accepted: bool
    reasons: str


def correct(
    quarantine: Quarantine, row_id: str, changes: Mapping[str, str], *, actor: str, reason: str
) -> tuple[AsideRow, Judgement]:
    """Keep a correction of a row and judge the row as corrected so far.

    changes: Chinese header or English name of a column → new text ('' empties the cell). QuarantineError when the row
    is settled already, a column is unknown, or no reason is given.
    """
    row = quarantine.row(row_id)
    changeable(row)
    if not reason.strip():
        raise QuarantineError("更正须写明理由：请加 --reason，如 --reason 按决定书原件核对。")
    cells = {_column(row.contract, header): text or None for header, text in changes.items()}
    if len(cells) != len(changes):
        raise QuarantineError("同一列给了两个值，请只留一个。")
    if all(row.corrected_cells[name] == text for name, text in cells.items()):
        raise QuarantineError(f"{row_id} 的这些单元格本来就是所给的值，没有更正。")
    [judgement] = judge(quarantine, row.contract, [row.corrected_cells | cells])
    body = {"row_id": row_id, "source": row.source, "cells": cells, "actor": actor, "reason": reason.strip()}
    quarantine.record(CORRECTED, [body])
    return quarantine.row(row_id), judgement


def changeable(row: AsideRow) -> None:
    """QuarantineError when the row has been released or settled: there is nothing left to change."""
    if row.state == "resolved":
        raise QuarantineError(f"{row.row_id} 已由 {row.resolved_by} 更正并接收，不必再改。")
    if row.state == RELEASED:
        delivery_id = [action.body["delivery_id"] for action in row.actions if action.kind == RELEASED][-1]
        raise QuarantineError(
            f"{row.row_id} 已放行（批次 {delivery_id}），下次运行时接收：若其中仍有错，运行后按新的隔离行更正。"
        )


def judge(quarantine: Quarantine, contract: Contract, rows: Sequence[Mapping[str, str | None]]) -> list[Judgement]:
    """What the contract says of these rows if they were delivered together today, in their order."""
    delivered = _delivered(contract, rows)
    split = split_sql(contract)
    with DuckDBEngine(temp_directory=quarantine.home.lake / ".spill") as engine:
        inputs: dict[str, Input] = {"delivered": delivered}
        if "identity" in split.inputs:
            inputs["identity"] = quarantine.lake.table("identity")
        if "amount_text" in split.inputs:
            texts = amount_texts(contract)
            assert texts is not None
            inputs["amount_text"] = amount_table(engine.select(texts, {"delivered": delivered}))
        made = engine.select_chain(split.steps(), inputs)
        refused = pq.read_table(made["quarantined"], columns=["row_no", "reasons"]).to_pylist()
    wrong = {row["row_no"]: row["reasons"] for row in refused}
    return [Judgement(number not in wrong, wrong.get(number, "")) for number in range(1, len(rows) + 1)]


def _delivered(contract: Contract, rows: Sequence[Mapping[str, str | None]]) -> pa.Table:
    """The rows as a delivery would bring them, received now."""
    texts = {name: pa.array([row[name] for row in rows], pa.string()) for name in contract.column_names}
    same = partial(_repeated, len(rows))
    place = {
        "delivery_id": same("", pa.string()),
        "file_name": same("", pa.string()),
        "file_sha256": same(_NOBODY, pa.string()),
        "sheet": same("", pa.string()),
        "row_no": pa.array(range(1, len(rows) + 1), pa.int64()),
        "part_no": same(1, pa.int64()),
        "corrects_row_id": same(None, pa.string()),
        "received_at": same(now().replace(tzinfo=None), pa.timestamp("us")),
        "is_generated": same(False, pa.bool_()),
        "is_withdrawal": same(False, pa.bool_()),
    }
    return pa.table(texts | place)


def _repeated(times: int, value: Any, kind: pa.DataType) -> pa.Array:
    return pa.array([value] * times, kind)


def _column(contract: Contract, header: str) -> str:
    """The column of a header as a delivery would be read: title, alias or English name."""
    wanted = fold(header)
    for names in (_titles(contract), _aliases(contract), ((name, name) for name in contract.column_names)):
        for text, name in names:
            if fold(text) == wanted:
                return name
    titles = "、".join(column.title for column in contract.columns)
    raise QuarantineError(f"「{contract.title}」没有「{header}」这一列，请改用：{titles}。")


def _titles(contract: Contract) -> Iterable[tuple[str, str]]:
    return ((column.title, column.name) for column in contract.columns)


def _aliases(contract: Contract) -> Iterable[tuple[str, str]]:
    return ((alias, column.name) for column in contract.columns for alias in column.aliases)
