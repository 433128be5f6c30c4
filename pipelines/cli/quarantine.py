"""`ssj quarantine`: what stands aside, what is wrong with it, and what becomes of it.

Here: the five verbs and how they are shown. A list shows no values; a row shows its cells, those of sensitive columns
only with --sensitive, which is written into the ledger with the name of who looked.
Not here: judging, delivering, writing sheets (resources/quarantine).
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from resources.quarantine.rows import AsideFile, AsideRow, Quarantine

STATES_ZH = {"open": "待处理", "corrected": "已更正", "released": "已放行", "returned": "已退回", "resolved": "已解决"}
ACTIONS_ZH = {"corrected": "更正", "released": "放行", "returned": "退回", "viewed": "查看敏感内容"}
_HEADERS = ("位置号", "来源", "单位", "文件", "工作表", "行", "状态", "问题")
_WIDEST = 60
_MASKED = "（敏感，未显示）"
# A cell must not steer the terminal: what cannot be seen is shown by its picture (␇ for a bell), or by a mark.
_UNSEEN = {code: chr(0x2400 + code) for code in range(32)} | {127: "␡"}
_UNSEEN |= dict.fromkeys([*range(0x80, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], "�")

group = typer.Typer(help="隔离清单：查看、更正、放行、退回", no_args_is_help=True, rich_markup_mode=None)

HomeOption = Annotated[Path | None, typer.Option("--home", help="数据目录（缺省取 SSJ_HOME，再缺省为 var/）")]
MonthOption = Annotated[str | None, typer.Option("--month", help="月份，YYYY-MM（缺省为最近验收的月份）")]
SourceOption = Annotated[str | None, typer.Option("--source", help="来源，如 penalty")]
UnitOption = Annotated[str | None, typer.Option("--unit", help="报送单位代码，如 140802")]
ActorOption = Annotated[str | None, typer.Option("--actor", help="经办人（缺省为登录名）")]


@group.command(name="list")
def list_rows(
    home: HomeOption = None,
    month: MonthOption = None,
    source: SourceOption = None,
    unit: UnitOption = None,
    rule: Annotated[str | None, typer.Option("--rule", help="规则，如 uscc.check；只写列名则包括该列的各条")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="open 待处理、corrected、released、returned、resolved 已解决")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="至多列出几行")] = 200,
) -> None:
    """列出隔离的行和文件：位置、状态、问题；不显示单元格内容。"""
    from resources.quarantine.rows import STATES, QuarantineError

    if state not in (None, *STATES):
        raise QuarantineError(f"没有状态 {state}，请改用以下之一：{'、'.join(STATES)}。")
    _known(source, unit)
    quarantine = _open(home, month)
    files = [] if rule else [f for f in quarantine.files(source=source, unit=unit) if state in (None, f.state)]
    lines = [_file_line(file) for file in files]
    rows = 0
    for row in quarantine.rows(source=source, unit=unit, rule=rule, state=state):
        rows += 1
        if len(lines) < limit:
            lines.append(_row_line(row))
    if lines:
        _table([_HEADERS, *lines])
    told = f"{quarantine.month}：隔离 {rows} 行、{len(files)} 份文件"
    more = rows + len(files) - len(lines)
    typer.echo(told + (f"，还有 {more} 行未列出，请加条件或 --limit" if more > 0 else ""))


@group.command()
def show(
    row_id: Annotated[str, typer.Argument(metavar="位置号")],
    home: HomeOption = None,
    month: MonthOption = None,
    actor: ActorOption = None,
    sensitive: Annotated[bool, typer.Option("--sensitive", help="显示敏感列的内容（记入台账）")] = False,
) -> None:
    """显示一行：位置、每条问题、原始单元格、更正与经过。"""
    quarantine = _open(home, month)
    file = next((each for each in quarantine.files() if each.file_id == row_id), None)
    if file is not None:
        _show_file(file)
        return
    row = quarantine.row(row_id)
    if sensitive:
        quarantine.record("viewed", [{"row_id": row_id, "source": row.source, "actor": _actor(actor)}])
        row = quarantine.row(row_id)
    _show_row(row, sensitive)


@group.command()
def correct(
    row_id: Annotated[str, typer.Argument(metavar="位置号")],
    changes: Annotated[list[str], typer.Argument(metavar="列名=值…")],
    reason: Annotated[str, typer.Option("--reason", help="理由，记入台账")],
    home: HomeOption = None,
    month: MonthOption = None,
    actor: ActorOption = None,
) -> None:
    """更正一行的单元格（原行不动，更正记入台账），并立即按契约判断能否接收。"""
    from resources.quarantine.correction import correct as keep
    from resources.quarantine.rows import QuarantineError

    pairs = [change.partition("=") for change in changes]
    if any(not equals or not name for name, equals, _ in pairs):
        raise QuarantineError("更正须写成 列名=值，如 处罚决定日期=2026-10-08；值留空表示清空该格。")
    if len({name for name, _, _ in pairs}) != len(pairs):
        raise QuarantineError("同一列给了两个值，请只留一个。")
    quarantine = _open(home, month)
    values = {name: value for name, _, value in pairs}
    _, judgement = keep(quarantine, row_id, values, actor=_actor(actor), reason=reason)
    typer.echo(
        "更正已记录，按契约可以接收：请用 ssj quarantine release 放行"
        if judgement.accepted
        else f"更正已记录，但仍有问题：{judgement.reasons}"
    )


@group.command()
def release(
    row_ids: Annotated[list[str] | None, typer.Argument(metavar="位置号…")] = None,
    everything: Annotated[bool, typer.Option("--all", help="放行全部已更正且可以接收的行")] = False,
    reason: Annotated[str, typer.Option("--reason", help="理由，记入台账")] = "",
    home: HomeOption = None,
    month: MonthOption = None,
    actor: ActorOption = None,
) -> None:
    """把已更正的行作为新的批次放入收件箱，下次运行时接收，并与原行相连。"""
    from resources.quarantine.release import release as deliver
    from resources.quarantine.rows import QuarantineError

    if bool(row_ids) == everything:
        raise QuarantineError("请写明要放行的位置号，或用 --all 放行全部已更正的行（二者取一）。")
    quarantine = _open(home, month)
    made, wrong = deliver(quarantine, row_ids if not everything else None, actor=_actor(actor), reason=reason)
    for each in made:
        typer.echo(f"已放行 {each.rows} 行：批次 {each.delivery_id}（{each.unit_name}，{each.source}）")
    for row_id, why in wrong.items():
        typer.echo(f"未放行 {row_id}：{why}", err=True)
    if not made and not wrong:
        typer.echo("没有已更正而未放行的行")
    elif made:
        typer.echo(_next_run(quarantine))


@group.command(name="return")
def give_back(
    home: HomeOption = None,
    month: MonthOption = None,
    source: SourceOption = None,
    unit: UnitOption = None,
    reason: Annotated[str, typer.Option("--reason", help="理由，记入台账")] = "",
    actor: ActorOption = None,
) -> None:
    """写出更正表：每个单位、每个来源一份，标出错误的单元格，供报送单位改正后送回。"""
    from resources.quarantine.giving_back import give_back as write
    from resources.settings import shown

    _known(source, unit)
    quarantine = _open(home, month)
    sheets = write(quarantine, source=source, unit=unit, actor=_actor(actor), reason=reason)
    for sheet in sheets:
        what = f"{sheet.source}，{sheet.rows} 行" if sheet.source else f"整份退回，{sheet.rows} 份文件"
        what = f"含个人号码，{sheet.rows} 份文件，不必重送" if sheet.is_notice else what
        typer.echo(f"{shown(sheet.path)}（{sheet.unit_name}，{what}）")
    if not sheets:
        typer.echo(f"{quarantine.month} 没有待退回的行或文件")


def _open(home: Path | None, month: str | None) -> Quarantine:
    from resources.quarantine.rows import Quarantine
    from resources.settings import Home
    from supervision.months import check_month

    if month is not None:
        check_month(month)
    return Quarantine(Home.at(home), month)


def _known(source: str | None, unit: str | None) -> None:
    """A name written wrongly must not look like an empty list."""
    from data_contracts.registry import source as registered
    from resources.quarantine.rows import QuarantineError
    from resources.reference import units

    if source is not None:
        registered(source)
    if unit is not None and unit not in {each["unit_code"] for each in units()}:
        raise QuarantineError(f"没有单位代码 {unit}，请改用 data_contracts/reference/units.csv 中的代码。")


def _actor(given: str | None) -> str:
    return (given or "").strip() or getpass.getuser()


def _next_run(quarantine: Quarantine) -> str:
    """When the released rows are taken in: a month's own run looks back only to its as_of."""
    from resources.clock import now

    today = now()
    if f"{today:%Y-%m}" == quarantine.month:
        return f"下次运行 ssj run --month {quarantine.month} 时接收"
    return (
        f"{today:%Y-%m} 的运行会接收；要重算 {quarantine.month}，"
        f"请运行 ssj run --month {quarantine.month} --as-of {today:%Y-%m-%d}"
    )


def _row_line(row: AsideRow) -> Sequence[str]:
    problem = row.reasons if len(row.reasons) <= _WIDEST else row.reasons[: _WIDEST - 1] + "…"
    where = (row.source, row.origin.unit_name, f"{row.delivery_id}/{row.file_name}", row.sheet, str(row.row_no))
    return (row.row_id, *where, STATES_ZH[row.state], problem)


def _file_line(file: AsideFile) -> Sequence[str]:
    problem = file.reason if len(file.reason) <= _WIDEST else file.reason[: _WIDEST - 1] + "…"
    where = (file.source, file.origin.unit_name, f"{file.delivery_id}/{file.file_name}", "", "整份")
    return (file.file_id, *where, STATES_ZH[file.state], problem)


def _show_file(file: AsideFile) -> None:
    _say(f"整份隔离的文件  {file.delivery_id}/{file.file_name}")
    _say(f"单位  {file.origin.unit_name}（{file.origin.unit_code}）  来源 {file.source}")
    _say(f"状态  {STATES_ZH[file.state]}")
    _say(f"问题  {file.reason}")
    for action in file.actions:
        _say(f"经过  {action.at}  {ACTIONS_ZH[action.kind]}  {action.body['actor']}")


def _say(text: str) -> None:
    typer.echo(text.translate(_UNSEEN))


def _show_row(row: AsideRow, sensitive: bool) -> None:
    place = f"{row.delivery_id}/{row.file_name}" + (f" 工作表「{row.sheet}」" if row.sheet else "")
    _say(f"位置号  {row.row_id}")
    _say(f"位置  {place} 第 {row.row_no} 行")
    _say(f"单位  {row.origin.unit_name}（{row.origin.unit_code}）  来源 {row.contract.title}（{row.source}）")
    _say(f"状态  {STATES_ZH[row.state]}" + (f"，由 {row.resolved_by} 更正并接收" if row.resolved_by else ""))
    if row.corrects_row_id:
        _say(f"更正自  {row.corrects_row_id}")
    for finding in row.findings:
        _say(f"问题  [{finding.rule}] {finding.reason}")
    if row.candidates:
        _say(f"可能是  {row.candidates}")
    bad = {name for finding in row.findings for name in finding.columns}
    now_cells = row.corrected_cells
    lines = [("", "列", "原始内容", "更正为")]
    for column in row.contract.columns:
        before, after = row.cells[column.name], now_cells[column.name]
        hidden = column.classification == "sensitive" and not sensitive
        shown = [_MASKED if hidden and text else (text or "") for text in (before, after)]
        lines.append(("✗" if column.name in bad else "", column.title, shown[0], "" if before == after else shown[1]))
    _table(lines)
    for action in row.actions:
        told = [action.at, ACTIONS_ZH[action.kind], action.body["actor"]]
        told += [action.body[key] for key in ("delivery_id", "file", "reason") if action.body.get(key)]
        _say("经过  " + "  ".join(told))


def _table(lines: Iterable[Sequence[str]]) -> None:
    """Columns aligned by the width that a terminal gives Chinese characters; one line a row."""
    from resources.outbox.cells import text_width

    rows = [[" ".join(cell.split()) for cell in line] for line in lines]
    widths = [max(text_width(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        padded = [cell + " " * (width - text_width(cell)) for cell, width in zip(row, widths, strict=True)]
        _say("  ".join(padded).rstrip())
