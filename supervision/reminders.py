"""What a reminder rests on and says: reasons, figures and texts by the day on which they were the rule (DOMAIN §4.6).

Here: `reminders.yaml` as typed entries, the version in force on a day, the lint of every text: no word that tells a
grade, no unknown placeholder (R-33, R-38). A drop of the grade never goes out by letter: to receive one would tell it.
Not here: who is reminded (sql/reports/reminder_item.sql), how a letter is composed (reminder_letters), reading files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, Protocol, TypeVar

from supervision.reports.leak import leak_words

SPEC: Final = "ssj-reminders-v1"
Channel = Literal["letter", "notice", "internal"]
CHANNELS: Final[tuple[Channel, ...]] = ("letter", "notice", "internal")
GRADE_DOWN: Final = "GRADE_DOWN"
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "NEW_PENALTY": ("new_within_days",),
    "NEW_ABNORMAL": ("new_within_days", "answer_days"),
    "ANNUAL_REPORT_DUE": ("remind_on", "due_on"),
    "LICENSE_EXPIRING": ("before_days", "apply_before_days"),
    "REPAIR_ELIGIBLE": ("yearly",),
    "ABNORMAL_3Y_APPROACHING": (),
    "CLUSTER": (),
    GRADE_DOWN: (),
}  # each reason and the parameters it needs
PLACEHOLDERS: Final = ("issued_by", "formed_on", "document", "summary", "until", "repair", "act_by", "days")
_LETTER_TEXTS: Final = ("title", "opening", "asking", "contact", "notice_title", "notice_opening")
_CONTACT: Final = ("unit",)
_HOLE = re.compile(r"\{(.*?)\}")
_DAY_OF_YEAR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class ReminderError(ValueError):
    """The rules or texts of the reminders cannot be used: one Chinese sentence with the place and what to do."""


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...


_V = TypeVar("_V", bound=_Dated)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that a letter cites: who issued it, its number, its title (None: none is cited)."""

    issuer: str
    number: str
    title: str | None = None

    @property
    def cited(self) -> str:
        """As a letter cites it: who issued it (unless its number says so), title, number."""
        issuer = "" if self.number.startswith(self.issuer) else self.issuer
        return f"{issuer}《{self.title}》（{self.number}）" if self.title else f"{issuer}（{self.number}）"


@dataclass(frozen=True, slots=True)
class Text:
    """What a letter says for one reason. cures: (words in the record, what to do then), the first that fits."""

    id: str
    heading: str
    item: str
    todo: str
    cures: tuple[tuple[str, str], ...]

    def todo_for(self, record: str) -> str:
        """What to do about a record of this wording."""
        return next((text for words, text in self.cures if words in record), self.todo)


@dataclass(frozen=True, slots=True)
class ReasonVersion:
    """One reason from `valid_from` on; text is None where nothing goes out."""

    valid_from: date
    parameters: Mapping[str, Any]
    cites: tuple[Document, ...]
    text: Text | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; versions: oldest first."""

    code: str
    channel: Channel
    versions: tuple[ReasonVersion, ...]


@dataclass(frozen=True, slots=True)
class Tracking:
    """How reminders are followed. disposal_within: working days; duplicate_days: calendar days; months_back: months."""

    valid_from: date
    disposal_within: int
    duplicate_days: int
    months_back: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the items of every letter."""

    title: str
    opening: str
    asking: str
    contact: str
    notice_title: str
    notice_opening: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reminders:
    """The rules of all days."""

    tracking: tuple[Tracking, ...]
    frame: Frame
    reasons: tuple[Reason, ...]

    def reason(self, code: str) -> Reason:
        """The reason of this code."""
        return next(reason for reason in self.reasons if reason.code == code)

    def on(self, code: str, day: date) -> ReasonVersion:
        """The reason's version in force on a day; ReminderError when none is."""
        return _in_force(self.reason(code).versions, day, code)

    def tracking_on(self, day: date) -> Tracking:
        """How reminders are followed on a day; ReminderError when nothing is in force."""
        return _in_force(self.tracking, day, "tracking")


def parse_reminders(raw: Any) -> Reminders:
    """The rules from the content of `data_contracts/reminders.yaml`.

    Refused with a ReminderError: an unknown or missing key, reason, parameter or placeholder, a reason without a
    version, a drop of the grade that would go out, and any text with a word that tells or names a grade (R-38).
    """
    top = _take(raw, "文件", "spec", "documents", "tracking", "letter", "reasons")
    if top["spec"] != SPEC:
        raise ReminderError(f"提醒规则 reminders.yaml 的 spec 应为 {SPEC}，请核对文件版本。")
    documents = {
        name: Document(**_take(d, f"文件 {name}", "issuer", "number", optional=("title",)))
        for name, d in top["documents"].items()
    }
    reasons = tuple(_reason(entry, documents) for entry in top["reasons"])
    found = [reason.code for reason in reasons]
    if sorted(found) != sorted(REASONS):
        wrong = "、".join(sorted(set(REASONS) ^ set(found))) or "有重复"
        raise ReminderError(f"提醒规则 reminders.yaml 的 reasons 应恰有八个事由各一段（{wrong}），请补齐或删去。")
    return Reminders(tuple(_ordered([_tracking(each) for each in top["tracking"]])), _frame(top["letter"]), reasons)


def check_text(where: str, text: str, holes: Iterable[str] = ()) -> str:
    """The text, when it may go to an enterprise; ReminderError names the place and the word (R-33, R-38)."""
    if not isinstance(text, str) or not text.strip():
        raise ReminderError(f"提醒文字 {where} 是空的，请补写。")
    told = leak_words(text)
    if told:
        raise ReminderError(f"提醒文字 {where} 出现“{'”、“'.join(told)}”，会透露或者提到等级，请改写（R-38）。")
    unknown = sorted(set(_HOLE.findall(text)) - set(holes))
    if unknown or _HOLE.sub("", text).count("{") + _HOLE.sub("", text).count("}"):
        raise ReminderError(
            f"提醒文字 {where} 的占位 {'、'.join(unknown) or '括号'} 不认识，只能用 {'、'.join(holes) or '（无）'}。"
        )
    return text


def _reason(raw: Any, documents: Mapping[str, Document]) -> Reason:
    own = _take(raw, "事由", "code", "channel", "versions")
    code = str(own["code"])
    if code not in REASONS:
        raise ReminderError(f"提醒规则 reminders.yaml 的事由 {code} 不认识，只能是 {'、'.join(REASONS)}。")
    if own["channel"] not in CHANNELS:
        raise ReminderError(f"提醒规则 {code} 的 channel 只能是 {'、'.join(CHANNELS)} 之一，请改正。")
    if code == GRADE_DOWN and own["channel"] != "internal":
        raise ReminderError(
            "提醒规则 GRADE_DOWN 只能内部跟踪（channel: internal）：单凭它发函，收函本身就说出了等级（R-38）。"
        )
    versions = [_version(each, code, own["channel"], documents) for each in own["versions"]]
    if not versions:
        raise ReminderError(f"提醒规则 {code} 没有任何一版，请补写。")
    return Reason(code, own["channel"], tuple(_ordered(versions)))


def _version(raw: Any, code: str, channel: Channel, documents: Mapping[str, Document]) -> ReasonVersion:
    own = _take(raw, code, "valid_from", "parameters", "cites", "mark", optional=("text",))
    needed = REASONS[code]
    given = own["parameters"]
    if sorted(given) != sorted(needed):
        raise ReminderError(f"提醒规则 {code} 的 parameters 应恰为 {'、'.join(needed) or '空'}，请改正。")
    for name, value in given.items():
        _check_parameter(code, name, value)
    unknown = [name for name in own["cites"] if name not in documents]
    if unknown or not own["cites"]:
        raise ReminderError(
            f"提醒规则 {code} 的 cites 应引用 documents 中的文件（{'、'.join(unknown) or '空'}），请改正。"
        )
    if (channel == "internal") != ("text" not in own):
        raise ReminderError(f"提醒规则 {code} 的 text：发函的须写，内部跟踪的不得写，请改正。")
    text = _text(own["text"], code) if "text" in own else None
    return ReasonVersion(_day(own["valid_from"], code), given, tuple(documents[name] for name in own["cites"]), text)


def _check_parameter(code: str, name: str, value: Any) -> None:
    days = value if name == "remind_on" else [value]
    if name in ("remind_on", "due_on"):
        sound = isinstance(days, list) and days and all(_DAY_OF_YEAR.fullmatch(str(day)) for day in days)
    elif name == "yearly":
        sound = isinstance(value, bool)
    else:
        sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 366
    if not sound:
        raise ReminderError(
            f"提醒规则 {code} 的 {name} 写作 {value}，应为 1 至 366 的天数、MM-DD 或 true/false，请改正。"
        )


def _text(raw: Any, code: str) -> Text:
    own = _take(raw, f"{code} 的 text", "id", "heading", "item", "todo", optional=("cures",))
    where = f"{own['id']} 的"
    cures = [_take(each, f"{where} cures", "words", "text") for each in own.get("cures", ())]
    return Text(
        own["id"],
        check_text(f"{where} heading", own["heading"]),
        check_text(f"{where} item", own["item"], PLACEHOLDERS),
        check_text(f"{where} todo", own["todo"], PLACEHOLDERS),
        tuple((str(each["words"]), check_text(f"{where} cures", each["text"], PLACEHOLDERS)) for each in cures),
    )


def _frame(raw: Any) -> Frame:
    own = _take(raw, "letter", *_LETTER_TEXTS, "terms")
    texts = {
        name: check_text(f"letter 的 {name}", own[name], _CONTACT if name == "contact" else ())
        for name in _LETTER_TEXTS
    }
    return Frame(**texts, terms=tuple(check_text("letter 的 terms", term) for term in own["terms"]))


def _tracking(raw: Any) -> Tracking:
    figures = ("disposal_within", "duplicate_days", "months_back")
    own = _take(raw, "tracking", "valid_from", *figures, "mark")
    for name in figures:
        if not isinstance(own[name], int) or isinstance(own[name], bool) or not 0 <= own[name] <= 366:
            raise ReminderError(f"提醒规则 tracking 的 {name} 应为 0 至 366 的整数，请改正。")
    return Tracking(_day(own["valid_from"], "tracking"), *(own[name] for name in figures))


def _ordered(versions: list[_V]) -> list[_V]:
    days = [version.valid_from for version in versions]
    if len(set(days)) != len(days):
        raise ReminderError("提醒规则 reminders.yaml 有两版自同一天起有效，请改正 valid_from。")
    return sorted(versions, key=lambda version: version.valid_from)


def _in_force(versions: tuple[_V, ...], day: date, what: str) -> _V:
    found = next((version for version in reversed(versions) if version.valid_from <= day), None)
    if found is None:
        raise ReminderError(f"提醒规则 {what} 在 {day} 还没有有效的一版，请在 data_contracts/reminders.yaml 补上。")
    return found


def _day(value: Any, where: str) -> date:
    if not isinstance(value, date):
        raise ReminderError(f"提醒规则 {where} 的 valid_from 应是日期（YYYY-MM-DD），请改正。")
    return value


def _take(raw: Any, where: str, *needed: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise ReminderError(f"提醒规则 reminders.yaml 的{where}结构不对，请对照文件开头的说明改正。")
    missing = [key for key in needed if key not in raw]
    unknown = [str(key) for key in raw if key not in needed and key not in optional]
    if missing or unknown:
        problem = f"缺少 {'、'.join(missing)}" if missing else f"有不认识的键 {'、'.join(unknown)}"
        raise ReminderError(f"提醒规则 reminders.yaml 的{where}{problem}，请改正。")
    return dict(raw)
