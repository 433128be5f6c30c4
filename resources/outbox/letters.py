"""The letters to enterprises: per county one document with a page or two for each enterprise, one of industry notices.

Here: filling the template `letters.docx`, and refusing one that says more than it may (R-33, R-38). Not here: what a
letter says (supervision/reminder_letters). One document a county, because a month has thousands of letters: the office
prints, folds and sends; a file each would only have to be opened one by one.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from resources.outbox.docx import write_docx
from resources.outbox.templating import TEMPLATES
from resources.outbox.workbook import BANNER
from supervision.reminder_letters import Letter
from supervision.reminders import Frame, ReminderError
from supervision.reports.leak import leak_words

TEMPLATE = "letters"
_NUMBERS = "一二三四五六七八九十"
_MARKUP = re.compile(r"<[^>]+>|\{[{%].*?[%}]\}")


def write_letters(folder: Path, letters: Sequence[Letter], frame: Frame, *, demonstration: bool) -> dict[str, str]:
    """Write `letters-<unit>.docx` into `folder` for each unit that has letters; SHA-256 by file name.

    `letters` lie together by unit. Errors: ReminderError when the template tells a grade, TemplateError when it asks
    for what a letter does not have; nothing is written then.
    """
    check_template(TEMPLATES / f"{TEMPLATE}.docx")
    written = {}
    for unit, of_unit in groupby(letters, key=lambda letter: letter.unit_code):
        own = list(of_unit)
        name = f"letters-{unit}.docx"
        context = {
            "letters": own,
            "numbers": _NUMBERS,
            "banner": BANNER if demonstration else "",
        }
        written[name] = write_docx(folder / name, TEMPLATE, context, title=f"{own[0].unit_name}{frame.title}")
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


def _refuse(name: str, part: str, xml: str) -> None:
    told = leak_words(_MARKUP.sub("", xml.replace("</w:p>", "\n")))
    if told:
        raise ReminderError(
            f"提示函模板 {name}（{part}）出现“{'”、“'.join(told)}”，会透露或者提到等级，请改写（R-38）。"
        )
