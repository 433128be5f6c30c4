"""What a letter to an enterprise says: its own records, what to do, by when, whom to ask, by which rule (R-33, §4.6).

Here: one letter per enterprise and month from the items of `reminder_item`, one notice per alarmed industry of a county.
A letter never tells why the enterprise was looked at: nothing of grades, no record of another enterprise, none that is
repaired, expired or withdrawn (R-36, R-38); every finished text is looked through once more.
Not here: the texts (`reminders.yaml`), who is reminded (sql), layout (resources/outbox/letters).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from supervision.personal_numbers import personal_numbers
from supervision.reminders import REASONS, ReminderError, Reminders, Text
from supervision.reports.leak import leak_words

NOT_TOLD: Final = "详见原文书"
_ORDER: Final = {code: place for place, code in enumerate(REASONS)}


@dataclass(frozen=True, slots=True)
class Section:
    """One reason in a letter: heading, a sentence per record, what to do, the documents it rests on."""

    heading: str
    items: tuple[str, ...]
    todo: tuple[str, ...]
    cites: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. addressee: the enterprise; of a notice, all enterprises of the industry."""

    number: str
    unit_code: str
    unit_name: str
    addressee: str
    title: str
    opening: str
    sections: tuple[Section, ...]
    asking: str
    contact: str
    dated: str
    terms: tuple[str, ...]


def letters(
    items: Iterable[Mapping[str, Any]],
    names: Mapping[str, str],
    rules: Reminders,
    documents: Mapping[str, str],
) -> list[Letter]:
    """The letters of one month, by unit and number.

    items: rows of `reminder_item` of that month; suppressed ones and those that do not go out by letter are passed over.
    names: enterprise name by uid. documents: rule of the periods → the document as cited.
    Errors: ReminderError when a finished text has a word that tells or names a grade.
    """
    going = [r for r in items if r["suppressed_reason"] is None and rules.reason(r["reason_code"]).channel == "letter"]
    going.sort(key=lambda r: (r["unit_code"], r["reminder_id"]))
    made = []
    for _, rows in groupby(going, key=lambda r: (r["unit_code"], r["reminder_id"])):
        own = list(rows)
        first, frame = own[0], rules.frame
        sections = _sections(own, rules, documents)
        made.append(
            _letter(first, first["reminder_id"], names[first["uid"]], frame.title, frame.opening, sections, rules)
        )
    return made


def notices(items: Iterable[Mapping[str, Any]], rules: Reminders) -> list[Letter]:
    """One notice per alarmed industry of a county, to all its enterprises alike, by unit and industry."""
    cells = {r["row_id"]: r for r in items if r["suppressed_reason"] is None and r["reason_code"] == "CLUSTER"}
    made = []
    for name, row in sorted(cells.items()):
        number = f"TX-{row['month'].replace('-', '')}-{name.split(':', 1)[1].replace(':', '-')}"
        to, frame = f"辖区{row['summary']}各企业", rules.frame
        sections = _sections([row], rules, {})
        made.append(_letter(row, number, to, frame.notice_title, frame.notice_opening, sections, rules))
    return made


def day_words(day: date | None) -> str:
    """2026-10-08 as 2026年10月8日; no day has no word."""
    return "" if day is None else f"{day.year}年{day.month}月{day.day}日"


def _letter(
    row: Mapping[str, Any],
    number: str,
    addressee: str,
    title: str,
    opening: str,
    sections: tuple[Section, ...],
    rules: Reminders,
) -> Letter:
    frame = rules.frame
    contact = frame.contact.format(unit=row["unit_name"])
    letter = Letter(
        number,
        row["unit_code"],
        row["unit_name"],
        addressee,
        title,
        opening,
        sections,
        frame.asking,
        contact,
        day_words(row["reminded_on"]),
        _terms(frame.terms, sections),
    )
    said = [contact, *(text for s in sections for text in (s.heading, *s.items, *s.todo, s.cites))]
    told = leak_words("\n".join(said))
    if told:
        raise ReminderError(f"提示函 {number} 出现“{'”、“'.join(told)}”，不得发出，请核对提醒文字（R-38）。")
    return letter


def _terms(terms: tuple[str, ...], sections: tuple[Section, ...]) -> tuple[str, ...]:
    """The terms that this letter uses, each with its meaning; the one of its number always."""
    said = "".join(text for s in sections for text in (s.heading, *s.items, *s.todo)) + "提示编号"
    return tuple(term for term in terms if term.split("：")[0] in said)


def _sections(rows: list[Mapping[str, Any]], rules: Reminders, documents: Mapping[str, str]) -> tuple[Section, ...]:
    made = []
    for code, of_reason in groupby(sorted(rows, key=_place), key=lambda r: str(r["reason_code"])):
        own = list(of_reason)
        version = rules.on(code, own[0]["reminded_on"])
        text = version.text
        if text is None:
            raise ReminderError(f"提醒事由 {code} 没有文字，不能发函，请在 reminders.yaml 补写。")
        days = version.parameters.get("answer_days", "")
        filled = [_words(row, days) for row in own]
        cites = dict.fromkeys(
            [
                *(documents[r["rule_id"]] for r in own if r["rule_id"] in documents),
                *(document.cited for document in version.cites),
            ]
        )
        made.append(
            Section(
                text.heading,
                tuple(dict.fromkeys(_tidy(text.item.format(**words)) for words in filled)),
                tuple(dict.fromkeys(_todo(text, row, words) for row, words in zip(own, filled, strict=True))),
                "、".join(cites),
            )
        )
    return tuple(made)


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return _ORDER[row["reason_code"]], row["event_on"], row["row_id"]


def _todo(text: Text, row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return text.todo_for(row["summary"] or "").format(**words)


def _words(row: Mapping[str, Any], days: object) -> dict[str, str]:
    repair, formed = row["repair_from"], row["formed_on"]
    if repair is None:
        repairs = "公示期满前不适用提前停止公示"
    elif repair == formed:
        repairs = "改正并履行完毕有关义务后即可申请"
    else:
        repairs = f"自{day_words(repair)}起可以申请提前停止公示"
    return {
        "issued_by": _own(row["issued_by"], "有关单位"),
        "formed_on": day_words(formed),
        "document": _own(row["document_no"], ""),
        "summary": _own(row["summary"], NOT_TOLD),
        "until": day_words(row["effective_until"]) or "移出之日",
        "repair": repairs,
        "act_by": day_words(row["act_by"]),
        "days": str(days),
    }


def _tidy(sentence: str) -> str:
    """Without the brackets of a document that has no number."""
    return sentence.replace("（，", "（").replace("（）", "")


def _own(value: str | None, otherwise: str) -> str:
    """A value of the enterprise's own record; one with a person's number or a word like a grade is not repeated."""
    if not value:
        return otherwise
    return NOT_TOLD if leak_words(value) or personal_numbers(value) else value
