"""Delivered rows as typed rows: the steps from text cells to values that every SELECT of a split begins with.

Here: which columns say where a row stood, and the steps trimmed → texts → known → converted → typed over `delivered`.
Not here: one cell (conversion), who a row is about (identity_sql), what becomes of the row (contract_sql, versions_sql).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from data_contracts.model import Column, Contract
from resources.engines.building import Steps, alias, both, case, coalesce, equal, literal, not_null, row_id, select
from resources.engines.conversion import (
    AMOUNT_SUFFIX,
    TEXT_SUFFIX,
    bounded,
    canonical_text,
    converted,
    prepared,
    trimmed,
)

PLACE = (
    "row_id", "delivery_id", "file_name", "sheet", "row_no", "part_no", "corrects_row_id", "received_at",
)  # fmt: skip
CODE = "uscc"  # the column that names the subject
RAW_CODE = "uscc__cell"
UNMATCHED = "is_unmatched"
_WORDS_SUFFIX = "__words"


def columns_of(contract: Contract, names: Iterable[str]) -> list[Column]:
    """The contract's columns of these names, in contract order."""
    wanted = set(names)
    return [column for column in contract.columns if column.name in wanted]


def trimmed_texts(
    columns: list[Column], carried: Iterable[str], source: str = "delivered", *, identified: bool = True
) -> Steps:
    """Steps `trimmed` and `texts`: row_id, what is carried along, and each cell's canonical text (`<name>__text`).

    identified: False where the source is no table of rows, so that there is no row_id.
    """
    own = ["row_id"] if identified else []
    names = list(carried)
    trimmings = (alias(trimmed(column), column.name + TEXT_SUFFIX) for column in columns)
    texts = (alias(canonical_text(column), column.name + TEXT_SUFFIX) for column in columns)
    codes = [alias(exp.column(CODE), RAW_CODE)] if any(column.name == CODE for column in columns) else []
    return {
        "trimmed": select([*(alias(row_id(), name) for name in own), *names, *codes, *trimmings], source),
        "texts": select([*own, *names, *([RAW_CODE] if codes else []), *texts], "trimmed"),
    }


def typed(contract: Contract, names: Iterable[str], carried: Iterable[str], source: str = "delivered") -> Steps:
    """Steps that end in `typed`: row_id, what is carried along, the named columns' values, texts and preparations.

    Where the contract is resolved by identity and `uscc` is named, also identity_basis and is_unmatched; the input
    `identified` then gives the code of a row without one. Amounts written as texts come from the input `amount_text`.
    """
    columns = columns_of(contract, names)
    own, kept = [column.name for column in columns], ["row_id", *carried]
    text_names = [name + TEXT_SUFFIX for name in own]
    amounts = [column for column in columns if column.unit]
    steps: Steps = {f"{c.name}{_WORDS_SUFFIX}": _words(c) for c in amounts}
    steps |= trimmed_texts(columns, carried, source)
    identified = contract.identity and CODE in own
    helpers = [c.name + AMOUNT_SUFFIX for c in amounts] + (["identity_basis", UNMATCHED] if identified else [])
    if helpers:
        known = select(
            [
                *kept,
                *(_known(name) if identified and name == CODE else name + TEXT_SUFFIX for name in own),
                *([_basis(), alias(both(not_null("identified_id"), _no_code()), UNMATCHED)] if identified else []),
                *(c.name + AMOUNT_SUFFIX for c in amounts),
            ],
            "texts",
        )
        if identified:
            known = known.join("identified", on="row_id = identified_id", join_type="left", copy=False)
        for column in amounts:
            words = column.name + _WORDS_SUFFIX
            on = equal(exp.column(column.name + TEXT_SUFFIX), exp.column("cell_text", table=words))
            known = known.join(words, on=on, join_type="left", copy=False)
        steps["known"] = known
    extra = {name: tree for column in columns for name, tree in prepared(column).items()}
    values = (alias(converted(column), column.name) for column in columns)
    preparations = (alias(tree, name) for name, tree in extra.items())
    steps["converted"] = select([*kept, *text_names, *helpers, *preparations, *values], "known" if helpers else "texts")
    limited = (alias(bounded(column), column.name) for column in columns)
    steps["typed"] = select([*kept, *text_names, *helpers, *extra, *limited], "converted")
    return steps


def _words(column: Column) -> exp.Select:
    amount = alias(exp.column("amount_wan"), column.name + AMOUNT_SUFFIX)
    unit = equal(exp.column("default_unit"), literal(str(column.unit)))
    return select(["cell_text", amount], "amount_text").where(unit, copy=False)


def _known(name: str) -> exp.Expr:
    return alias(coalesce(exp.column("found_uscc"), exp.column(name + TEXT_SUFFIX)), name + TEXT_SUFFIX)


def _no_code() -> exp.Expr:
    return exp.Is(this=exp.column("found_uscc"), expression=exp.null())


def _basis() -> exp.Expr:
    """How the subject was found: code as written, code repaired, register number, name; NULL where it was not."""
    text = exp.column(CODE + TEXT_SUFFIX)
    as_written = equal(text, exp.column(RAW_CODE))
    return alias(
        case(
            (not_null("identified_id"), exp.column("found_basis")),
            (as_written, literal("code")),
            (not_null(text), literal("repaired")),
        ),
        "identity_basis",
    )
