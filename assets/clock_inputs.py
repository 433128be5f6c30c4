"""What the SQL of the clocks is given beside stored tables: due days, day numbers, clocks of sources, refused rows.

Here: small tables made of registry, clocks, calendar and raw cells. Not here: assets (timeliness), rules (supervision).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.stage import Month
from data_contracts.model import Contract
from data_contracts.registry import Source, source, sources
from resources.calendars import calendar
from resources.engines.conversion import half_width
from resources.reference import clocks, units, unpublished
from supervision.clocks import Clock, ClockError, clock_faults
from supervision.months import first_day, last_day, month_before
from supervision.refused_rows import RefusedRow, refused_row

YEARS_BACK = 6  # what was formed earlier comes with a first stock delivery and has no due day any more
MONTHS_BACK = 12  # control totals are compared for the last twelve months
SOON_DAYS = 2
COLLECT = "collect_7wd"
PUSH = "province_push"


def clock_sources() -> pa.Table:
    """Each clock × source that starts with the day of formation, and what stops it; ClockError when one cannot run."""
    _check()
    rows = [
        {"clock": clock.name, "source": entry.name, "measured": clock.measured}
        for clock, entry in _pairs()
        if clock.starts == "formed_on"
    ]
    return _table(rows, clock=pa.string(), source=pa.string(), measured=pa.string())


def clocked_sources() -> tuple[str, ...]:
    """The sources whose records have a day of formation and a clock that starts with it."""
    return tuple(dict.fromkeys(entry.name for clock, entry in _pairs() if clock.starts == "formed_on"))


def clocked_source_table() -> pa.Table:
    """The clocked sources; those with several dates of formation count each event, such as a removal, as a record."""
    rows = [{"source": n, "is_event_dated": len(source(n).contract.formed_on) > 1} for n in clocked_sources()]
    return _table(rows, source=pa.string(), is_event_dated=pa.bool_())


def month_days(month: Month) -> dict[str, object]:
    """First and last day of the month, as parameters."""
    return {"month_first": month.first_day, "month_last": last_day(month.name)}


def due_days(month: Month) -> pa.Table:
    """For every clock and day a record may have been formed on: the last day in time, and whether it is provisional."""
    running = [clock for clock in clocks() if clock.starts == "formed_on"]
    due = [row for clock in running for row in clock.due_rows(_start(month), _end(month), calendar())]
    rows = [dict(zip(("clock", "formed_on", "due_on", "is_provisional"), row, strict=True)) for row in due]
    return _table(rows, clock=pa.string(), formed_on=pa.date32(), due_on=pa.date32(), is_provisional=pa.bool_())


def day_numbers(month: Month) -> pa.Table:
    """Each day's count of working days, so that a delay is a difference of two numbers."""
    numbered = calendar().number_table(_start(month), _end(month) + timedelta(days=60))
    return _table(({"day": day, "number": number} for day, number in numbered), day=pa.date32(), number=pa.int64())


def month_dues(month: Month) -> pa.Table:
    """For the last twelve months: when what was formed on the first and on the last day must have been collected."""
    clock = next(clock for clock in clocks() if clock.name == COLLECT)
    rows, name = [], month.name
    for _ in range(MONTHS_BACK):
        first, last = (clock.due_on(day, calendar()) for day in (first_day(name), last_day(name)))
        if first is not None and last is not None:
            rows.append({
                "formed_month": name, "first_due_on": first.day, "last_due_on": last.day, "is_provisional": last.provisional,
            })  # fmt: skip
        name = month_before(name)
    return _table(
        rows, formed_month=pa.string(), first_due_on=pa.date32(), last_due_on=pa.date32(), is_provisional=pa.bool_()
    )


def horizon(month: Month) -> date:
    """The second working day after as_of."""
    return calendar().due_on(month.as_of, SOON_DAYS).day


def periodic(month: Month) -> pa.Table:
    """The monthly clocks: one row a source and producer, with the first readable delivery of the month, if any came."""
    names = {unit["unit_code"]: unit for unit in units()}
    files = sorted(
        (r for r in month.records("received_file") if r["delivery_month"] == month.name and r["read_state"] == "read"),
        key=lambda r: (r["received_at"], r["delivery_id"], r["file_name"]),
    )
    rows = []
    for clock, entry in _pairs():
        due = clock.due_on(month.first_day, calendar()) if clock.starts == "month" else None
        for unit in entry.producers if due else ():
            came = next((r for r in files if r["source"] == entry.name and r["unit_code"] == unit), None)
            rows.append({
                "clock": clock.name,
                "source": entry.name,
                "row_id": f"{entry.name}:{unit}:{month.name}",
                "unit_code": unit,
                "unit_name": names[unit]["unit_name"],
                "record_county": names[unit]["county"] or "-",
                "formed_on": month.first_day,
                "due_on": due.day if due else None,
                "received_on": came["received_at"].date() if came else None,
                "delivery_id": came["delivery_id"] if came else None,
                "file_name": came["file_name"] if came else None,
            })  # fmt: skip
    text = ("clock", "source", "row_id", "unit_code", "unit_name", "record_county", "delivery_id", "file_name")
    days = ("formed_on", "due_on", "received_on")
    return _table(rows, **dict.fromkeys(text, pa.string()), **dict.fromkeys(days, pa.date32()))


def corrected(month: Month) -> pa.Table:
    """The quarantined rows that another row of the same unit was sent to correct: sound, known already, or again wrong."""
    units_of = {row["delivery_id"]: row["unit_code"] for row in month.records("deliveries") if row["state"] == "used"}
    said = set()
    for table in [*(f"accepted_{name}" for name in clocked_sources()), "duplicates", "quarantined"]:
        links = month.read(table, ["corrects_row_id", "delivery_id"])
        links = links.filter(pc.is_valid(links.column("corrects_row_id")))
        said |= {(row["corrects_row_id"], units_of[row["delivery_id"]]) for row in links.to_pylist()}
    aside = month.records("quarantined", ["row_id", "delivery_id"])
    found = {row["row_id"] for row in aside if (row["row_id"], units_of[row["delivery_id"]]) in said}
    return _table(({"row_id": name} for name in sorted(found)), row_id=pa.string())


def not_public(month: Month) -> pa.Table:
    """The accepted rows that by law are not made public, such as penalties of a warning alone."""
    found = []
    for rule in unpublished():
        rows = month.records(f"accepted_{rule.source}", ["row_id", "formed_on", rule.column])
        found += [{"row_id": r["row_id"]} for r in rows if rule.covers(r[rule.column], r["formed_on"])]
    return _table(found, row_id=pa.string())


def refused_rows(month: Month) -> pa.Table:
    """Key, document number and subject of each quarantined row of a clocked source, as far as its cells can be read."""
    contracts = {name: source(name).contract for name in clocked_sources()}
    readers = {name: _reader(contract) for name, contract in contracts.items()}
    rows = [
        {"row_id": row_id, **asdict(readers[contract.name](cells))}
        for row_id, contract, cells in _raw_cells(month, contracts)
    ]
    return _table(rows, **dict.fromkeys(("row_id", "key_text", "document_number", "uid"), pa.string()))


def _reader(contract: Contract) -> Callable[[Mapping[str, str | None]], RefusedRow]:
    return partial(
        refused_row,
        key={name: contract.column(name).required for name in contract.primary_key},
        dates=frozenset(column.name for column in contract.columns if column.logical_type == "date"),
        codes=frozenset(column.name for column in contract.columns if column.check == "uscc"),
        words={
            column.name: {unicodedata.normalize("NFKC", text): code for text, code in column.values.items()}
            for column in contract.columns
            if column.values and column.logical_type == "string"
        },
        document_number=contract.document_number,
        subject="uscc" if "uscc" in contract.column_names else None,
    )


def refused_push(month: Month) -> pa.Table:
    """Batch and kind of each row of the province's push that is in quarantine and not corrected; as written if unknown."""
    done = set(corrected(month)["row_id"].to_pylist())
    rows = []
    for row_id, contract, cells in _raw_cells(month, {PUSH: source(PUSH).contract}):
        if row_id not in done:
            kinds = {half_width(text): code for text, code in contract.column("record_kind").values.items()}
            kind = half_width(cells.get("record_kind") or "")
            batch = (cells.get("batch_no") or "").strip()
            rows.append({"batch_no": batch, "record_kind": kinds.get(kind, kind)})
    return _table(rows, batch_no=pa.string(), record_kind=pa.string())


def _raw_cells(
    month: Month, contracts: Mapping[str, Contract]
) -> Iterator[tuple[str, Contract, Mapping[str, str | None]]]:
    for row in month.records("quarantined", ["source", "row_id", "raw_cells"]):
        contract = contracts.get(row["source"])
        if contract is not None:
            yield row["row_id"], contract, json.loads(row["raw_cells"] or "{}")


def _pairs() -> Iterator[tuple[Clock, Source]]:
    known = {clock.name: clock for clock in clocks()}
    for entry in sources():
        for name in entry.clocks:
            if name in known:
                yield known[name], entry


def _check() -> None:
    facts = [(s.name, s.clocks, bool(s.contract.formed_on), bool(s.contract.published_on)) for s in sources()]
    faults = clock_faults(clocks(), facts)
    if faults:
        raise ClockError("".join(faults))


def _start(month: Month) -> date:
    return month.first_day - timedelta(days=366 * YEARS_BACK)


def _end(month: Month) -> date:
    return max(last_day(month.name), month.as_of)


def _table(rows: Iterable[Mapping[str, Any]], **types: pa.DataType) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(list(types.items())))
