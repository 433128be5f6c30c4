"""Numbers of persons in a text: identity numbers and mobile numbers, to be found, and to be taken out at the door (R-37).

Here: finding them in any text, and masking them in a delivered cell without touching codes, documents' numbers and
amounts. Not here: which cells are looked at (resources/inbox/masking), names (no rule can know them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from supervision.uid import is_reg_no, is_uscc

IDENTITY_MASK, MOBILE_MASK = "『证件号已隐去』", "『手机号已隐去』"
RULES = "p1"  # of masking: another number makes every received file be read anew

_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
# Eighteen characters with a possible date of birth; mobile numbers, also in groups of 3-4-4 or after +86.
_IDENTITY = re.compile(rf"(?<![0-9A-Za-z])[1-9]\d{{5}}(?:19|20)\d{{2}}{_DAY}\d{{3}}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?1[3-9]\d(?:\d{8}|([- ])\d{4}\1\d{4})(?![0-9A-Za-z])")

# The same in the cells of a delivery: also in groups of 6-8-4; not what is an amount or the number of a document.
_IN_GROUPS = re.compile(
    rf"(?<![0-9A-Za-z])([1-9]\d{{5}})[- ]?((?:19|20)\d{{2}})({_DAY})[- ]?(\d{{3}}[\dXx])(?![0-9A-Za-z])"
)
_OLD = re.compile(rf"(?<![0-9A-Za-z])(?:[1-6]\d|71|8[12])\d{{6}}{_DAY}\d{{3}}(?![0-9A-Za-z])")
_MOBILE_CELL = re.compile(rf"(?<![〕第])(?<![0-9A-Za-z]-){_MOBILE.pattern}(?!\s?[元万]|\.\d*[1-9])")
_CALLED = re.compile(r"身份|证件")
_HALF = str.maketrans("０１２３４５６７８９Ｘｘ－＋　", "0123456789Xx-+ ")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# A plan or a document is numbered by district and day too; whoever answers for a firm was born before these rules.
_BORN_BY = 2012


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without numbers of persons, and how many of each kind it held."""

    text: str
    identities: int
    mobiles: int


def personal_numbers(text: str) -> list[str]:
    """Identity numbers (check character right, GB 11643) and mobile numbers in `text`, in order of place; R-37."""
    found = [match for match in _IDENTITY.finditer(text) if _checked(match.group(0))]
    found += list(_MOBILE.finditer(text))
    return [match.group(0) for match in sorted(found, key=lambda match: match.start())]


def masked(text: str) -> Masked:
    """A cell of free text with each number of a person replaced by words.

    Kept: valid credit codes and registration numbers, eighteen digits whose day is no day of birth of a grown-up,
    amounts in 元 or 万, the numbers of documents (第…, 〔…〕…); kept not if the words before speak of 身份 or 证件.
    """
    plain = text.translate(_HALF)
    spans = [(*match.span(), IDENTITY_MASK) for match in _identities(plain)]
    identities = len(spans)
    spans += [(*match.span(), MOBILE_MASK) for match in _MOBILE_CELL.finditer(plain)]
    made = text
    for start, end, word in sorted(spans, reverse=True):
        made = f"{made[:start]}{word}{made[end:]}"
    return Masked(made, identities, len(spans) - identities)


def masked_identities(text: str, before: int = 2000) -> Masked:
    """A cell of numbers and codes with identity numbers of persons born before the year given replaced, no others."""
    plain = text.translate(_HALF)
    spans = [
        match.span()
        for match in _IN_GROUPS.finditer(plain)
        if int(match.group(2)) < before and _is_identity(match) and not is_uscc(_digits(match))
    ]
    made = text
    for start, end in reversed(spans):
        made = f"{made[:start]}{IDENTITY_MASK}{made[end:]}"
    return Masked(made, len(spans), 0)


def _identities(plain: str) -> list[re.Match[str]]:
    found = []
    for match in _IN_GROUPS.finditer(plain):
        code = _digits(match)
        is_subject = code[0] == "9" and is_uscc(code)
        grown_up = int(match.group(2)) <= _BORN_BY
        if _is_identity(match) and not is_subject and (grown_up or _is_called(plain, match)):
            found.append(match)
    for match in _OLD.finditer(plain):
        if not is_reg_no(match.group(0)) or _is_called(plain, match):
            found.append(match)
    return found


def _is_called(plain: str, match: re.Match[str]) -> bool:
    return _CALLED.search(plain, max(0, match.start() - 10), match.start()) is not None


def _digits(match: re.Match[str]) -> str:
    return "".join(match.groups()).upper()


def _is_identity(match: re.Match[str]) -> bool:
    return _checked(_digits(match))


def _checked(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()
