"""`python -m bench.split`: validating and splitting five million rows, against the bare work in it.

Bare = a COPY of the delivered rows in the order of their ids, and the count of the same rules in SQL, by DuckDB alone.
Whole processes, taken in turns, median of `--runs`. Target (issue 3): at most 1.5 times the bare work, below 2 GB.
The rows are made up: ten deliveries, one row in a thousand with a fault of each of six kinds.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb

SOURCES = ("penalty", "grade_snapshot")
PARTS = ("copy", "count", "split")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WRITE = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 40960)"
# What makes the columns of a source; n is the row's number, code a valid credit code. The others are NULL.
_CELLS = {
    "penalty": {
        "party_name": "'样例' || (n * 31) % 400000 || '号商贸有限公司'",
        "party_type": "'法人及非法人组织'",
        "uscc": "CASE n % 1000 WHEN 1 THEN lower(code) WHEN 2 THEN substr(code, 1, 17) || '-' ELSE code END",
        "decision_no": "'样监罚〔2026〕' || (n - CASE n % 1000 WHEN 3 THEN 1 ELSE 0 END) || '号'",
        "violation_type": "'类型' || n % 97",
        "violation_facts": "'当事人于2026年' || (n % 12 + 1) || '月销售超过保质期的食品，货值' || n % 97777 || '元'",
        "legal_basis": "'《样例法》第' || n % 150 || '条第一款'",
        "penalty_type": "CASE n % 3 WHEN 0 THEN '警告;罚款' ELSE '罚款' END",
        "penalty_content": "'罚款' || n % 50000 || '元'",
        "fine_wan": "CASE n % 1000 WHEN 4 THEN n % 5000 || '元' ELSE CAST(CAST(n % 5000 AS DECIMAL(18, 4)) / 10000 AS DECIMAL(18, 4)) || '' END",
        "decision_date": "CASE n % 1000 WHEN 5 THEN '去年' ELSE CAST(DATE '2026-01-01' + CAST(n % 270 AS INT) AS VARCHAR) END",
        "publish_until": "CAST(DATE '2029-01-01' + CAST(n % 270 AS INT) AS VARCHAR)",
        "authority": "'样例市市场监督管理局'",
        "authority_uscc": "'11140800MB1234567X'",
        "status": "'有效'",
        "source_unit": "'综合行政执法队'",
    },
    "grade_snapshot": {
        "snapshot_month": "'2026-10'",
        "uscc": "CASE n % 1000 WHEN 1 THEN lower(code) WHEN 2 THEN substr(code, 1, 17) || '-' ELSE code END",
        "party_name": "'样例' || (n * 31) % 400000 || '号商贸有限公司'",
        "credit_grade": "CASE n % 1000 WHEN 3 THEN '优' ELSE substr('ABCD', CAST(n % 4 AS INT) + 1, 1) END",
        "graded_on": "CASE n % 1000 WHEN 5 THEN '去年' ELSE '2026-09-28' END",
    },
}


def main() -> None:
    """Print the pair for both sources."""
    parser = argparse.ArgumentParser(prog="python -m bench.split")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--source", choices=SOURCES, action="append")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        _do(options.part, options.source[0], options.folder)
        return
    print(f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}，DuckDB {duckdb.__version__}")
    for source in options.source or SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            _make(source, options.rows, Path(folder))
            _compare(source, options.rows, options.runs, Path(folder))


def _compare(source: str, rows: int, runs: int, folder: Path) -> None:
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}
    worked: dict[str, list[float]] = {part: [] for part in PARTS}
    peaks: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    for _ in range(runs):
        for part in PARTS:
            command = [sys.executable, "-m", "bench.split", "--part", part, "--source", source, "--folder", str(folder)]
            started = time.perf_counter()
            child = subprocess.Popen(command)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise SystemExit(f"{source} {part} 失败")
            seconds[part].append(time.perf_counter() - started)
            worked[part].append(usage.ru_utime + usage.ru_stime)
            peaks[part] = max(peaks[part], usage.ru_maxrss / 1024**2)
    print(f"{source}，{rows:,} 行，{runs} 次（整个进程，最小 / 中位 / 最大；处理器时间取中位数）")
    for part, title in (("copy", "纯排序 COPY"), ("count", "纯规则计数"), ("split", "验收拆分")):
        spread = f"{min(seconds[part]):.1f} / {median(seconds[part]):.1f} / {max(seconds[part]):.1f} 秒"
        print(f"  {title}：{spread}，处理器 {median(worked[part]):.1f} 秒，峰值 {peaks[part]:.2f} GB")
    ratios = [median(t["split"]) / (median(t["copy"]) + median(t["count"])) for t in (seconds, worked)]
    print(f"  验收拆分 / 纯工作 = {ratios[0]:.2f}（目标 1.50；处理器时间之比 {ratios[1]:.2f}），峰值目标 2 GB")


def _do(part: str, source: str, folder: Path) -> None:
    """One part in this process."""
    from data_contracts.model import source_contract
    from resources.engines.amounts import AMOUNT_TEXT, amount_table, amount_texts
    from resources.engines.contract_sql import split_sql
    from resources.engines.duckdb_engine import DuckDBEngine
    from resources.engines.split_columns import IDENTIFIED, IDENTITY

    contract, delivered = source_contract(source), folder / "delivered.parquet"
    if part == "split":
        with DuckDBEngine(temp_directory=folder) as engine:
            split = split_sql(contract)
            inputs = {"delivered": delivered, "identity": IDENTITY.empty_table()}
            texts = amount_texts(contract)
            if texts is not None:
                inputs["amount_text"] = amount_table(engine.select(texts, {"delivered": delivered}))
            engine.select_chain(split.steps(), {name: inputs[name] for name in ("delivered", *split.inputs)})
        return
    connection = _connection(folder)
    connection.read_parquet(str(delivered)).create_view("delivered")
    if part == "copy":
        ids = "substr(file_sha256, 1, 16) || ':' || sheet || ':' || row_no"
        ordered = f"SELECT {ids} AS row_id, * FROM delivered ORDER BY row_id"  # noqa: S608 -- names of this file
        connection.execute(f"COPY ({ordered}) TO '{folder / 'copy.parquet'}' {_WRITE}")
    else:
        connection.register("identified", IDENTIFIED.empty_table())
        connection.register("amount_text", AMOUNT_TEXT.empty_table())
        connection.execute(_count_sql(source)).fetchall()


def _count_sql(source: str) -> str:
    """How often each rule of the contract is broken: the same conditions over the same conversions, and nothing more."""
    from sqlglot import exp

    from data_contracts.model import source_contract
    from resources.engines.building import select
    from resources.engines.contract_sql import checked

    steps, errors, warnings = checked(source_contract(source))
    flags = [f"error__{n}" for n in range(len(errors))] + [f"warning__{n}" for n in range(len(warnings))]
    query = select([exp.CountIf(this=exp.column(flag)) for flag in flags], "checked")
    for name, step in steps.items():
        query = query.with_(name, as_=step, copy=False)
    return query.sql(dialect="duckdb")


def _connection(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for setting in ("threads = 2", "memory_limit = '1GB'", f"temp_directory = '{folder / 'spill'}'"):
        connection.execute(f"SET {setting}")
    return connection


def _make(source: str, rows: int, folder: Path) -> None:
    """Rows as they stand in delivered_<source>."""
    from data_contracts.model import source_contract

    weighed = " + ".join(f"(ascii(substr(body, {place + 1}, 1)) - 48) * {pow(3, place, 31)}" for place in range(17))
    check = f"substr('{_ALPHABET}', CAST((31 - ({weighed}) % 31) % 31 AS INT) + 1, 1)"
    cells = _CELLS[source]
    columns = [f"{cells.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in source_contract(source).column_names]
    each = max(rows // 10, 1)
    connection = _connection(folder)
    connection.execute(
        f"""
        COPY (
            WITH numbered AS (
                SELECT i AS n, '9114080' || i % 7 || lpad(CAST((i * 7919) % 1000000007 AS VARCHAR), 9, '0') AS body
                FROM range({rows}) AS r(i)
            ),
            coded AS (SELECT n, body || {check} AS code FROM numbered)
            SELECT {", ".join(columns)}, '' AS sheet, CAST(n % {each} + 2 AS BIGINT) AS row_no, CAST(1 AS BIGINT) AS part_no,
                CAST(NULL AS VARCHAR) AS corrects_row_id, '2026-10-ZHZF-' || n // {each} AS delivery_id,
                'rows.csv' AS file_name, sha256('file' || n // {each}) AS file_sha256,
                TIMESTAMP '2026-10-08 09:30:00' + to_hours(CAST(n // {each} AS INT)) AS received_at,
                TRUE AS is_generated, FALSE AS is_withdrawal
            FROM coded
        ) TO '{folder / "delivered.parquet"}' {_WRITE}
        """  # noqa: S608
    )


if __name__ == "__main__":
    main()
