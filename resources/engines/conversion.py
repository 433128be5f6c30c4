"""One column from delivered text to its type, as SQL expressions.

Here: the canonical text of a cell, which spellings mean "nothing", the accepted forms of dates, numbers and codes,
and what violates the column's contract. Not here: rows, keys, versions (contract_sql).
What is not written here is not accepted: it stays text and its row goes to quarantine with the contract's reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from data_contracts.model import Column
from resources.engines.identifiers_sql import broken_reg_no, broken_uscc, reg_no_product

TEXT_SUFFIX = "__text"
PRODUCT_SUFFIX = "__product"
AMOUNT_SUFFIX = "__amount"  # what the table of amounts written as texts says of the cell, in 万元

# Written in cells for "nothing"; not where the contract lists the word as a value of the column.
NULL_SPELLINGS = ("", "N/A", "n/a", "NULL", "null", "/", "／", "无", "—", "——", "-", "－", "--", "空")
# Terms without end, in words and as the dates that stand for it; all become NO_END.
NO_END_WORDS = ("长期", "永久", "长期有效", "永久有效", "无固定期限")
NO_END_DATES = ("2099-12-31", "9999-09-09")
NO_END = "9999-12-31"
EARLIEST, LATEST = "1900-01-01", "2199-12-31"  # any other year is a slip of the keyboard
BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + " "

_TIME_OF_DAY = "[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?$"
_ISO_DATE_SHAPE = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$"
_DATE_SHAPE = (
    "^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}$|^[0-9]{4}[.][0-9]{1,2}[.][0-9]{1,2}$|^[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日$"
)
_MINUTE_SHAPE = "^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?$"
_GROUPED = "[0-9]{1,3}(,[0-9]{3})+"
NUMBER_SHAPE = f"^[+-]?({_GROUPED}|[0-9]+)([.][0-9]*)?$|^[+-]?[.][0-9]+$"
_INTEGER_SHAPE = f"^[+-]?({_GROUPED}|[0-9]+)([.]0*)?$"
_EXCEL_EPOCH = "1899-12-30"


@dataclass(frozen=True, slots=True)
class Violation:
    """What a row must not be: `condition`, over the typed columns, is TRUE for a violating row; NULL is none."""

    id: str
    reason: str
    condition: exp.Expr


def trimmed(column: Column) -> exp.Expr:
    """The cell without blanks around it; codes, numbers and dates also half-width, dates without a time of day."""
    cell = exp.column(column.name)
    tidy: exp.Expr = exp.Trim(this=cell, expression=exp.Literal.string(BLANKS))
    one = exp.Literal.number(1)
    untidy: list[exp.Expr] = [
        exp.GT(this=exp.StrPosition(this=exp.Literal.string(BLANKS), substr=edge), expression=exp.Literal.number(0))
        for edge in (exp.Left(this=cell.copy(), expression=one), exp.Right(this=cell.copy(), expression=one.copy()))
    ]
    if _is_code(column):
        tidy = exp.Translate(this=tidy, from_=exp.Literal.string(_WIDE), to=exp.Literal.string(_NARROW))
        # Comparing two lengths is fifteen times faster than searching, and most codes are of one byte a letter.
        bits = exp.Mul(this=exp.Length(this=cell.copy()), expression=exp.Literal.number(8))
        wide = exp.NEQ(this=exp.BitLength(this=cell.copy()), expression=bits)
        untidy.append(exp.And(this=wide, expression=_like(cell, "[！-～\u3000]")))
    # Few cells need it, and TRIM and TRANSLATE with long lists cost more than all the rest (9 s for 200,000 rows).
    text: exp.Expr = exp.Case(ifs=[exp.If(this=exp.or_(*untidy, copy=False), true=tidy)], default=cell.copy())
    if column.check is not None:
        text = exp.Upper(this=text)
    if column.logical_type == "date":
        text = exp.RegexpReplace(
            this=text, expression=exp.Literal.string(_TIME_OF_DAY), replacement=exp.Literal.string("")
        )
    return text


def canonical_text(column: Column) -> exp.Expr:
    """The trimmed text once more, NULL where it is a spelling of "nothing"."""
    text = exp.column(column.name + TEXT_SUFFIX)
    values = {half_width(value) for value in column.values}
    words = [word for word in NULL_SPELLINGS if word not in values]
    short = exp.LTE(this=exp.Length(this=text), expression=exp.Literal.number(max(map(len, words))))
    nothing = exp.And(this=short, expression=_like(text, f"^({'|'.join(words)})$"))
    return exp.Case(ifs=[exp.If(this=nothing, true=exp.null())], default=text.copy())


def converted(column: Column) -> exp.Expr:
    """The typed value of the canonical text, NULL where it cannot be converted (dates still unbounded)."""
    text = exp.column(column.name + TEXT_SUFFIX)
    if column.logical_type == "boolean":
        return _boolean(column, text)
    if column.values:
        return _coded(column, text)
    if column.logical_type == "string" and column.physical_type == "VARCHAR":
        return text
    if column.logical_type == "date" and column.physical_type == "DATE":
        return _date(text)
    if column.logical_type == "timestamp" and column.physical_type == "TIMESTAMP":
        return _timestamp(text)
    if column.logical_type == "number":
        return _number(column, text, NUMBER_SHAPE)
    if column.logical_type == "integer" and column.physical_type == "BIGINT":
        return _number(column, text, _INTEGER_SHAPE)
    raise ValueError(f"来源契约的字段 {column.name} 不能是 {column.logical_type}（{column.physical_type}）")


def prepared(column: Column) -> dict[str, exp.Expr]:
    """What the checks of a column need beside its text, by name: computed in a step of its own, or trees grow too deep."""
    if column.check != "reg_no":
        return {}
    return {column.name + PRODUCT_SUFFIX: reg_no_product(exp.column(column.name + TEXT_SUFFIX))}


def bounded(column: Column) -> exp.Expr:
    """The converted value once more: dates without end made one, dates of impossible years taken away."""
    value = exp.column(column.name)
    if column.logical_type != "date":
        return value
    return exp.Case(
        ifs=[
            exp.If(this=exp.In(this=value, expressions=[_day(d) for d in (*NO_END_DATES, NO_END)]), true=_day(NO_END)),
            exp.If(this=exp.Between(this=value.copy(), low=_day(EARLIEST), high=_day(LATEST)), true=value.copy()),
        ]
    )


def violations(column: Column) -> list[Violation]:
    """What the contract of one column forbids: `<name>.required`, `<name>.type`, `<name>.check`."""
    text = exp.column(column.name + TEXT_SUFFIX)
    found = []
    if column.required:
        found.append(Violation(f"{column.name}.required", column.required_reason, _is_null(text)))
    lost = exp.And(this=exp.Not(this=_is_null(text)), expression=_is_null(exp.column(column.name)))
    if column.values:
        found.append(Violation(f"{column.name}.check", column.check_reason, lost))
        return found
    if column.logical_type != "string":
        found.append(Violation(f"{column.name}.type", column.type_reason, lost))
    broken: list[exp.Expr] = []
    if column.pattern is not None:
        shape = exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(f"^(?:{column.pattern})$"))
        broken.append(exp.Not(this=shape))
    if column.check == "uscc":
        broken.append(exp.Paren(this=broken_uscc(text)))
    elif column.check == "reg_no":
        broken.append(exp.Paren(this=broken_reg_no(text, exp.column(column.name + PRODUCT_SUFFIX))))
    if broken:
        found.append(Violation(f"{column.name}.check", column.check_reason, exp.or_(*broken)))
    return found


def half_width(text: str) -> str:
    """Python's side of `canonical_text` for the texts that a contract lists."""
    return text.translate(str.maketrans(_WIDE, _NARROW)).strip(BLANKS)


def _is_code(column: Column) -> bool:
    return bool(column.values or column.check or column.pattern) or column.logical_type != "string"


def _one_of(text: exp.Expr, words: Iterable[str]) -> exp.Expr:
    """Equal to one of the words. IN with more than a few would be planned as a hash join over the whole row."""
    return exp.or_(
        *(exp.EQ(this=text.copy(), expression=exp.Literal.string(word)) for word in words), copy=False, wrap=False
    )


def _day(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), "DATE")


def _is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value.copy(), expression=exp.null())


def _coded(column: Column, text: exp.Expr) -> exp.Expr:
    pairs = {half_width(source): code for source, code in column.values.items()}
    ifs = [exp.If(this=_one_of(text, [source]), true=exp.Literal.string(code)) for source, code in pairs.items()]
    return exp.Case(ifs=ifs)


def _boolean(column: Column, text: exp.Expr) -> exp.Expr:
    ifs = []
    for code, truth in (("true", exp.true()), ("false", exp.false())):
        words = [half_width(source) for source, stored in column.values.items() if stored == code]
        if words:
            ifs.append(exp.If(this=_one_of(text, words), true=truth))
    return exp.Case(ifs=ifs)


def _date(text: exp.Expr) -> exp.Expr:
    dashes = exp.Translate(this=text, from_=exp.Literal.string("/.年月日"), to=exp.Literal.string("----"))
    compact = exp.func(
        "CONCAT",
        _part(text, 1, 4),
        exp.Literal.string("-"),
        _part(text, 5, 2),
        exp.Literal.string("-"),
        _part(text, 7, 2),
    )
    days = exp.TryCast(this=text.copy(), to=exp.DataType.build("INT"), safe=True)
    serial = exp.Add(this=_day(_EXCEL_EPOCH), expression=days)
    return exp.Case(
        ifs=[
            exp.If(this=_like(text, _ISO_DATE_SHAPE), true=_try_date(text)),
            exp.If(this=_like(text, _DATE_SHAPE), true=_try_date(dashes)),
            exp.If(this=_like(text, "^[0-9]{8}$"), true=_try_date(compact)),
            exp.If(this=_like(text, "^[0-9]{5}$"), true=serial),
            exp.If(this=_one_of(text, NO_END_WORDS), true=_day(NO_END)),
        ]
    )


def _timestamp(text: exp.Expr) -> exp.Expr:
    """Date and time of day to the minute or finer; a date alone is no point in time."""
    dashes = exp.Translate(this=text.copy(), from_=exp.Literal.string("/T"), to=exp.Literal.string("- "))
    point = exp.TryCast(this=dashes, to=exp.DataType.build("TIMESTAMP", dialect="duckdb"), safe=True)
    return exp.Case(ifs=[exp.If(this=_like(text, _MINUTE_SHAPE), true=point)])


def _number(column: Column, text: exp.Expr, shape: str) -> exp.Expr:
    plain = exp.Translate(this=text.copy(), from_=exp.Literal.string(",+"), to=exp.Literal.string(""))
    to = exp.DataType.build(column.physical_type, dialect="duckdb")
    read = exp.If(this=_like(text, shape), true=exp.TryCast(this=plain, to=to, safe=True))
    return exp.Case(ifs=[read], default=_written_amount(column, to) if column.unit else None)


def _written_amount(column: Column, to: exp.DataType) -> exp.Expr:
    """The amount of a text such as 伍仟元整, in the unit in which the column is stored."""
    amount: exp.Expr = exp.column(column.name + AMOUNT_SUFFIX)
    if column.unit == "元":
        amount = exp.Mul(this=amount, expression=exp.Literal.number(10_000))
    return exp.TryCast(this=amount, to=to, safe=True)


def _like(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(pattern))


def _part(text: exp.Expr, start: int, length: int) -> exp.Expr:
    return exp.Substring(this=text.copy(), start=exp.Literal.number(start), length=exp.Literal.number(length))


def _try_date(text: exp.Expr) -> exp.Expr:
    return exp.TryCast(this=text.copy(), to=exp.DataType.build("DATE"), safe=True)
