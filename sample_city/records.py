"""The four streams of records about firms: licences, penalties, abnormal listings, serious violations.

Here: what was decided when, about whom, by which authority, with dates, numbers and texts that agree with one another.
More records fall on C and D firms. Numbers run without a gap in each series (authority, unit, year); a few records of
careless units never leave them, which is what the gaps tell. Not here: inspection results (rounds), field records (fields).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sample_city import words
from sample_city.columns import (
    Ints,
    blank,
    choose,
    dates,
    digits,
    join,
    pick,
    random,
    repeats,
    running,
    same,
    sampled,
    take,
    text,
    when,
    working,
    year_of,
)
from sample_city.departments import (
    CITY,
    NEVER,
    SECTIONS,
    STOCK,
    UNIT,
    UNITS,
    Calendar,
    Feed,
    Places,
    feed,
    ready,
    slots,
)
from sample_city.domains import FIELD_CODES, LIST
from sample_city.fields import Memberships
from sample_city.grades import weights_by_grade
from sample_city.identifiers import usccs
from sample_city.stretches import HISTORY, Stretch, stacked
from sample_city.subjects import ENTERPRISE, picked

CARELESS = {"licence": ("CY", "TSSB"), "penalty": ("JJ", "ZHZF"), "abnormal_listing": ("140828", "140829")}
SERIES = {  # the word of the unit in its document numbers
    "food_production": "食产", "food_sales": "食经", "catering": "餐", "drug": "药", "medical_device": "械", "special_equipment": "特",
    "ZHZF": "综", "ZL": "质", "GG": "广", "JJ": "价", "ZFJC": "稽",
}  # fmt: skip
CERTIFICATES = {
    "food_production": ("食品生产许可证", "SC"), "food_sales": ("食品经营许可证", "JY1"), "catering": ("食品经营许可证", "JY2"),
    "drug": ("药品经营许可证", "晋运药"), "medical_device": ("第二类医疗器械经营备案凭证", "晋运械备"),
    "special_equipment": ("特种设备使用登记证", "特使晋M"),
}  # fmt: skip
REGISTRATION = ("设立登记", "住所变更登记", "经营范围变更登记", "名称变更登记", "注册资本变更登记")
NO_END = ("2099-12-31", "长期", "9999-09-09")
GROUNDS = ("ANNUAL_REPORT_LATE", "UNREACHABLE", "DISCLOSURE_ORDER_IGNORED", "FALSE_DISCLOSURE")


@dataclass(frozen=True, slots=True)
class Marks:
    """What repairs refer to: rows of subjects and the numbers of decisions or listings still in force."""

    subject: Ints
    number: Any
    formed: Ints


def authorities(where: Places) -> tuple[Any, Any]:
    """Name and code of the deciding authority: the 14 county units, then the city bureau."""
    names = [*where.bureaus, CITY]
    division = np.array([140_800 + i for i in range(len(names))])
    return names, usccs(np.full(len(names), 11), division, np.arange(2_900_000, 2_900_000 + len(names)), division > 0)


def licences(seed: int, when_: Calendar, where: Places, stretches: tuple[Stretch, ...], members: Memberships) -> Feed:
    """Registrations by the data centre, certificates and their changes by the sections."""
    subjects = stretches[-1].who
    licensed = np.flatnonzero(np.array([code in CERTIFICATES for code in FIELD_CODES])[members.field])
    other = len(LIST)  # a registration
    unit_of = np.array([UNIT[f.unit] for f in LIST] + [UNIT["DA"]])

    def decided(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "licence")
        who = stretch.who
        active = np.flatnonzero(who.active & (who.kind == ENTERPRISE))
        born = active[who.founded[active] > stretch.since]
        changed = sampled(rng, active, int(len(active) * 0.25 * stretch.share))
        fresh = licensed[members.admitted[licensed] > stretch.since] if stretch.is_first else licensed[:0]
        amended = sampled(rng, licensed, int(len(licensed) * 0.5 * stretch.share))
        row = np.concatenate([born, changed, members.subject[fresh], members.subject[amended]])
        field = np.concatenate([np.full(len(born) + len(changed), other), members.field[fresh], members.field[amended]])
        change = np.concatenate([
            np.zeros(len(born), np.int64), rng.integers(1, len(REGISTRATION), len(changed)),
            np.zeros(len(fresh), np.int64), np.ones(len(amended), np.int64),
        ])  # fmt: skip
        day = np.concatenate([
            working(who.founded[born]),
            stretch.days(rng, who.founded[changed] + 30),
            members.admitted[fresh],
            stretch.days(rng, members.admitted[amended] + 30),
        ])  # fmt: skip
        leaves = ready(rng, day, unit_of[field])
        leaves[stretch.lost(rng, day, unit_of[field], CARELESS["licence"])] = NEVER
        shown = day + rng.integers(1, 7, len(day))
        return tuple(column[day <= stretch.when.last] for column in (row, field, change, day, leaves, shown))

    row, field, change, day, leaves, shown = stacked(stretches, decided)
    rng = random(seed, when_.month, "licence details")
    n = len(row)
    registration = field == other
    county = subjects.county[row]
    unit = unit_of[field]
    series = [SERIES.get(code, "") for code in FIELD_CODES]
    serial = running((county * 100 + field) * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    names, codes = authorities(where)
    certificate, prefix = zip(*(CERTIFICATES.get(code, ("", "")) for code in FIELD_CODES), strict=True)
    content = text(
        [*(f"{f.name}：{CERTIFICATES.get(c, ('', ''))[0]}" for c, f in zip(FIELD_CODES, LIST, strict=True)), ""], field
    )
    equipment = field == FIELD_CODES.index("special_equipment")
    endless = registration | equipment
    slot = slots(when_, leaves)
    uscc, name = picked(subjects, row)
    table = pa.table({
        "行政相对人名称": name,
        "行政相对人代码_1(统一社会信用代码)": uscc,
        "行政相对人代码_2(工商注册号)": pick(rng, n, ("", "/", "N/A"), (90, 7, 3)),
        "行政许可决定文书名称": when(registration, "准予登记通知书", "准予行政许可决定书"),
        "行政许可决定文书号": join(
            "（", text(where.short, county), "）", text([*series, "登字"], field), when(registration, "", "许准字"), "〔",
            digits(year_of(day)), "〕第", digits(serial, 6), "号",
        ),
        "许可类别": when(registration | equipment, "登记", when(field == FIELD_CODES.index("medical_device"), "其他", "普通")),
        "许可证书名称": when(registration, "营业执照", text([*certificate, ""], field)),
        "许可编号": when(registration, uscc, join(text([*prefix, ""], field), "1408", digits(serial + 1_000_000 * (county + 1), 9))),
        "许可内容": when(registration, text(REGISTRATION, change), join(content, when(change > 0, "（变更）", ""))),
        "许可决定日期": dates(day),
        "有效期自": dates(day),
        "有效期至": when(endless, text(NO_END, (serial % 3)), dates(day + 5 * 365)),
        "许可机关": text(names, county),
        "许可机关统一社会信用代码": take(codes, county),
        "当前状态": pick(rng, n, ("有效", "无效"), (97, 3)),
        "公示日期": _shown(when_, slot, shown),
        "数据来源单位": text([SECTIONS.get(u, "") for u in UNITS], unit),
        "备注": pick(rng, n, ("", "无", "——"), (85, 12, 3)),
    })  # fmt: skip
    gone = np.flatnonzero(leaves == NEVER)
    return feed("licence", table, unit, slot, formed=day, lost=(gone, "行政许可决定文书号"))


def _shown(when_: Calendar, slot: Ints, day: Ints) -> Any:
    """The day of publication, where it lies before the delivery."""
    return when(day <= np.array(when_.sent)[np.maximum(slot, STOCK)], dates(day), "")


def penalties(seed: int, when_: Calendar, where: Places, stretches: tuple[Stretch, ...]) -> tuple[Feed, Marks]:
    """Decisions; Poisson per firm with 0.06, 0.2, 0.7, 1.6 expected for A to D in three years."""
    subjects = stretches[-1].who
    unit_of = np.array([UNIT[o.unit] for o in words.OFFENCES])

    def decided(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "penalty")
        who = stretch.who
        active = np.flatnonzero(who.active)
        expected = weights_by_grade(stretch.credit, (0.06, 0.2, 0.7, 1.6), 0.03)[active]
        row = active[repeats(rng, np.maximum(expected, 40 / max(len(active), 1)) * stretch.share)]
        day = stretch.days(rng, who.founded[row] + 20)
        n = len(row)
        offence = choose(rng, n, [o.weight for o in words.OFFENCES])
        city = rng.random(n) < 0.22
        leaves = ready(rng, day, unit_of[offence])
        leaves[stretch.lost(rng, day, unit_of[offence], CARELESS["penalty"])] = NEVER
        shown = day + np.where(rng.random(n) < 0.93, rng.integers(1, 7, n), rng.integers(15, 40, n))
        columns = (row, day, offence, np.where(city, len(where.bureaus), who.county[row]), leaves, shown)
        return tuple(column[day <= stretch.when.last] for column in columns)

    row, day, offence, county, leaves, shown = stacked(stretches, decided)
    rng = random(seed, when_.month, "penalty details")
    n = len(row)
    unit = unit_of[offence]
    names, codes = authorities(where)
    taken = ["".join(f"；{kind}" for kind in o.penalty.split(";") if kind.startswith("没收")) for o in words.OFFENCES]
    low, high = (np.array([o.fine[i] for o in words.OFFENCES])[offence] for i in (0, 1))
    fine = np.round(low + (high - low) * rng.random(n) ** 3, 2)
    seized = np.array(["没收" in o.penalty for o in words.OFFENCES])[offence]
    gain = np.round(rng.exponential(0.4, n) + 0.01, 4)
    serial = running((county * 100 + unit) * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    number = join(
        "运", text([*where.short, "市"], county), "市监", text([SERIES.get(u, "") for u in UNITS], unit), "罚〔",
        digits(year_of(day)), "〕", digits(serial, 4), "号",
    )  # fmt: skip
    fine_text = pa.array([f"{x:g}" for x in fine], pa.string())
    light = (fine < 0.3) & ~seized
    slot = slots(when_, leaves)
    withdrawn = (rng.random(n) < 0.006) & (slot == STOCK) & (day < when_.sent[STOCK] - 10)
    uscc, name = picked(subjects, row)
    content = join(when(fine > 0, join("罚款", fine_text, "万元"), "予以通报批评"), text(taken, offence))
    table = pa.table({
        "行政相对人名称": name,
        "行政相对人类别": when(subjects.kind[row] == 1, "个体工商户", "法人及非法人组织"),
        "行政相对人代码_1(统一社会信用代码)": uscc,
        "行政相对人代码_2(工商注册号)": pick(rng, n, ("", "无", "/"), (80, 15, 5)),
        "行政相对人代码_3(组织机构代码)": blank(n),
        "行政处罚决定书文号": number,
        "违法行为类型": text([o.kind for o in words.OFFENCES], offence),
        "违法事实": text([o.facts for o in words.OFFENCES], offence),
        "处罚依据": text([o.basis for o in words.OFFENCES], offence),
        "处罚类别": text([o.penalty for o in words.OFFENCES], offence),
        "处罚内容": content,
        "罚款金额（万元）": when(fine > 0, fine_text),
        "没收违法所得、没收非法财物的金额（万元）": when(seized, pa.array([f"{x:g}" for x in gain], pa.string())),
        "暂扣或吊销证照名称及编号": pick(rng, n, ("", "无"), (90, 10)),
        "处罚决定日期": dates(day),
        "处罚有效期": when(rng.random(n) < 0.9, dates(day + HISTORY), ""),
        "公示截止期": dates(day + np.where(light, 92, HISTORY)),
        "处罚机关": text(names, county),
        "处罚机关统一社会信用代码": take(codes, county),
        "当前状态": when(withdrawn, "撤销", "有效"),
        "撤销日期": when(withdrawn, dates(day + 6), ""),
        "公示日期": _shown(when_, slot, shown),
        "数据来源单位": text(names, county),
        "备注": blank(n),
    })  # fmt: skip
    mark = np.flatnonzero(~withdrawn & ~light & (day < when_.sent[STOCK] - 180))
    gone = np.flatnonzero(leaves == NEVER)
    penalty = feed("penalty", table, unit, slot, formed=day, lost=(gone, "行政处罚决定书文号"))
    return penalty, Marks(row[mark], take(number, mark), day[mark])


def abnormal_listings(
    seed: int, when_: Calendar, where: Places, stretches: tuple[Stretch, ...], reasons: list[dict[str, str]]
) -> tuple[Feed, Marks]:
    """Listings and their removals; a removal that arrives later is a row of its own."""
    subjects = stretches[-1].who

    def listed_(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "abnormal_listing")
        who, last = stretch.who, stretch.when.last
        active = np.flatnonzero(who.active & (who.kind == ENTERPRISE))
        chance = weights_by_grade(stretch.credit, (0.045, 0.16, 0.42, 0.6), 0.02)[active]
        once = active[rng.random(len(active)) < np.maximum(chance, 30 / max(len(active), 1)) * stretch.share]
        again = sampled(rng, once, len(once) // 6)
        row = np.concatenate([once, again])
        ground = choose(rng, len(row), (55, 33, 8, 4))
        ground[len(once) :] = (ground[np.searchsorted(once, again)] + 1) % len(GROUNDS)
        n = len(row)
        day = stretch.days(rng, who.founded[row] + 60)
        # Annual reports fall due on 30 June: the listings follow in July.
        july = (year_of(np.minimum(day, last)) - 1970).astype("datetime64[Y]").astype("datetime64[D]")
        july = working(july.astype(np.int64) + 181 + rng.integers(0, 20, n))
        fits = (july > who.founded[row] + 400) & (july >= stretch.since) & (july <= last)
        day = np.where((ground == 0) & fits, july, day)
        removed = day + 5 + rng.exponential(170, n).astype(np.int64)
        stays = rng.random(n) < weights_by_grade(stretch.credit, (0.1, 0.3, 0.6, 0.8), 0.3)[row]
        removed = working(np.where(stays, NEVER, removed))
        county = who.county[row]
        in_, out = ready(rng, day, county), ready(rng, removed, county)
        in_[stretch.lost(rng, day, county, CARELESS["abnormal_listing"])] = NEVER
        return tuple(column[day <= last] for column in (row, ground, day, removed, in_, out))

    row, ground, day, removed, in_, out = stacked(stretches, listed_)
    county = subjects.county[row]
    known = {r["reason_code_proposed"]: r for r in reasons if r["subject_type"] == "企业" and r["reason_code_proposed"]}
    full = [known[code]["full_text"] for code in GROUNDS]
    cure = [known[code]["matching_removal_reason"].split("|")[-1] for code in GROUNDS]
    serial = running(county * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    number = join(text(where.short, county), "市监异入〔", digits(year_of(day)), "〕第", digits(serial), "号")
    uscc, name = picked(subjects, row)
    listed = pa.table({
        "统一社会信用代码": uscc,
        "企业名称": name,
        "列入原因": text(full, ground),
        "列入日期": dates(day),
        "列入机关": text(where.bureaus, county),
        "列入文号": number,
        "未年报年度": when(ground == 0, digits(year_of(day) - 1), ""),
    })  # fmt: skip
    cured = {"移出原因": text(cure, ground), "移出日期": dates(removed), "移出机关": text(where.bureaus, county)}
    gone = np.flatnonzero(in_ == NEVER)
    abnormal = _with_removals("abnormal_listing", when_, listed, cured, county, in_, out, gone)
    mark = np.flatnonzero((removed > when_.last) & (day < when_.sent[STOCK] - 60) & (in_ < NEVER))
    return abnormal, Marks(row[mark], take(number, mark), day[mark])


def _with_removals(
    source: str, when_: Calendar, listed: Any, cured: dict[str, Any], unit: Ints, in_: Ints, out: Ints, lost: Ints
) -> Feed:
    """Listing rows, then removal rows (same key) where the removal arrives in a later delivery than the listing.

    `in_` and `out`: the days from which listing and removal can be sent.
    """
    slot, out_slot = slots(when_, in_), slots(when_, np.maximum(in_, out))
    merged = (out_slot == slot) & (slot >= 0)
    later = np.flatnonzero((out_slot >= 0) & ~merged)
    first = listed
    for title, cells in cured.items():
        first = first.append_column(title, when(merged, cells, ""))
    second = listed.take(pa.array(later))
    for title, cells in cured.items():
        second = second.append_column(title, take(cells, later))
    table = pa.concat_tables([first, second])
    return feed(source, table, np.r_[unit, unit[later]], np.r_[slot, out_slot[later]], lost=(lost, "列入文号"))


def serious_violations(seed: int, when_: Calendar, where: Places, stretches: tuple[Stretch, ...]) -> tuple[Feed, Marks]:
    """Listings by the city bureau; few are removed."""
    subjects = stretches[-1].who

    def listed_(stretch: Stretch) -> tuple[Ints, ...]:
        rng = random(seed, stretch.when.month, "serious_violation")
        who = stretch.who
        active = np.flatnonzero(who.active & (who.kind == ENTERPRISE))
        weights = weights_by_grade(stretch.credit, (0.00005, 0.0006, 0.008, 0.045), 0.0001)[active]
        row = sampled(rng, active, max(round(6 * stretch.share), int(weights.sum() * stretch.share)), weights)
        n = len(row)
        day = stretch.days(rng, who.founded[row] + 60)
        reason = choose(rng, n, (2, 4, 3, 3, 1))
        removed = working(np.where(rng.random(n) < 0.12, day + 370 + rng.integers(0, 200, n), NEVER))
        office = np.full(n, UNIT["XY"])
        columns = (row, reason, day, removed, ready(rng, day, office), ready(rng, removed, office))
        return tuple(column[day <= stretch.when.last] for column in columns)

    row, reason, day, removed, in_, out = stacked(stretches, listed_)
    n = len(row)
    serial = running(year_of(day), np.argsort(day, kind="stable"))
    number = join("运市监严列〔", digits(year_of(day)), "〕", digits(serial), "号")
    uscc, name = picked(subjects, row)
    listed = pa.table({
        "统一社会信用代码": uscc,
        "企业名称": name,
        "列入原因": text(words.SERIOUS_REASONS, reason),
        "列入日期": dates(day),
        "列入机关": same(CITY, n),
        "列入文号": number,
    })  # fmt: skip
    cured = {
        "移出原因": same("列入期限届满，已履行行政处罚决定规定的义务", n),
        "移出日期": dates(removed),
        "移出机关": same(CITY, n),
    }
    nobody = np.zeros(0, np.int64)
    serious = _with_removals("serious_violation", when_, listed, cured, np.full(n, UNIT["XY"]), in_, out, nobody)
    mark = np.flatnonzero((removed > when_.last) & (day < when_.sent[STOCK] - 365))
    return serious, Marks(row[mark], take(number, mark), day[mark])
