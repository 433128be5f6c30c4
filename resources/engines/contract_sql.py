"""A source's contract as SELECTs: accepted, quarantined, duplicates — and every delivered row in exactly one.

Here: `judged`, the one pass over `delivered` (the contract's columns as text, delivery_id, file_name, file_sha256,
sheet, row_no, received_at) that converts and judges every row, and three cheap SELECTs over its result; built as
sqlglot trees in the dialect subset, each ending in ORDER BY row_id.
Not here: how one cell is converted (conversion), running it (duckdb_engine), counting that nothing is lost (sql/checks).

The three read the same judged rows, so that they cannot disagree:
- a row that breaks a rule of severity error is quarantined with all its reasons;
- of rows with one primary key in one delivery but different contents, the smallest content digest stays and the others
  are quarantined as `key_conflict`: the choice must not depend on the order of rows;
- a row that says the same as the version before it is a duplicate of that version's row; any other is a new version,
  so that a value that returns (存续, 注销 by mistake, 存续 again) is current again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from data_contracts.model import Contract, Rule
from resources.engines.conversion import (
    TEXT_SUFFIX,
    Violation,
    bounded,
    canonical_text,
    converted,
    prepared,
    trimmed,
    violations,
)

KEY_CONFLICT = "key_conflict"
PLACE = ("row_id", "delivery_id", "file_name", "sheet", "row_no", "received_at")
_VERSION_ORDER = ("received_at", "delivery_id", "file_name", "sheet", "row_no")
_OWN_COLUMNS = {
    *PLACE, "file_sha256", "formed_on", "version_no", "is_current", "warnings", "source", "rule_ids", "reasons",
    "raw_cells", "duplicate_of", "key_text", "content", "is_broken", "version_of", "number", "is_last", "loser", "raw_id",
}  # fmt: skip

Steps = dict[str, exp.Select]


@dataclass(frozen=True, slots=True)
class Split:
    """The SELECTs (DuckDB dialect), in the order in which they are run.

    judged, over `delivered`: typed columns, row_id, delivery_id, file_name, sheet, row_no, received_at, key_text (the
    primary key as one text), is_broken, warnings, rule_ids (;), reasons (；; both NULL unless broken).
    accepted, over `judged`: typed columns, row_id, place, formed_on (where the contract has a clock date), version_no,
    is_current, warnings. quarantined, over `judged` and `delivered`: source, row_id, place, rule_ids, reasons,
    raw_cells (JSON). duplicates, over `judged`: source, row_id, place, duplicate_of.
    """

    judged: str
    accepted: str
    quarantined: str
    duplicates: str


def split_sql(contract: Contract) -> Split:
    """The SELECTs of a source contract; ValueError when it has no key or a rule reads a column that is not there."""
    taken = [name for name in contract.column_names if name in _OWN_COLUMNS or name.endswith(TEXT_SUFFIX)]
    if contract.kind != "source" or not contract.primary_key or taken:
        raise ValueError(f"契约 {contract.name} 不能拆分：须为有主键的来源，且不得占用字段名 {'、'.join(taken)}")
    return Split(_judged(contract), _accepted(contract), _quarantined(contract), _duplicates(contract))


def _judged(contract: Contract) -> str:
    names = contract.column_names
    extra = {name: tree for column in contract.columns for name, tree in prepared(column).items()}
    helpers = [*(name + TEXT_SUFFIX for name in names), *extra]
    errors = _errors(contract)
    warnings = [_violation(rule, contract) for rule in contract.rules if rule.severity == "warning"]
    flags: list[exp.Expr] = [_as(v.condition, f"error__{n}") for n, v in enumerate(errors)]
    flags += [_as(v.condition, f"warning__{n}") for n, v in enumerate(warnings)]
    any_error = exp.or_(*(exp.column(f"error__{n}") for n in range(len(errors))), exp.false())
    trimmings = (_as(trimmed(column), column.name + TEXT_SUFFIX) for column in contract.columns)
    texts = (_as(canonical_text(column), column.name + TEXT_SUFFIX) for column in contract.columns)
    values = (_as(converted(column), column.name) for column in contract.columns)
    preparations = (_as(tree, name) for name, tree in extra.items())
    limited = (_as(bounded(column), column.name) for column in contract.columns)
    broken = exp.func("COALESCE", any_error, exp.false())
    steps = {
        "trimmed": _select([_as(_row_id(), "row_id"), *PLACE[1:], *trimmings], "delivered"),
        "texts": _select([*PLACE, *texts], "trimmed"),
        "converted": _select([*PLACE, *(name + TEXT_SUFFIX for name in names), *preparations, *values], "texts"),
        "typed": _select([*PLACE, *helpers, *limited], "converted"),
        "checked": _select([*PLACE, *names, *flags], "typed"),
    }
    final = _select(
        [
            *names,
            *PLACE,
            _as(_netstring(contract.primary_key), "key_text"),
            _as(broken, "is_broken"),
            _as(_joined(";", "warning", [v.id for v in warnings]), "warnings"),
            _as(_joined(";", "error", [v.id for v in errors]), "rule_ids"),
            _as(_joined("；", "error", [v.reason for v in errors]), "reasons"),
        ],
        "checked",
    )
    return _finish(steps, final)


def _accepted(contract: Contract) -> str:
    steps = _compared(contract)
    version = exp.cast(_window(exp.RowNumber(), ["key_text"]), "BIGINT")
    newest = exp.Is(this=_window(exp.Lead(this=exp.column("row_id")), ["key_text"]), expression=exp.null())
    numbered = _select(
        [_as(exp.column("row_id"), "version_of"), _as(version, "number"), _as(newest, "is_last")], "compared"
    )
    steps["versioned"] = numbered.where(_is_new_version(), copy=False)
    formed: list[exp.Expr] = []
    if contract.formed_on:
        formed.append(_as(exp.func("COALESCE", *map(exp.column, contract.formed_on)), "formed_on"))
    final = _select(
        [
            *contract.column_names,
            *PLACE,
            *formed,
            _as(exp.func("COALESCE", exp.column("number"), exp.Literal.number(1)), "version_no"),
            _as(exp.func("COALESCE", exp.column("is_last"), exp.true()), "is_current"),
            "warnings",
        ],
        "judged",
    ).join("versioned", on="row_id = version_of", join_type="left", copy=False)
    # A row alone under its key was compared with nothing: it is the first version and the current one.
    alone = exp.Not(
        this=exp.In(this=exp.column("key_text"), query=exp.Subquery(this=_select(["key_text"], "repeated")))
    )
    kept = exp.or_(exp.Not(this=exp.Is(this=exp.column("version_of"), expression=exp.null())), alone)
    return _finish(steps, final.where(exp.Not(this=exp.column("is_broken")), kept, copy=False))


def _quarantined(contract: Contract) -> str:
    steps = _contested(contract)
    steps["losers"] = _select([_as(exp.column("row_id"), "loser")], "contested").where(
        _differs("content", "kept_content"), copy=False
    )
    titles = "、".join(contract.column(name).title for name in contract.primary_key)
    conflict = f"同一批次中有几行「{titles}」相同而内容不同，只收其中一行，请核对后更正其余各行重新报送。"
    steps["refused"] = (
        _select(
            [
                *PLACE,
                _as(_if("is_broken", exp.column("rule_ids"), exp.Literal.string(KEY_CONFLICT)), "rule_ids"),
                _as(_if("is_broken", exp.column("reasons"), exp.Literal.string(conflict)), "reasons"),
            ],
            "judged",
        )
        .join("losers", on="row_id = loser", join_type="left", copy=False)
        .where(
            exp.or_(exp.column("is_broken"), exp.Not(this=exp.Is(this=exp.column("loser"), expression=exp.null()))),
            copy=False,
        )
    )
    steps["raw"] = _select([_as(_row_id(), "raw_id"), *contract.column_names], "delivered")
    cells = [
        exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.column(name)) for name in contract.column_names
    ]
    json = exp.cast(exp.Anonymous(this="to_json", expressions=[exp.Struct(expressions=cells)]), "VARCHAR")
    source = _as(exp.Literal.string(contract.name), "source")
    final = _select([source, *PLACE, "rule_ids", "reasons", _as(json, "raw_cells")], "refused")
    return _finish(steps, final.join("raw", on="row_id = raw_id", copy=False))


def _duplicates(contract: Contract) -> str:
    steps = _compared(contract)
    started = exp.Case(ifs=[exp.If(this=_is_new_version(), true=exp.Literal.number(1))], default=exp.Literal.number(0))
    run = exp.cast(_window(exp.Sum(this=started), ["key_text"]), "BIGINT")
    first = _as(_is_new_version(), "is_first")
    steps["numbered"] = _select([*PLACE, "key_text", _as(run, "run_no"), first], "compared")
    origin = _window(exp.FirstValue(this=exp.column("row_id")), ["key_text", "run_no"])
    steps["traced"] = _select([*PLACE, "is_first", _as(origin, "duplicate_of")], "numbered")
    source = _as(exp.Literal.string(contract.name), "source")
    final = _select([source, *PLACE, "duplicate_of"], "traced")
    return _finish(steps, final.where(exp.Not(this=exp.column("is_first")), copy=False))


def _contested(contract: Contract) -> Steps:
    """Rows that share their key with others (few: only they are sorted and digested), and per delivery what stays."""
    sound = exp.Not(this=exp.column("is_broken"))
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    repeated = _select(["key_text"], "judged").where(sound, copy=False).group_by(exp.column("key_text"), copy=False)
    shared = exp.In(this=exp.column("key_text"), query=exp.Subquery(this=_select(["key_text"], "repeated")))
    content = exp.SHA2(this=_netstring(contract.column_names), length=exp.Literal.number(256))
    rivals = _select([*PLACE, "key_text", _as(content, "content")], "judged")
    kept = _window(exp.FirstValue(this=exp.column("content")), ["delivery_id", "key_text"], ("content", "row_id"))
    return {
        "repeated": repeated.having(several, copy=False),
        "rivals": rivals.where(sound.copy(), shared, copy=False),
        "contested": _select([*PLACE, "key_text", "content", _as(kept, "kept_content")], "rivals"),
    }


def _compared(contract: Contract) -> Steps:
    """The rivals that are not quarantined, each with the content of the one before it under its key."""
    last = _window(exp.Lag(this=exp.column("content")), ["key_text"])
    step = _select([*PLACE, "key_text", "content", _as(last, "last_content")], "contested")
    stays = exp.EQ(this=exp.column("content"), expression=exp.column("kept_content"))
    return {**_contested(contract), "compared": step.where(stays, copy=False)}


def _is_new_version() -> exp.Expr:
    first = exp.Is(this=exp.column("last_content"), expression=exp.null())
    return exp.Or(this=first, expression=_differs("content", "last_content"))


def _errors(contract: Contract) -> list[Violation]:
    """Every violation that quarantines, in the order of columns and rules."""
    found = [violation for column in contract.columns for violation in violations(column)]
    return found + [_violation(rule, contract) for rule in contract.rules if rule.severity == "error"]


def _violation(rule: Rule, contract: Contract) -> Violation:
    condition = sqlglot.parse_one(rule.condition, dialect="duckdb")
    known = {*contract.column_names, "received_at"}
    unknown = sorted({column.name for column in condition.find_all(exp.Column)} - known)
    if unknown or condition.find(exp.Query, exp.Window, exp.AggFunc):
        what = "、".join(unknown) or "子查询或聚合"
        raise ValueError(f"契约 {contract.name} 的规则 {rule.id} 只能逐行读取本契约的字段和 received_at，不能用 {what}")
    return Violation(rule.id, rule.reason, condition)


def _row_id() -> exp.Expr:
    digest = exp.Substring(this=exp.column("file_sha256"), start=exp.Literal.number(1), length=exp.Literal.number(16))
    colon = exp.Literal.string(":")
    row_no = exp.cast(exp.column("row_no"), "VARCHAR")
    return exp.func("CONCAT", digest, colon, exp.column("sheet"), colon.copy(), row_no, dialect="duckdb")


def _netstring(names: Iterable[str]) -> exp.Expr:
    """The values as one text that no other values give: each with its length before it, NULL as a dash."""
    parts = []
    for name in names:
        text = exp.cast(exp.column(name), "VARCHAR")
        length = exp.cast(exp.Length(this=text), "VARCHAR")
        counted = exp.DPipe(
            this=exp.DPipe(this=length, expression=exp.Literal.string(":"), safe=True),
            expression=text.copy(),
            safe=True,
        )
        parts.append(exp.func("COALESCE", counted, exp.Literal.string("-")))
    return exp.func("CONCAT", *parts, dialect="duckdb")


def _joined(separator: str, flag: str, texts: Iterable[str]) -> exp.Expr:
    """The texts whose flag is TRUE, in order, joined; NULL if none."""
    cases = [
        exp.Case(ifs=[exp.If(this=exp.column(f"{flag}__{n}"), true=exp.Literal.string(text))])
        for n, text in enumerate(texts)
    ]
    if not cases:
        return exp.cast(exp.null(), "VARCHAR")
    joined = exp.func("CONCAT_WS", exp.Literal.string(separator), *cases, dialect="duckdb")
    return exp.func("NULLIF", joined, exp.Literal.string(""))


def _differs(one: str, other: str) -> exp.Expr:
    return exp.NEQ(this=exp.column(one), expression=exp.column(other))


def _if(flag: str, yes: exp.Expr, no: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=exp.column(flag), true=yes)], default=no)


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value, alias=exp.to_identifier(name))


def _window(function: exp.Expr, partition: Iterable[str], order: Iterable[str] = _VERSION_ORDER) -> exp.Expr:
    return exp.Window(
        this=function,
        partition_by=[exp.column(name) for name in partition],
        order=exp.Order(expressions=[_ascending(exp.column(name)) for name in order]),
        over="OVER",
    )


def _ascending(value: exp.Expr) -> exp.Ordered:
    return exp.Ordered(this=value, nulls_first=False)


def _select(columns: Iterable[str | exp.Expr], source: str) -> exp.Select:
    expressions = [exp.column(column) if isinstance(column, str) else column for column in columns]
    return exp.Select(expressions=expressions).from_(source, copy=False)


def _finish(steps: Steps, final: exp.Select) -> str:
    query = final.order_by(_ascending(exp.column("row_id")), copy=False)
    for name, step in steps.items():
        query = query.with_(name, as_=step, copy=False)
    return query.sql(dialect="duckdb", pretty=True, copy=False) + "\n"
