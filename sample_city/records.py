"""The four streams of records about firms: licences, penalties, abnormal listings, serious violations.

Here: what was decided when, about whom, by which authority, with dates, numbers and texts that agree with one another.
More records fall on C and D firms. Not here: inspection results (rounds), field records (fields).
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
from sample_city.departments import CITY, SECTIONS, STOCK, UNIT, UNITS, Calendar, Feed, Places, arrival, feed
from sample_city.fields import FIELD_CODES, LIST, Memberships
from sample_city.grades import weights_by_grade
from sample_city.identifiers import usccs
from sample_city.subjects import ENTERPRISE, Subjects, picked

HISTORY = 3 * 365
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


def _random_days(rng: np.random.Generator, when_: Calendar, founded: Ints, history: int) -> Ints:
    """Working days since the founding, within the history, up to the end of the month."""
    start = np.maximum(founded, when_.last - history)
    return working(start + (rng.random(len(founded)) * np.maximum(when_.last + 1 - start, 1)).astype(np.int64))


def licences(seed: int, when_: Calendar, where: Places, subjects: Subjects, members: Memberships) -> Feed:
    """Registrations by the data centre, certificates and their changes by the sections; three years of them."""
    rng = random(seed, when_.month, "licence")
    active = np.flatnonzero(subjects.active & (subjects.kind == ENTERPRISE))
    born = active[(subjects.founded[active] > when_.last - HISTORY)]
    changed = sampled(rng, active, len(active) // 4)
    licensed = np.flatnonzero(np.array([code in CERTIFICATES for code in FIELD_CODES])[members.field])
    fresh = licensed[members.admitted[licensed] > when_.last - HISTORY]
    amended = sampled(rng, licensed, len(licensed) // 2)

    row = np.concatenate([born, changed, members.subject[fresh], members.subject[amended]])
    field = np.concatenate([np.full(len(born) + len(changed), len(LIST)), members.field[fresh], members.field[amended]])
    change = np.concatenate([
        np.zeros(len(born), np.int64), rng.integers(1, len(REGISTRATION), len(changed)),
        np.zeros(len(fresh), np.int64), np.ones(len(amended), np.int64),
    ])  # fmt: skip
    day = np.concatenate([
        working(subjects.founded[born]),
        _random_days(rng, when_, subjects.founded[changed] + 30, HISTORY),
        members.admitted[fresh],
        _random_days(rng, when_, members.admitted[amended] + 30, HISTORY),
    ])  # fmt: skip
    keep = np.flatnonzero(day <= when_.last)
    row, field, change, day = row[keep], field[keep], change[keep], day[keep]
    n = len(row)
    registration = field == len(LIST)
    county = subjects.county[row]
    unit_by_field = np.array([UNIT[f.unit] for f in LIST] + [UNIT["DA"]])
    unit = unit_by_field[field]
    serial = running(county * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    names, codes = authorities(where)
    certificate, prefix = zip(*(CERTIFICATES.get(code, ("", "")) for code in FIELD_CODES), strict=True)
    content = text(
        [*(f"{f.name}：{CERTIFICATES.get(c, ('', ''))[0]}" for c, f in zip(FIELD_CODES, LIST, strict=True)), ""], field
    )
    equipment = field == FIELD_CODES.index("special_equipment")
    endless = registration | equipment
    uscc, name = picked(subjects, row)
    table = pa.table({
        "行政相对人名称": name,
        "行政相对人代码_1(统一社会信用代码)": uscc,
        "行政相对人代码_2(工商注册号)": pick(rng, n, ("", "/", "N/A"), (90, 7, 3)),
        "行政许可决定文书名称": when(registration, "准予登记通知书", "准予行政许可决定书"),
        "行政许可决定文书号": join(
            "（", text(where.short, county), "）", when(registration, "登字", "许准字"), "〔", digits(year_of(day)), "〕第",
            digits(serial, 6), "号",
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
        "数据来源单位": text([SECTIONS.get(u, "") for u in UNITS], unit),
        "备注": pick(rng, n, ("", "无", "——"), (85, 12, 3)),
    })  # fmt: skip
    return feed("licence", table, unit, arrival(rng, when_, day, unit))


def penalties(seed: int, when_: Calendar, where: Places, subjects: Subjects, credit: Ints) -> tuple[Feed, Marks]:
    """Decisions of three years; Poisson per firm with 0.06, 0.2, 0.7, 1.6 expected for A to D."""
    rng = random(seed, when_.month, "penalty")
    active = np.flatnonzero(subjects.active)
    expected = weights_by_grade(credit, (0.06, 0.2, 0.7, 1.6), 0.03)[active]
    row = active[repeats(rng, np.maximum(expected, 40 / max(len(active), 1)))]
    day = _random_days(rng, when_, subjects.founded[row] + 20, HISTORY)
    row, day = row[day <= when_.last], day[day <= when_.last]
    n = len(row)
    offence = choose(rng, n, [o.weight for o in words.OFFENCES])
    unit = np.array([UNIT[o.unit] for o in words.OFFENCES])[offence]
    city = rng.random(n) < 0.22
    county = np.where(city, len(where.bureaus), subjects.county[row])
    names, codes = authorities(where)
    taken = ["".join(f"；{kind}" for kind in o.penalty.split(";") if kind.startswith("没收")) for o in words.OFFENCES]
    low, high = (np.array([o.fine[i] for o in words.OFFENCES])[offence] for i in (0, 1))
    fine = np.round(low + (high - low) * rng.random(n) ** 3, 2)
    seized = np.array(["没收" in o.penalty for o in words.OFFENCES])[offence]
    gain = np.round(rng.exponential(0.4, n) + 0.01, 4)
    serial = running(county * 10_000 + year_of(day), np.argsort(day, kind="stable"))
    number = join(
        "运", text([*where.short, "市"], county), "市监罚〔", digits(year_of(day)), "〕", digits(serial, 4), "号"
    )
    fine_text = pa.array([f"{x:g}" for x in fine], pa.string())
    light = (fine < 0.3) & ~seized
    slot = arrival(rng, when_, day, unit)
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
        "数据来源单位": text(names, county),
        "备注": blank(n),
    })  # fmt: skip
    mark = np.flatnonzero(~withdrawn & ~light & (day < when_.sent[STOCK] - 180))
    return feed("penalty", table, unit, slot), Marks(row[mark], take(number, mark), day[mark])


def abnormal_listings(
    seed: int, when_: Calendar, where: Places, subjects: Subjects, credit: Ints, reasons: list[dict[str, str]]
) -> tuple[Feed, Marks]:
    """Listings of three years and their removals; a removal that arrives later is a row of its own."""
    rng = random(seed, when_.month, "abnormal_listing")
    active = np.flatnonzero(subjects.active & (subjects.kind == ENTERPRISE))
    chance = np.maximum(weights_by_grade(credit, (0.045, 0.16, 0.42, 0.6), 0.02)[active], 30 / max(len(active), 1))
    once = active[rng.random(len(active)) < chance]
    again = sampled(rng, once, len(once) // 6)
    row = np.concatenate([once, again])
    ground = choose(rng, len(row), (55, 33, 8, 4))
    ground[len(once) :] = (ground[np.searchsorted(once, again)] + 1) % len(GROUNDS)
    n = len(row)
    day = _random_days(rng, when_, subjects.founded[row] + 60, HISTORY)
    # Annual reports fall due on 30 June: the listings follow in July.
    july = (year_of(day).astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + 181
    july = working(july + rng.integers(0, 20, n))
    day = np.where((ground == 0) & (july > subjects.founded[row] + 400), july, day)
    removed = day + 5 + rng.exponential(170, n).astype(np.int64)
    stays = rng.random(n) < weights_by_grade(credit, (0.1, 0.3, 0.6, 0.8), 0.3)[row]
    removed = working(np.where(stays, when_.last + 400, removed))
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
    table, unit, slot = _with_removals(rng, when_, listed, cured, county, day, removed)
    mark = np.flatnonzero((removed > when_.last) & (day < when_.sent[STOCK] - 60))
    return feed("abnormal_listing", table, unit, slot), Marks(row[mark], take(number, mark), day[mark])


def _with_removals(
    rng: np.random.Generator, when_: Calendar, listed: Any, cured: dict[str, Any], unit: Ints, day: Ints, removed: Ints
) -> tuple[Any, Ints, Ints]:
    """Listing rows, then removal rows (same key) where the removal arrives in a later delivery than the listing."""
    slot, out_slot = arrival(rng, when_, day, unit), arrival(rng, when_, removed, unit)
    slot = np.where(day > when_.last, -1, slot)
    gone = (removed <= when_.last) & (out_slot != -1) & (slot != -1)
    merged = gone & (out_slot <= slot)
    later = np.flatnonzero(gone & ~merged)
    first = listed
    for title, cells in cured.items():
        first = first.append_column(title, when(merged, cells, ""))
    second = listed.take(pa.array(later))
    for title, cells in cured.items():
        second = second.append_column(title, take(cells, later))
    return pa.concat_tables([first, second]), np.r_[unit, unit[later]], np.r_[slot, out_slot[later]]


def serious_violations(
    seed: int, when_: Calendar, where: Places, subjects: Subjects, credit: Ints
) -> tuple[Feed, Marks]:
    """Listings of three years, by the city bureau; few are removed."""
    rng = random(seed, when_.month, "serious_violation")
    active = np.flatnonzero(subjects.active & (subjects.kind == ENTERPRISE))
    weights = weights_by_grade(credit, (0.00005, 0.0006, 0.008, 0.045), 0.0001)[active]
    row = sampled(rng, active, max(6, int(weights.sum())), weights)
    n = len(row)
    day = _random_days(rng, when_, subjects.founded[row] + 60, HISTORY)
    removed = working(np.where(rng.random(n) < 0.12, day + 370 + rng.integers(0, 200, n), when_.last + 400))
    serial = running(year_of(day), np.argsort(day, kind="stable"))
    number = join("运市监严列〔", digits(year_of(day)), "〕", digits(serial), "号")
    uscc, name = picked(subjects, row)
    listed = pa.table({
        "统一社会信用代码": uscc,
        "企业名称": name,
        "列入原因": text(words.SERIOUS_REASONS, choose(rng, n, (2, 4, 3, 3, 1))),
        "列入日期": dates(day),
        "列入机关": same(CITY, n),
        "列入文号": number,
    })  # fmt: skip
    cured = {
        "移出原因": same("列入期限届满，已履行行政处罚决定规定的义务", n),
        "移出日期": dates(removed),
        "移出机关": same(CITY, n),
    }
    table, unit, slot = _with_removals(rng, when_, listed, cured, np.full(n, UNIT["XY"]), day, removed)
    mark = np.flatnonzero((removed > when_.last) & (day < when_.sent[STOCK] - 365))
    return feed("serious_violation", table, unit, slot), Marks(row[mark], take(number, mark), day[mark])
