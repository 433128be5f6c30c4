"""From a contract to what the Dagster UI shows: columns, descriptions, owner, classes.

For: asset specifications and materialisation metadata made from contracts. Not for: computing tables.
No value of a row ever enters metadata: counts, digests and names only (R-38).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import dagster as dg

from data_contracts.model import CLASS_ZH, Contract
from resources.lake import MonthLake, Stored
from resources.reference import units


@lru_cache(maxsize=1)
def _unit_names() -> Mapping[str, str]:
    return {row["unit_code"]: row["unit_name"] for row in units()}


def column_schema(contract: Contract) -> dg.TableSchema:
    """Every column with its type, Chinese name, class and whether it must be filled."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.physical_type,
                description=f"{column.title}：{column.description}",
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required,
                    unique=contract.primary_key == (column.name,),
                    other=[f"数据分级：{CLASS_ZH[column.classification]}"],
                ),
            )
            for column in contract.columns
        ]
    )


def unit_name(code: str) -> str:
    """The unit's name; the code itself where the unit table does not know it."""
    return _unit_names().get(code, code)


def owner(contract: Contract) -> str:
    """The responsible unit as a Dagster team (R-37b)."""
    return f"team:{unit_name(contract.responsible_unit)}"


def definition_metadata(contract: Contract) -> dict[str, Any]:
    """What stands on the asset before it has ever run."""
    return {
        "dagster/column_schema": column_schema(contract),
        "数据契约": f"data_contracts/{contract.kind}s/{contract.name}.yaml",
        "数据分级": CLASS_ZH[contract.classification],
        "公开属性": contract.openness,
        "主键": "、".join(contract.primary_key),
    }


def asset_arguments(contract: Contract, *, kinds: Iterable[str] = ("duckdb", "parquet")) -> dict[str, Any]:
    """The keyword arguments that every asset of a contract shares."""
    return {
        "description": f"{contract.title}：{contract.description}",
        "group_name": contract.group,
        "kinds": set(kinds),
        "metadata": definition_metadata(contract),
        "owners": [owner(contract)],
    }


def stored_metadata(stored: Stored, lake: MonthLake, contract: Contract) -> dict[str, Any]:
    """What one materialisation says of itself: rows, digest, version of the month, as_of."""
    basis = lake.basis()
    return {
        "dagster/row_count": stored.rows,
        "文件摘要": stored.sha256,
        "月度版本": lake.version.name,
        "截至日期": basis["as_of"],
        "代码提交": basis["code_commit"],
        "契约摘要": contract.sha256[:16],
        "政策版本": basis["policy"],
        "日历版本": basis["calendar"],
    }
