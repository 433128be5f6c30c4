"""A source's contract as SELECTs: accepted, quarantined, duplicates — and every delivered row in exactly one.

Here: the chain of a split, built as sqlglot trees in the dialect subset, each SELECT in a total order. Few rows need
more than conversion, so the whole table is sorted once: `judged` keeps only rows that break or brush a rule,
`versions` (versions_sql) only rows that share their key; `accepted` converts all and leaves out what those two say.
Not here: one cell (conversion), the steps to typed rows (rows_sql), running it (duckdb_engine), counting (sql/checks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

import pyarrow as pa
import sqlglot
from sqlglot import exp

from data_contracts.model import Contract, Rule
from resources.engines.building import (
    Steps,
    alias,
    both,
    case,
    coalesce,
    either,
    equal,
    finish,
    is_null,
    literal,
    negated,
    netstring,
    not_null,
    row_id,
    select,
)
from resources.engines.conversion import TEXT_SUFFIX, Violation, converted, violations
from resources.engines.drift_sql import drift, suspects
from resources.engines.duckdb_engine import Step
from resources.engines.identity_sql import identified
from resources.engines.rows_sql import CODE, PLACE, UNMATCHED, typed
from resources.engines.split_columns import (
    DRIFT,
    DUPLICATES,
    IDENTIFIED,
    JUDGED,
    QUARANTINED,
    RECORD,
    REPEATED,
    RIVALS,
    SUSPECTS,
    VERSIONS,
    accepted_columns,
)  # fmt: skip
from resources.engines.versions_sql import CONFLICT, DUPLICATE, UNKNOWN, VERSION, repeated, rivals, versions

KEY_CONFLICT, UNKNOWN_WITHDRAWAL, UNMATCHED_RULE = "key_conflict", "withdrawal.unknown", f"{CODE}.unmatched"
PRODUCTS = ("accepted", "quarantined", "duplicates", "drift", "record")
_OWN_COLUMNS = {
    *PLACE, "file_sha256", "is_withdrawal", "formed_on", "version_no", "is_current", "is_withdrawn", "is_last", "warnings",
    "source", "rule_ids", "reasons", "raw_cells", "candidates", "duplicate_of", "key_text", "is_broken", "role", "said",
    "kept", "content", "seen", "last", "newest", "origin", "identified_id", "found_uscc", "found_basis", "is_empty",
    "identity_basis", UNMATCHED, "rival_id", "cell_text", "amount_wan", "uid",
}  # fmt: skip
_UNMATCHED_REASON = (
    "没有统一社会信用代码，按注册号或者名称在市场主体登记中找不到唯一一户，未作猜测；"
    "请对照候选核实是哪一户，补填统一社会信用代码后重新报送。"
)
_UNKNOWN_REASON = "撤回的记录此前没有收到过，无从撤回；请核对主键各栏是否与当初报送的一致，或者先报送原记录。"


@dataclass(frozen=True, slots=True)
class Split:
    """The SELECTs of one contract (DuckDB dialect), each built when it is asked for.

    Inputs: `delivered` (the contract's columns as text, delivery_id, file_name, file_sha256, sheet, row_no, part_no,
    corrects_row_id, received_at, is_withdrawal) and those named by `inputs` (identity, amount_text: may be empty).
    Working tables: identified; judged (rows with an error or a warning: row_id, place, is_broken, warnings, rule_ids,
    reasons); repeated, rivals, versions; suspects. To be kept (PRODUCTS):
    accepted: typed columns, source, row_id, place, formed_on (with a clock date), identity_basis (with identity),
    version_no, is_withdrawn, is_current, warnings. quarantined: source, row_id, place, formed_on, rule_ids (;), reasons
    (；), raw_cells (JSON), candidates. duplicates: source, row_id, place, duplicate_of. drift: see drift_sql.
    record (with a clock date): the clock's ledger, one shape for all sources.
    """

    contract: Contract

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs beside `delivered`."""
        amounts = any(column.unit for column in self.contract.columns)
        return (*(["identity"] if self.contract.identity else []), *(["amount_text"] if amounts else []))

    def steps(self) -> dict[str, str | Step]:
        """The SELECTs by name, in the order in which they are run, as `DuckDBEngine.select_chain` takes them."""

        def rare(build: Callable[[Contract], str], upstream: tuple[str, ...], columns: pa.Schema) -> Step:
            return Step(partial(_built, build, self.contract), upstream, columns)

        steps: dict[str, str | Step] = {}
        if self.contract.identity:
            steps["identified"] = rare(identified, ("delivered",), IDENTIFIED)
        steps["judged"] = rare(_judged, ("delivered",), JUDGED)
        steps["repeated"] = rare(repeated, ("delivered",), REPEATED)
        steps["rivals"] = rare(rivals, ("repeated",), RIVALS)
        steps["versions"] = rare(versions, ("rivals",), VERSIONS)
        steps["accepted"] = rare(_accepted, ("delivered",), accepted_columns(self.contract))
        steps["quarantined"] = rare(_quarantined, ("judged", "versions"), QUARANTINED)
        steps["duplicates"] = rare(_duplicates, ("versions",), DUPLICATES)
        steps["suspects"] = rare(suspects, ("delivered",), SUSPECTS)
        steps["drift"] = rare(drift, ("suspects",), DRIFT)
        if self.contract.formed_on:
            steps["record"] = rare(_record, ("accepted",), RECORD)
        return steps


@lru_cache(maxsize=1024)
def _built(build: Callable[[Contract], str], contract: Contract) -> str:
    """A SELECT written once for a process: writing costs as much as running it over a small delivery."""
    return build(contract)


def split_sql(contract: Contract) -> Split:
    """The SELECTs of a source contract; ValueError when it has no key or a rule reads a column that is not there."""
    taken = [name for name in contract.column_names if name in _OWN_COLUMNS or "__" in name]
    if contract.kind != "source" or not contract.primary_key or taken:
        raise ValueError(f"契约 {contract.name} 不能拆分：须为有主键的来源，且不得占用字段名 {'、'.join(taken)}")
    if contract.split_parties and not set(contract.split_parties) & set(contract.primary_key):
        raise ValueError(f"契约 {contract.name} 一行可有几个当事人，主键须含当事人的字段，否则各当事人会相互冲突")
    if contract.identity and CODE not in contract.column_names:
        raise ValueError(f"契约 {contract.name} 要识别主体，须有字段 {CODE}")
    for column in contract.columns:
        converted(column)
    for rule in contract.rules:
        _violation(rule, contract)
    return Split(contract)


def checked(contract: Contract) -> tuple[Steps, list[Violation], list[Violation]]:
    """Steps that end in `checked`: one flag per violation (`error__n`, `warning__n`) of every delivered row."""
    carried = [*PLACE[1:], "is_withdrawal"]
    steps = typed(contract, contract.column_names, carried)
    errors, warnings = _errors(contract), [_violation(r, contract) for r in contract.rules if r.severity == "warning"]
    flags = [alias(v.condition, f"error__{n}") for n, v in enumerate(errors)]
    flags += [alias(v.condition, f"warning__{n}") for n, v in enumerate(warnings)]
    steps["checked"] = select(["row_id", *carried, *flags], "typed")
    return steps, errors, warnings


def _judged(contract: Contract) -> str:
    steps, errors, warnings = checked(contract)
    # A withdrawal needs no more than the key of what it withdraws.
    of_key = {f"{name}." for name in contract.primary_key}
    always = [n for n, v in enumerate(errors) if any(v.id.startswith(prefix) for prefix in of_key)]
    others = [n for n in range(len(errors)) if n not in always]
    is_record = exp.Not(this=exp.column("is_withdrawal"))
    broken = either(*_flags("error", always), both(is_record, exp.Paren(this=either(*_flags("error", others)))))
    warned = both(is_record.copy(), exp.Paren(this=either(*_flags("warning", range(len(warnings))))))
    shown = [
        exp.column(f"error__{n}") if n in always else both(exp.column(f"error__{n}"), is_record.copy())
        for n in range(len(errors))
    ]
    warning_flags = _flags("warning", range(len(warnings)))
    final = select(
        [
            *PLACE,
            alias(coalesce(broken, exp.false()), "is_broken"),
            alias(_joined(";", warning_flags, [v.id for v in warnings]), "warnings"),
            alias(_joined(";", shown, [v.id for v in errors]), "rule_ids"),
            alias(_joined("；", shown, [v.reason for v in errors]), "reasons"),
        ],
        "checked",
    )
    return finish(steps, final.where(either(broken.copy(), warned), copy=False), "row_id")


def _flags(kind: str, numbers: Iterable[int]) -> list[exp.Expr]:
    return [exp.column(f"{kind}__{n}") for n in numbers]


def _accepted(contract: Contract) -> str:
    carried = [*PLACE[1:], "is_withdrawal"]
    steps = typed(contract, contract.column_names, carried)
    steps["verdicts"] = select([alias(exp.column("row_id"), "judged_id"), "is_broken", "warnings"], "judged")
    steps["standing"] = select(
        [alias(exp.column("row_id"), "version_of"), "role", alias(exp.column("version_no"), "number"), "is_last"],
        "versions",
    )
    formed = [alias(_formed(contract), "formed_on")] if contract.formed_on else []
    newest = coalesce(exp.column("is_last"), exp.true())
    final = select(
        [
            *contract.column_names,
            alias(literal(contract.name), "source"),
            *PLACE,
            *formed,
            *(["identity_basis"] if contract.identity else []),
            alias(coalesce(exp.column("number"), literal(1)), "version_no"),
            alias(exp.column("is_withdrawal"), "is_withdrawn"),
            alias(both(newest, exp.Not(this=exp.column("is_withdrawal"))), "is_current"),
            "warnings",
        ],
        "typed",
    )
    final = final.join("verdicts", on="row_id = judged_id", join_type="left", copy=False)
    final = final.join("standing", on="row_id = version_of", join_type="left", copy=False)
    sound = exp.Not(this=coalesce(exp.column("is_broken"), exp.false()))
    kept = equal(coalesce(exp.column("role"), literal(VERSION)), literal(VERSION))
    return finish(steps, final.where(both(sound, kept), copy=False), "row_id")


def _quarantined(contract: Contract) -> str:
    titles = "、".join(contract.column(name).title for name in contract.primary_key)
    conflict = f"同一批次中有几行「{titles}」相同而内容不同，只收其中一行，请核对后更正其余各行重新报送。"
    refused: exp.Query = select([alias(exp.column("row_id"), "refused_id"), "rule_ids", "reasons"], "judged").where(
        exp.column("is_broken"), copy=False
    )
    for role, rule, reason in ((CONFLICT, KEY_CONFLICT, conflict), (UNKNOWN, UNKNOWN_WITHDRAWAL, _UNKNOWN_REASON)):
        part = select(
            [
                alias(exp.column("row_id"), "refused_id"),
                alias(literal(rule), "rule_ids"),
                alias(literal(reason), "reasons"),
            ],
            "versions",
        ).where(equal(exp.column("role"), literal(role)), copy=False)
        refused = exp.union(refused, part, distinct=False, copy=False)
    names = contract.column_names
    carried = (*PLACE[1:], "is_withdrawal")
    chosen = select([*names, *carried, "file_sha256"], "delivered").where(
        exp.In(this=row_id(), query=exp.Subquery(this=select(["refused_id"], "refused"))), copy=False
    )
    cells = exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.column(name)) for name in names]
    )
    json = exp.cast(exp.Anonymous(this="to_json", expressions=[cells]), "VARCHAR")
    raw = select([alias(row_id(), "raw_id"), *PLACE[1:], alias(json, "raw_cells")], "chosen")
    steps: Steps = {"refused": refused, "chosen": chosen, "raw": raw}
    formed: exp.Expr = exp.cast(exp.null(), "DATE")
    if contract.formed_on:
        steps |= typed(contract, contract.formed_on, (), "chosen")
        steps["dated"] = select(
            [alias(exp.column("row_id"), "dated_id"), alias(_formed(contract), "formed_on")], "typed"
        )
        formed = exp.column("formed_on")
    candidates = exp.column("candidates") if contract.identity else exp.cast(exp.null(), "VARCHAR")
    final = select(
        [
            alias(literal(contract.name), "source"),
            alias(exp.column("refused_id"), "row_id"),
            *PLACE[1:],
            alias(formed, "formed_on"),
            "rule_ids",
            "reasons",
            "raw_cells",
            alias(candidates, "candidates"),
        ],
        "refused",
    ).join("raw", on="refused_id = raw_id", copy=False)
    if contract.formed_on:
        final = final.join("dated", on="refused_id = dated_id", copy=False)
    if contract.identity:
        final = final.join("identified", on="refused_id = identified_id", join_type="left", copy=False)
    return finish(steps, final, "row_id")


def _duplicates(contract: Contract) -> str:
    source = alias(literal(contract.name), "source")
    final = select([source, *PLACE, "duplicate_of"], "versions").where(
        equal(exp.column("role"), literal(DUPLICATE)), copy=False
    )
    return finish({}, final, "row_id")


def _record(contract: Contract) -> str:
    """The clock's ledger: every accepted row of a source with a clock date, in one shape for all sources."""
    text, day = exp.cast(exp.null(), "VARCHAR"), exp.cast(exp.null(), "DATE")
    published = exp.column(contract.published_on) if contract.published_on else day
    document = exp.column(contract.document_number) if contract.document_number else text
    uid = exp.column(CODE) if CODE in contract.column_names else text.copy()
    named = [alias(published, "published_on"), alias(document, "document_number")]
    final = select(
        [
            *("source", "row_id", "delivery_id", "file_name", "sheet", "row_no"),
            alias(netstring(contract.primary_key), "key_text"),
            alias(uid, "uid"),
            "formed_on",
            *named,
            *("received_at", "version_no", "is_withdrawn", "is_current"),
        ],
        "accepted",
    )
    return finish({}, final, "row_id")


def _errors(contract: Contract) -> list[Violation]:
    """Every violation that quarantines, in the order of columns and rules."""
    found: list[Violation] = []
    for column in contract.columns:
        own = violations(column)
        if contract.identity and column.name == CODE:
            known = exp.Not(this=exp.column(UNMATCHED))
            found.append(Violation(UNMATCHED_RULE, _UNMATCHED_REASON, exp.column(UNMATCHED)))
            own = [Violation(v.id, v.reason, both(known.copy(), exp.Paren(this=v.condition))) for v in own]
        found += own
    return found + [_violation(rule, contract) for rule in contract.rules if rule.severity == "error"]


def _violation(rule: Rule, contract: Contract) -> Violation:
    condition = sqlglot.parse_one(rule.condition, dialect="duckdb")
    known = {*contract.column_names, "received_at"}
    unknown = sorted({column.name for column in condition.find_all(exp.Column)} - known)
    if unknown or condition.find(exp.Query, exp.Window, exp.AggFunc):
        what = "、".join(unknown) or "子查询或聚合"
        raise ValueError(f"契约 {contract.name} 的规则 {rule.id} 只能逐行读取本契约的字段和 received_at，不能用 {what}")
    return Violation(rule.id, rule.reason, _unless_unreadable(condition, contract))


def _unless_unreadable(condition: exp.Expr, contract: Contract) -> exp.Expr:
    """A rule about what is missing says nothing of a cell that could not be read: that has a sentence of its own."""
    asked = {test.this.name for test in condition.find_all(exp.Is) if isinstance(test.this, exp.Column)}
    columns = [c for c in contract.columns if c.name in asked and (c.values or c.logical_type != "string")]
    unread = [both(not_null(c.name + TEXT_SUFFIX), is_null(exp.column(c.name))) for c in columns]
    return both(exp.Paren(this=condition), negated(either(*unread))) if unread else condition


def _formed(contract: Contract) -> exp.Expr:
    return coalesce(*map(exp.column, contract.formed_on))


def _joined(separator: str, flags: Iterable[exp.Expr], texts: Iterable[str]) -> exp.Expr:
    """The texts whose flag is TRUE, in order, joined; NULL if none."""
    cases = [case((flag, literal(text))) for flag, text in zip(flags, texts, strict=True)]
    if not cases:
        return exp.cast(exp.null(), "VARCHAR")
    joined = exp.func("CONCAT_WS", literal(separator), *(c.copy() for c in cases), dialect="duckdb")
    return exp.func("NULLIF", joined, literal(""))
