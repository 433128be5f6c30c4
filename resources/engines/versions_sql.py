"""Versions: what a source says of one record, one delivery after another.

Here: the steps `repeated`, `rivals` and `versions` of a split. Only rows that share their key with another, or that
withdraw a record, come here: a row alone under its key is its first and current version without being looked at.
Not here: whether a row is sound (contract_sql).

- One key, several contents in one delivery: the smallest content digest stays, the others are `conflict` (the choice
  must not depend on the order of rows). Parts of one delivered row that turn out to be the same subject do not
  contradict each other: they count as one saying.
- A row that says what the version before it says is a `duplicate` of that version's row; any other is a new `version`,
  so that a value that returns (存续, 注销 by mistake, 存续 again) is current again.
- A withdrawal is a version that ends the record, whatever else its cells say; the next delivery of the record revives
  it. Of one delivery the withdrawals come first. One with nothing before it to withdraw is `unknown`.
"""

from __future__ import annotations

from sqlglot import exp

from data_contracts.model import Contract
from resources.engines.building import (
    Steps,
    alias,
    both,
    case,
    differs,
    either,
    equal,
    finish,
    is_null,
    listed,
    literal,
    negated,
    netstring,
    row_id,
    select,
    window,
)
from resources.engines.rows_sql import PLACE, typed

VERSION, DUPLICATE, CONFLICT, UNKNOWN = "version", "duplicate", "conflict", "unknown"
_ORDER = ("received_at", "delivery_id", "-is_withdrawal", "file_name", "sheet", "row_no", "part_no")
_KEPT = ("key_text", "is_withdrawal")


def repeated(contract: Contract) -> str:
    """SELECT over `delivered`: the keys (key_text) of several rows or of a withdrawal, in order."""
    key = contract.primary_key
    steps = typed(contract, key, ("is_withdrawal",))
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    withdrawn = equal(exp.Max(this=case((exp.column("is_withdrawal"), literal(1)), otherwise=literal(0))), literal(1))
    grouped = select(key, "typed").group_by(*map(exp.column, key), copy=False)
    steps["several"] = grouped.having(either(several, withdrawn), copy=False)
    steps["texts_of_keys"] = select([alias(netstring(key), "key_text")], "several")
    return finish(steps, select(["key_text"], "texts_of_keys"), "key_text")


def rivals(contract: Contract) -> str:
    """SELECT over `delivered` and `repeated`: rival_id, the row_id of every row under such a key, in order."""
    steps = typed(contract, contract.primary_key, ())
    steps["keyed"] = select(["row_id", alias(netstring(contract.primary_key), "key_text")], "typed")
    final = select([alias(exp.column("row_id"), "rival_id")], "keyed").where(
        listed("key_text", "key_text", "repeated"), copy=False
    )
    return finish(steps, final, "rival_id")


def versions(contract: Contract) -> str:
    """SELECT over `delivered`, `rivals` and `judged`: what each sound rival is, in order of row_id.

    row_id, its place, key_text, role (version, duplicate, conflict, unknown), version_no and is_last (of versions),
    duplicate_of (of duplicates).
    """
    carried = (*PLACE[1:], "is_withdrawal")
    chosen = select([*contract.column_names, *carried, "file_sha256"], "delivered")
    steps: Steps = {"chosen": chosen.where(exp.In(this=row_id(), query=_query("rival_id", "rivals")), copy=False)}
    steps |= typed(contract, contract.column_names, carried, "chosen")
    broken = select(["row_id"], "judged").where(exp.column("is_broken"), copy=False)
    content = exp.SHA2(this=netstring(contract.column_names), length=literal(256))
    said = case((exp.column("is_withdrawal"), literal("withdrawn")), otherwise=content)
    steps["sound"] = select(
        [*PLACE, "is_withdrawal", alias(netstring(contract.primary_key), "key_text"), alias(said, "said")], "typed"
    ).where(exp.Not(this=exp.In(this=exp.column("row_id"), query=exp.Subquery(this=broken))), copy=False)
    everything = [*PLACE, *_KEPT]
    first = {
        name: alias(window(exp.FirstValue(this=exp.column(source)), ("delivery_id", *_KEPT), ("said", "row_id")), name)
        for name, source in (
            ("kept", "said"),
            ("kept_file", "file_name"),
            ("kept_sheet", "sheet"),
            ("kept_row", "row_no"),
        )
    }
    steps["contested"] = select([*everything, "said", *first.values()], "sound")
    same_row = both(*(equal(exp.column(a), exp.column(b)) for a, b in (
        ("kept_file", "file_name"), ("kept_sheet", "sheet"), ("kept_row", "row_no"),
    )))  # fmt: skip
    stays = either(equal(exp.column("said"), exp.column("kept")), exp.Paren(this=same_row))
    earlier = case((exp.column("is_withdrawal"), literal(0)), otherwise=literal(1))
    steps["staying"] = select(
        [*everything, alias(exp.column("kept"), "content"),
         alias(window(exp.Max(this=earlier), ("key_text",), _ORDER), "seen")],
        "contested",
    ).where(stays, copy=False)  # fmt: skip
    steps["compared"] = select(
        [*everything, "content", alias(window(exp.Lag(this=exp.column("content")), ("key_text",), _ORDER), "last")],
        "staying",
    ).where(equal(exp.column("seen"), literal(1)), copy=False)
    steps |= _numbered(everything)
    nothing, no_flag = (exp.cast(exp.null(), kind) for kind in ("VARCHAR", "BOOLEAN"))
    no_number = exp.cast(exp.null(), "BIGINT")
    aside = [alias(no_number, "version_no"), alias(no_flag, "is_last"), alias(nothing, "duplicate_of")]
    steps["lost"] = select([*everything, alias(literal(CONFLICT), "role"), *aside], "contested").where(
        negated(stays.copy()), copy=False
    )
    steps["unheard"] = select([*everything, alias(literal(UNKNOWN), "role"), *aside], "staying").where(
        equal(exp.column("seen"), literal(0)), copy=False
    )
    columns = [*everything, "role", "version_no", "is_last", "duplicate_of"]
    united: exp.Query = select(columns, "told")
    for name in ("lost", "unheard"):
        united = exp.union(united, select(columns, name), distinct=False, copy=False)
    steps["united"] = united
    return finish(steps, select(columns, "united"), "row_id")


def _numbered(everything: list[str]) -> Steps:
    """Which of the compared rows are versions, with their number; the others are duplicates of the version before."""
    new = either(is_null("last"), differs("content", "last"))
    started = case((new, literal(1)), otherwise=literal(0))
    run = exp.cast(window(exp.Sum(this=started), ("key_text",), _ORDER), "BIGINT")
    step = select([*everything, alias(new.copy(), "is_new"), alias(run, "version_no")], "compared")
    last = window(exp.FirstValue(this=exp.column("version_no")), ("key_text",), ("-version_no", "row_id"))
    origin = window(exp.FirstValue(this=exp.column("row_id")), ("key_text", "version_no"), _ORDER)
    traced = select([*everything, "is_new", "version_no", alias(last, "newest"), alias(origin, "origin")], "numbered")
    role = case((exp.column("is_new"), literal(VERSION)), otherwise=literal(DUPLICATE))
    told = select(
        [
            *everything,
            alias(role, "role"),
            "version_no",
            alias(equal(exp.column("version_no"), exp.column("newest")), "is_last"),
            alias(case((exp.Not(this=exp.column("is_new")), exp.column("origin"))), "duplicate_of"),
        ],
        "traced",
    )
    return {"numbered": step, "traced": traced, "told": told}


def _query(column: str, source: str) -> exp.Subquery:
    return exp.Subquery(this=select([column], source))
