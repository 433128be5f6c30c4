"""What a finished month brought forth, printed for a person: deliveries, timeliness, plan, drawn, matched, files.

Totals by grade are for the whole city only, on the terminal of those entitled (DESIGN §5). Not for files.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow.parquet as pq

from data_contracts.model import Contract, source_contracts
from resources.bundles import SUMS
from resources.lake import MonthLake, sha256_file
from resources.outbox.cells import text_width
from resources.settings import Home, shown

Say = Callable[[str], None]


def print_summary(home: Home, month: str, say: Say) -> None:
    """Print the month; every figure is read from the stored tables."""
    lake = MonthLake(home, month)
    basis = lake.basis()
    mark = "【演示】" if basis["demonstration"] else ""
    say(f"\n{mark}{month} 月度结果（截至 {basis['as_of']}，月度版本 {lake.version.name}）")
    _collection(lake, say)
    _timeliness(lake, say)
    _grades(lake, say)
    _counties(lake, say)
    bundle = home.bundles / _rows(lake, "committed_round")[0]["round_id"]
    _round(lake, say)
    say(f"  自行核对：python -I verifier/verify.py --expect {sha256_file(bundle / SUMS)} {shown(bundle)}")
    say("\n文件")
    for label, path in (
        ("计划、名单、表册", home.outbox / month),
        ("抽取包（可独立重算）", bundle),
        ("数据仓（DuckDB）", home.warehouse / f"current-{month}.txt"),
        ("证据", home.evidence / month),
    ):
        if path.exists():
            say(f"  {label}：{shown(path)}")


def _rows(lake: MonthLake, table: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(lake.table(table), columns=columns).to_pylist()
    return rows


def _collection(lake: MonthLake, say: Say) -> None:
    contracts = {c.name: c for c in source_contracts()}
    titles = {name: contract.title for name, contract in contracts.items()}
    say("\n归集与验收（每一行恰在一处：接收、隔离、重复）")
    names = ("files", "delivered_rows", "accepted_rows", "quarantined_rows", "duplicates_rows")
    counts = [(titles[r["source"]], *(r[name] for name in names)) for r in _rows(lake, "intake")]
    table = [row for row in counts if any(row[1:])]
    table.append(("合计", *(sum(column) for column in zip(*(row[1:] for row in table), strict=True))))
    _print(("来源", "文件", "交付行", "接收", "隔离", "重复"), table, say)
    for row in _rows(lake, "source_coverage"):
        if row["level"] == "source" and row["coverage"] in _STATES:
            say(
                f"  {row['title']}：{_STATES[row['coverage']]}"
                + (f"（{row['coverage_reason']}）" if row["coverage_reason"] else "")
            )
    bases: Counter[str] = Counter()
    for name, contract in contracts.items():
        if contract.identity:
            bases.update(r["identity_basis"] for r in _rows(lake, f"accepted_{name}", ["identity_basis"]))
    told = "、".join(f"{word} {bases[code]} 行" for code, word in _BASES.items() if bases[code])
    say(f"  识别依据：{told}")
    reasons = Counter(
        f"{titles[r['source']]}{_fault(contracts[r['source']], rule)}"
        for r in _rows(lake, "quarantined", ["source", "rule_ids"])
        for rule in r["rule_ids"].split(";")
    )
    if reasons:
        told = "、".join(f"{reason} {count} 行" for reason, count in reasons.most_common(6))
        say(f"  隔离最多的原因：{told}（逐行：ssj quarantine list）")


_STATES = {"silent": "本月无交付", "suspended": "停用", "unconnected": "未接入"}
_BASES = {"code": "信用代码", "repaired": "改正写法的信用代码", "reg_no": "注册号", "name": "名称完全一致"}


def _fault(contract: Contract, rule_id: str) -> str:
    """A broken rule in a few words: the column and what is wrong with it."""
    if rule_id in _FAULTS:
        return _FAULTS[rule_id]
    column, _, kind = rule_id.partition(".")
    if kind:
        return f"「{contract.column(column).title}」{_FAULTS[kind]}"
    return next(r.reason.split("，")[0] for r in contract.rules if r.id == rule_id)


_FAULTS = {
    "required": "为空", "type": "无法识别", "check": "不合规定", "unmatched": "对不上登记的主体",
    "key_conflict": "主键相同而内容不同", "withdrawal.unknown": "撤回的记录从未送达",
}  # fmt: skip


def _timeliness(lake: MonthLake, say: Say) -> None:
    """The notice's own clock; the other three stand in timeliness.xlsx."""
    columns = ("on_time", "late", "overdue_open", "denominator")
    rolled: dict[str, list[int]] = defaultdict(lambda: [0] * len(columns))
    for row in _rows(lake, "timeliness_summary"):
        if row["clock"] == "collect_7wd":
            for index, name in enumerate(columns):
                rolled[row["source"]][index] += row[name]
    titles = {c.name: c.title for c in source_contracts()}
    say("\n归集及时率（7 个法定工作日，按应归集日所在月；双公示、公示、等级三种时限见 timeliness.xlsx）")
    table = [
        (titles[source], good, late, still_open, f"{100 * good / due:.1f}%" if due else "—")
        for source, (good, late, still_open, due) in sorted(rolled.items())
        if due
    ]
    _print(("来源", "按期", "逾期", "逾期未归集", "及时率"), table, say)
    missing = sum(row["missing_estimated"] or 0 for row in _rows(lake, "completeness"))
    gaps = sum(row["missing"] for row in _rows(lake, "document_gap"))
    say(f"  对照各单位台账总数，另有 {missing} 条应归集而未见；文号缺 {gaps} 个（逐项见 timeliness.xlsx）")


def _grades(lake: MonthLake, say: Say) -> None:
    enterprises = _rows(lake, "enterprise_month", ["credit_grade", "is_live", "in_jurisdiction", "grade_state"])
    live = [r for r in enterprises if r["is_live"] and r["in_jurisdiction"]]
    outside = sum(1 for r in enterprises if r["is_live"] and not r["in_jurisdiction"])
    held = Counter(r["credit_grade"] or "未分类" for r in live)
    planned: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for row in _rows(lake, "drawn_subjects", ["credit_grade"]):
        drawn[row["credit_grade"] or "未分类"] += 1
    for row in _rows(lake, "sampling_plan", ["credit_grade", "task_code", "stratum", "n_planned"]):
        if row["stratum"] in "ABCDU" and row["task_code"] == "GEN":
            planned[row["credit_grade"] or "未分类"] += row["n_planned"]
    say(f"\n企业与计划（全市合计；存续 {len(live)} 户，辖区外 {outside} 户）")
    table = [(grade, held[grade], planned[grade], drawn[grade]) for grade in ("A", "B", "C", "D", "未分类")]
    _print(("信用风险等级", "存续户数", "通用任务计划", "抽中户数"), table, say)


def _counties(lake: MonthLake, say: Say) -> None:
    planned: Counter[str] = Counter()
    funded: Counter[str] = Counter()
    for row in _rows(lake, "sampling_plan", ["unit_name", "n_planned", "n_funded"]):
        planned[row["unit_name"]] += row["n_planned"]
        funded[row["unit_name"]] += row["n_funded"]
    capacity = {r["unit_name"]: r for r in _rows(lake, "county_capacity")}
    say("\n各检查主体（户次为跨任务合并后的现场检查，含触发检查）")
    table = [
        (
            name,
            planned[name],
            funded[name],
            "不限" if c["capacity_available_visits"] is None else c["capacity_available_visits"],
            c["capacity_required_visits"],
            c["funded_visits"],
            c["unmet_visits"],
        )
        for name, c in sorted(capacity.items(), key=lambda item: item[1]["unit_code"])
    ]
    _print(("检查主体", "计划项", "落实项", "检查力量", "需检查", "安排", "暂缓"), table, say)


def _round(lake: MonthLake, say: Say) -> None:
    [committed] = _rows(lake, "committed_round")
    drawn = _rows(lake, "drawn", ["uid"])
    people = Counter(r["visit_uid"] for r in _rows(lake, "assignment", ["visit_uid"]))
    unmatched = len(_rows(lake, "unassignable"))
    say("\n抽取与匹配")
    say(
        f"  批次 {committed['round_id']}，承诺值 {committed['commitment'][:16]}…，名录 {committed['committed_rows']} 行"
    )
    say(f"  抽中 {len(drawn)} 项次，合并为 {len({r['uid'] for r in drawn})} 户")
    say(
        f"  人员匹配 {len(people)} 户次（每户次不少于 {min(people.values(), default=0)} 人），未能匹配 {unmatched} 户次"
    )


def _print(header: Sequence[str], table: Sequence[Sequence[object]], say: Say) -> None:
    """Columns aligned by display width; the first to the left, numbers to the right."""
    texts = [tuple(header), *(tuple(f"{c:,}" if isinstance(c, int) else str(c) for c in row) for row in table)]
    widths = [max(text_width(row[i]) for row in texts) for i in range(len(header))]
    for row in texts:
        first = row[0] + " " * (widths[0] - text_width(row[0]))
        rest = (" " * (w - text_width(c)) + c for c, w in zip(row[1:], widths[1:], strict=True))
        say("  " + "  ".join((first, *rest)))
