"""An amount of money as people write it, read exactly or not at all.

Here: `amount_wan`, for 5000元, 0.5万元, 伍仟元整, 三万五千元, 3万5千元. Not here: plain numbers of a table (they are converted
in SQL), where such texts stand (resources/engines/amounts).

Nothing is guessed: 约五千元, 五千余元, a range, another currency, 一万五 (15 000 in speech, 10 005 to the letter) are
refused, and so is 5万 in a column of 万元, which may count either. Own code and not the library cn2an: it answers in
floating point, takes 一万五, and reads 0.5万元 only in the mode that also takes broken numerals.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_DIGITS = {
    letter: value
    for value, letters in enumerate(
        ("零〇○", "一壹", "二贰貳两兩", "三叁參叄", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for letter in letters
}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_UNITS = {"元": 1, "万元": 10**4}
_LIMIT = Decimal(10**12)  # 万元: what DECIMAL(18,6) holds
_STEP = Decimal("0.000001")  # 万元: one 分

_WRITTEN = re.compile(
    r"(?:人民币|RMB|¥|¥)?(?P<number>[^元圆角分整正]+)"
    r"(?:(?P<yuan>[元圆])(?:零?(?P<jiao>.)角)?(?:零?(?P<fen>.)分)?(?:[整正])?)?"
)
_ARABIC = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?|\.\d+")
_TERM = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)([十拾百佰千仟]?[万萬亿億]?)")


def amount_wan(text: str, default_unit: str) -> Decimal | None:
    """The amount in 万元, or None where the text is not clearly one.

    default_unit: 元 or 万元, what a number without 元 counts. At least 0, below 10^12, exact to one 分. DOMAIN FIELDS §1.
    """
    tidy = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    found = _WRITTEN.fullmatch(tidy)
    if found is None:
        return None
    number = _arabic(found["number"]) if re.match(r"[\d.]", found["number"]) else _chinese(found["number"])
    parts = [Decimal(0) if found[name] is None else _digit(found[name]) for name in ("jiao", "fen")]
    if number is None or None in parts:
        return None
    jiao, fen = (part or Decimal(0) for part in parts)
    if found["yuan"] is None and default_unit == "万元" and set(found["number"]) & set(_LARGE):
        return None
    if (found["jiao"] or found["fen"]) and number != int(number):
        return None
    unit = 1 if found["yuan"] else _UNITS[default_unit]
    wan = (number * unit + jiao / 10 + fen / 100) / 10**4
    if wan >= _LIMIT or wan != wan.quantize(_STEP):
        return None
    return wan.quantize(_STEP)


def _digit(letter: str) -> Decimal | None:
    value = int(letter) if letter in "0123456789" else _DIGITS.get(letter)
    return None if value is None else Decimal(value)


def _arabic(text: str) -> Decimal | None:
    """5000, 1,234.5, 0.5万, 3万5千, 3万5000: terms whose units fall, each below the unit before it."""
    if _ARABIC.fullmatch(text):
        return Decimal(text.replace(",", ""))
    total, above, place = Decimal(0), None, 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None or not _ARABIC.fullmatch(found[1]):
            return None
        value = Decimal(found[1].replace(",", ""))
        unit = 1
        for letter in found[2]:
            unit *= _SMALL.get(letter) or _LARGE[letter]
        alone = place == 0 and found.end() == len(text)
        # Behind a term without a unit nothing stands: 1,5000 is no 1,500 and a 0.
        if (value != int(value) and not alone) or (above is not None and (above == 1 or value * unit >= above)):
            return None
        total += value * unit
        above, place = unit, found.end()
    return total


def _chinese(text: str) -> Decimal | None:
    """A Chinese numeral by the letter of its grammar: units fall, each with its digit, 零 where places are skipped."""
    total, section, above = 0, "", None
    for letter in text:
        unit = _LARGE.get(letter)
        if unit is None:
            section += letter
            continue
        value = _section(section, leading=total == 0)
        if not value or (above is not None and unit >= above):
            return None
        total, above, section = total + value * unit, unit, ""
    if not section:
        return Decimal(total)
    last = _section(section, leading=total == 0)
    if last is None or (total and (last == 0 or (last < 1000 and section[0] not in "零〇○"))):
        # 一万五 is 15 000 to the speaker and 10 005 to the letter; 一万零五 is clear.
        return None
    return Decimal(total + last)


def _section(text: str, *, leading: bool) -> int | None:
    """Up to 9999. leading: nothing stands before it, so that no 零 may."""
    if text in ("零", "〇", "○"):
        return 0 if leading else None
    total, above, digit, skipped = 0, 10**4, None, False
    for place, letter in enumerate(text):
        unit = _SMALL.get(letter)
        if unit is not None:
            if digit is None and not (unit == 10 and place == 0 and leading):
                return None
            if unit >= above:
                return None
            if above < 10**4 and above > unit * 10 and not skipped:
                return None
            total, above, digit, skipped = total + (1 if digit is None else digit) * unit, unit, None, False
        elif (value := _DIGITS.get(letter)) is None or digit is not None:
            return None
        elif value == 0:
            if skipped or (place == 0 and leading):
                return None
            skipped = True
        else:
            digit = value
    if digit is None:
        return None if skipped or not total else total
    if above > 10 and not (skipped or above == 10**4):
        return None
    return total + digit
