"""Clusters: a county's industry with far more C and D firms, or penalised firms, than the city as a whole (R-35).

Here: the exact test of each cell and what guards it — small cells are not judged, and the bound is shared by all cells
compared. Not here: counting (sql/reports/cluster_alarm.sql), the thresholds (data_contracts/alarms.yaml).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from math import comb
from typing import Any, Final

from supervision.alarm_rules import ClusterRule, six_places

NONE: Final = "NONE"  # of an industry that the code does not tell
_EXACT = Context(prec=50)
_NEGLIGIBLE = Decimal("1e-30")
_STEP = Decimal("0.000001")


def judge_clusters(cells: Iterable[Mapping[str, Any]], rule: ClusterRule) -> list[dict[str, Any]]:
    """Rows of the contract `cluster_alarm` from counted cells (cluster_measure, unit, industry, n, n_hit), in their order.

    An alarm needs all three: hits, ratio to the city, and an upper tail P(X ≥ hits) of Bin(n, city share) at most
    family_error ÷ cells compared (Bonferroni). The city's share contains the cell itself, which only makes alarms rarer.
    """
    listed = list(cells)
    firms, hits, compared = Counter[str](), Counter[str](), Counter[str]()
    for cell in listed:
        measure = cell["cluster_measure"]
        firms[measure] += cell["n"]
        hits[measure] += cell["n_hit"]
        compared[measure] += _is_compared(cell, rule)
    base = {measure: Fraction(hits[measure], firms[measure]) for measure in firms}
    return [
        dict(cell) | _judged(cell, base[cell["cluster_measure"]], compared[cell["cluster_measure"]], rule)
        for cell in listed
    ]


def upper_tail(n: int, hits: int, share: Fraction) -> Decimal:
    """P(X ≥ hits) for X ~ Bin(n, share), to 40 digits. hits is above n · share: the terms fall from there on."""
    chance = _EXACT.divide(Decimal(share.numerator), Decimal(share.denominator))
    rest = _EXACT.subtract(Decimal(1), chance)
    if not rest:
        return Decimal(1)
    term = _EXACT.multiply(
        _EXACT.multiply(Decimal(comb(n, hits)), _EXACT.power(chance, hits)), _EXACT.power(rest, n - hits)
    )
    odds, total = _EXACT.divide(chance, rest), term
    for number in range(hits, n):
        term = _EXACT.multiply(term, _EXACT.multiply(_EXACT.divide(Decimal(n - number), Decimal(number + 1)), odds))
        total = _EXACT.add(total, term)
        if term < total * _NEGLIGIBLE:
            break
    return total


def _is_compared(cell: Mapping[str, Any], rule: ClusterRule) -> bool:
    return bool(cell["n"] >= rule.smallest_cell and cell["industry_division"] != NONE)


def _judged(cell: Mapping[str, Any], base: Fraction, compared: int, rule: ClusterRule) -> dict[str, Any]:
    known: dict[str, Any] = {"baseline": six_places(base), "cells_tested": compared}
    if not _is_compared(cell, rule):
        state = "no_industry" if cell["industry_division"] == NONE else "small_cell"
        return known | {"share": None, "cluster_ratio": None, "p_value": None, "cluster_state": state}
    share = Fraction(cell["n_hit"], cell["n"])
    known |= {"share": six_places(share), "cluster_ratio": six_places(share / base) if base else None}
    if share <= base:
        return known | {"p_value": None, "cluster_state": "normal"}
    tail = upper_tail(cell["n"], cell["n_hit"], base)
    far = cell["n_hit"] >= rule.fewest_hits and share >= base * Fraction(rule.least_ratio)
    alarm = far and tail * compared <= rule.family_error
    return known | {
        "p_value": tail.quantize(_STEP, ROUND_CEILING, _EXACT),
        "cluster_state": "alarm" if alarm else "normal",
    }
