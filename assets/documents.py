"""What every report of a month shares: units, senders, the facts on a cover, where a file of the outbox lies.

Here: small tables and helpers of several report modules. Not here: any report (reports, timeliness), layout.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from assets.rounds import source_digest
from assets.stage import Month
from resources.reference import text_table, units

UNIT_COLUMNS = ("unit_code", "unit_name", "kind", "county")


def unit_table() -> pa.Table:
    """The units of the city: code, name, kind, county."""
    return text_table(units(), UNIT_COLUMNS)


def senders(month: Month) -> pa.Table:
    """The unit that sent each delivery: lateness is attributed to the producer (R-13)."""
    names = {unit["unit_code"]: unit["unit_name"] for unit in units()}
    sent = {(r["delivery_id"], r["unit_code"]) for r in month.records("deliveries") if r["state"] == "used"}
    records = [{"delivery_id": d, "unit_code": u, "unit_name": names.get(u, u)} for d, u in sorted(sent)]
    return text_table(records, ("delivery_id", "unit_code", "unit_name"))


def facts(month: Month) -> dict[str, str]:
    """What stands on the cover of every workbook: what it rests on, by digest (R-23)."""
    basis = month.lake.basis()
    made = (
        "登记表为真实企业；等级、处罚等其余数据均为生成（虚构）"
        if basis["registry_rows"] == "real"
        else "全部为生成（虚构）"
    )
    return {
        "月份": month.name,
        "截至日期": basis["as_of"],
        "数据性质": made if month.demonstration else "各单位交付",
        "登记表摘要": source_digest(month, "register"),
        "等级快照摘要": source_digest(month, "grade_snapshot"),
        "政策版本": basis["policy"],
        "政策摘要": basis["policy_sha256"],
        "日历版本": basis["calendar"],
        "月度版本": month.lake.version.name,
        "程序提交": basis["code_commit"],
    }


def outbox(month: Month, name: str) -> Path:
    """Where a file of the month's outbox lies."""
    return month.lake.home.outbox / month.name / name


def frame_of(month: Month, table: str) -> pd.DataFrame:
    """A report's table as pandas, in stored order; dates stay dates, a missing value is None."""
    return month.read(table).to_pandas(date_as_object=True, types_mapper=_NULLABLE.get)


_NULLABLE: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
