"""The letters to enterprises: per county one document with a page for each enterprise, and for each industry notice.

Here: filling the template `letters.docx`, and refusing letters and templates that say more than they may (R-33, R-37,
R-38). Not here: what a letter says (supervision/reminder_letters), the type that fits (one_page). One document a county,
because a month has thousands of letters: the office prints, folds and sends; a file each would only have to be opened one
by one.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from resources.outbox.docx import write_docx
from resources.outbox.one_page import fit_sections
from resources.outbox.templating import TEMPLATES
from resources.outbox.workbook import BANNER
from supervision.personal_numbers import personal_numbers
from supervision.reminder_letters import Letter
from supervision.reminders import Frame, ReminderError
from supervision.reports.leak import leak_words

TEMPLATE = "letters"
_NUMBERS = "一二三四五六七八九十"
_MARKUP = re.compile(r"<[^>]+>|\{[{%].*?[%}]\}")


def write_letters(folder: Path, letters: Sequence[Letter], frame: Frame, *, demonstration: bool) -> dict[str, str]:
    """Write `letters-<unit>.docx` into `folder` for each unit that has letters; SHA-256 by file name.

    `letters` lie together by unit. Errors: ReminderError when a letter holds an identity or mobile number or the template
    tells a grade, TemplateError when it asks for what a letter does not have; nothing is written then.
    """
    check_template(TEMPLATES / f"{TEMPLATE}.docx")
    for letter in letters:
        _check_numbers(letter)
    written = {}
    for unit, of_unit in groupby(letters, key=lambda letter: letter.unit_code):
        own = list(of_unit)
        name = f"letters-{unit}.docx"
        context = {
            "letters": own,
            "numbers": _NUMBERS,
            "banner": BANNER if demonstration else "",
        }
        written[name] = write_docx(
            folder / name, TEMPLATE, context, title=f"{own[0].unit_name}{frame.title}", finish=fit_sections
        )
    for stale in folder.glob("letters-*.docx"):
        if stale.name not in written:
            stale.unlink()  # of an earlier run of the month: nobody may send it any more
    return written


def check_template(path: Path) -> None:
    """ReminderError when a part of the template holds a word that tells or names a grade (R-33)."""
    with zipfile.ZipFile(path) as package:
        parts = [name for name in package.namelist() if name.startswith("word/") and name.endswith(".xml")]
        for part in sorted(parts):
            _refuse(path.name, part, package.read(part).decode())


def _check_numbers(letter: Letter) -> None:
    """ReminderError when a letter holds a person's number; the number itself is not repeated. Its own number may be one
    only by chance: it holds a credit code, not a person's.
    """
    said = (letter.addressee, letter.contact, *(t for s in letter.sections for t in (s.heading, *s.items, *s.todo)))
    if personal_numbers("\n".join(said)):
        raise ReminderError(f"提示函 {letter.number} 出现身份证件号码或者手机号码，不得发出，请核对所引记录（R-37）。")


def _refuse(name: str, part: str, xml: str) -> None:
    told = leak_words(_MARKUP.sub("", xml.replace("</w:p>", "\n")))
    if told:
        raise ReminderError(
            f"提示函模板 {name}（{part}）出现“{'”、“'.join(told)}”，会透露或者提到等级，请改写（R-38）。"
        )
