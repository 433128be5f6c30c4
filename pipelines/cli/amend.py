"""`ssj amend`: what happens after the draw — replacements, late triggers, late conflicts (DRAW.md §5, §6).

Here: the four verbs and how an answer is shown: who comes instead and which inspectors go. Not here: the rules
(supervision.amendments), bundle and ledger (resources.amending). Nothing of the sealed bundle is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from supervision.amendments import Decision, Request

group = typer.Typer(help="抽取之后：补抽、后到线索、后报回避", no_args_is_help=True, rich_markup_mode=None)

RoundArgument = Annotated[str, typer.Argument(metavar="ROUND", help="批次编号，如 YC-2026-11")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="数据目录（缺省取 SSJ_HOME，再缺省为 var/）")]
UidOption = Annotated[str, typer.Option("--uid", help="主体标识：统一社会信用代码，或 R: 加注册号")]
EvidenceOption = Annotated[str, typer.Option("--evidence", help="证据：文号、笔录编号、工单号等")]
ByOption = Annotated[str, typer.Option("--by", help="申请人：名录中的检查人员工号，或政策中的岗位代码")]


@group.command()
def replace(
    round_id: RoundArgument,
    task: Annotated[str, typer.Option("--task", help="抽查任务代码，如 GEN")],
    uid: UidOption,
    reason: Annotated[str, typer.Option("--reason", help="注销、迁出、查无")],
    evidence: EvidenceOption,
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """补抽：抽中的主体已注销、迁出或查无，由同一档次的下一名候补；原抽取包不变。"""
    from supervision.amendments import REASONS

    code = {name: code for code, name in REASONS.items()}.get(reason, reason)
    _enter(home, round_id, "replacement", task=task, uid=uid, reason=code, evidence=evidence, asked_by=by)


@group.command()
def trigger(
    round_id: RoundArgument,
    trigger_id: Annotated[str, typer.Option("--id", help="线索编号")],
    uid: UidOption,
    trigger_type: Annotated[str, typer.Option("--type", help="触发类型代码，如 TS")],
    evidence: EvidenceOption,
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """后到线索：抽取之后才收到的触发检查，派人时不调动已派的人员。"""
    body = {"trigger_id": trigger_id, "uid": uid, "trigger_type": trigger_type, "evidence": evidence, "asked_by": by}
    _enter(home, round_id, "late_trigger", **body)


@group.command()
def conflict(
    round_id: RoundArgument,
    inspector: Annotated[str, typer.Option("--inspector", help="应当回避的人员工号")],
    uid: UidOption,
    by: ByOption,
    home: HomeOption = None,
) -> None:
    """后报回避：只换下应当回避的这一人，由下一名合格人员顶替。"""
    _enter(home, round_id, "late_conflict", inspector_id=inspector, uid=uid, asked_by=by)


@group.command(name="list")
def list_requests(round_id: RoundArgument, home: HomeOption = None) -> None:
    """列出一个批次的全部申请与结论，按台账次序。"""
    from resources.amending import drawn_round, requests
    from resources.settings import Home
    from supervision.amendments import amend

    folder = Home.at(home)
    asked = requests(folder, round_id)
    if not asked:
        drawn_round(folder, round_id)  # a round that does not exist is not one without requests
    for request, decision in zip(asked, amend(drawn_round(folder, round_id), asked).decisions, strict=True):
        typer.echo(_line(request, decision))
    typer.echo(f"批次 {round_id}：{len(asked)} 项申请")


def _enter(home: Path | None, round_id: str, kind: str, **body: str) -> None:
    from resources.amending import enter
    from resources.bundles import place_of
    from resources.settings import Home

    kept = {name: value.strip() for name, value in body.items()}
    kept["uid"] = kept["uid"].upper()
    decision = enter(Home.at(home), round_id, kind, kept)
    typer.echo(f"已记入台账第 {decision.number} 项：{_answer(decision)}")
    typer.echo(f"名单与表册在 ssj close --month {place_of(round_id)[0]} 之后更新；抽取包不变")


def _answer(decision: Decision) -> str:
    from supervision.amendments import OUTCOMES

    told = [OUTCOMES[decision.outcome]]
    if decision.new_uid:
        told.append(f"补抽 {decision.new_uid}（第 {decision.rank} 名）")
    if decision.team:
        told.append(f"检查人员 {'、'.join(decision.team)}（主办在前）")
    if decision.why:
        told.append(decision.why)
    return "；".join(told)


def _line(request: Request, decision: Decision) -> str:
    from supervision.amendments import KINDS, REASONS

    kinds: Mapping[str, str] = KINDS
    about = [request.task, request.uid, REASONS.get(request.reason, request.reason), request.trigger_id]
    about += [request.inspector_id, request.evidence]
    return (
        f"{request.number}  {request.at}  {kinds.get(request.kind, request.kind)}  "
        f"{' '.join(text for text in about if text)}  →  {_answer(decision)}"
    )
