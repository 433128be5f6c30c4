"""Whether a step of the ceremony may be taken now: order, time, roles, and nothing changed (DRAW.md §3).

Here: one check for each step, which returns or raises RoundError with one sentence; `now` is always given, with offset.
Not here: reading the ledger (`supervision.rounds`), keeping it, the prompts and the files (resources, pipelines).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Final, Protocol

from supervision.draw.ceremony import (
    Beacon,
    BeaconChoice,
    CeremonyError,
    check_beacon,
    commitment,
    is_selector,
    parse_beacon,
)
from supervision.rounds import AHEAD, Round, RoundError, phase_beacon

# Duties of roles, as the policy names them.
APPROVE: Final = "approve"
SIGN: Final = "sign"
BEACON: Final = "beacon"
OPEN: Final = "open"
VOID: Final = "void"

_EVIDENCE: Final = 10  # characters; less cannot say where the missing publication was looked for
_SHANGHAI: Final = timezone(timedelta(hours=8))
# drand chains whose rounds have a known moment: genesis and period in seconds.
_CHAINS: Final = {
    "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce": (1595431050, 30),
    "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971": (1692803367, 3),
}
# Days without an issue of kl8, at most, by the part of the year: after 国庆, after 春节, before it.
_KL8_REST: Final = (((10, 1), 21), ((1, 20), 14), ((1, 1), 0))
_SOON: Final = timedelta(days=31)  # a beacon later than this after not_before is a slip of the keyboard


class Role(Protocol):
    """What a role of the policy tells: its name and its duties."""

    @property
    def name(self) -> str:
        """Chinese name."""

    @property
    def duties(self) -> Collection[str]:
        """Codes such as approve, sign, open, beacon, void."""


_DUTY_NAMES: Final = {APPROVE: "审批", SIGN: "签署承诺", BEACON: "录入信标", OPEN: "开启密值", VOID: "作废"}


def check_role(roles: Mapping[str, Role], code: str, duty: str) -> None:
    """RoundError unless the policy knows the role and gives it the duty."""
    able = "、".join(f"{each}（{role.name}）" for each, role in sorted(roles.items()) if duty in role.duties)
    told = f"现行政策中可以{_DUTY_NAMES[duty]}的角色：{able or '没有，请先在政策 roles 中设定'}"
    if code not in roles:
        raise RoundError(f"角色“{code}”不在现行政策的 roles 中；{told}")
    if duty not in roles[code].duties:
        raise RoundError(f"角色“{code}”（{roles[code].name}）没有{_DUTY_NAMES[duty]}的职责；{told}")


def _two_roles(roles: Mapping[str, Role], codes: Sequence[str], duty: str) -> None:
    if len(codes) != 2 or codes[0] == codes[1]:
        raise RoundError(f"{_DUTY_NAMES[duty]}须由两个不同的角色共同办理，请给出两次 --role，且不得相同")
    for code in codes:
        check_role(roles, code, duty)


def _not_backwards(state: Round, now: datetime) -> None:
    if state.last and now < datetime.fromisoformat(state.last):
        raise RoundError(
            f"系统时钟（{now.isoformat()}）早于批次 {state.round_id} 台账的最后一行（{state.last}）：请先校准时钟"
        )


def _known_from(choice: BeaconChoice) -> datetime:
    """The latest moment at which the value becomes known; an issue of kl8 by its number and the days without a draw so far."""
    first = _earliest(choice)
    if choice.source != "kl8":
        return first
    return first + timedelta(days=next(days for since, days in _KL8_REST if (first.month, first.day) >= since))


def _earliest(choice: BeaconChoice) -> datetime:
    """The first moment at which the value can be known; RoundError for a drand chain of which nothing is known."""
    if choice.source == "drand":
        chain, number = choice.selector.split("-")
        if chain not in _CHAINS:
            raise RoundError(
                f"不认识的 drand 链 {chain[:16]}…，无人能核对其取值：请用 {'、'.join(each[:16] for each in _CHAINS)} 开头的链"
            )
        genesis, period = _CHAINS[chain]
        try:
            return datetime.fromtimestamp(genesis + (int(number) - 1) * period, _SHANGHAI)
        except (OverflowError, ValueError, OSError):
            return datetime.max.replace(tzinfo=_SHANGHAI) - _SOON
    if choice.source == "dice":
        text = choice.selector
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    else:
        day = date(int(choice.selector[:4]) or 1, 1, 1) + timedelta(days=int(choice.selector[4:]) - 1)
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=_SHANGHAI)


def check_declare(
    rounds: Mapping[str, Round], state: Round | None, month: str, beacon: Beacon, phase: str | None, now: datetime
) -> None:
    """Whether this beacon may be declared for the round (None: not known to the ledger yet). DRAW.md §3.2, §4.

    Refused: after the commitment; a selector that is none; a fallback equal to the primary, or dice for another source;
    not_before without offset, or with less than two hours left; a source whose value is surely known before not_before;
    a phase beacon that contradicts the year's, or none in a year that has none yet.
    """
    if state is not None:
        _not_backwards(state, now)
        if state.commitment is not None:
            raise RoundError(f"批次 {state.round_id} 已承诺，公开随机源不得再改：有误时作废该批次后另起（ssj void）")
    for title, choice in (("主用", beacon.primary), ("备用", beacon.fallback)):
        if not is_selector(choice):
            raise RoundError(
                f"{title}公开随机源“{choice.source}-{choice.selector}”不是已知的来源或期次写法不对："
                "应为 kl8-七位期号、dice-八位日期或 drand-链-轮次"
            )
    if beacon.fallback == beacon.primary:
        raise RoundError("备用公开随机源与主用相同，请另选一个备用期次")
    if beacon.fallback.source == "dice" and beacon.primary.source != "dice":
        raise RoundError("备用公开随机源不得为掷骰（主用也是掷骰时除外），请改用下一期快乐 8 或 drand")
    if any(each.demonstration for each in rounds.values()):
        raise RoundError("数据目录中有演示批次，其抽取人人可以算出，不得与正式批次同在一处：请用 --home 另指一个目录")
    moment = parse_moment(beacon.not_before)
    _ahead(moment, now)
    for title, choice in (("主用", beacon.primary), ("备用", beacon.fallback)):
        known = _known_from(choice)
        if _earliest(choice) > moment + _SOON:
            raise RoundError(
                f"{title}公开随机源 {choice.source}-{choice.selector} 要到 {beacon.not_before} 之后很久才会公布，或永远不会："
                "请核对期号、日期或轮次"
            )
        if known < moment:
            raise RoundError(
                f"{title}公开随机源 {choice.source}-{choice.selector} 在 {beacon.not_before} 之前已经公布，不能用："
                "请改用届时才产生的期次"
            )
    _phase(rounds, month, phase)


def parse_moment(text: str) -> datetime:
    """The moment from which the beacon may be typed; RoundError for a text without offset or that is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RoundError(f"最早录入时刻“{text}”无法识别，请写成带时区的时刻，如 2026-11-08T21:30:00+08:00")
    return moment


def _ahead(moment: datetime, now: datetime) -> None:
    if moment - now < AHEAD:
        raise RoundError(
            f"距最早录入时刻 {moment.isoformat()} 已不足两小时，承诺来不及先行公布："
            "请用 ssj plan 改声明较晚的公开随机源，重新冻结并审批"
        )


def _phase(rounds: Mapping[str, Round], month: str, phase: str | None) -> None:
    year = int(month[:4])
    if phase is not None:
        try:
            parse_beacon(phase)
        except CeremonyError as error:
            raise RoundError(f"相位信标（--phase-beacon）不合写法：{error}") from error
    others = {name: each for name, each in rounds.items() if each.commitment is not None}
    held = phase_beacon(others, year)
    if held is None and phase is None and phase_beacon(rounds, year) is None:
        raise RoundError(
            f"{year} 年是首个抽取年度，没有此前年度批次的信标：请用 --phase-beacon 给出事先公告的公开随机源文本"
        )
    if held is not None and phase is not None and phase != held:
        raise RoundError(
            f"{year} 年的相位信标已由此前年度最末批次或本年首个批次确定，年内不得更改：请去掉 --phase-beacon 或改为原来的文本"
        )


def check_keepers(codes: Sequence[str], roles: Mapping[str, Role]) -> None:
    """Whether these two may keep the office copy of the secret: who seals it must be able to open it. DRAW.md §3.3."""
    _two_roles(roles, codes, OPEN)


def _declared(state: Round, frozen_beacon: Beacon) -> Beacon:
    if state.beacon is None:
        raise RoundError(
            f"批次 {state.round_id} 尚未声明公开随机源：请先运行 ssj plan --month {state.month} 并给出 --beacon"
        )
    if frozen_beacon != state.beacon:
        raise RoundError(
            f"批次 {state.round_id} 冻结的 policy.json 中的公开随机源与台账最后一次声明的不同："
            f"请运行 ssj plan --month {state.month} 重新冻结并审批"
        )
    return state.beacon


def check_approve(
    state: Round, manifest_sha256: str, frozen_beacon: Beacon, role: str, roles: Mapping[str, Role], now: datetime
) -> None:
    """Whether the role may approve the frozen plan with this manifest. frozen_beacon: the one in its policy.json."""
    _not_backwards(state, now)
    check_role(roles, role, APPROVE)
    if state.commitment is not None:
        raise RoundError(f"批次 {state.round_id} 已承诺，不再审批")
    _declared(state, frozen_beacon)
    if manifest_sha256 in state.approved:
        raise RoundError(f"批次 {state.round_id} 的这份计划已由 {state.approved[manifest_sha256]} 审批，不必重复")


def check_turn(rounds: Mapping[str, Round], state: Round) -> None:
    """Rounds are held one after the other: RoundError while another is committed and not sealed, or a later one is committed.

    Two open at once would each take the other's draws for not made, and their certificates could not be chained.
    """
    others = [each for each in rounds.values() if each.commitment is not None and each.round_id != state.round_id]
    unfinished = [each.round_id for each in others if each.sealed is None]
    if unfinished:
        raise RoundError(
            f"批次 {'、'.join(unfinished)} 已承诺而未抽取封装，批次须一个接一个：请先完成，再承诺 {state.round_id}"
        )
    later = [each.round_id for each in others if (each.month, each.turn) > (state.month, state.turn)]
    if later:
        raise RoundError(f"其后的批次 {'、'.join(later)} 已经抽取，{state.round_id} 不能再承诺：请列入以后的批次")


def check_commit(
    state: Round,
    manifest_sha256: str,
    frozen_beacon: Beacon,
    codes: Sequence[str],
    roles: Mapping[str, Role],
    now: datetime,
) -> None:
    """Whether the frozen plan may be committed now. frozen_beacon: the one in its policy.json. DRAW.md §3.1, §3.2."""
    _not_backwards(state, now)
    _two_roles(roles, codes, SIGN)
    if state.commitment is not None:
        raise RoundError(f"批次 {state.round_id} 已承诺（第 {state.commitment.number} 号），不能再次承诺")
    declared = _declared(state, frozen_beacon)
    if not state.approved:
        raise RoundError(f"批次 {state.round_id} 的计划尚未审批，不能承诺：请先运行 ssj approve {state.round_id}")
    if manifest_sha256 not in state.approved:
        raise RoundError(
            f"批次 {state.round_id} 审批的不是现在冻结的这份计划（清单摘要 {manifest_sha256[:16]}…），审批后有改动："
            f"请核对改动后重新审批（ssj approve {state.round_id}）"
        )
    _ahead(parse_moment(declared.not_before), now)


def _after_commitment(state: Round, now: datetime) -> Beacon:
    _not_backwards(state, now)
    if state.commitment is None or state.beacon is None:
        raise RoundError(f"批次 {state.round_id} 尚未承诺，不能录入信标：请先完成 ssj commit {state.round_id}")
    if state.agreed is not None:
        raise RoundError(f"批次 {state.round_id} 的信标已由两个角色录得一致，不得更换")
    if now < parse_moment(state.beacon.not_before):
        raise RoundError(f"批次 {state.round_id} 的信标须在 {state.beacon.not_before} 之后录入，现在过早")
    return state.beacon


def check_fallback(state: Round, evidence: str, role: str, roles: Mapping[str, Role], now: datetime) -> None:
    """Whether it may be put on record that the primary was never published, with what evidence. DRAW.md §3.2."""
    _after_commitment(state, now)
    check_role(roles, role, BEACON)
    if len(evidence.strip()) < _EVIDENCE:
        raise RoundError(
            "启用备用公开随机源须写明主用期次从未公布的证据（何处、何时查证、公告文号等），请补充 --evidence"
        )


def check_beacon_entry(state: Round, text: str, role: str, roles: Mapping[str, Role], now: datetime) -> None:
    """Whether the role may type this beacon now. Whether the two entries agree shows when both stand in the ledger."""
    declared = _after_commitment(state, now)
    check_role(roles, role, BEACON)
    try:
        spare = check_beacon(text, declared)
    except CeremonyError as error:
        raise RoundError(f"批次 {state.round_id} 的信标不能录入：{error}") from error
    if spare and state.fallback is None:
        raise RoundError(
            f"批次 {state.round_id} 录入的是备用公开随机源，台账中没有主用期次从未公布的证据："
            "主用已公布的须录入主用；确未公布的请加 --evidence 写明证据"
        )
    if any(entry.role == role for entry in state.entries):
        raise RoundError(f"角色“{role}”已录入过批次 {state.round_id} 的信标，须由另一个角色录入第二次")


def check_agreement(state: Round) -> None:
    """RoundError that names the two roles when the entries just made disagree (not the texts: both type afresh)."""
    if state.disagreement and not state.entries:
        first, second = state.disagreement
        raise RoundError(
            f"批次 {state.round_id} 的信标两次录入不一致（{first.role} 与 {second.role}，"
            f"自第 {_differs(first.text, second.text)} 个字符起不同），两次均已记入台账："
            "请两个角色各自对照公告原文重新录入"
        )


def _differs(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False), start=1)
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)) + 1)


def check_openable(state: Round, codes: Sequence[str], roles: Mapping[str, Role], now: datetime) -> None:
    """Whether the secret may be opened before these two roles: committed, beacon agreed, not drawn. DRAW.md §3.3."""
    _not_backwards(state, now)
    _two_roles(roles, codes, OPEN)
    if state.commitment is None:
        raise RoundError(f"批次 {state.round_id} 尚未承诺，不能抽取：请先完成审批和承诺")
    if state.agreed is None:
        raise RoundError(f"批次 {state.round_id} 的信标尚未由两个角色录得一致，不能开启密值、不能抽取")
    if state.sealed is not None:
        raise RoundError(f"批次 {state.round_id} 已抽取并封装，不再开启密值")


def check_open(state: Round, secret: str, manifest_sha256: str) -> None:
    """Whether the opened secret and the files are those that were committed. DRAW.md §2, §3.4."""
    made = state.commitment
    if made is None:
        raise RoundError(f"批次 {state.round_id} 尚未承诺，不能抽取：请先完成审批和承诺")
    if manifest_sha256 != made.manifest_sha256:
        raise RoundError(
            f"批次 {state.round_id} 冻结的文件在承诺后被改动（清单摘要不符），不能抽取：请从备份恢复承诺时的文件"
        )
    if hashlib.sha256(secret.encode()).hexdigest() != made.secret_sha256:
        raise RoundError(f"批次 {state.round_id} 开启的密值与承诺书上的 SHA-256 不符，不能抽取：请核对密值或改用另一份")
    try:
        again = commitment(state.round_id, manifest_sha256, secret)
    except CeremonyError as error:
        raise RoundError(f"批次 {state.round_id} 的密值不能用：{error}") from error
    if again != made.commitment:
        raise RoundError(f"批次 {state.round_id} 的承诺值与台账不符，不能抽取：请停止使用并核对台账和程序版本")


def check_void(
    rounds: Mapping[str, Round],
    state: Round,
    reason: str,
    codes: Sequence[str],
    roles: Mapping[str, Role],
    now: datetime,
) -> None:
    """Whether a committed round may be voided, before or after its draw, once, for a stated reason. DRAW.md §3.4.

    Not once a later round is committed: that one rests on it. Not a demonstration, whose draw anyone can compute.
    """
    _not_backwards(state, now)
    _two_roles(roles, codes, VOID)
    if state.commitment is None:
        raise RoundError(f"批次 {state.round_id} 尚未承诺，无须作废：改正后重新冻结并审批即可")
    if state.demonstration:
        raise RoundError(f"批次 {state.round_id} 是演示，不作废：演示可换一个数据目录重新运行")
    place = (state.month, state.turn)
    later = [each.round_id for each in rounds.values() if each.commitment and (each.month, each.turn) > place]
    if later:
        raise RoundError(
            f"其后的批次 {'、'.join(later)} 已以 {state.round_id} 为准承诺，不能再作废：请在以后的批次中纠正"
        )
    if state.void is not None:
        raise RoundError(f"批次 {state.round_id} 已经作废（{state.void.reason}），不能再次作废")
    if not reason.strip():
        raise RoundError("作废须写明理由（--reason），理由和两个角色记入台账")
