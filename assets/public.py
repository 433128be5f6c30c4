"""公开: what the public receives — the plan, the drawn list, totals, rounds — and how much it gives away.

Here: one table per public file and the call of its writer; the leak meter that lets the list go out or not. Not here: the
internal tables they are made of (reports), the results (results), what a public file may hold (data_contracts.openness).
A public writer can be made for a public contract only: `public_csv` refuses any other when definitions are built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction

import dagster as dg

from assets.documents import facts, frame_of, outbox, unit_table
from assets.plan import policy_tables
from assets.stage import Month, sql_asset, table_asset
from data_contracts.model import output_contract, public_contract
from resources.bundles import Bundles
from resources.decisions import Decisions
from resources.engines.duckdb_engine import sql_text
from resources.lake import Stored
from resources.leak_limits import limits_for
from resources.ledger import Ledger
from resources.outbox.leak_meter import write_leak_meter
from resources.outbox.public_csv import write_public
from resources.outbox.public_html import write_public_html
from resources.reference import city, units
from supervision import rounds
from supervision.reports.leak_limits import HOLD, action_of, chances_of, findings_sha256, hold_text, meter_rows, told
from supervision.reports.leak_meter import Place, Profile
from supervision.reports.rounds import beacon_of, public_round
from supervision.round_steps import APPROVE


def build(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """The assets of this stage."""
    return [
        sql_asset(
            "plan_public",
            partitions,
            inputs=["sampling_plan"],
            parameters=lambda m: {"demonstration": m.demonstration},
            extra=lambda m: {"policy_task": policy_tables(m)["policy_task"]},
            written=_public_files("plan_public"),
        ),
        table_asset(
            "leak_meter",
            partitions,
            _leak_meter,
            deps=["frame", "enterprise_month", "due", "strata", "allocation"],
            checks=[
                dg.AssetCheckSpec(
                    "within_limits",
                    asset="leak_meter",
                    description="各公开文件的读者推知等级的概率不超过配置的上限（leak.yaml）；超出的提示、只公开合计或等待人工（R-38）",
                )
            ],
            judge=_judge_leak,
            kinds=("python", "excel"),
        ),
        sql_asset(
            "drawn_public",
            partitions,
            inputs=["drawn_subjects"],
            deps=["leak_meter"],
            parameters=lambda m: {"demonstration": m.demonstration},
            held=lambda m: HOLD in m.lake.holds(),
            written=_drawn_list,
        ),
        sql_asset(
            "county_totals_public",
            partitions,
            inputs=["drawn_in_force", "committed_round"],
            extra=lambda m: {"unit": unit_table()},
            written=public_csv("county_totals_public"),
        ),
        table_asset("round_public", partitions, _round_public, deps=["round_bundle"], kinds=("python", "parquet")),
    ]


def public_csv(name: str) -> Callable[[Month], None]:
    """The writer of one public CSV file; ContractError at once when the contract is not a public one."""
    contract = public_contract(name)
    return lambda month: _write_csv(month, contract.name)


def _public_files(name: str) -> Callable[[Month], None]:
    """The writer of a public table as CSV and as a page; ContractError at once when the contract is not a public one."""
    write_csv, contract = public_csv(name), public_contract(name)

    def write(month: Month) -> None:
        write_csv(month)
        write_public_html(
            outbox(month, f"{contract.name}.html"),
            contract.name,
            frame_of(month, contract.name),
            month=month.name,
            issuer=f"{city().full_name}市场监督管理局",
            demonstration=month.demonstration,
        )

    return write


def _write_csv(month: Month, name: str) -> None:
    write_public(outbox(month, f"{name}.csv"), name, frame_of(month, name))


def _leak_meter(month: Month) -> Stored:
    """Measure what the public files give away; hold the list, or lift the hold. A demonstration is never held."""
    with month.house.engine() as engine:
        tables = {name: month.lake.table(name) for name in ("frame", "enterprise_month")}
        counted = engine.select(sql_text("reports/leak_profile"), tables, {}).to_pylist()
    profiles = [
        Profile(r["county"], r["credit_grade"], _places(r["places"]), r["firms"], _places(r["scope"])) for r in counted
    ]
    chances = chances_of(*(month.records(name) for name in ("due", "strata", "allocation")))
    names = {unit["unit_code"]: unit["unit_name"] for unit in units()}
    names |= {code: task.name for code, task in month.policy.tasks.items()}
    limits = limits_for(month.first_day)
    rows = [
        {name: _stored(getattr(row, name)) for name in row.__slots__}
        for row in meter_rows(profiles, chances, month.policy, names, limits)
    ]
    stored = month.store_records(output_contract("leak_meter"), rows)
    decided = Decisions(month.lake.home).find(month.name, HOLD, findings_sha256(month.name, rows))
    held = action_of(rows) == "hold" and not month.demonstration and decided is None
    able = {role.code: role.name for role in month.policy.roles.values() if APPROVE in role.duties}
    month.lake.hold(HOLD, hold_text(month.name, rows, able) if held else None)
    if held:
        _withdraw_list(month)
    write_leak_meter(
        outbox(month, "leak_meter.xlsx"),
        frame_of(month, "leak_meter"),
        demonstration=month.demonstration,
        facts=facts(month) | {"上限版本": limits.version},
    )
    return stored


def _places(text: str) -> tuple[Place, ...]:
    """`GEN:A;FOOD:L2` as pairs of task and stratum."""
    pairs = (each.partition(":") for each in text.split(";") if each)
    return tuple((task, stratum) for task, _, stratum in pairs)


def _stored(value: object) -> object:
    """A fraction as the table keeps it: six decimals, halves to even."""
    if not isinstance(value, Fraction):
        return value
    return (Decimal(round(value * 10**6)) / 10**6).quantize(Decimal("0.000001"))


def _judge_leak(month: Month, _: Stored) -> Iterable[dg.AssetCheckResult]:
    rows = month.records("leak_meter")
    over = told(rows)
    yield dg.AssetCheckResult(
        check_name="within_limits",
        passed=not over,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"超出上限：{over}，见 leak_meter.xlsx" if over else "各公开文件均未超出上限",
        metadata={"over": sum(row["meter_state"] == "over" for row in rows)},
    )


def _drawn_list(month: Month) -> None:
    """The list, unless only totals are public until the results are (action merge); a demonstration is shown whole."""
    if action_of(month.records("leak_meter")) == "merge" and not month.demonstration:
        _withdraw_list(month)
    else:
        _public_files("drawn_public")(month)


def _withdraw_list(month: Month) -> None:
    for suffix in ("csv", "html"):
        outbox(month, f"drawn_public.{suffix}").unlink(missing_ok=True)


def _round_public(month: Month) -> Stored:
    """The rounds of the year up to this month, as far as they are committed: the void ones stay in sight (DRAW §3.4)."""
    known = rounds.rounds_of(Ledger(month.lake.home.ledger, "rounds").entries())
    bundles = Bundles(month.lake.home)
    listed = [
        public_round(each, bundles.policy(each.round_id).beacon, beacon_of(bundles.read(each.round_id)))
        for each in known.values()
        if each.commitment is not None and month.name[:4] == each.month[:4] and each.month <= month.name
    ]
    stored = month.store_records(public_contract("round_public"), sorted(listed, key=lambda row: row["round_id"]))
    public_csv("round_public")(month)
    return stored
