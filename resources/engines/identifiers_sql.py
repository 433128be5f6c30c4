"""Check characters of the two identifiers as SQL expressions.

Here: GB 32100-2015 (统一社会信用代码) and GS 15 / ISO 7064 MOD 11,10 (15 位注册号), as sqlglot trees without a function
of our own (0.35 s per million rows). Not here: the same rules in Python (supervision/uid), aliases between the two.
"""

from __future__ import annotations

from sqlglot import exp

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (*(pow(3, place, 31) for place in range(17)), 1)
_USCC_SHAPE = "^[0-9A-HJ-NPQRTUWXY]{18}$"
_REG_NO_SHAPE = "^[0-9]{15}$"
_DIGITS = "0123456789"


def broken_uscc(text: exp.Expr) -> exp.Expr:
    """TRUE where a (non-null) text is no valid credit code: wrong shape, or its weighted sum is not 0 modulo 31."""
    total: exp.Expr = exp.Literal.number(-sum(WEIGHTS) % 31)
    for place, weight in enumerate(WEIGHTS, 1):
        # strpos counts from 1; the constant above takes the ones away again.
        term = exp.Mul(this=_position(ALPHABET, text, place), expression=exp.Literal.number(weight))
        total = exp.Add(this=total, expression=term)
    rest = exp.Mod(this=exp.Paren(this=total), expression=exp.Literal.number(31))
    return exp.Or(
        this=exp.Not(this=_matches(text, _USCC_SHAPE)),
        expression=exp.NEQ(this=rest, expression=exp.Literal.number(0)),
    )


def reg_no_product(text: exp.Expr) -> exp.Expr:
    """The running product of the standard after the first seven digits; of no meaning where they are no digits."""
    return _product(exp.Literal.number(10), text, range(1, 8))


def broken_reg_no(text: exp.Expr, product: exp.Expr) -> exp.Expr:
    """TRUE where a text is 15 digits with a wrong check digit; other, older forms are not judged.

    product: `reg_no_product` of the text. In two halves, because each digit nests the tree deeper.
    """
    total = exp.Add(this=_product(product, text, range(8, 15)), expression=_position(_DIGITS, text, 15))
    rest = exp.Mod(this=exp.Paren(this=exp.Sub(this=total, expression=_number(2))), expression=_number(10))
    return exp.And(this=_matches(text, _REG_NO_SHAPE), expression=exp.NEQ(this=rest, expression=_number(0)))


def _product(start: exp.Expr, text: exp.Expr, places: range) -> exp.Expr:
    product = start.copy()
    for place in places:
        # ((p + d - 1) mod 10) + 1 is the standard's "mod 10, and 10 for 0" with a single use of p; strpos gives d + 1.
        total = exp.Add(this=product, expression=_position(_DIGITS, text, place))
        tens = exp.Mod(this=exp.Paren(this=exp.Sub(this=total, expression=_number(2))), expression=_number(10))
        double = exp.Add(this=exp.Mul(this=tens, expression=_number(2)), expression=_number(2))
        product = exp.Mod(this=exp.Paren(this=double), expression=_number(11))
    return product


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(pattern))


def _position(alphabet: str, text: exp.Expr, place: int) -> exp.Expr:
    letter = exp.Substring(this=text.copy(), start=exp.Literal.number(place), length=exp.Literal.number(1))
    return exp.StrPosition(this=exp.Literal.string(alphabet), substr=letter)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)
