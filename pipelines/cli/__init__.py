"""`ssj`: the command line. Each verb imports only what it needs, so that small questions are answered quickly.

Exit codes: 0 done · 1 refused, with the reason in one line · 2 usage · 3 held for a person.
"""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.amend import group as amend
from pipelines.cli.policy import group as policy
from pipelines.cli.quarantine import group as quarantine

OURS = ("assets", "data_contracts", "pipelines", "resources", "sample_city", "supervision")
HELD = 3


def _program() -> typer.Typer:
    """The program with its groups of verbs; single verbs follow below."""
    made = typer.Typer(
        name="ssj",
        help="双随机：信用风险分类月度数据管道",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.add_typer(quarantine, name="quarantine")
    made.add_typer(policy, name="policy")
    made.add_typer(amend, name="amend")
    return made


app = _program()

MonthOption = Annotated[str, typer.Option("--month", help="月份，YYYY-MM")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="数据目录（缺省取 SSJ_HOME，再缺省为 var/）")]


@app.command()
def generate(
    month: MonthOption,
    enterprises: Annotated[int | None, typer.Option(min=1, help="企业户数（缺省 60000；有登记表时为全部）")] = None,
    out: Annotated[Path | None, typer.Option(help="收件箱目录（缺省为数据目录的 inbox/）")] = None,
    registry: Annotated[Path | None, typer.Option(help="真实登记表 CSV 或 CSV.gz，取前 N 行")] = None,
    seed: Annotated[int, typer.Option(help="随机种子，相同则逐字节相同")] = 20260,
    defects: Annotated[float, typer.Option(min=0, max=1, help="植入错误的比例，答案写入 truth.json")] = 0.0,
) -> None:
    """生成一座示例城市一个月的各部门交付（虚构数据，处处标明）。"""
    from pipelines.cli.generate import generate_city

    generate_city(month, enterprises=enterprises, out=out, registry=registry, seed=seed, defects=defects)


@app.command()
def run(
    month: MonthOption,
    home: HomeOption = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至日期，缺省为该月最后一日")] = None,
) -> None:
    """运行一个月：归集、验收、计划；演示数据接着抽取并出表，正式数据停在审批（退出码 3）。"""
    from pipelines.cli.run import run_month

    raise typer.Exit(run_month(month, home, as_of.date() if as_of else None))


@app.command()
def close(month: MonthOption, home: HomeOption = None) -> None:
    """只重新出表并发布，例如补抽、回避或线索办理之后；抽取包不变。"""
    from pipelines.cli.run import run_jobs

    raise typer.Exit(run_jobs(month, home, None, ("close",)))


@app.command()
def demo(
    home: HomeOption = None,
    month: Annotated[str, typer.Option(help="月份，YYYY-MM")] = "2026-10",
    enterprises: Annotated[int, typer.Option(min=100, help="企业户数")] = 60_000,
) -> None:
    """演示：生成示例城市，运行一个月，打印结果与文件位置。"""
    from pipelines.cli.demo import run_demo

    raise typer.Exit(run_demo(month, home, enterprises))


@app.command()
def status(home: HomeOption = None) -> None:
    """各月进度：归集、计划、抽取、出表到了哪一步，在等谁。"""
    from pipelines.cli.status import print_status

    print_status(home)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[连接名]...", help="缺省为全部连接")] = None,
    home: HomeOption = None,
    full: Annotated[bool, typer.Option("--full", help="全量重取，不只取上次之后的")] = False,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="已核对：来源中大量行确已删除，予以撤销")
    ] = False,
) -> None:
    """从各单位的前置库和接口取数，有变化的成为收件箱中的一个批次。"""
    from pipelines.cli.pull import pull_connections

    raise typer.Exit(pull_connections(names or [], home, full=full, allow_deletions=allow_deletions))


@app.command()
def receive(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="没有清单的文件")],
    source: Annotated[str, typer.Option("--source", help="来源的英文名")],
    unit: Annotated[str, typer.Option("--unit", help="报送单位代码")],
    month: Annotated[str | None, typer.Option("--month", help="月份，YYYY-MM（缺省为今日所在月份）")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=0, help="文件的数据行数（报送单位有申报时）")] = None,
    generated: Annotated[bool, typer.Option("--generated", help="虚构的演示数据")] = False,
    home: HomeOption = None,
) -> None:
    """把没有清单的文件收成一个批次；相同内容送过的不再收。"""
    from pipelines.cli.receive import receive_files

    receive_files(files, home, source=source, unit=unit, month=month, rows=rows, generated=generated)


@app.command()
def workdays(
    day: Annotated[str, typer.Argument(metavar="DATE", help="起算日，YYYY-MM-DD（当日不计）")],
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="工作日数")],
) -> None:
    """DATE 之后第 N 个法定工作日（含调休）；所涉年份尚未公布时在标准错误提示为暂定。"""
    from resources.calendars import calendar

    try:
        start = date.fromisoformat(day)
    except ValueError:
        raise typer.BadParameter(f"日期“{day}”无法识别，请写成 YYYY-MM-DD", param_hint="DATE") from None
    due = calendar().due_on(start, number)
    if due.provisional:
        typer.echo("暂定：所涉年份的放假安排尚未公布", err=True)
    typer.echo(due.day.isoformat())


@app.command()
def decide(
    reason: Annotated[str, typer.Option("--reason", help="理由或依据：核对了什么、为何可以继续，或文号；记入台账")],
    role: Annotated[str, typer.Option("--role", help="作出决定的角色，须有审批职责")],
    month: Annotated[str | None, typer.Option("--month", help="月份，YYYY-MM")] = None,
    hold: Annotated[str | None, typer.Option("--hold", help="等待事项，如 grade_snapshot（见 ssj status）")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="通知中有歧义的单位名称，如 质量科")] = None,
    means: Annotated[list[str] | None, typer.Option("--means", help="所指单位的代码或名称，可多次给出")] = None,
    home: HomeOption = None,
) -> None:
    """人的决定：--month --hold 让等待的月份继续（只对当前的快照和发现有效）；--unit --means 认定通知中有歧义的单位。"""
    from pipelines.cli.decide import decide_hold, decide_unit

    if month is not None and hold is not None and unit is None and not means:
        decide_hold(month, hold, reason, role, home)
    elif unit is not None and means and month is None and hold is None:
        decide_unit(unit, means, reason, role, home)
    else:
        raise typer.BadParameter(
            "让等待的月份继续用 --month M --hold H，认定单位用 --unit 名称 --means 单位代码，二者其一"
        )


@app.command()
def redraw(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="含八个承诺文件、manifest.txt、certificate.json 的目录")
    ],
    out: Annotated[Path, typer.Option(help="写出 allocation.csv、cuts.csv、drawn.csv 的目录")],
) -> None:
    """由承诺文件重算抽取结果（DRAW.md），供核对。"""
    from pipelines.cli.redraw import redraw_folder

    redraw_folder(folder, out)


RoundArgument = Annotated[str, typer.Argument(metavar="ROUND", help="批次编号，如 YC-2026-11")]
RoleOption = Annotated[str, typer.Option("--role", help="角色代码（政策 roles）")]
TwoRolesOption = Annotated[list[str], typer.Option("--role", help="角色代码，须给两次，两个角色不同")]


@app.command()
def plan(
    month: MonthOption,
    home: HomeOption = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至日期，缺省为该月最后一日")] = None,
    beacon: Annotated[str | None, typer.Option(help="公开随机源及期次，如 kl8-2026311")] = None,
    not_before: Annotated[str | None, typer.Option(help="最早录入时刻，如 2026-11-08T21:30:00+08:00")] = None,
    fallback: Annotated[str | None, typer.Option(help="备用公开随机源及期次，如 kl8-2026312")] = None,
    phase_beacon: Annotated[str | None, typer.Option(help="首个抽取年度：事先公告的随机源全文")] = None,
) -> None:
    """声明公开随机源，归集、形成计划并冻结名录；停在审批（退出码 3）。"""
    from pipelines.cli import ceremony

    declared = {"beacon": beacon, "not_before": not_before, "fallback": fallback, "phase_beacon": phase_beacon}
    raise typer.Exit(ceremony.plan(month, home, as_of.date() if as_of else None, **declared))


@app.command()
def approve(round_id: RoundArgument, role: RoleOption, home: HomeOption = None) -> None:
    """审批冻结的计划；其后计划有改动须重新审批。"""
    from pipelines.cli import ceremony

    raise typer.Exit(ceremony.approve(round_id, home, role))


@app.command()
def commit(
    round_id: RoundArgument,
    role: TwoRolesOption,
    second_copy: Annotated[Path | None, typer.Option(help="第二份密值的文件名（纪检的移动介质）")] = None,
    keeper: Annotated[
        list[str] | None, typer.Option("--keeper", help="以口令封存机关密值的两个角色（缺省为签署的两个角色）")
    ] = None,
    home: HomeOption = None,
) -> None:
    """生成密值、计算承诺值、记入台账、打印承诺书；须在信标最早录入时刻两小时之前。"""
    from pipelines.cli import ceremony

    raise typer.Exit(ceremony.commit(round_id, home, role, second_copy, keeper or []))


@app.command()
def beacon(
    round_id: RoundArgument,
    entry: Annotated[str, typer.Option("--entry", help="公开随机源全文，照公告录入")],
    role: RoleOption,
    evidence: Annotated[str | None, typer.Option(help="启用备用时：主用期次从未公布的证据")] = None,
    home: HomeOption = None,
) -> None:
    """录入公开随机源，两个角色各一次，须一致。"""
    from pipelines.cli import ceremony

    raise typer.Exit(ceremony.beacon(round_id, home, entry, role, evidence))


@app.command()
def draw(
    round_id: RoundArgument,
    role: TwoRolesOption,
    second_copy: Annotated[Path | None, typer.Option(help="用纪检保管的第二份密值开启")] = None,
    home: HomeOption = None,
) -> None:
    """两个角色到场开启密值，抽取、派人、封装、出表。"""
    from pipelines.cli import ceremony

    raise typer.Exit(ceremony.draw(round_id, home, role, second_copy))


@app.command()
def void(
    round_id: RoundArgument,
    reason: Annotated[str, typer.Option("--reason", help="作废理由，记入台账")],
    role: TwoRolesOption,
    home: HomeOption = None,
) -> None:
    """作废已承诺的批次：照常抽取归档，抽中的主体列入下一批次的触发检查。"""
    from pipelines.cli import ceremony

    raise typer.Exit(ceremony.void(round_id, home, reason, role))


@app.command()
def verify(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="抽取包文件夹，或本数据目录的批次编号")],
    expect: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="SHA256SUMS 的摘要（给批次编号时取自台账）")
    ] = None,
    previous: Annotated[
        list[Path] | None, typer.Option(metavar="BUNDLE", help="前序批次，可多次给出（给批次编号时为本年此前各批次）")
    ] = None,
    home: HomeOption = None,
) -> None:
    """用独立核对程序重算一个抽取包：0 相符，1 不符。"""
    from pipelines.cli.verify import verify_bundle

    raise typer.Exit(verify_bundle(bundle, expect, previous or [], home))


@app.command()
def proof(
    subject: Annotated[str | None, typer.Argument(metavar="[UID]", help="统一社会信用代码或注册号")] = None,
    month: Annotated[str | None, typer.Option("--month", help="月份，YYYY-MM")] = None,
    task: Annotated[str | None, typer.Option(help="只出具这一项抽查任务的证明（缺省为全部）")] = None,
    out: Annotated[Path | None, typer.Option(help="证明文件（缺省为当前目录的 批次-主体.json）")] = None,
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="核对这一证明文件")] = None,
    root: Annotated[str | None, typer.Option(metavar="HEX", help="核对时：抽取前公布的名录树根")] = None,
    home: HomeOption = None,
) -> None:
    """出具主体在抽查名录内的证明（不含等级、档次与抽签号），或核对一份证明。"""
    from pipelines.cli.proof import check_proof, write_proof

    if check is not None and root is not None and subject is None:
        raise typer.Exit(check_proof(check, root))
    if check is not None or root is not None or subject is None or month is None:
        raise typer.BadParameter("出具用 ssj proof UID --month M，核对用 ssj proof --check FILE --root HEX")
    write_proof(subject, month, task, out, home)


@app.command()
def why(
    subject: Annotated[str, typer.Argument(metavar="UID", help="统一社会信用代码或注册号")],
    month: MonthOption,
    home: HomeOption = None,
) -> None:
    """一个主体在一个月里的来龙去脉：登记、等级、名录状态与原因、抽签号、名次、概率、检查人员（内部资料）。"""
    from pipelines.cli.why import print_why

    print_why(subject, month, home)


def main() -> None:
    """Entry point: our errors and the file system's are one line and exit code 1; any other is a fault with its traceback."""
    os.umask(0o077)  # whatever a verb writes is its owner's alone (clause 八)
    try:
        app()
    except OSError as error:
        where = f"“{error.filename}”" if error.filename else "数据"
        typer.echo(f"未能完成：{where}无法读写（{error.strerror}），请检查路径、权限与剩余空间", err=True)
        sys.exit(1)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in OURS:
            raise
        typer.echo(f"未能完成：{error}", err=True)
        sys.exit(1)
