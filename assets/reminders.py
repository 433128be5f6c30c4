"""风险提醒: who is reminded of what and why, how long it took, and what goes to the offices and the enterprises.

Here: the assets `reminder_item`, `risk_reminders`, `reminder_lag`, the small tables their SQL is given, the calls of the
writers. Not here: the rules (supervision.reminders, periods), the joins (sql/reports), layout (resources/outbox).
"""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from assets import clock_inputs as given
from assets.documents import facts, frame_of, outbox, unit_table
from assets.round_state import LETTERS
from assets.stage import Month, sql_asset
from data_contracts.model import output_contract
from resources.calendars import calendar
from resources.ledger import Ledger
from resources.outbox.letters import write_letters
from resources.outbox.reminders import ReminderTables, write_reminders
from resources.periods import law, periods
from resources.reference import text_table
from resources.reminder_rules import reminder_rules
from supervision import rounds
from supervision.months import first_day, last_day, month_before
from supervision.reminder_letters import letters, notices
from supervision.reminders import Document

_ITEM_INPUTS = (
    "accepted_penalty", "accepted_abnormal_listing", "accepted_serious_violation", "accepted_repair", "accepted_licence",
    "accepted_grade_snapshot", "field_record", "subject", "cluster_alarm",
)  # fmt: skip
THREE_YEARS = "abnormal_three_years"
_MONTHS = pa.schema(
    [
        ("month", pa.string()),
        *((name, pa.date32()) for name in ("after", "as_of")),
        *(
            (name, pa.int32())
            for name in (
                "new_penalty_days", "new_abnormal_days", "licence_days", "apply_days", "three_year_days", "duplicate_days",
            )
        ),
        ("repair_yearly", pa.bool_()),
        *((name, pa.date32()) for name in ("annual_stage", "annual_due")),
    ]
)  # fmt: skip
_RULES = pa.schema(
    [
        *((name, pa.string()) for name in ("month", "reason_code", "channel", "text_template_id")),
        ("disposal_due_on", pa.date32()),
    ]
)


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "reminder_item",
            partitions,
            inputs=_ITEM_INPUTS,
            parameters=lambda m: {"month": m.name},
            extra=lambda m: {
                "reminder_month": reminder_months(m),
                "law": law(m.as_of),
                "field_name": _field_names(),
                "unit": unit_table(),
            },
        ),
        sql_asset(
            "risk_reminders",
            partitions,
            inputs=["reminder_item", "subject", "accepted_task_evidence"],
            parameters=lambda m: {"as_of": m.as_of},
            extra=lambda m: {"reminder_rule": reminder_rule_rows(m), "day_number": given.day_numbers(m)},
            written=_letters,
        ),
        sql_asset(
            "reminder_lag",
            partitions,
            inputs=["risk_reminders"],
            deps=["reminder_item"],
            parameters=lambda m: {"month": m.name},
            written=_reminders_xlsx,
        ),
    ]


def tracked(month: Month) -> list[tuple[str, date, date]]:
    """This month and the earlier ones whose reminders are followed: month, the day before it, its last day.

    Earlier ones as far as they had a round: before that nobody was reminded. Oldest first.
    """
    had = {each.month for each in rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries()).values()}
    names, name = [month.name], month.name
    for _ in range(reminder_rules().tracking_on(month.as_of).months_back):
        name = month_before(name)
        if name not in had:
            break
        names.append(name)
    days = {month.name: month.as_of}
    return [(n, first_day(n) - timedelta(1), days.get(n, last_day(n))) for n in reversed(names)]


def reminder_months(month: Month) -> pa.Table:
    """Each followed month with its window and the figures in force on its last day."""
    rules, rows = reminder_rules(), []
    for name, after, as_of in tracked(month):
        figures = {reason.code: rules.on(reason.code, as_of).parameters for reason in rules.reasons}
        annual = figures["ANNUAL_REPORT_DUE"]
        stages = [date.fromisoformat(f"{as_of.year}-{day}") for day in annual["remind_on"]]
        rows.append({
            "month": name,
            "after": after,
            "as_of": as_of,
            "new_penalty_days": figures["NEW_PENALTY"]["new_within_days"],
            "new_abnormal_days": figures["NEW_ABNORMAL"]["new_within_days"],
            "licence_days": figures["LICENSE_EXPIRING"]["before_days"],
            "apply_days": figures["LICENSE_EXPIRING"]["apply_before_days"],
            "repair_yearly": figures["REPAIR_ELIGIBLE"]["yearly"],
            "three_year_days": three_year_days(as_of),
            "duplicate_days": rules.tracking_on(as_of).duplicate_days,
            "annual_stage": next((day for day in stages if after < day <= as_of), None),
            "annual_due": date.fromisoformat(f"{as_of.year}-{annual['due_on']}"),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=_MONTHS)


def reminder_rule_rows(month: Month) -> pa.Table:
    """Each followed month × reason: how it goes out, by which text, and until when its disposal is due."""
    rules = reminder_rules()
    rows = []
    for name, _, as_of in tracked(month):
        due = calendar().due_on(as_of, rules.tracking_on(as_of).disposal_within).day
        for reason in rules.reasons:
            text = rules.on(reason.code, as_of).text
            rows.append({
                "month": name,
                "reason_code": reason.code,
                "channel": reason.channel,
                "text_template_id": None if text is None else text.id,
                "disposal_due_on": due,
            })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=_RULES)


def three_year_days(as_of: date) -> int:
    """How many days before three years on the list a firm is told, by the law of the day."""
    notices = [rule.notice_days for rule in periods().in_force(as_of) if rule.id == THREE_YEARS]
    return notices[0] or 0


def _field_names() -> pa.Table:
    """Names of the special fields by code."""
    values = output_contract("field_record").column("field_code").values
    return text_table([{"field_code": c, "field_name": n} for n, c in values.items()], ("field_code", "field_name"))


def _letters(month: Month) -> None:
    items = [row for row in month.records("reminder_item") if row["month"] == month.name]
    names = {row["uid"]: row["party_name"] or row["uid"] for row in month.records("subject", ["uid", "party_name"])}
    cited = {
        rule.id: Document(rule.document.issuer, rule.document.number, rule.document.title).cited
        for rule in periods().rules
    }
    rules = reminder_rules()
    made = [*notices(items, rules), *letters(items, names, rules, cited)]
    write_letters(
        outbox(month, LETTERS),
        sorted(made, key=lambda letter: letter.unit_code),
        rules.frame,
        demonstration=month.demonstration,
    )


def _reminders_xlsx(month: Month) -> None:
    write_reminders(
        outbox(month, "reminders.xlsx"),
        ReminderTables(**{name: frame_of(month, name) for name in ("risk_reminders", "reminder_item", "reminder_lag")}),
        demonstration=month.demonstration,
        facts=facts(month),
    )
