"""What plan and draw did with the subject, task by task: policy row, frame state and its fact, ticket, rank, probability.

Here: the round as committed and drawn (DRAW §2 to §5), or as planned so far. Not here: the visit (visit).
"""

from __future__ import annotations

from fractions import Fraction

from data_contracts.model import output_contract
from resources.explaining.month import Key, Place, Section, SubjectMonth
from supervision import policy as rules
from supervision import rounds as reading
from supervision.draw.ceremony import sha256_hex
from supervision.months import month_number
from supervision.policy import Level, Task

E4 = 10_000
ROUNDING = {
    "at_least": "不低于（向上取整）",
    "at_most": "不超过（向下取整）",
    "half_up": "四舍五入",
    "unbiased": "不偏不倚",
}
ON_SITE = {"on_site": "现场检查", "off_site": "非现场核查", "on_site_if_triggered": "非现场核查，有线索时上门"}
STATE = {"eligible": "可抽", "blocked": "本批不抽（计入基数）", "exempt": "豁免（不计入基数）"}


def round_sections(subject: SubjectMonth) -> list[Section]:
    """The round, then each task whose scope holds the subject."""
    return [_round(subject), *(_task(subject, place) for place in subject.places)]


def _round(subject: SubjectMonth) -> Section:
    section, state = Section("抽查批次"), subject.round
    demonstration = subject.lake.basis()["demonstration"]
    section.say("批次", state.round_id if state else "尚未形成" + ("（演示）" if demonstration else ""))
    if state is not None and state.commitment is not None:
        section.say("承诺值", state.commitment.commitment)
    if subject.certificate is not None:
        section.say("进度", "已抽取封装" + ("，此后作废：" + state.void.reason if state and state.void else ""))
        section.say("随机源", subject.certificate["beacon"])
    else:
        waits = reading.waiting_for(state) if state is not None and not state.demonstration else None
        section.say("进度", "尚未抽取，以下是到目前为止已知的" + (f"；{waits}" if waits else ""))
    section.say("政策", subject.policy_told)
    for earlier in subject.rounds[:-1]:
        if earlier.void is not None:
            ranks = [
                row for row in subject.bundles.drawn(earlier.round_id) if row.uid == subject.uid and earlier.sealed
            ]
            drawn = "、".join(f"{row.task} 第 {row.rank} 名" for row in ranks) or "未抽中"
            section.say("作废批次", f"{earlier.round_id}（{earlier.void.reason}）：{drawn}")
    tasks = (
        subject.round_policy.tasks
        if subject.round_policy
        else {t.code for t in rules.tasks_in_month(subject.policy, subject.month)}
    )
    outside = sorted(set(tasks) - {place.task for place in subject.places})
    if not subject.rows("population", uid=subject.uid):
        section.say("名录", "不在名录内：不是辖区内的存续主体，或此类主体未纳入抽查")
    elif outside:
        section.say("范围外", f"另有 {len(outside)} 项任务的范围不含此主体：{'、'.join(outside)}")
    return section


def _task(subject: SubjectMonth, place: Place) -> Section:
    task = subject.policy.tasks.get(place.task)
    section = Section(f"任务 {place.task} {task.name if task else '（现行政策中已没有）'}")
    level = task.levels.get(place.stratum) if task else None
    if task is not None and level is not None:
        _policy(subject, section, task, level)
    reason = next((each.name for each in subject.policy.reasons if each.code == place.reason), place.reason)
    section.say("名录状态", STATE[place.state] + (f"：{reason}" if place.reason else ""))
    if task is not None and level is not None and place.reason:
        for fact in _facts(subject, task, level, place.reason):
            section.say("", fact)
    _draw(subject, section, place)
    return section


def _policy(subject: SubjectMonth, section: Section, task: Task, level: Level) -> None:
    rate = f"每户每年 {level.rate_e4 / E4:g} 次" if level.rate_e4 > E4 else f"每年 {level.rate_e4 / 100:g}%"
    more = [rate, ROUNDING[level.rounding]]
    if level.minimum:
        among = f"层内满 {level.minimum_if_base} 户时" if level.minimum_if_base else ""
        more.append(f"{among}至少 {level.minimum} 户")
    if level.census_up_to:
        more.append(f"层内不超过 {level.census_up_to} 户时全查")
    times = f"本任务每年至多 {level.yearly_cap} 次" if level.on_site else "非现场核查不上门，不计次"
    more += [f"间隔 {level.gap_months} 个月", times, ON_SITE[level.onsite_rule]]
    if level.floor_e4:
        more.append(f"压减时至少保留 {level.floor_e4 / 100:g}%")
    section.say("监管档次", f"{level.stratum}（内部）")
    section.say("政策", f"{subject.policy_file} 的 tasks.{task.code}.levels.{level.stratum}")
    section.say("", "；".join(more))
    section.say("", f"出处：{level.cites}")
    if subject.round_policy is not None and task.code in subject.round_policy.tasks:
        frozen = subject.round_policy.tasks[task.code]
        section.say("批", f"第 {frozen.batch} 批，共 {frozen.batches} 批；上一批为第 {frozen.batch_prev} 批")


def _facts(subject: SubjectMonth, task: Task, level: Level, reason: str) -> list[str]:
    """The facts behind a reason, each with its date."""
    row = subject.row or {}
    visits = sorted(subject.rows("visit", uid=subject.uid), key=lambda each: (each["visited_on"], each["task"]))
    draws = [each for each in subject.rows("draw_history", uid=subject.uid) if each["task"] == task.code]
    year = subject.month[:4]
    if reason in ("drawn_this_year", "voided_round"):
        wanted = [d for d in draws if d["draw_month"][:4] == year]
        return [f"批次 {d['round_id']}（{d['draw_month']}）已抽中本任务" for d in wanted]
    if reason == "visited_within_gap":
        own = [each for each in visits if each["task"] == task.code]
        found = [f"{own[-1]['visited_on']} 检查" for _ in own[-1:]]
        months = [month_number(f"{own[-1]['visited_on']:%Y-%m}") for _ in own[-1:]]
        for each in draws:
            if level.on_site and not any(month_number(each["draw_month"]) <= n for n in months):
                found.append(f"批次 {each['round_id']} 抽中，检查结果未到，按 {each['draw_month']} 计")
                months.append(month_number(each["draw_month"]))
        free = max(months, default=0) + level.gap_months
        years, index = divmod(free - 1, 12)
        return [f"上次 {'；'.join(found)}；间隔 {level.gap_months} 个月，{years}-{index + 1:02d} 起可再抽"]
    if reason == "yearly_cap_reached":
        here = [each for each in visits if str(each["visited_on"])[:4] == year]
        days = sorted({str(each["visited_on"]) for each in here})
        own = [each for each in here if each["task"] == task.code]
        cap = subject.policy.yearly_cap[row["credit_grade"] or "U"]
        return [
            f"本年已检查 {len(days)} 次（{'、'.join(days) or '均为已抽中而结果未到'}），各任务合计上限 {cap} 次",
            f"其中本任务 {len(own)} 次，本任务上限 {level.yearly_cap} 次",
        ]
    if reason == "observation_period":
        return [
            f"新产业新业态新模式企业，{row['established_on']} 成立，观察期 {subject.policy.observation_months} 个月"
        ]
    if reason == "white_list":
        listed = [each for each in subject.rows("accepted_white_list", uscc=subject.uid) if each["is_current"]]
        return [f"{each['basis_doc']}：{each['listed_on']} 列入，{each['expires_on']} 到期" for each in listed]
    return []


def _draw(subject: SubjectMonth, section: Section, place: Place) -> None:
    """Numbers of the stratum, then ticket, rank, threshold, probability and result."""
    counted = subject.stratum(place.key)
    if counted is not None:
        base, eligible, drawn, served = counted
        more = f"，作废批次已抵 {served / E4:g} 户次" if served else ""
        section.say("本层", f"基数 {base} 户，可抽 {eligible} 户，本年此前已抽 {drawn} 户次{more}")
    if subject.certificate is None:
        section.say("结果", "尚未抽取" if place.state == "eligible" else "本批不参加抽取")
        return
    planned, size = next(
        ((int(row[3]), int(row[4])) for row in subject.lines("allocation.csv") if tuple(row[:3]) == place.key), (0, 0)
    )
    share = next((int(row[2]) for row in subject.lines("cuts.csv") if tuple(row[:2]) == place.key[1:]), None)
    cut = f"，本县检查力量不足，本层 λ = {share}/10000" if share is not None and _on_site(subject, place.key) else ""
    section.say("应抽", f"计划 {planned} 户，抽取 {size} 户{cut}")
    if place.state != "eligible":
        section.say("结果", "本批不参加抽取，没有名次")
        return
    tickets = _ranking(subject, place.key)
    rank = 1 + [uid for _, uid in tickets].index(subject.uid)
    last = (
        f"名次不大于 {size} 的抽中；最后抽中的抽签号 {tickets[size - 1][0]}" if size else "本层本批抽取 0 户，无人抽中"
    )
    section.say("抽签号", tickets[rank - 1][0])
    section.say("名次", f"{rank}/{len(tickets)}，{last}")
    section.say("入选概率", _probability(subject, place, size, share))
    if rank <= size:
        section.say("结果", "抽中")
    elif any(row[4] == subject.uid and tuple(row[:3]) == place.key for row in subject.lines("reserve.csv")):
        section.say("结果", f"未抽中，候补第 {rank - size} 位")
    else:
        section.say("结果", "未抽中")
    for row in subject.rows("drawn_in_force", uid=subject.uid, task=place.task):
        if row["from_reserve"]:
            section.say("现为", f"第 {row['request_no']} 号申请补抽，列入检查")
        if row["replaced_reason"]:
            words = output_contract("drawn_in_force").column("replaced_reason").values
            names = {code: name for name, code in words.items()}
            by = f"由 {row['replaced_by']} 递补" if row["replaced_by"] else "候补已用尽，无人递补"
            section.say("现为", f"已替换（{names[row['replaced_reason']]}），{by}")


def _on_site(subject: SubjectMonth, key: Key) -> bool:
    return subject.round_policy is not None and subject.round_policy.tasks[key[0]].levels[key[2]].on_site


def _ranking(subject: SubjectMonth, key: Key) -> list[tuple[str, str]]:
    """Ticket and uid of every eligible subject of the stratum, in the order of the draw (DRAW §5)."""
    secret = subject.certificate["key"] if subject.certificate else ""
    wanted = [*key, "eligible"]
    return sorted((sha256_hex(f"{secret}|{row[1]}"), row[1]) for row in subject.frame if [row[0], *row[2:5]] == wanted)


def _probability(subject: SubjectMonth, place: Place, size: int, share: int | None) -> str:
    """As DRAW §5 has it: from the target, unless capacity cut the stratum."""
    counted = subject.stratum(place.key)
    eligible = counted[1] if counted else 0
    if share is not None and _on_site(subject, place.key):
        return (
            f"压减后 {size}/{eligible} = {_percent(Fraction(size, eligible))}"
            if size
            else "压减后本层未抽取，没有入选概率"
        )
    for name in ("drawn.csv", "reserve.csv"):
        for row in subject.lines(name):
            if tuple(row[:3]) == place.key:
                target = int(row[6])
                return f"应抽 {target / E4:g} 户 ÷ 可抽 {eligible} 户 = {_percent(Fraction(target, E4 * eligible))}"
    return "没有"


def _percent(share: Fraction) -> str:
    return f"{float(share):.2%}"
