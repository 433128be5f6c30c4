"""Who a row without a plain credit code is about: through the register, exactly or not at all.

Here: the step `identified` of a split, over `delivered` and the small input `identity` (sql/validated/identity.sql), and
the normal form of a name. Not here: check characters (identifiers_sql), repair of a code's spelling (conversion).

A number (15 digits in the code's cell, or the column of registration numbers) is looked up as a number and never by
name; a row with neither is looked up by its exact normalised name. Only a key that one subject has answers; otherwise
the row is unmatched and up to five candidates are named for a person to choose from.
"""

from __future__ import annotations

from sqlglot import exp

from data_contracts.model import Contract
from resources.engines.building import (
    Steps,
    alias,
    both,
    case,
    coalesce,
    concat,
    either,
    equal,
    finish,
    is_null,
    literal,
    negated,
    not_null,
    select,
    window,
)
from resources.engines.conversion import BLANKS, TEXT_SUFFIX
from resources.engines.identifiers_sql import broken_reg_no, reg_no_product
from resources.engines.rows_sql import CODE, columns_of, trimmed_texts

CANDIDATES = 5
_NUMBER, _NAME = "reg_no", "party_name"
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_NARROW = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))
_BLANKS = "[\\s\u00a0\u3000\u200b\ufeff]+"  # written out as letters, a line's end would not survive a .sql file
# What firms of one house share: where they are, and their legal form. Only candidates are found by it.
_REGION = "^([^省]{1,4}省)?([^市]{1,4}市)?([^县区]{1,3}[县区])?"
_FORM = "(股份有限公司|有限责任公司|有限公司|集团|公司|农民专业合作社|专业合作社|合作社|个体工商户|分公司)+$"


def name_key(name: exp.Expr) -> exp.Expr:
    """The normalised name: half-width, upper-case, without blanks, one kind of middle dot."""
    half = exp.Translate(this=name.copy(), from_=literal(_WIDE + "•・‧"), to=literal(_NARROW + "···"))
    # TRANSLATE with a long list is slow, and most names need only their brackets changed.
    brackets: exp.Expr = name.copy()
    for wide, narrow in (("（", "("), ("）", ")")):
        brackets = exp.func("REPLACE", brackets, literal(wide), literal(narrow), dialect="duckdb")
    tidy = case((exp.RegexpLike(this=brackets.copy(), expression=literal("[！-～•・‧]")), half), otherwise=brackets)
    bare = exp.RegexpReplace(this=tidy, expression=literal(_BLANKS), replacement=literal(""), modifiers=literal("g"))
    return exp.Upper(this=bare)


def name_core(key: exp.Expr) -> exp.Expr:
    """What is left of a normalised name without place and legal form; the whole name where nothing is left."""
    core = exp.RegexpReplace(this=key.copy(), expression=literal(_REGION), replacement=literal(""))
    core = exp.RegexpReplace(this=core, expression=literal(_FORM), replacement=literal(""))
    return coalesce(exp.func("NULLIF", core, literal("")), key.copy())


def identified(contract: Contract) -> str:
    """SELECT over `delivered` and `identity`: the rows whose code must be looked up, in order of identified_id.

    identified_id (row_id), found_uscc (NULL: unmatched), found_basis (reg_no, name; NULL: unmatched), is_empty (the
    code's cell holds nothing), candidates (up to five, `代码（名称）` joined by ；, only where unmatched).
    """
    columns = columns_of(contract, (CODE, _NUMBER, _NAME))
    present = {column.name for column in columns}
    place = ("file_sha256", "is_withdrawal", "sheet", "row_no", "part_no")
    # 18 letters of one byte without blanks around them are a code, right or wrong: nearly all rows end here.
    doubtful = negated(coalesce(_is_plain(exp.column(CODE)), exp.false()))
    steps: Steps = {
        "doubtful": select([*(column.name for column in columns), *place], "delivered").where(doubtful, copy=False)
    }
    steps |= trimmed_texts(columns, (), "doubtful")
    code = exp.column(CODE + TEXT_SUFFIX)
    digits = exp.RegexpLike(this=code.copy(), expression=literal("^[0-9]{15}$"))
    number, name = (
        exp.column(column + TEXT_SUFFIX) if column in present else exp.cast(exp.null(), "VARCHAR")
        for column in (_NUMBER, _NAME)
    )
    wanted = select(
        [
            "row_id",
            alias(is_null(code), "is_empty"),
            alias(coalesce(code, number), "reg_key"),
            alias(name, "party_name"),
            alias(reg_no_product(code), "product"),
        ],
        "texts",
    )
    steps["wanted"] = wanted.where(either(is_null(code), digits), copy=False)
    sought = either(not_null("reg_key"), not_null("party_name"))
    sound = exp.func("COALESCE", negated(broken_reg_no(exp.column("reg_key"), exp.column("product"))), exp.true())
    steps["sought"] = select(
        ["row_id", "is_empty", "reg_key", alias(name_key(exp.column("party_name")), "name_key")], "wanted"
    ).where(both(sought, either(exp.column("is_empty"), sound)), copy=False)
    steps["answers"] = select(["basis", "key_text", "uscc"], "identity").where(
        both(equal(exp.column("matches"), literal(1)), not_null("uscc")), copy=False
    )
    basis = case((not_null("reg_key"), literal("reg_no")), otherwise=literal("name"))
    steps["asked"] = select(
        [
            "row_id",
            "is_empty",
            "name_key",
            alias(basis, "asked_basis"),
            alias(coalesce(exp.column("reg_key"), exp.column("name_key")), "asked_key"),
        ],
        "sought",
    )
    steps["found"] = select(
        [
            "row_id",
            "is_empty",
            "name_key",
            alias(exp.column("uscc"), "found_uscc"),
            alias(case((not_null("uscc"), exp.column("asked_basis"))), "found_basis"),
        ],
        "asked",
    ).join("answers", on="asked_basis = basis AND asked_key = key_text", join_type="left", copy=False)
    steps |= _candidates()
    final = select(
        [
            alias(exp.column("row_id"), "identified_id"),
            "found_uscc",
            "found_basis",
            "is_empty",
            "candidates",
        ],
        "found",
    ).join("offered", on="row_id = offered_id", join_type="left", copy=False)
    return finish(steps, final, "identified_id")


def _is_plain(cell: exp.Expr) -> exp.Expr:
    edges = (exp.Left(this=cell.copy(), expression=literal(1)), exp.Right(this=cell.copy(), expression=literal(1)))
    return both(
        equal(exp.Length(this=cell.copy()), literal(18)),
        equal(exp.BitLength(this=cell.copy()), literal(18 * 8)),
        *(equal(exp.StrPosition(this=literal(BLANKS), substr=edge), literal(0)) for edge in edges),
    )


def _candidates() -> Steps:
    """Up to five subjects for each unmatched row: of the same name, then of the same name but place and legal form."""
    open_rows = select(["row_id", "name_key", alias(name_core(exp.column("name_key")), "name_core")], "found")
    keys = select(
        ["row_id", alias(literal("name"), "open_basis"), alias(exp.column("name_key"), "open_key")], "unmatched"
    )
    cores = select(
        ["row_id", alias(literal("core"), "open_basis"), alias(exp.column("name_core"), "open_key")], "unmatched"
    )
    near = select(["row_id", "uid", alias(exp.Max(this=exp.column("basis")), "nearest")], "searched").join(
        "identity", on="open_basis = basis AND open_key = key_text", copy=False
    )
    named = select(["uid", alias(exp.Min(this=exp.column("party_name")), "shown_name")], "identity")
    place = exp.cast(window(exp.RowNumber(), ["row_id"], ["-nearest", "uid"]), "BIGINT")
    shown = concat(exp.column("uid"), literal("（"), exp.column("shown_name"), literal("）"))
    ranked = select(["row_id", alias(place, "place"), alias(shown, "shown")], "near").join(
        "named", using=["uid"], copy=False
    )
    texts = [
        exp.Max(this=case((equal(exp.column("place"), literal(n)), exp.column("shown"))))
        for n in range(1, CANDIDATES + 1)
    ]
    joined = exp.func("CONCAT_WS", literal("；"), *texts, dialect="duckdb")
    return {
        "unmatched": open_rows.where(is_null("found_uscc"), copy=False),
        "searched": exp.union(keys, cores, distinct=False, copy=False),
        "near": near.group_by("row_id", "uid", copy=False),
        "named": named.where(
            exp.In(this=exp.column("uid"), query=exp.Subquery(this=select(["uid"], "near"))), copy=False
        ).group_by("uid", copy=False),
        "ranked": ranked,
        "offered": select([alias(exp.column("row_id"), "offered_id"), alias(joined, "candidates")], "ranked").group_by(
            exp.column("row_id"), copy=False
        ),
    }
