"""What comes from outside the bureau: other departments, the province's 总对总 push with its manifest, platforms.

Other departments name themselves row by row and send through one channel (单位 BM). The counts of the manifest are those
of the push. Not here: the bureau's own records (records, fields).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sample_city.columns import (
    Ints,
    choose,
    dates,
    digits,
    join,
    pick,
    random,
    repeats,
    running,
    same,
    text,
    when,
    working,
    year_of,
)
from sample_city.departments import STOCK, UNIT, WEEK_1, Calendar, CityError, Feed, feed, ready, slots
from sample_city.grades import weights_by_grade
from sample_city.stretches import HISTORY, Stretch, stacked
from sample_city.subjects import picked

Codes = list[dict[str, str]]


class Department(NamedTuple):
    """A department: code, word of its numbers, licence, offence and law, list of the seriously dishonest, item checked."""

    code: str
    word: str
    licence: str
    offence: str
    basis: str
    list_name: str
    item: str


DEPARTMENTS = (
    Department(
        "HB", "环", "排污许可证", "未按排污许可证规定排放污染物", "《排污许可管理条例》第三十四条", "", "排污许可证执行情况检查",
    ),
    Department(
        "YJ", "应急", "危险化学品经营许可证", "未按规定开展安全生产教育培训", "《中华人民共和国安全生产法》第九十七条",
        "安全生产严重失信主体", "安全生产责任落实检查",
    ),
    Department(
        "RS", "人社", "人力资源服务许可证", "未按规定支付劳动报酬", "《保障农民工工资支付条例》第五十三条",
        "拖欠农民工工资失信联合惩戒对象", "劳动用工和工资支付检查",
    ),
    Department(
        "SW", "税", "", "未按规定期限办理纳税申报", "《中华人民共和国税收征收管理法》第六十二条", "重大税收违法失信主体", "",
    ),
    Department(
        "JT", "交", "道路运输经营许可证", "使用未经检验的车辆从事道路运输", "《中华人民共和国道路运输条例》第七十条", "",
        "道路运输经营资质检查",
    ),
    Department("WJW", "卫", "卫生许可证", "公共场所卫生管理不符合规定", "《公共场所卫生管理条例》第十四条", "", "公共场所卫生检查"),
    Department("XF", "消", "", "消防设施未保持完好有效", "《中华人民共和国消防法》第六十条", "", "消防安全检查"),
    Department("FY", "执", "", "", "", "失信被执行人", ""),
)  # fmt: skip
CHECKED = (
    "未发现问题",
    "发现问题已责令改正",
    "发现问题待后续处理",
    "通过登记的住所（经营场所）无法联系",
    "不配合检查情节严重",
)
PUSHED = (  # kind, department of the province or above, rate in a history for A–D, word of the number, summary
    ("行政许可", "山西省住房和城乡建设厅", 0.01, "晋建许", "建筑业企业资质"),
    ("行政处罚", "山西省生态环境厅", 0.004, "晋环罚", "环境违法行为处罚"),
    ("抽查检查", "山西省市场监督管理局", 0.004, "晋市监检", "省级双随机抽查"),
    ("失信被执行人", "最高人民法院", 0.006, "执", "有履行能力而拒不履行"),
    ("欠税公告", "国家税务总局山西省税务局", 0.006, "晋税告", "欠缴税款公告"),
    ("重大税收违法", "国家税务总局山西省税务局", 0.0006, "晋税稽", "虚开发票"),
    ("股权冻结", "最高人民法院", 0.003, "冻", "股权被冻结"),
    ("环境信用评价", "山西省生态环境厅", 0.002, "晋环评", "环境信用评价黄牌"),
    ("安全生产失信", "山西省应急管理厅", 0.0004, "晋应急失", "发生生产安全责任事故"),
)  # fmt: skip
SIGNALS = ("投诉集中", "差评骤增", "平台处罚", "商品下架", "证照不符", "虚假交易", "食品安全投诉")
PROVIDERS = ("示例外卖平台", "示例电商平台", "示例出行平台")


def departments(
    seed: int, when_: Calendar, stretches: tuple[Stretch, ...], names: Codes
) -> tuple[Feed, Feed, Feed, Feed]:
    """Licences, penalties, lists of the dishonest and inspections of other departments. `names`: departments.csv."""
    known = {row["dept_code"]: row["dept_name"] for row in names}
    missing = [d.code for d in DEPARTMENTS if d.code not in known]
    if missing:
        raise CityError(f"代码表 departments.csv 缺少 {'、'.join(missing)}，请补全后重试")
    title = [known[d.code] for d in DEPARTMENTS]
    return (
        _licences(seed, when_, stretches, title),
        _penalties(seed, when_, stretches, title),
        _dishonest(seed, when_, stretches, title),
        _inspections(seed, when_, stretches, title),
    )


def _events(
    seed: int,
    when_: Calendar,
    stretches: tuple[Stretch, ...],
    topic: str,
    able: tuple[bool, ...],
    rates: tuple[float, ...],
) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows of subjects, department, day and the day from which each can be sent. `rates`: a history's, for A to D."""
    which = np.flatnonzero(able)

    def formed(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, topic)
        active = np.flatnonzero(stretch.who.active)
        expected = weights_by_grade(stretch.credit, rates, rates[1])[active]  # type: ignore[arg-type]
        row = active[repeats(rng, np.maximum(expected, 12 / max(len(active), 1)) * stretch.share)]
        dept = rng.choice(which, len(row))
        day = stretch.days(rng, stretch.who.founded[row] + 30)
        leaves = ready(rng, day, np.full(len(row), UNIT["BM"]))
        return tuple(column[day <= stretch.when.last] for column in (row, dept, day, leaves))

    row, dept, day, leaves = stacked(stretches, formed)
    return row, dept, day, leaves


def _about(stretches: tuple[Stretch, ...], row: Ints, dept: Ints, title: list[str]) -> dict[str, Any]:
    uscc, name = picked(stretches[-1].who, row)
    return {
        "送数部门代码": text([d.code for d in DEPARTMENTS], dept),
        "送数部门": text(title, dept),
        "行政相对人名称": name,
        "行政相对人代码_1(统一社会信用代码)": uscc,
        "行政相对人代码_2(工商注册号)": same("", len(row)),
    }


def _number(dept: Ints, day: Ints, kind: str) -> Any:
    serial = running(dept * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    word = text([d.word for d in DEPARTMENTS], dept)
    return join("运", word, kind, "〔", digits(year_of(day)), "〕", digits(serial, 4), "号")


def _shown(when_: Calendar, slot: Ints, day: Ints, rng: np.random.Generator) -> Any:
    shown = day + rng.integers(1, 7, len(day))
    return when(shown <= np.array(when_.sent)[np.maximum(slot, STOCK)], dates(shown), "")


def _licences(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], title: list[str]) -> Feed:
    able = tuple(bool(d.licence) for d in DEPARTMENTS)
    row, dept, day, leaves = _events(seed, when_, stretches, "department_licence", able, (0.05, 0.05, 0.05, 0.05))
    rng = random(seed, when_.month, "department_licence details")
    slot, number = slots(when_, leaves), _number(dept, day, "许")
    table = pa.table({
        **_about(stretches, row, dept, title),
        "行政许可决定文书号": number,
        "许可类别": same("普通", len(row)),
        "许可证书名称": text([d.licence for d in DEPARTMENTS], dept),
        "许可编号": number,
        "许可内容": text([d.licence.removesuffix("证") for d in DEPARTMENTS], dept),
        "许可决定日期": dates(day),
        "有效期自": dates(day),
        "有效期至": dates(day + HISTORY),
        "许可机关": text(title, dept),
        "当前状态": pick(rng, len(row), ("有效", "无效"), (97, 3)),
        "公示日期": _shown(when_, slot, day, rng),
        "备注": same("", len(row)),
    })  # fmt: skip
    return feed("department_licence", table, np.full(len(row), UNIT["BM"]), slot, formed=day)


def _penalties(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], title: list[str]) -> Feed:
    able = tuple(bool(d.offence) for d in DEPARTMENTS)
    row, dept, day, leaves = _events(seed, when_, stretches, "department_penalty", able, (0.01, 0.03, 0.09, 0.25))
    rng = random(seed, when_.month, "department_penalty details")
    n, slot = len(row), slots(when_, leaves)
    fine = np.round(0.1 + 9.9 * rng.random(n) ** 3, 2)
    table = pa.table({
        **_about(stretches, row, dept, title),
        "行政处罚决定书文号": _number(dept, day, "罚"),
        "违法行为类型": text([d.offence for d in DEPARTMENTS], dept),
        "违法事实": join("经查，当事人", text([d.offence for d in DEPARTMENTS], dept)),
        "处罚依据": text([d.basis for d in DEPARTMENTS], dept),
        "处罚类别": same("罚款", n),
        "处罚内容": join("罚款", pa.array([f"{x:g}" for x in fine], pa.string()), "万元"),
        "罚款金额（万元）": pa.array([f"{x:g}" for x in fine], pa.string()),
        "没收违法所得、没收非法财物的金额（万元）": same("", n),
        "处罚决定日期": dates(day),
        "公示截止期": dates(day + HISTORY),
        "处罚机关": text(title, dept),
        "当前状态": same("有效", n),
        "撤销日期": same("", n),
        "公示日期": _shown(when_, slot, day, rng),
        "备注": same("", n),
    })  # fmt: skip
    return feed("department_penalty", table, np.full(n, UNIT["BM"]), slot, formed=day)


def _dishonest(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], title: list[str]) -> Feed:
    able = tuple(bool(d.list_name) for d in DEPARTMENTS)
    row, dept, day, leaves = _events(seed, when_, stretches, "department_dishonest", able, (0.0005, 0.003, 0.02, 0.08))
    table = pa.table({
        **_about(stretches, row, dept, title),
        "名单名称": text([d.list_name for d in DEPARTMENTS], dept),
        "列入原因": join("符合", text([d.list_name for d in DEPARTMENTS], dept), "认定条件"),
        "列入日期": dates(day),
        "列入机关": text(title, dept),
        "列入文号": _number(dept, day, "失信"),
        "移出原因": same("", len(row)),
        "移出日期": same("", len(row)),
        "移出机关": same("", len(row)),
    })  # fmt: skip
    table = _once(table, ("行政相对人代码_1(统一社会信用代码)", "名单名称", "列入日期"))
    kept = np.asarray(table.column("_row"))
    table = table.drop_columns(["_row"])
    return feed(
        "department_dishonest", table, np.full(len(kept), UNIT["BM"]), slots(when_, leaves[kept]), formed=day[kept]
    )


def _inspections(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], title: list[str]) -> Feed:
    able = tuple(bool(d.item) for d in DEPARTMENTS)
    row, dept, day, leaves = _events(seed, when_, stretches, "department_inspection", able, (0.03, 0.05, 0.1, 0.2))
    rng = random(seed, when_.month, "department_inspection details")
    result = choose(rng, len(row), (75, 18, 4, 2, 1))
    slot = slots(when_, leaves)
    table = pa.table({
        **_about(stretches, row, dept, title),
        "抽查事项": text([d.item for d in DEPARTMENTS], dept),
        "检查日期": dates(day),
        "检查机关": text(title, dept),
        "检查结果": text(CHECKED, result),
        "问题描述": when(result > 0, join(text([d.item for d in DEPARTMENTS], dept), "发现不符合项"), ""),
        "处理措施": when((result == 1) | (result == 2), "责令限期改正", ""),
        "公示日期": _shown(when_, slot, day, rng),
    })  # fmt: skip
    table = _once(table, ("行政相对人代码_1(统一社会信用代码)", "抽查事项", "检查日期", "检查机关"))
    kept = np.asarray(table.column("_row"))
    table = table.drop_columns(["_row"])
    return feed("department_inspection", table, np.full(len(kept), UNIT["BM"]), slot[kept], formed=day[kept])


def _once(table: Any, key: tuple[str, ...]) -> Any:
    """The first row of each key; `_row` tells which it was."""
    joined = join(*(table.column(title) for title in key)).combine_chunks()
    codes = np.asarray(joined.dictionary_encode().indices)
    kept = np.sort(np.unique(codes, return_index=True)[1])
    return table.take(pa.array(kept)).append_column("_row", pa.array(kept))


def province(seed: int, when_: Calendar, stretches: tuple[Stretch, ...]) -> tuple[Feed, Feed]:
    """The push, one batch per delivery, and the manifest with the rows that each batch should hold."""

    def formed(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "province_push")
        active = np.flatnonzero(stretch.who.active)
        worse = weights_by_grade(stretch.credit, (0.6, 1.2, 4, 9), 1)[active]
        rows, kinds = [], []
        for index, pushed in enumerate(PUSHED):
            expected = pushed[2] if index == 0 else pushed[2] * worse
            row = active[
                repeats(rng, np.maximum(expected, 3 / max(len(active), 1)) * np.full(len(active), stretch.share))
            ]
            rows.append(row)
            kinds.append(np.full(len(row), index))
        row, kind = np.concatenate(rows), np.concatenate(kinds)
        day = stretch.days(rng, stretch.who.founded[row] + 30)
        leaves = ready(rng, day, np.full(len(row), UNIT["SJ-PT"]))
        return tuple(column[day <= stretch.when.last] for column in (row, kind, day, leaves))

    row, kind, day, leaves = stacked(stretches, formed)
    slot = slots(when_, leaves)
    serial = running(kind * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    batches = [f"ZDZ-{when_.month_of(s)}-{s}" for s in range(len(when_.sent))]
    uscc, name = picked(stretches[-1].who, row)
    table = pa.table({
        "批次": text(batches, np.maximum(slot, 0)),
        "记录类别": text([p[0] for p in PUSHED], kind),
        "记录编号": join(text([p[3] for p in PUSHED], kind), "〔", digits(year_of(day)), "〕", digits(serial, 5), "号"),
        "统一社会信用代码": uscc,
        "注册号": same("", len(row)),
        "企业名称": name,
        "数据来源单位": text([p[1] for p in PUSHED], kind),
        "记录日期": dates(day),
        "有效期至": dates(day + HISTORY),
        "摘要": text([p[4] for p in PUSHED], kind),
    })  # fmt: skip
    push = feed("province_push", table, np.full(len(row), UNIT["SJ-PT"]), slot)
    counted, rows = np.unique(push.slot * 100 + _index(push.table), return_counts=True)
    of, what = counted // 100, counted % 100
    manifest = pa.table({
        "批次": text(batches, of),
        "记录类别": text([p[0] for p in PUSHED], what),
        "应有条数": digits(rows.astype(np.int64)),
        "推送日期": dates(np.array(when_.sent)[of]),
    })  # fmt: skip
    return push, Feed("province_push_manifest", manifest, np.full(len(of), UNIT["SJ-PT"]), of)


def _index(table: Any) -> Ints:
    place = {p[0]: i for i, p in enumerate(PUSHED)}
    return np.array([place[kind] for kind in table.column("记录类别").to_pylist()], np.int64)


def platform_signals(seed: int, when_: Calendar, stretches: tuple[Stretch, ...]) -> Feed:
    """What platforms noticed in the month; exploratory, never a ground of a plan."""
    last = stretches[-1]
    rng = random(seed, when_.month, "platform_signal")
    active = np.flatnonzero(last.who.active)
    row = active[repeats(rng, np.full(len(active), max(0.002, 8 / max(len(active), 1))))]
    n = len(row)
    day = np.minimum(working(when_.first + rng.integers(0, 26, n)), when_.last - 1)
    slot = np.searchsorted(np.array(when_.sent[WEEK_1:]), day + 1) + WEEK_1
    uscc, name = picked(last.who, row)
    table = pa.table({
        "信号编号": join("XH-", when_.month.replace("-", ""), "-", digits(np.arange(1, n + 1), 5)),
        "提供单位": pick(rng, n, PROVIDERS, (4, 4, 1)),
        "统一社会信用代码": uscc,
        "企业名称": name,
        "信号类型": pick(rng, n, SIGNALS, (5, 5, 3, 2, 2, 1, 3)),
        "观察日期": dates(day),
        "摘要": same("平台监测发现异常，供参考", n),
    })  # fmt: skip
    return Feed("platform_signal", table, np.full(n, UNIT["PT"]), slot.astype(np.int64))
