"""The one name of a market subject: its credit code, or else its old registration number (DRAW.md §1).

Here: canonical spelling and check characters of GB 32100-2015 (统一社会信用代码) and of the 15-digit 注册号
(GS 15-2006, ISO 7064 MOD 11,10). Not here: aliases between the two, which the register resolves.
"""

from __future__ import annotations

import re
import unicodedata
from operator import mul

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(f"[{_ALPHABET}]{{18}}")
_REG_NO = re.compile("[0-9]{15}")
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(31)))
# The weights are 3^i modulo 31; the check character makes the whole sum divisible, so its own weight is 1.
_WEIGHTS: tuple[int, ...] = (*(pow(3, i, 31) for i in range(17)), 1)


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def is_uscc(text: str) -> bool:
    """Whether the text is a canonical credit code: 18 characters of the alphabet, valid check character. GB 32100."""
    if not _USCC.fullmatch(text):
        return False
    total: int = sum(map(mul, text.encode().translate(_VALUES), _WEIGHTS))
    return total % 31 == 0


def is_reg_no(text: str) -> bool:
    """Whether the text is 15 digits with a valid ISO 7064 MOD 11,10 check digit."""
    if not _REG_NO.fullmatch(text):
        return False
    product = 10
    for digit in map(int, text[:14]):
        product = ((product + digit) % 10 or 10) * 2 % 11
    return (product + int(text[14])) % 10 == 1


def is_uid(text: str) -> bool:
    """Whether the text is a uid in exactly its canonical spelling. DRAW.md §1."""
    return is_reg_no(text[2:]) if text.startswith("R:") else is_uscc(text)


def canonical_uscc(text: str) -> str | None:
    """The canonical credit code (NFKC, trimmed, upper-case), or None if it is not a valid one. DRAW.md §1."""
    code = _tidy(text)
    return code if is_uscc(code) else None


def canonical_uid(uscc: str | None, reg_no: str | None) -> str | None:
    """The uid: the credit code if valid, else `R:` and the valid 15-digit number, else None. DRAW.md §1."""
    code = canonical_uscc(uscc) if uscc else None
    if code is not None:
        return code
    number = _tidy(reg_no) if reg_no else ""
    return f"R:{number}" if is_reg_no(number) else None
