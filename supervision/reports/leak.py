"""What may not stand in a public file: grades, strata and what gives them away, numbers of persons (R-37, R-38, DESIGN §5).

Here: finding such words in a text of ours, identity and mobile numbers in any text, and defusing a cell that a spreadsheet
would run as a formula. Not here: writing the file. Names of enterprises are not judged by words: one may well be called
信用风险管理公司.
"""

from __future__ import annotations

import re

_WORDS = (
    r"(?<![0-9A-Za-z])[A-DＡ-Ｄ]\s*[类级档]",
    r"信用风险(?:等级|分类|低|一般|较高|高)|(?:专业领域|风险|信用)等级|[高低]风险|风险(?:较高|一般|[高低])",
    r"监管档次|分层|位次|非现场|[1-4１-４]级监管",
    r"\b[A-Z]+:(?:[A-DU]|L[1-4]|KEY|NONKEY)\b",
    r"\b(?:credit_grade|field_grade|grade|strata|stratum|ranks?|ticket|target_e4|lambda_e4|o(?:n|ff)_site|mode_planned)\b",
)
_PATTERN = re.compile("|".join(_WORDS), re.IGNORECASE)
# Eighteen characters with a possible date of birth; mobile numbers, also in groups of 3-4-4 or after +86.
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
)
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?1[3-9]\d(?:\d{8}|([- ])\d{4}\1\d{4})(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DANGEROUS = "=+-@＝＋－＠\t\r\n"


def leak_words(text: str) -> list[str]:
    """The words of `text` that tell or name a grade or stratum, each once, in order; empty when it may be public."""
    return list(dict.fromkeys(match.group(0) for match in _PATTERN.finditer(text)))


def personal_numbers(text: str) -> list[str]:
    """Identity numbers (check character right, GB 11643) and mobile numbers in `text`, in order of place; R-37."""
    found = [match for match in _IDENTITY.finditer(text) if _checked(match.group(0))]
    found += _MOBILE.finditer(text)
    return [match.group(0) for match in sorted(found, key=re.Match.start)]


def _checked(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def defuse(value: str) -> str:
    """The value, with an apostrophe before it when a spreadsheet could take it for a formula.

    A value that begins with an apostrophe gets one more, so that removing one leading apostrophe gives the original.
    """
    return f"'{value}" if value[:1] and value[0] in f"'{_DANGEROUS}" else value
