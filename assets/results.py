"""结果: what the inspections found, published within 20 working days and returned to the province (R-29, R-29b, R-30).

Here: the results of platform and counties as one table, the public list, the return file, its acknowledgements. Not here:
the county workbooks and which of their rows count (counties), the layout of the return file (data_contracts/layouts).
What earlier months published and returned is worked out again from the same data, by the days on which they closed.
"""

from __future__ import annotations

from datetime import date

import dagster as dg
import pyarrow as pa

from assets.clock_inputs import day_numbers, due_days, month_days
from assets.counties import TRIGGERED
from assets.documents import facts, frame_of, outbox, unit_table
from assets.public import public_csv
from assets.stage import Month, sql_asset
from data_contracts.layout import Layout, layout_in_force
from resources.calendars import calendar, rows
from resources.outbox.platform_return import return_facts, write_platform_return
from resources.outbox.returns import ReturnTables, write_returns
from resources.reference import policies, text_table
from resources.rounds import Rounds
from resources.settings import REFERENCE
from supervision.months import last_day

ACK_DAYS = 3  # unacknowledged after that many working days is red (DOMAIN §4.8)
RETURN_DAYS = 5  # from inspection to return (DOMAIN §5.4)
RESULT_CODES = "zj_srj_2017"
LAYOUT = "platform_return"
TOLD = ("return_reconciliation", "return_issue", "publication", "outcome_difference", "platform_return")


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage; a layout that asks for a grade is refused here, before anything runs."""
    layout_in_force(LAYOUT, date.max)
    return [
        sql_asset(
            "result_pair",
            partitions,
            inputs=["accepted_inspection_result", "accepted_county_return", "county_return_verdict"],
            parameters=lambda m: {"as_of": m.as_of},
        ),
        sql_asset(
            "inspection_outcome",
            partitions,
            inputs=[
                "accepted_inspection_result",
                "accepted_county_return",
                "county_return_verdict",
                "result_pair",
                "accepted_acknowledgement",
                "subject",
            ],
            parameters=lambda m: month_days(m) | {"as_of": m.as_of},
            extra=lambda m: {"due_day": due_days(m), "file_day": file_days(m), "voided_round": voided_rounds(m)},
        ),
        sql_asset(
            "outcome_difference",
            partitions,
            inputs=["accepted_inspection_result", "accepted_county_return", "result_pair", "subject"],
            extra=lambda _: {"unit": unit_table(), "result_word": result_words(), "task_word": task_words()},
        ),
        sql_asset(
            "results_public",
            partitions,
            inputs=["inspection_outcome"],
            parameters=lambda m: {"as_of": m.as_of, "demonstration": m.demonstration},
            extra=lambda m: {"unit": unit_table(), "result_word": result_words(), "task_word": task_words()},
            written=public_csv("results_public"),
        ),
        sql_asset(
            "publication",
            partitions,
            inputs=["inspection_outcome"],
            parameters=lambda m: month_days(m) | {"month": m.name, "as_of": m.as_of},
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "platform_return",
            partitions,
            inputs=["inspection_outcome", "accepted_acknowledgement"],
            parameters=lambda m: {"as_of": m.as_of, "demonstration": m.demonstration},
            extra=lambda m: {"unit": unit_table()},
        ),
        sql_asset(
            "return_issue",
            partitions,
            inputs=["inspection_outcome", "accepted_acknowledgement", "subject"],
            parameters=lambda m: {"as_of": m.as_of},
            extra=lambda m: {"unit": unit_table(), "day_number": day_numbers(m), "task_word": task_words()},
        ),
        sql_asset(
            "return_reconciliation",
            partitions,
            inputs=["inspection_outcome", "return_issue", "bulletin_figure"],
            deps=[name for name in TOLD if name not in ("return_reconciliation", "return_issue")],
            parameters=_reconciled,
            extra=lambda m: {"unit": unit_table(), "day_number": day_numbers(m)},
            written=_files,
        ),
    ]


def file_days(month: Month) -> pa.Table:
    """The day of each month's list and return file, and until when the platform's answer to it is due.

    A month has closed when a round of it was drawn and sealed; the month itself closes now.
    """
    closed = {each.month for each in Rounds(month.lake.home).all().values() if each.sealed and each.month < month.name}
    days = [last_day(name) for name in sorted(closed | {month.name})]
    dues = [(day, calendar().due_on(day, ACK_DAYS)) for day in days]
    return pa.table({
        "day": pa.array(days, pa.date32()),
        "ack_due_on": pa.array([due.day for _, due in dues], pa.date32()),
        "ack_provisional": pa.array([due.provisional for _, due in dues], pa.bool_()),
    })  # fmt: skip


def voided_rounds(month: Month) -> pa.Table:
    """The rounds that were voided; their subjects are visited all the same (DRAW §3.4)."""
    known = Rounds(month.lake.home).all()
    return pa.table({"round_id": pa.array(sorted(name for name, each in known.items() if each.void), pa.string())})


def result_words() -> pa.Table:
    """The category of each result code in words."""
    listed = [row for row in rows(REFERENCE / "inspection_result_codes.csv") if row["scheme"] == RESULT_CODES]
    return text_table(
        ({"result_code": row["code"], "result_words": row["text"]} for row in listed), ("result_code", "result_words")
    )


def task_words() -> pa.Table:
    """The name of every task of any policy, the latest policy's where several name it, and of a visit for a trigger alone."""
    names = {TRIGGERED["task"]: TRIGGERED["task_name"]} | {
        task.code: task.name
        for policy, _, _ in sorted(policies(), key=lambda each: each[2])
        for task in policy.tasks.values()
    }
    return text_table(
        ({"task_code": code, "task_name": name} for code, name in sorted(names.items())), ("task_code", "task_name")
    )


def layout_of(month: Month) -> Layout:
    """The layout of the return file in force in the month."""
    return layout_in_force(LAYOUT, month.first_day)


def _reconciled(month: Month) -> dict[str, object]:
    return month_days(month) | {
        "month": month.name,
        "year_first": date(month.first_day.year, 1, 1),
        "return_days": RETURN_DAYS,
    }


def _files(month: Month) -> None:
    layout = layout_of(month)
    path = write_platform_return(
        month.lake.home.outbox / month.name,
        layout,
        frame_of(month, "platform_return"),
        demonstration=month.demonstration,
    )
    write_returns(
        outbox(month, "returns.xlsx"),
        ReturnTables(**{name: frame_of(month, name) for name in TOLD}),
        demonstration=month.demonstration,
        facts=facts(month) | return_facts(path, layout),
    )
