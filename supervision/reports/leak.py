"""What may not stand in a public file: grades, strata and what gives them away, numbers of persons (R-37, R-38, DESIGN §5).

Here: finding such words in a text of ours, and defusing a cell that a spreadsheet would run as a formula. Not here:
numbers of persons (supervision.personal_numbers), writing the file. Names of enterprises are not judged by words: one
may well be called 信用风险管理公司.
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
_DANGEROUS = "=+-@＝＋－＠\t\r\n"


def leak_words(text: str) -> list[str]:
    """The words of `text` that tell or name a grade or stratum, each once, in order; empty when it may be public."""
    return list(dict.fromkeys(match.group(0) for match in _PATTERN.finditer(text)))


def defuse(value: str) -> str:
    """The value, with an apostrophe before it when a spreadsheet could take it for a formula.

    A value that begins with an apostrophe gets one more, so that removing one leading apostrophe gives the original.
    """
    return f"'{value}" if value[:1] and value[0] in f"'{_DANGEROUS}" else value
