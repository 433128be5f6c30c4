"""Amounts that are written as texts: which of them a delivery holds, and the small table of what they mean.

Here: the SELECT of the distinct texts, and the table `amount_text` that a split takes as input. Not here: how one text is
read (supervision/amounts), plain numbers (conversion).
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
from sqlglot import exp

from data_contracts.model import Contract
from resources.engines.building import alias, both, finish, literal, not_null, select
from resources.engines.conversion import NUMBER_SHAPE, TEXT_SUFFIX
from resources.engines.rows_sql import trimmed_texts
from supervision.amounts import amount_wan

AMOUNT_TEXT = pa.schema(
    [("cell_text", pa.string()), ("default_unit", pa.string()), ("amount_wan", pa.decimal128(18, 6))]
)
_PLAINEST = "^[0-9]+([.][0-9]+)?$"  # most cells: told apart before anything is trimmed


def amount_texts(contract: Contract) -> str | None:
    """SELECT over `delivered`: cell_text, default_unit of all amounts that are no plain number; None without amounts."""
    amounts = [column for column in contract.columns if column.unit]
    if not amounts:
        return None
    cells: exp.Query | None = None
    for column in amounts:
        cell = exp.column(column.name)
        plain = exp.RegexpLike(this=cell.copy(), expression=literal(_PLAINEST))
        part = select(
            [alias(cell, amounts[0].name), alias(literal(str(column.unit)), "default_unit")], "delivered"
        ).where(both(not_null(column.name), exp.Not(this=plain)), copy=False)
        cells = part if cells is None else exp.union(cells, part, distinct=False, copy=False)
    assert cells is not None
    text = exp.column(amounts[0].name + TEXT_SUFFIX)
    # One column's name stands for all of them: an amount is trimmed alike wherever it stands.
    steps = {"cells": cells, "distinct_cells": select([amounts[0].name, "default_unit"], "cells").distinct()}
    steps |= trimmed_texts([amounts[0]], ["default_unit"], "distinct_cells", identified=False)
    number = exp.RegexpLike(this=text.copy(), expression=literal(NUMBER_SHAPE))
    final = select([alias(text, "cell_text"), "default_unit"], "texts").where(
        both(not_null(text), exp.Not(this=number)), copy=False
    )
    return finish(steps, final.distinct(), "cell_text", "default_unit")


def amount_table(texts: pa.Table) -> pa.Table:
    """The input `amount_text`: every text of `amount_texts` that can be read, with its amount in 万元."""
    rows: list[tuple[str, str, Decimal]] = []
    for text, unit in zip(texts.column("cell_text").to_pylist(), texts.column("default_unit").to_pylist(), strict=True):
        amount = amount_wan(text, unit)
        if amount is not None:
            rows.append((text, unit, amount))
    columns = [list(values) for values in zip(*rows, strict=True)] or [[], [], []]
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, AMOUNT_TEXT, strict=True)], schema=AMOUNT_TEXT
    )
