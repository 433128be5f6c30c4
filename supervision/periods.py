"""How long a record counts: the periods of the law, each with the days on which it was the law (DOMAIN §2.4).

Here: the typed table, which rules are in force on a day, until when a record is published and from when it may be
repaired. Not here: reading the file, working days (workdays), finding the records (sql/risk/effective_record.sql reads
the same rules through `table`; a test holds the two together).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

SPEC: Final = "ssj-periods-v1"
RECORD_KINDS: Final = ("penalty", "abnormal_listing", "serious_violation")
ABOUT: Final = ("publication", "repair", "after_repair", "deadline", "notice")
UNITS: Final = ("months", "working_days", "days")
STOPS: Final = ("publication", "sharing", "use")
MARKS: Final = ("V", "M", "D")
_DAY: Final = timedelta(days=1)
_ID: Final = re.compile(r"[a-z][a-z0-9_]{2,63}")
_KEYS: Final = {
    "id", "record_kind", "about", "when", "words", "rank", "figure", "unit", "published", "stops", "notice_days",
    "valid_from", "valid_to", "document", "article", "mark", "note",
}  # fmt: skip


class PeriodError(ValueError):
    """The table of periods cannot be used: one Chinese sentence with the place and what to do."""


@dataclass(frozen=True, slots=True)
class Document:
    """Where a rule stands: who issued it, its number, its title."""

    issuer: str
    number: str
    title: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A penalty of one of these kinds, fined up to or over an amount in 万元 (an amount that is not given is over)."""

    kinds: tuple[str, ...]
    fine_up_to_wan: Decimal | None = None
    fine_over_wan: Decimal | None = None

    def met(self, kinds: str, fine_wan: Decimal | None) -> bool:
        """Whether a penalty of these kinds (as delivered, joined by ;) and this fine is meant."""
        if self.fine_up_to_wan is not None and (fine_wan is None or fine_wan > self.fine_up_to_wan):
            return False
        if self.fine_over_wan is not None and fine_wan is not None and fine_wan <= self.fine_over_wan:
            return False
        return any(kind in kinds for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Period:
    """One rule on the days from `valid_from` to `valid_to` (both included; None: still the law).

    figure in `unit` (None: without limit for a publication, never for a repair). rank: of several that apply to one
    record the highest decides. mark: V read in the source, M told, D our own until confirmed.
    """

    id: str
    record_kind: str
    about: str
    when: tuple[Condition, ...]
    words: tuple[str, ...]
    rank: int
    figure: int | None
    unit: str | None
    published: bool
    stops: tuple[str, ...]
    notice_days: int | None
    valid_from: date
    valid_to: date | None
    document: Document
    article: str
    mark: str
    note: str

    def in_force(self, day: date) -> bool:
        """Whether it is the law on that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def applies(self, record: Record) -> bool:
        """Whether it is about this record."""
        if record.kind != self.record_kind or (self.words and not any(w in record.text for w in self.words)):
            return False
        return not self.when or any(condition.met(record.penalty_kinds, record.fine_wan) for condition in self.when)


@dataclass(frozen=True, slots=True)
class Record:
    """What the periods need to know of a record.

    published_from: day of publication (of the decision or listing where it is not given). penalty_kinds: as delivered.
    text: violation and legal basis. declared_until: last day of publication as the authority stated it.
    """

    kind: str
    published_from: date
    penalty_kinds: str = ""
    fine_wan: Decimal | None = None
    text: str = ""
    declared_until: date | None = None


class Periods:
    """The table. Two rules of one rank about one matter are never the law on the same day."""

    def __init__(self, rules: Iterable[Period]) -> None:
        """PeriodError when an id is used twice, or two rules of one rank overlap in time."""
        self.rules = tuple(rules)
        seen: dict[str, Period] = {}
        for rule in self.rules:
            if seen.setdefault(rule.id, rule) is not rule:
                raise PeriodError(f"法定期限表的规则 {rule.id} 写了两次，请改名或删去一条。")
            for other in seen.values():
                if other is not rule and _same_place(rule, other) and _overlap(rule, other):
                    raise PeriodError(
                        f"法定期限表的 {rule.id} 与 {other.id} 同一天都有效、序号又相同，分不出以哪条为准："
                        "请给旧的一条写上 valid_to，或改 rank。"
                    )

    def in_force(self, day: date) -> tuple[Period, ...]:
        """The rules of that day; PeriodError on a day for which some kind of record has no rule of publication."""
        found = tuple(rule for rule in self.rules if rule.in_force(day))
        for kind in RECORD_KINDS:
            if not any(rule.record_kind == kind and rule.about == "publication" for rule in found):
                raise PeriodError(
                    f"法定期限表没有 {day} 有效的公示期限（{kind}），该日的有效记录无法计算："
                    "请在 data_contracts/periods.yaml 补上当时的规定。"
                )
        return found

    def deciding(self, about: str, record: Record, day: date) -> Period | None:
        """The rule that decides for this record on that day; None when none is about it."""
        fitting = [rule for rule in self.in_force(day) if rule.about == about and rule.applies(record)]
        return max(fitting, key=lambda rule: rule.rank, default=None)

    def is_published(self, record: Record, day: date) -> bool:
        """Whether the record may be shown at all by the rules of that day; what no rule is about may."""
        rule = self.deciding("publication", record, day)
        return rule is None or rule.published

    def effective_until(self, record: Record, day: date) -> date | None:
        """Last day of publication by the rules of `day`: the earlier of the law's and the stated one; None: no limit."""
        rule = self.deciding("publication", record, day)
        legal = None if rule is None or rule.figure is None else add_months(record.published_from, rule.figure)
        known = [end for end in (legal, record.declared_until) if end is not None]
        return min(known, default=None)

    def repair_from(self, record: Record, day: date) -> date | None:
        """First day on which repair may be asked for by the rules of `day`; None: it may not."""
        rule = self.deciding("repair", record, day)
        return None if rule is None or rule.figure is None else add_months(record.published_from, rule.figure)

    def regimes(self, until: date) -> list[tuple[date, date]]:
        """The times up to `until` in which the rules of publication and repair stayed the same: first and last day.

        They begin with the day from which every kind of record has a rule of publication; the last has no end.
        """
        dated = [rule for rule in self.rules if rule.about in ("publication", "repair")]
        begun = max(
            min(r.valid_from for r in dated if (r.record_kind, r.about) == (kind, "publication"))
            for kind in RECORD_KINDS
        )
        changes = {r.valid_from for r in dated} | {r.valid_to + _DAY for r in dated if r.valid_to is not None}
        starts = sorted({begun} | {day for day in changes if begun < day <= until})
        return list(zip(starts, [*(day - _DAY for day in starts[1:]), date.max], strict=True))

    def table(self, day: date) -> list[dict[str, Any]]:
        """The day's rules of publication and repair, one row per kind and word: what `effective_record.sql` joins."""
        rows = []
        for rule in self.in_force(day):
            if rule.about not in ("publication", "repair"):
                continue
            for condition in rule.when or (Condition(("",)),):
                for kind in condition.kinds:
                    for word in rule.words or ("",):
                        rows.append(
                            {
                                "record_kind": rule.record_kind,
                                "about": rule.about,
                                "penalty_kind": kind,
                                "fine_up_to_wan": condition.fine_up_to_wan,
                                "fine_over_wan": condition.fine_over_wan,
                                "word": word,
                                "rank_no": rule.rank,
                                "rule_id": rule.id,
                                "is_published": rule.published,
                                "months": rule.figure,
                            }
                        )
        return rows


def add_months(day: date, months: int) -> date:
    """The same day some months later, the last of the month where there is none (民法典第二百零二条)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def parse_periods(raw: Any) -> Periods:
    """The table from its file's content; PeriodError names the rule and the key."""
    if not isinstance(raw, Mapping) or set(raw) != {"spec", "documents", "rules"} or raw["spec"] != SPEC:
        raise PeriodError(f"法定期限表应恰有 spec（{SPEC}）、documents、rules 三项，请改正。")
    try:
        documents = {str(key): Document(**value) for key, value in raw["documents"].items()}
        return Periods([_rule(each, documents) for each in raw["rules"]])
    except (AttributeError, TypeError) as error:
        raise PeriodError(f"法定期限表的结构不对（{error}），请对照文件开头的说明改正。") from error


def _rule(raw: Mapping[str, Any], documents: Mapping[str, Document]) -> Period:
    name = str(raw.get("id"))
    unknown = sorted(set(raw) - _KEYS)
    if unknown or not _ID.fullmatch(name):
        raise _wrong(name, "、".join(unknown) or "id", "不认识，请改正或删去")
    for key, allowed in (("record_kind", RECORD_KINDS), ("about", ABOUT), ("mark", MARKS), ("document", documents)):
        if raw.get(key) not in allowed:
            raise _wrong(name, key, f"只能是 {'、'.join(allowed)} 之一")
    figure, unit, notice = raw.get("figure"), raw.get("unit"), raw.get("notice_days")
    for key, number in (("figure", figure), ("rank", raw.get("rank", 0)), ("notice_days", notice)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise _wrong(name, key, "应是不小于 0 的整数")
    if (figure is None) != (unit is None) or (unit is not None and unit not in UNITS):
        raise _wrong(name, "unit", f"须与 figure 同时写明，为 {'、'.join(UNITS)} 之一")
    if raw["about"] in ("publication", "repair") and (unit not in (None, "months") or not raw.get("rank")):
        raise _wrong(name, "unit、rank", "公示和修复的期限按月计，并须写明序号 rank")
    stops = tuple(raw.get("stops", ()))
    if set(stops) - set(STOPS) or bool(stops) != (raw["about"] == "after_repair"):
        raise _wrong(name, "stops", f"只在 after_repair 写，为 {'、'.join(STOPS)}")
    valid_from, valid_to = raw.get("valid_from"), raw.get("valid_to")
    if not isinstance(valid_from, date) or not (valid_to is None or isinstance(valid_to, date)):
        raise _wrong(name, "valid_from、valid_to", "应是日期（YYYY-MM-DD）")
    if valid_to is not None and valid_to < valid_from:
        raise _wrong(name, "valid_to", "早于 valid_from")
    article = raw.get("article")
    if not isinstance(article, str) or not article.strip():
        raise _wrong(name, "article", "须写明条款")
    return Period(
        id=name,
        record_kind=raw["record_kind"],
        about=raw["about"],
        when=tuple(_condition(each, name) for each in raw.get("when", ())),
        words=tuple(str(word) for word in raw.get("words", ())),
        rank=raw.get("rank", 0),
        figure=figure,
        unit=unit,
        published=raw.get("published", True) is True,
        stops=stops,
        notice_days=notice,
        valid_from=valid_from,
        valid_to=valid_to,
        document=documents[raw["document"]],
        article=article,
        mark=raw["mark"],
        note=str(raw.get("note", "")),
    )


def _condition(raw: Mapping[str, Any], name: str) -> Condition:
    unknown = sorted(set(raw) - {"kinds", "fine_up_to_wan", "fine_over_wan"})
    if unknown or not raw.get("kinds"):
        raise _wrong(name, "when", f"须写 kinds，不认识的键：{'、'.join(unknown) or '无'}")
    return Condition(
        tuple(str(kind) for kind in raw["kinds"]),
        _amount(raw.get("fine_up_to_wan"), name),
        _amount(raw.get("fine_over_wan"), name),
    )


def _amount(value: object, name: str) -> Decimal | None:
    if value is None:
        return None
    try:
        return Decimal(value if isinstance(value, str) else "")
    except InvalidOperation:
        raise _wrong(name, "when", '的金额应是加引号的数，如 "0.3"') from None


def _wrong(name: str, key: str, what: str) -> PeriodError:
    return PeriodError(f"法定期限表的规则 {name} 的 {key} {what}。")


def _same_place(one: Period, other: Period) -> bool:
    ranked = one.about in ("publication", "repair", "after_repair")
    return ranked and (one.record_kind, one.about, one.rank) == (other.record_kind, other.about, other.rank)


def _overlap(one: Period, other: Period) -> bool:
    ends = (one.valid_to or date.max, other.valid_to or date.max)
    return one.valid_from <= ends[1] and other.valid_from <= ends[0]
