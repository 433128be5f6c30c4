"""`ssj plan`, `approve`, `commit`, `beacon`, `draw`, `void`: the ceremony of a round, step by step (DRAW.md §3).

Here: asking for passphrases, the order of writing, and what people are told. Not here: whether a step may be taken
(supervision.round_steps through resources.rounds), sealing, the sheet. docs/ceremony.md says who does what when.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import typer

from pipelines.cli import HELD
from resources import sealing
from resources.bundles import CERTIFICATE, Bundles
from resources.freezing import check_folder
from resources.lake import MonthLake
from resources.outbox.commitment_sheet import CommitmentSheet, commitment_sheet, write_commitment_sheet
from resources.reference import city, policy_for
from resources.rounds import OFFICE, SECOND, FrozenPlan, Rounds, frozen_plan, return_to_committed
from resources.settings import Home, shown
from supervision import rounds as reading
from supervision.canonical import load_json
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.policy import Role
from supervision.round_steps import check_keepers
from supervision.rounds import Round, RoundError

HOLD = "round"  # the hold that the round's assets set on the month


def plan(
    month: str,
    home: Path | None,
    as_of: date | None,
    *,
    beacon: str | None,
    not_before: str | None,
    fallback: str | None,
    phase_beacon: str | None,
) -> int:
    """Declare the beacon, if given, then collect, plan and freeze; 3 while a person must act."""
    from pipelines.cli.run import check_can_run, run_jobs

    check_can_run(month, as_of)
    told = (beacon, not_before, fallback)
    if any(told) or phase_beacon:
        policy, _ = policy_for(month)
        ledger = Rounds(Home.at(home).create())
        before = ledger.all().get(ledger.current(policy.round_prefix, month))
        if beacon and not_before and fallback:
            rule = Beacon(_choice(beacon), not_before, _choice(fallback))
        elif not any(told) and before is not None and before.beacon is not None:
            rule = before.beacon
        else:
            raise RoundError("声明公开随机源须同时给出 --beacon、--not-before 和 --fallback")
        state = ledger.declare(policy.round_prefix, month, rule, phase_beacon)
        lost = "，此前的审批作废" if before is not None and before.approved else ""
        typer.echo(f"批次 {state.round_id}：已声明公开随机源 {beacon or '（不变）'}{lost}")
    return run_jobs(month, home, as_of, ("monthly",))


def _choice(text: str) -> BeaconChoice:
    source, _, selector = text.partition("-")
    return BeaconChoice(source, selector)


def approve(round_id: str, home: Path | None, role: str) -> int:
    """Approve exactly the plan that is frozen now."""
    folder = Home.at(home)
    ledger = Rounds(folder)
    month = ledger.get(round_id).month
    frozen = frozen_plan(folder, month)
    state = ledger.approve(round_id, frozen, role, _roles(month))
    typer.echo(f"批次 {round_id}：{_named(month, role)}已审批")
    typer.echo(f"  冻结清单 SHA-256 {frozen.manifest_sha256}，名录 {frozen.committed_rows:,} 行")
    _next(folder, state)
    return 0


def commit(
    round_id: str, home: Path | None, roles: Sequence[str], second_copy: Path | None, keepers: Sequence[str]
) -> int:
    """Make the secret, seal its two copies, compute C, enter it in the ledger, print the sheet.

    Said again of a committed round, it completes bundle and sheet where the first time was interrupted.
    """
    folder = Home.at(home)
    ledger = Rounds(folder)
    state = ledger.get(round_id)
    frozen = frozen_plan(folder, state.month)
    if state.commitment is not None and state.commitment.manifest_sha256 == frozen.manifest_sha256:
        typer.echo(f"批次 {round_id} 此前已承诺，不生成新的密值；补齐抽取包和承诺书")
    else:
        state = _commit(ledger, folder, frozen, roles, second_copy, keepers or roles)
    Bundles(folder).commit(round_id, frozen.files())
    sheet = _sheet(ledger, state)
    path = folder.outbox / state.month / f"commitment_{round_id}.pdf"
    write_commitment_sheet(path, sheet)
    typer.echo(f"批次 {round_id}：承诺第 {sheet.number} 号")
    typer.echo(f"  承诺值 C  {sheet.commitment}")
    typer.echo(f"  承诺书    {shown(path)}")
    typer.echo(f"请打印承诺书，由两个角色签字，并在 {sheet.beacon.not_before} 之前送出本机关（公告或报上一级）")
    typer.echo("请纪检用 sha256sum 核对第二份密值与承诺书上的“机关密值 SHA-256”一致后密封")
    _next(folder, state)
    return 0


def _commit(
    ledger: Rounds,
    home: Home,
    frozen: FrozenPlan,
    codes: Sequence[str],
    second_copy: Path | None,
    keepers: Sequence[str],
) -> Round:
    state = ledger.get(frozen.round_id)
    roles = _roles(state.month)
    ledger.check_commit(state.round_id, frozen, codes, roles)
    if Bundles(home).previous_certificate(state.round_id) != frozen.previous_certificate_sha256:
        raise RoundError(
            f"批次 {state.round_id} 冻结之后，此前的批次又有抽取：请运行 ssj plan --month {state.month} 重新冻结并审批"
        )
    check_keepers(keepers, roles)
    if second_copy is None:
        raise RoundError("承诺须同时写出纪检保管的第二份密值：请用 --second-copy 给出纪检移动介质上的文件名")
    sealing.check_second_copy_place(home, second_copy)
    commitment_sheet(_sheet_of(ledger, state, frozen, codes))  # what cannot be printed is told before it is committed
    passphrases = _passphrases(state.month, keepers, fresh=True)
    secret = sealing.new_secret()

    def keep() -> None:
        sealing.seal_office_copy(home, state.round_id, secret, passphrases)
        sealing.write_second_copy(home, second_copy, secret)

    return ledger.commit(state.round_id, frozen, codes, roles, secret, keep)


def _sheet_of(ledger: Rounds, state: Round, frozen: FrozenPlan, codes: Sequence[str]) -> CommitmentSheet:
    """The sheet as it will look, with digests that are not yet known left at zero."""
    made = reading.Commitment(
        number=0,
        manifest_sha256=frozen.manifest_sha256,
        secret_sha256="0" * 64,
        commitment="0" * 64,
        merkle_root=frozen.merkle_root,
        committed_rows=frozen.committed_rows,
        roles=tuple(codes),
        at=frozen.beacon.not_before,
    )
    return _sheet(ledger, state, made)


def _sheet(ledger: Rounds, state: Round, made: reading.Commitment | None = None) -> CommitmentSheet:
    made = made or state.commitment
    if made is None or state.beacon is None or len(made.roles) != 2:
        raise RoundError(f"批次 {state.round_id} 尚未由两个角色承诺，没有承诺书")
    roles = _roles(state.month)
    first, second = (roles[code].name if code in roles else code for code in made.roles)
    voids = [
        each.round_id
        for each in ledger.all().values()
        if each.void and each.month[:4] == state.month[:4] and (each.month, each.turn) < (state.month, state.turn)
    ]
    return CommitmentSheet.of(
        made,
        city=city().full_name,
        round_id=state.round_id,
        month=state.month,
        beacon=state.beacon,
        committed_at=made.at,
        signers=(first, second),
        voids=voids,
        demonstration=state.demonstration,
    )


def beacon(round_id: str, home: Path | None, entry: str, role: str, evidence: str | None) -> int:
    """Record the beacon as one role types it from the publication; two that agree settle it."""
    folder = Home.at(home)
    ledger = Rounds(folder)
    month = ledger.get(round_id).month
    state = ledger.enter_beacon(round_id, entry.strip(), role, _roles(month), evidence)
    typer.echo(f"批次 {round_id}：{_named(month, role)}的信标录入已记入台账")
    if state.agreed is not None:
        typer.echo(f"两个角色录入一致：{state.agreed}")
        if state.fallback is not None:
            typer.echo("所用为备用公开随机源（FALLBACK USED），证据在台账中")
    _next(folder, state)
    return 0


def draw(round_id: str, home: Path | None, roles: Sequence[str], second_copy: Path | None) -> int:
    """Open the secret before two roles, write the certificate, draw and hand out; 3 while a person must act."""
    from pipelines.cli.run import run_jobs

    folder = Home.at(home)
    ledger, bundles = Rounds(folder), Bundles(folder)
    state = ledger.get(round_id)
    if state.demonstration:
        raise RoundError(f"批次 {round_id} 是演示，由 ssj run 自行抽取")
    lake = MonthLake(folder, state.month)
    if state.commitment is not None and return_to_committed(lake, state.commitment.manifest_sha256):
        typer.echo("承诺之后的交付不进入本批次，按承诺时的名录抽取")
    basis = lake.basis()
    if basis["round_id"] != round_id:
        raise RoundError(f"{state.month} 现在的批次是 {basis['round_id']}，不是 {round_id}：请核对批次编号")
    if state.openings and _is_certified(bundles, state):
        typer.echo(f"批次 {round_id} 的密值此前已开启，证书在抽取包中；继续抽取和出表")
    else:
        known = _roles(state.month)
        ledger.check_openable(round_id, roles, known)
        if state.commitment is not None:
            check_folder(bundles.path(round_id), state.commitment.manifest_sha256)
        if second_copy is not None:
            secret, copy = sealing.read_second_copy(second_copy), SECOND
        else:
            passphrases = _passphrases(state.month, roles, fresh=False)
            secret, copy = sealing.open_office_copy(folder, round_id, passphrases), OFFICE
        certificate = ledger.open(round_id, copy, roles, known, secret=secret, folder=bundles.path(round_id))
        bundles.open(round_id, certificate)
        typer.echo(f"批次 {round_id}：密值已在 {'、'.join(_named(state.month, role) for role in roles)}到场时开启")
    code = run_jobs(state.month, home, None, ("draw", "close"))
    state = ledger.get(round_id)
    if state.sealed is not None:
        typer.echo(f"抽取包 {shown(bundles.path(round_id))}，SHA256SUMS 的摘要 {state.sealed}")
        typer.echo("请将该摘要与承诺值、默克尔树根、公开随机源一并公布；任何人可用 verify.py 核验")
    if code != HELD:
        _next(folder, state)
    return code


def _is_certified(bundles: Bundles, state: Round) -> bool:
    """Whether the bundle holds the certificate of this commitment and beacon."""
    if CERTIFICATE not in bundles.read(state.round_id):
        return False
    held = load_json(CERTIFICATE, bundles.file(state.round_id, CERTIFICATE))
    committed = state.commitment and state.commitment.commitment
    if not isinstance(held, dict) or (held.get("commitment"), held.get("beacon")) != (committed, state.agreed):
        raise RoundError(f"批次 {state.round_id} 抽取包中的证书与台账的承诺或信标不符，不能抽取：请从备份恢复抽取包")
    return True


def void(round_id: str, home: Path | None, reason: str, roles: Sequence[str]) -> int:
    """Void a committed round with its reason and two roles."""
    folder = Home.at(home)
    ledger = Rounds(folder)
    state = ledger.void(round_id, reason, roles, _roles(ledger.get(round_id).month))
    number = sum(each.void is not None and each.month[:4] == state.month[:4] for each in ledger.all().values())
    typer.echo(f"批次 {round_id} 已作废（本年第 {number} 个），理由和两个角色已记入台账，作废数须公布")
    if state.sealed is None:
        typer.echo("该批次仍须完成信标录入、开启密值和抽取，照常归档；抽中的主体列入下一批次的触发检查")
    _next(folder, state)
    return 0


def _roles(month: str) -> Mapping[str, Role]:
    policy, _ = policy_for(month)
    return policy.roles


def _named(month: str, code: str) -> str:
    return f"{_roles(month)[code].name}（{code}）"


def _next(home: Home, state: Round) -> None:
    """Say what comes next, and let the month's hold say the same."""
    waiting = reading.waiting_for(state)
    lake = MonthLake(home, state.month)
    if HOLD in lake.holds() and lake.basis().get("round_id") == state.round_id:
        lake.hold(HOLD, waiting)
    if waiting:
        typer.echo(f"下一步：{waiting}")


def _passphrases(month: str, codes: Sequence[str], *, fresh: bool) -> dict[str, str]:
    """One passphrase of each role: without echo on a terminal (twice when new), else one line each of standard input."""
    given: dict[str, str] = {}
    for code in codes:
        if sys.stdin.isatty():
            asked = f"请{_named(month, code)}输入口令"
            again = "请再输入一次" if fresh else False
            given[code] = typer.prompt(asked, hide_input=True, confirmation_prompt=again, err=True)
        else:
            given[code] = sys.stdin.readline().rstrip("\r\n")
        if not given[code].strip():
            raise sealing.SealingError(f"没有给出角色“{code}”的口令：请在终端输入，或经标准输入每个角色给一行")
        if fresh:
            sealing.check_passphrase(code, given[code])
    return given
