"""The tasks of the yearly plan as the sample knows them: whom each concerns, its strata, the usual rates and months.

Nothing but the list and its codes; it stands beside the bureau's policy, which the generator does not read.
Not here: who was drawn (rounds), what the inspections found (inspections).
"""

from __future__ import annotations

from typing import NamedTuple

CREDIT = ("A", "B", "C", "D", "U")
LEVELS = ("L1", "L2", "L3", "L4")
COMBINED = ((1, 2, 3, 3), (1, 2, 3, 4), (2, 3, 4, 4), (3, 4, 4, 4))  # credit × field grade, U as B
YEAR, SEASON = (1, 12), (3, 11)
_UP_CREDIT, _UP_LEVELS = dict.fromkeys(CREDIT, 0), dict.fromkeys(LEVELS, 0)


class Task(NamedTuple):
    """A task: items (two at most), field ('' = all), industries by their first digits (none: all), strata with yearly
    rates, months, the strata whose yearly number is rounded up and the least it may be, the strata checked off site."""

    items: tuple[str, ...]
    field: str
    industries: tuple[str, ...]
    strata: tuple[str, ...]
    rates: tuple[float, ...]
    months: tuple[int, int]
    at_least: dict[str, int]
    off_site: tuple[str, ...] = ()


def _credit(items: tuple[str, ...], industries: tuple[str, ...] = (), field: str = "") -> Task:
    """A task by credit grade alone, looked at from the desk first."""
    return Task(
        items, field, industries, CREDIT, (0.03, 0.05, 0.1, 0.5, 0.05), SEASON, {"C": 0, "D": 0}, ("A", "B", "C", "U")
    )


TASKS = {
    "GEN": Task(("A07", "A08"), "", (), CREDIT, (0.01, 0.03, 0.1, 0.5, 0.03), SEASON, {"C": 3, "D": 0}, ("A",)),
    "FOOD": Task(("B03",), "food_sales", (), LEVELS, (0.03, 0.03, 0.1, 1), YEAR, _UP_LEVELS),
    "CATER": Task(("B03",), "catering", (), LEVELS, (0.03, 0.05, 0.25, 0.5), YEAR, {"L3": 0, "L4": 0}),
    "EQUIP": Task(("C11",), "special_equipment", (), ("NONKEY", "KEY"), (0.1, 0.2), YEAR, {"NONKEY": 0, "KEY": 0}),
    "METRO": Task(("C04",), "metrology", (), CREDIT, (0.1, 0.1, 0.2, 0.6, 0.1), SEASON, _UP_CREDIT, ("A",)),
    "QUAL": Task(("C12",), "product_quality", (), CREDIT, (0.1, 0.1, 0.2, 0.6, 0.1), SEASON, _UP_CREDIT, ("A",)),
    "FPROD": Task(("B01",), "food_production", (), LEVELS, (0.5, 1, 2, 3), YEAR, _UP_LEVELS),
    "MEDEV": Task(("B07", "B08"), "medical_device", (), LEVELS, (0.25, 0.5, 1, 1), YEAR, _UP_LEVELS),
    "PRICE": _credit(("S01",), ("52", "61", "62", "702")),
    "ADS": _credit(("A10",), ("7240", "7251", "7259")),
    "NET": _credit(("S02",), ("5193", "5292", "64")),
    "CONS": _credit(("A02", "A03"), ("52", "80")),
    "INFR": _credit(("A11", "A12"), ("51", "7250", "7520")),
    "COMP": _credit(("S03",), ("44", "45", "46", "515", "70")),
    "TEST": _credit(("C06",), field="testing"),
    "CERT": _credit(("C07",), field="certification"),
    "AUCT": Task(("A04",), "", ("5182", "5183"), CREDIT, (1, 1, 1, 1, 1), SEASON, _UP_CREDIT, ("A",)),
}
CODES = tuple(TASKS)
ITEMS = tuple(sorted({item for task in TASKS.values() for item in task.items}))
_WIDEST = max(len(task.strata) for task in TASKS.values())
# By task and stratum; strata beyond the task's own repeat the last.
STRATUM_NAMES = tuple(tuple(t.strata[min(i, len(t.strata) - 1)] for i in range(_WIDEST)) for t in TASKS.values())
OFF_SITE = tuple(
    tuple(name in task.off_site for name in names) for task, names in zip(TASKS.values(), STRATUM_NAMES, strict=True)
)
