"""Grade migration: do the matrices add up, did a share move too far, and are D firms drawn more than A firms (§4.7, §4.8).

Here: reconciling, the 3σ alarm over months, the differentiation index (R-06). Not here: counting (sql/reports), the jump
of two levels that holds a plan (snapshot), clusters (clusters), how a matrix looks (resources.outbox.grade_migration).
The grades are the province's: counted here, never made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any, Final

from supervision.alarm_rules import TrendRule, six_places
from supervision.months import month_before

GRADES: Final = ("A", "B", "C", "D")
FROM: Final = (*GRADES, "U", "entered")
TO: Final = (*GRADES, "U", "left")
_COUNTS: Final = tuple(f"{kind}_{grade.lower()}" for kind in ("n", "drawn") for grade in GRADES)
_ROOT = Context(prec=30)
_YEAR = 12


def reconcile(cells: Sequence[Mapping[str, Any]], previous_rows: int, snapshot_rows: int) -> list[str]:
    """What does not add up, one Chinese sentence each; no cells: no snapshot of the month before, nothing to add up.

    Row totals of A…D are last month's snapshot, column totals this month's; units and industries each add up to the city.
    """
    if not cells:
        return []
    found = []
    city = Counter[tuple[str, str]]()
    parts: dict[str, Counter[tuple[str, str]]] = {"unit": Counter(), "industry": Counter()}
    for cell in cells:
        counter = city if cell["rollup"] == "city" else parts.get(cell["rollup"])
        if counter is not None:
            counter[cell["from_grade"], cell["to_grade"]] += cell["n"]
    before = sum(n for (origin, _), n in city.items() if origin in GRADES)
    after = sum(n for (_, target), n in city.items() if target in GRADES)
    if before != previous_rows:
        found.append(f"等级迁移的行合计 {before} 户，上月快照 {previous_rows} 户，不符，请核对迁移的取数（§4.8）")
    if after != snapshot_rows:
        found.append(f"等级迁移的列合计 {after} 户，本月快照 {snapshot_rows} 户，不符，请核对迁移的取数（§4.8）")
    for name, title in (("unit", "检查主体"), ("industry", "行业门类")):
        if parts[name] != city:
            found.append(f"等级迁移按{title}合计与全市不符，请核对{title}的归口（§4.8）")
    return found


def trend(counts: Iterable[Mapping[str, Any]], month: str, rule: TrendRule) -> list[dict[str, Any]]:
    """Rows of the contract `grade_trend` for `month` and the rule's months before it, from snapshot_month, grade, n.

    A change is judged against the sample deviation of the changes in the months before it, not against its own. A grade
    nobody has in a month stands at 0; a month without a snapshot is not there and gives no change.
    """
    numbers: dict[str, dict[str, int]] = {}
    for row in counts:
        numbers.setdefault(row["snapshot_month"], {})[row["credit_grade"]] = row["n"]
    shares = {
        name: {grade: Fraction(given.get(grade, 0), sum(given.values())) for grade in GRADES}
        for name, given in numbers.items()
    }
    shown = sorted({month, *_months_before(month, rule.months)} & shares.keys())
    return [_trend_row(name, grade, numbers[name].get(grade, 0), shares, rule) for name in shown for grade in GRADES]


def differentiation(counts: Iterable[Mapping[str, Any]], month: str) -> list[dict[str, Any]]:
    """Rows of the contract `differentiation`: each counted month, then the year to date, by unit and city (R-06).

    counts: rows of sql/reports/differentiation.sql. The year to date sums the months that have a snapshot, and says how
    many were left out.
    """
    rows: list[dict[str, Any]] = []
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in counts:
        groups.setdefault((row["rollup"], row["rollup_key"]), []).append(row)
    for (level, key), months in sorted(groups.items()):
        months.sort(key=lambda each: str(each["counted_period"]))
        head = {"rollup": level, "rollup_key": key, "key_name": months[0]["key_name"]}
        rows += [head | _period([each], str(each["counted_period"]), "month") for each in months]
        year = [each for each in months if str(each["counted_period"])[:4] == month[:4]]
        rows.append(head | _period(year, month[:4], "year_to_date"))
    return rows


def _period(months: Sequence[Mapping[str, Any]], name: str, kind: str) -> dict[str, Any]:
    known = [each for each in months if each["has_snapshot"]]
    sums = {count: sum(int(each[count]) for each in known) if known else None for count in _COUNTS}
    index, state = None, "no_snapshot"
    if known:
        index = _index(sums)
        state = "not_comparable" if index is None else "comparable"
    return {
        "counted_period": name,
        "period_kind": kind,
        "months_counted": len(known),
        "months_left_out": len(months) - len(known),
        **sums,
        "differentiation_index": index,
        "comparability": state,
    }


def _index(sums: Mapping[str, int | None]) -> Decimal | None:
    """(drawn D ÷ D) ÷ (drawn A ÷ A); None where nothing can be divided by: never infinite."""
    n_a, n_d, drawn_a, drawn_d = (sums[name] or 0 for name in ("n_a", "n_d", "drawn_a", "drawn_d"))
    if not (n_a and n_d and drawn_a):
        return None
    return six_places(Fraction(drawn_d, n_d) / Fraction(drawn_a, n_a))


def _months_before(month: str, number: int) -> list[str]:
    """The `number` months before, newest first."""
    found: list[str] = []
    for _ in range(number):
        month = month_before(month)
        found.append(month)
    return found


def year_back(month: str) -> list[str]:
    """The twelve months that end with this one, oldest first."""
    return [*reversed(_months_before(month, _YEAR - 1)), month]


def _trend_row(
    month: str, grade: str, n: int, shares: Mapping[str, Mapping[str, Fraction]], rule: TrendRule
) -> dict[str, Any]:
    delta = _change(month, grade, shares)
    earlier = [_change(each, grade, shares) for each in _months_before(month, rule.months)]
    known = [change for change in earlier if change is not None]
    variance, state = None, "not_judged"
    if len(known) >= rule.fewest_changes:
        mean = sum(known, Fraction()) / len(known)
        spread = sum(((change - mean) ** 2 for change in known), Fraction()) / (len(known) - 1)
        variance = max(spread, Fraction(rule.least_sigma) ** 2)
        if delta is not None:
            state = "alarm" if delta**2 > rule.sigmas**2 * variance else "normal"
    return {
        "snapshot_month": month,
        "credit_grade": grade,
        "n": n,
        "share": six_places(shares[month][grade]),
        "delta": None if delta is None else six_places(delta),
        "changes": len(known),
        "sigma": None if variance is None else _root(variance),
        "shift_state": state,
    }


def _change(month: str, grade: str, shares: Mapping[str, Mapping[str, Fraction]]) -> Fraction | None:
    before = month_before(month)
    return shares[month][grade] - shares[before][grade] if {month, before} <= shares.keys() else None


def _root(value: Fraction) -> Decimal:
    """The square root to six places."""
    root = _ROOT.sqrt(_ROOT.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return root.quantize(Decimal("0.000001"), ROUND_HALF_EVEN, _ROOT)
