"""What the bulletin and the status of tasks rest on: the register with its decisions, rounds, months, small tables for SQL.

Here: reading lake, bundles and ledger into the values of supervision.bulletin_year. Not here: assets (bulletin), rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache

import pandas as pd
import pyarrow as pa

from assets import clock_inputs
from assets.stage import Month
from resources.bundles import Bundles
from resources.decisions import Decisions
from resources.lake import sha256_file
from resources.ledger import Ledger
from resources.reference import bulletin_editions, policy_for, task_register, units
from supervision import rounds
from supervision.bulletin import MonthEnd
from supervision.bulletin_rules import Edition
from supervision.bulletin_year import Known, RoundCount, disposals_due, is_cut, month_end_rows
from supervision.bulletin_year import month_ends as ends_of
from supervision.canonical import parse_csv, parse_json
from supervision.draw.rows import STRATA
from supervision.months import first_day, month_before, month_number
from supervision.policy import Policy, PolicyError
from supervision.task_register import Register, Units, parse_units

_NO_FILE = hashlib.sha256(b"").hexdigest()  # what a round names as its snapshot when there was none


def units_and_register(month: Month, day: date) -> tuple[Units, Register]:
    """The units, and the register with what people had decided about its names by `day`."""
    known = parse_units(units())
    return known, task_register(known, Decisions(month.lake.home).settled_units(day))


def editions(month: Month) -> tuple[Edition, ...]:
    """The rules of the bulletin, checked against the register."""
    _, register = units_and_register(month, month.as_of)
    return bulletin_editions(task.task_id for task in register.tasks)


def month_ends(month: Month) -> list[MonthEnd]:
    """The months that are looked at; from the month on in which evidence first came."""
    return ends_of(month.name, month.as_of, _started(month))


def reaches_back(month: Month) -> bool:
    """Whether what is listed in the first of these months may have begun before it."""
    return is_cut(month_ends(month), _started(month))


def known(month: Month) -> Known:
    """All that the readings of the year rest on."""
    return _known(month, figures=True)


def _known(month: Month, *, figures: bool) -> Known:
    return Known(
        units=parse_units(units()),
        register_on=lru_cache(lambda day: units_and_register(month, day)[1]),
        editions=editions(month),
        evidence=month.records("accepted_task_evidence") if figures else [],
        figures=month.records("bulletin_figure") if figures else [],
        shares=month.records("differentiation") if figures else [],
        rounds=_rounds(month),
        policies=_policies(month),
    )


def figure_tables(month: Month) -> dict[str, pa.Table]:
    """The small tables of sql/reports/bulletin_figure: month ends, clock, due days, tasks whose frequency a law sets."""
    planned = _known(month, figures=False)
    ends = month_end_rows(month_ends(month), planned, _started(month))
    law = sorted(
        {task.code for policy in planned.policies.values() for task in policy.tasks.values() if task.set_by_law}
    )
    return {
        "month_end": pa.Table.from_pylist(ends),
        "clock_source": clock_inputs.clock_sources(),
        "due_day": clock_inputs.due_days(month),
        "law_task": pa.table({"task": pa.array(law, pa.string())}),
    }


def disposals(month: Month) -> Mapping[str, tuple[int, int]]:
    """By unit: reminders whose disposal was due, and how many of them are disposed of (R-05)."""
    columns = [
        "reminder_id", "unit_code", "channel", "sent_at", "disposed_at", "disposal_due_on", "suppressed_reason",
    ]  # fmt: skip
    return disposals_due(month.records("risk_reminders", columns), month.as_of)


def mechanisms(month: Month) -> tuple[int, int]:
    """Units and fields with a registered mechanism, and all that should have one (R-04)."""
    asked = [row for row in month.records("unit_duty") if "T7.3" in (row["responsible_for"] or "").split("、")]
    fields = month.records("field_mechanism", ["mechanism_on"])
    return sum(row["mechanism_on"] is not None for row in (*asked, *fields)), len(asked) + len(fields)


def decision_rows(month: Month) -> pd.DataFrame:
    """The names of the notice that a person has to settle, with what was decided."""
    known_units, register = units_and_register(month, month.as_of)

    def name(code: str) -> str:
        return f"{known_units.by_code[code].name}（{code}）"

    rows = [
        {
            "name": each.name,
            "question": each.question,
            "candidates": "、".join(name(code) for code in each.candidates),
            "chosen": "、".join(name(code) for code in each.settled.chosen) if each.settled else "待明确",
            "role": each.settled.role if each.settled else None,
            "decided_on": each.settled.on if each.settled else None,
            "basis": each.settled.basis if each.settled else None,
        }
        for each in register.decisions.values()
    ]
    columns = ["name", "question", "candidates", "chosen", "role", "decided_on", "basis"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def digests(month: Month) -> Callable[[str], str]:
    """From what a reading names as its evidence to digests: a table's, those of sealed rounds, those of evidence files."""
    files = {row["evidence_no"]: row["document_sha256"] for row in month.records("accepted_task_evidence")}
    sealed: dict[str, list[str]] = {}
    for each in rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries()).values():
        if each.commitment is not None:
            sealed.setdefault(each.month, []).append(each.sealed or each.commitment.manifest_sha256)

    def digest(ref: str) -> str:
        if ref.startswith("rounds:"):
            named = [found for name in ref.removeprefix("rounds:").split(";") for found in sealed.get(name, [])]
            return ";".join(named) or sha256_file(month.lake.table("bulletin_reading"))
        if month.lake.path(ref).exists():
            return sha256_file(month.lake.path(ref))
        return ";".join(files[name] for name in ref.split(";"))

    return digest


def _started(month: Month) -> date:
    """The day on which evidence of tasks came first, not before the notice and the rules: earlier there was no bulletin."""
    days = [row["received_at"].date() for row in month.records("accepted_task_evidence", ["received_at"])]
    _, register = units_and_register(month, month.as_of)
    return max(min(days, default=month.first_day), register.issued_on, editions(month)[0].valid_from)


def _policies(month: Month) -> dict[str, Policy]:
    """The policies of the two years up to this month; a month without one is left out."""
    found: dict[str, Policy] = {}
    name = month.name
    while month_number(month.name) - month_number(name) < 24:
        with suppress(PolicyError):  # a written decision of city.yaml, or before the first policy
            found[name] = policy_for(name)[0]
        name = month_before(name)
    return found


def _rounds(month: Month) -> list[RoundCount]:
    """The committed rounds up to this month, as their bundles tell them.

    A demonstration plays its months one after the other on one day: its plan counts as made on the month's first day.
    """
    bundles = Bundles(month.lake.home)
    found = []
    for each in rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries()).values():
        if each.commitment is None or each.month > month.name:
            continue
        tasks: dict[str, set[str]] = {}
        for task, county, *_ in parse_csv("strata.csv", bundles.file(each.round_id, "strata.csv"), STRATA):
            tasks.setdefault(county, set()).add(task)
        context = parse_json("context.json", bundles.file(each.round_id, "context.json"))
        snapshot = context.get("grade_snapshot_sha256") if isinstance(context, dict) else None
        listed = {county: sorted(codes) for county, codes in tasks.items()}
        made = first_day(each.month) if each.demonstration else date.fromisoformat(each.commitment.at[:10])
        found.append(RoundCount(each.month, listed, snapshot not in (None, _NO_FILE), made))
    return found
