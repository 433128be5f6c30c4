"""Known faults, planted on purpose, with the list of where they are.

Here: which faults a source can have and how a row is spoiled. A row is spoiled once at most; rows of a real register
never. Not here: finding them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

CODE = "统一社会信用代码"
PARTY_CODE = "行政相对人代码_1(统一社会信用代码)"
DUPLICATE, CONFLICT, WRONG_CHECK = "duplicate_row", "key_conflict", "uscc_check"


class Fault(NamedTuple):
    """A kind of fault, its column, and the text put there (conflicts: the text appended)."""

    kind: str
    column: str
    text: str = ""


_IMPOSSIBLE = "2026-02-30"
FAULTS: dict[str, tuple[Fault, ...]] = {
    "register": (
        Fault(WRONG_CHECK, CODE), Fault("impossible_date", "成立日期", _IMPOSSIBLE), Fault("missing_required", "企业名称"),
        Fault("unknown_code", "登记状态", "待定"), Fault(DUPLICATE, ""), Fault(CONFLICT, "住所", "（原址）"),
    ),
    "grade_snapshot": (
        Fault("unknown_grade", "信用风险等级", "E"), Fault(WRONG_CHECK, CODE), Fault("missing_required", "分类日期"),
        Fault(DUPLICATE, ""), Fault(CONFLICT, "企业名称", "（更名）"),
    ),
    "licence": (
        Fault(WRONG_CHECK, PARTY_CODE), Fault("impossible_date", "许可决定日期", _IMPOSSIBLE),
        Fault("valid_to_before_valid_from", "有效期至", "2001-01-01"), Fault("missing_required", "许可内容"),
        Fault("unknown_code", "许可类别", "临时"), Fault(DUPLICATE, ""), Fault(CONFLICT, "许可内容", "（另一版本）"),
    ),
    "penalty": (
        Fault("negative_fine", "罚款金额（万元）", "-1.5"), Fault("amount_not_numeric", "罚款金额（万元）", "约五千元"),
        Fault("impossible_date", "处罚决定日期", _IMPOSSIBLE), Fault(WRONG_CHECK, PARTY_CODE), Fault("missing_required", "违法事实"),
        Fault(DUPLICATE, ""), Fault(CONFLICT, "处罚内容", "（另一版本）"),
    ),
    "abnormal_listing": (
        Fault(WRONG_CHECK, CODE), Fault("impossible_date", "列入日期", _IMPOSSIBLE), Fault("missing_required", "列入机关"),
        Fault(DUPLICATE, ""), Fault(CONFLICT, "列入文号", "之一"),
    ),
    "serious_violation": (Fault("impossible_date", "列入日期", _IMPOSSIBLE), Fault("missing_required", "列入文号"), Fault(WRONG_CHECK, CODE)),
    "inspection_result": (
        Fault("unknown_code", "检查方式", "电话"), Fault("impossible_date", "检查日期", _IMPOSSIBLE),
        Fault("missing_required", "检查主体"), Fault("unknown_code", "检查结果代码", "Z9"), Fault(DUPLICATE, ""),
        Fault(CONFLICT, "问题描述", "（另一版本）"),
    ),
    "field_record": (
        Fault("unknown_code", "专业领域", "不明领域"), Fault("unknown_grade", "专业领域等级", "E"),
        Fault("impossible_date", "记录日期", _IMPOSSIBLE), Fault(DUPLICATE, ""), Fault(CONFLICT, "数据来源单位", "（补报）"),
    ),
    "trigger": (Fault("unknown_code", "触发类型", "其他"), Fault("missing_required", "证据编号")),
    "commitment": (Fault("missing_required", "承诺类型"), Fault("impossible_date", "承诺日期", _IMPOSSIBLE)),
    "repair": (Fault("unknown_code", "决定结果", "待定"), Fault("missing_required", "原记录文号")),
    "inspector": (Fault("not_an_integer", "本月可用天数", "两周"), Fault("impossible_date", "执法证有效期至", _IMPOSSIBLE)),
    "inspector_conflict": (Fault(WRONG_CHECK, CODE), Fault(DUPLICATE, "")),
    "prior_draw": (Fault("missing_required", "监管档次"), Fault(DUPLICATE, "")),
    "acknowledgement": (Fault("unknown_code", "回执状态", "处理中"), Fault(DUPLICATE, "")),
    "task_evidence": (Fault("bad_digest", "文件摘要", "0123abcd"), Fault("missing_required", "标题")),
}  # fmt: skip

Mark = tuple[int, Fault, int | None]  # row from 0, what was done to it, the row it repeats


@dataclass(frozen=True, slots=True)
class Planted:
    """One entry of truth.json. `row_no` is the physical row (Parquet: ordinal), from 1; `pair_row_no` the row repeated."""

    delivery_id: str
    file: str | None
    source: str | None
    sheet: str | None
    row_no: int | None
    kind: str
    column: str | None
    pair_row_no: int | None = None


class Planter:
    """Goes round the faults of each source, from file to file."""

    def __init__(self, rng: np.random.Generator, rate: float) -> None:
        self._rng = rng
        self._rate = rate
        self._turn: dict[str, int] = dict.fromkeys(FAULTS, 0)

    def spoil(self, source: str, table: Any) -> tuple[Any, list[Mark]]:
        """The spoiled table and (row from 0, fault, repeated row) of each; repeated rows are appended.

        `rate` of the rows, more while some fault of the source is still to be planted; half of a file's rows at most.
        """
        n, kinds = table.num_rows, len(FAULTS[source])
        wanted = int(self._rate * n + self._rng.random())
        limit = min(max(wanted, kinds - self._turn[source]), max(1, n // 2))
        rows = self._rng.permutation(n)
        changes: dict[str, dict[int, str]] = {}
        repeated: list[tuple[int, Fault]] = []
        planted: list[Mark] = []
        for row in (int(r) for r in rows):
            if len(planted) + len(repeated) >= limit:
                break
            fault = FAULTS[source][self._turn[source] % kinds]
            old = table.column(fault.column)[row].as_py() or "" if fault.column else ""
            if fault.kind == WRONG_CHECK and len(old) != 18:
                continue  # A row without code cannot have a wrong one: the next row gets the fault.
            self._turn[source] += 1
            if fault.kind in (DUPLICATE, CONFLICT):
                repeated.append((row, fault))
                continue
            if fault.kind == WRONG_CHECK:
                new = old[:17] + ("0" if old[17] != "0" else "1")
            else:
                new = fault.text
            changes.setdefault(fault.column, {})[row] = new
            planted.append((row, fault, None))
        extra = table.take(pa.array([row for row, _ in repeated], pa.int64()))
        for position, (row, fault) in enumerate(repeated):
            if fault.kind == CONFLICT:
                extra = _put(
                    extra, fault.column, {position: (table.column(fault.column)[row].as_py() or "") + fault.text}
                )
            planted.append((n + position, fault, row))
        for column, cells in changes.items():
            table = _put(table, column, cells)
        return pa.concat_tables([table, extra]), planted


def _put(table: Any, column: str, cells: dict[int, str]) -> Any:
    values = table.column(column).to_pylist()
    for row, text in cells.items():
        values[row] = text
    return table.set_column(table.column_names.index(column), column, pa.array(values, pa.string()))


def write_truth(path: Path, planted: list[Planted]) -> None:
    """truth.json: every planted fault, in the order of delivery, file and row."""
    ordered = sorted(planted, key=lambda p: (p.delivery_id, p.file or "", p.row_no or 0))
    path.write_text(json.dumps([asdict(p) for p in ordered], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
