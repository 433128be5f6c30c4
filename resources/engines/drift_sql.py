"""Drift in the cells of a file whose headers are right: a column filled with something else, or with nothing.

Here: the step `drift` of a split. Not here: columns that went, came or changed their name (the reading of headers).
Both are told per file; what they mean for the source is for a person.

- `retyped`: at least 20 filled cells of a column that is no text, and 90 % of them cannot be converted.
- `all_null`: at least 20 rows and not one filled cell, of a required column; or of an optional one that every other
  file of the same series fills (a series: the delivery's name without month and running number, so one unit's).
"""

from __future__ import annotations

from sqlglot import exp

from data_contracts.model import Column, Contract
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
    not_null,
    select,
)
from resources.engines.conversion import TEXT_SUFFIX
from resources.engines.rows_sql import CODE, trimmed_texts

RETYPED, ALL_NULL = "retyped", "all_null"
MIN_CELLS = 20
_FILE = ("delivery_id", "file_name")
_MONTH, _NUMBER = "^[0-9]{4}-?[0-9]{2}-", "-[^-]*$"


def suspects(contract: Contract) -> str:
    """SELECT over `judged` and `accepted`: the files (suspect: delivery and name) whose cells must be looked at, in order.

    Nothing was accepted of them and many rows are broken, or so many by one column that it may be retyped, or a column
    is empty in all that was accepted of them.
    """
    signs: list[exp.Expr] = [is_null("counted_file")]
    for column in _typed(contract):
        # Broken cells are nine in ten of the filled ones only if they are nine times the ones accepted.
        broken = exp.column(_broken(column.name))
        good = exp.Mul(this=exp.column(_count(column.name)), expression=literal(9))
        signs.append(both(_many(broken), exp.GTE(this=broken.copy(), expression=good)))
    many = (
        select([alias(exp.column("fault_file"), "suspect")], "faults")
        .join("counted", on="fault_file = counted_file", join_type="left", copy=False)
        .where(both(_many(exp.column("faults")), exp.Paren(this=either(*signs))), copy=False)
    )
    empty = select([alias(exp.column("counted_file"), "suspect")], "emptied")
    steps: Steps = {"faults": _faults(contract), **_series(contract), "united": exp.union(many, empty, copy=False)}
    return finish(steps, select(["suspect"], "united"), "suspect")


def drift(contract: Contract) -> str:
    """SELECT over `delivered`, `judged`, `accepted` and `suspects`, in order of delivery, file, column, kind.

    source, delivery_id, file_name, column_name, drift_kind, filled_cells, broken_cells.
    """
    names, typed = contract.column_names, _typed(contract)
    steps: Steps = {"faults": _faults(contract), **_series(contract)}
    del steps["emptied"]
    wanted = exp.In(this=_key(), query=exp.Subquery(this=select(["suspect"], "suspects")))
    place = (*_FILE, "is_withdrawal", "file_sha256", "sheet", "row_no", "part_no")
    steps["chosen"] = select([*names, *place], "delivered").where(
        both(exp.Not(this=exp.column("is_withdrawal")), wanted), copy=False
    )
    steps |= trimmed_texts(list(contract.columns), _FILE, "chosen")
    steps["filled"] = select(
        [
            *_FILE,
            alias(_key(), "file_key"),
            alias(_series_name(), "series_name"),
            alias(_number(exp.Count(this=exp.Star())), "row_count"),
            *(alias(_number(exp.Count(this=exp.column(name + TEXT_SUFFIX))), _filled(name)) for name in names),
        ],
        "texts",
    ).group_by(*_FILE, copy=False)
    steps["looked_at"] = (
        select([*_FILE, "row_count", *(_filled(name) for name in names), *_known(contract)], "filled")
        .join("faults", on="file_key = fault_file", join_type="left", copy=False)
        .join("series", on="series_name = series_key", join_type="left", copy=False)
        .join("usual", on="file_key = counted_file", join_type="left", copy=False)
    )
    parts = [_part(c.name, RETYPED, _is_retyped(c)) for c in typed]
    parts += [_part(c.name, ALL_NULL, _is_empty(c)) for c in contract.columns]
    united: exp.Query = parts[0]
    for part in parts[1:]:
        united = exp.union(united, part, distinct=False, copy=False)
    steps["united"] = united
    columns = [*_FILE, "column_name", "drift_kind", "filled_cells", "broken_cells"]
    final = select([alias(literal(contract.name), "source"), *columns], "united")
    return finish(steps, final, *_FILE, "column_name", "drift_kind")


def _faults(contract: Contract) -> exp.Query:
    """Per file its broken rows, and how many of them break the type of each column."""
    counts: list[str | exp.Expr] = [alias(_unreadable(column), _broken(column.name)) for column in _typed(contract)]
    everything = alias(_number(exp.Count(this=exp.Star())), "faults")
    found = select([alias(_key(), "fault_file"), *counts, everything], "judged")
    return found.where(exp.column("is_broken"), copy=False).group_by(_key(), copy=False)


def _series(contract: Contract) -> Steps:
    """Per file what is filled of its accepted rows, per series how many files (of 20 rows or more) fill each column."""
    optional = _optional(contract)
    looked_at = dict.fromkeys([*optional, *(column.name for column in _typed(contract))])
    counts = [alias(_number(exp.Count(this=exp.column(name))), _count(name)) for name in looked_at]
    counts.append(alias(_number(exp.Count(this=exp.Star())), "accepted_rows"))
    if contract.identity:
        own = exp.In(this=exp.column("identity_basis"), expressions=[literal("code"), literal("repaired")])
        counts.append(alias(_number(exp.Count(this=case((own, literal(1))))), _count(CODE)))
    counted = select([alias(_key(), "counted_file"), alias(_series_name(), "counted_series"), *counts], "accepted")
    counted = counted.where(exp.Not(this=exp.column("is_withdrawn")), copy=False).group_by(*_FILE, copy=False)
    has = {name: exp.GT(this=exp.column(_count(name)), expression=literal(0)) for name in optional}
    fills = [
        alias(_number(exp.Sum(this=case((has[name], literal(1)), otherwise=literal(0)))), _fills(name))
        for name in optional
    ]
    files = alias(_number(exp.Count(this=exp.Star())), "series_files")
    series = select([alias(exp.column("counted_series"), "series_key"), files, *fills], "usual")
    empty: list[exp.Expr] = [
        both(equal(exp.column(_count(name)), literal(0)), _others_fill(name, literal(1))) for name in optional
    ]
    if contract.identity:
        empty.append(equal(exp.column(_count(CODE)), literal(0)))
    kept = [_count(name) for name in (*optional, *([CODE] if contract.identity else []))]
    usual = select(["counted_file", "counted_series", *kept], "counted")
    emptied = select(["counted_file"], "usual").join(
        "series", on="counted_series = series_key", join_type="inner", copy=False
    )
    return {
        "counted": counted,
        "usual": usual.where(_many(exp.column("accepted_rows")), copy=False),
        "series": series.group_by(exp.column("counted_series"), copy=False),
        "emptied": emptied.where(either(*empty), copy=False),
    }


def _known(contract: Contract) -> list[str | exp.Expr]:
    is_counted = case((not_null("counted_file"), literal(1)), otherwise=literal(0))
    return [
        *(_broken(column.name) for column in _typed(contract)),
        *(_fills(name) for name in _optional(contract)),
        "series_files",
        alias(is_counted, "is_counted"),
    ]


def _part(name: str, kind: str, condition: exp.Expr) -> exp.Select:
    broken = exp.column(_broken(name)) if kind == RETYPED else literal(0)
    columns: list[str | exp.Expr] = [
        *_FILE,
        alias(literal(name), "column_name"),
        alias(literal(kind), "drift_kind"),
        alias(exp.column(_filled(name)), "filled_cells"),
        alias(_number(broken), "broken_cells"),
    ]
    return select(columns, "looked_at").where(condition, copy=False)


def _is_retyped(column: Column) -> exp.Expr:
    broken = exp.column(_broken(column.name))
    share = exp.GTE(
        this=exp.Mul(this=broken.copy(), expression=literal(10)),
        expression=exp.Mul(this=exp.column(_filled(column.name)), expression=literal(9)),
    )
    return both(_many(broken), share)


def _is_empty(column: Column) -> exp.Expr:
    empty = both(_many(exp.column("row_count")), equal(exp.column(_filled(column.name)), literal(0)))
    if column.required or column.name == CODE:
        return empty
    return both(empty, _others_fill(column.name, exp.column("is_counted")))


def _others_fill(name: str, own: exp.Expr) -> exp.Expr:
    """Every other counted file of the series (own: 1 where this one is counted too) fills the column, and there is one."""
    others = exp.Sub(this=exp.column("series_files"), expression=own)
    fills = coalesce(exp.column(_fills(name)), literal(0))
    return both(exp.GT(this=fills, expression=literal(0)), equal(fills.copy(), others))


def _unreadable(column: Column) -> exp.Expr:
    """How many of the file's rows break the type of the column."""
    rule = f"{column.name}.{'check' if column.values else 'type'}"
    ids = concat(literal(";"), exp.column("rule_ids"), literal(";"))
    hit = exp.GT(this=exp.StrPosition(this=ids, substr=literal(f";{rule};")), expression=literal(0))
    return _number(exp.Count(this=case((hit, literal(1)))))


def _typed(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if column.logical_type != "string"]


def _optional(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns if not column.required and column.name != CODE]


def _series_name() -> exp.Expr:
    name: exp.Expr = exp.column("delivery_id")
    for pattern in (_MONTH, _NUMBER):
        name = exp.RegexpReplace(this=name, expression=literal(pattern), replacement=literal(""))
    return name


def _key() -> exp.Expr:
    return concat(exp.column(_FILE[0]), literal("/"), exp.column(_FILE[1]))


def _many(count: exp.Expr) -> exp.Expr:
    return exp.GTE(this=count, expression=literal(MIN_CELLS))


def _number(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "BIGINT")


def _filled(name: str) -> str:
    return f"{name}__filled"


def _broken(name: str) -> str:
    return f"{name}__broken"


def _count(name: str) -> str:
    return f"{name}__count"


def _fills(name: str) -> str:
    return f"{name}__fills"
