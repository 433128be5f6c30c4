"""What goes wrong or is taken back beside the ordinary deliveries: withdrawals, a renamed column, a file cut off.

Withdrawals are right data; with faults wanted, one of them withdraws what nobody ever sent, and two small extra
deliveries hold a file that cannot be read as a whole. Not here: faults in rows (defects).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city.columns import Ints
from sample_city.defects import Planted, put
from sample_city.departments import EXTRA, UNIT, Feed
from sample_city.files import Outbox, write
from sample_city.layouts import Layout, layout

TAKEN_BACK = ("penalty", "ZHZF", 3)  # source, unit, how many
RENAMED = ("licence", "YLQX", "行政许可决定文书号", "决定书流水")  # source, unit, column, what it is called all at once
CUT = ("field_certification", "RZ")
ROWS = 30


@dataclass(slots=True)
class Mishaps:
    """Rows of the month put by for the extra deliveries, while the feeds pass."""

    _kept: dict[str, Any]

    @classmethod
    def none_yet(cls) -> Mishaps:
        return cls({})

    def watch(self, feed: Feed) -> Feed:
        """The feed, with the rows that are to be withdrawn spared from faults."""
        source, unit, wanted = TAKEN_BACK
        if feed.source == source:
            odd = np.zeros(len(feed.unit), bool) if feed.odd is None else feed.odd.copy()
            rows = _first(feed, unit, ~odd)[:wanted]
            odd[rows] = True
            self._kept[source] = feed.table.take(pa.array(rows))
            return replace(feed, odd=odd)
        if feed.source in (RENAMED[0], CUT[0]):
            unit = RENAMED[1] if feed.source == RENAMED[0] else CUT[1]
            rows = _first(feed, unit, np.ones(len(feed.unit), bool))[:ROWS]
            self._kept[feed.source] = feed.table.take(pa.array(rows))
        return feed

    def send(self, box: Outbox, *, faulty: bool) -> list[Planted]:
        """Write the extra deliveries; what is wrong with them."""
        planted = []
        source, unit, _ = TAKEN_BACK
        table = self._kept[source]
        how = layout(source, unit, table.num_rows)
        if faulty and table.num_rows:
            number = "行政处罚决定书文号"
            extra = put(table.slice(0, 1), number, {0: "运查无此案罚〔2026〕9999号"})
            table = pa.concat_tables([table, extra])
            sheet, row = how.place(source, table.num_rows, table.num_rows - 1)
            planted.append(
                _planted(box, unit, source, how, "unknown_withdrawal", number, "withdrawal.unknown", sheet, row)
            )
        if table.num_rows:
            path = box.folder(UNIT[unit], EXTRA) / f"{source}.{how.suffix}"
            write(path, table, source, how)
            box.add(UNIT[unit], EXTRA, path, source, table.num_rows, withdraws=True)
        if faulty:
            planted += [*self._renamed(box), *self._cut(box)]
        return planted

    def _renamed(self, box: Outbox) -> list[Planted]:
        source, unit, column, called = RENAMED
        table = self._kept[source]
        if not table.num_rows:
            return []
        how = Layout("csv")
        path = box.folder(UNIT[unit], EXTRA) / f"{source}.{how.suffix}"
        write(path, table.rename_columns([called if t == column else t for t in table.column_names]), source, how)
        box.add(UNIT[unit], EXTRA, path, source, table.num_rows)
        return [_planted(box, unit, source, how, "renamed_column", column, "drift")]

    def _cut(self, box: Outbox) -> list[Planted]:
        source, unit = CUT
        table = self._kept[source]
        if not table.num_rows:
            return []
        how = Layout("xlsx")
        path = box.folder(UNIT[unit], EXTRA) / f"{source}.{how.suffix}"
        write(path, table, source, how)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 2 // 3])
        box.add(UNIT[unit], EXTRA, path, source, table.num_rows)
        return [_planted(box, unit, source, how, "truncated_file", None, "unreadable")]


def _first(feed: Feed, unit: str, able: Any) -> Ints:
    """Rows of the unit's first delivery of the month."""
    here = np.flatnonzero((feed.unit == UNIT[unit]) & able)
    return here[feed.slot[here] == feed.slot[here].min()] if len(here) else here


def _planted(
    box: Outbox,
    unit: str,
    source: str,
    how: Layout,
    kind: str,
    column: str | None,
    rule: str,
    sheet: str | None = None,
    row: int | None = None,
) -> Planted:
    delivery = box.delivery_id(UNIT[unit], EXTRA)
    return Planted(delivery, f"{source}.{how.suffix}", source, sheet, row, kind, column, rule_id=rule)
