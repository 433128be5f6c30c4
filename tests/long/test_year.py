"""The year of twelve rounds (tests/e2e/test_year.py) for other cities and sizes, and with wrong SQL, which must show.

Here: seeds, sizes, one text of sql/plan replaced. Not here: what must hold (there).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.engines import duckdb_engine
from tests.e2e.test_year import CHECKS, lived
from tests.unit import year_of_rounds

WRONG = [
    ("frame_candidate", "$month_number < w.last_month_number + p.gap_months", "$month_number < w.last_month_number"),
    ("frame_candidate", "where v.uid is null\n", "where v.uid is null and a.uid = ''\n"),
    ("frame_candidate", "coalesce(v.visits_this_year >= c.visits, false)", "false"),
    ("frame_candidate", "w.visits_this_year >= p.yearly_cap", "w.visits_this_year > p.yearly_cap"),
    ("frame_candidate", "and coalesce(o.credit_grade is not null, false) as", "as"),
    ("frame_candidate", "l.listed_on <= $as_of and", ""),
    ("frame_candidate", "coalesce(l.credit_grade, 'U') = c.credit_grade", "'D' = c.credit_grade"),
    ("frame_candidate", "coalesce(g.credit_grade, 'U') = m.credit_grade", "'A' = m.credit_grade"),
    ("frame_candidate", "inner join population as p on y.type = p.type", "inner join population as p on true"),
    ("frame", "when c.drawn_this_year and q.blocks_drawn_this_year then 'drawn_this_year'", ""),
    ("frame", "when c.on_white_list then 'white_list'", ""),
    ("strata", "coalesce(d.drawn_ytd, 0)", "cast(0 as bigint)"),
    ("strata", "where state <> 'exempt'", "where state = 'eligible'"),
    ("stratum_base", "not in_observation and not on_white_list", "true"),
    ("task_scope", "and (not t.has_industries or i.uid is not null)", ""),
]


def faults(folder: Path, size: int, seed: int) -> list[str]:
    """The checks that do not hold after a year."""
    year = lived(folder, size, seed)
    found = []
    for check in CHECKS:
        try:
            check(year)
        except AssertionError:
            found.append(check.__name__)
    return found


@pytest.mark.parametrize(("size", "seed"), [(60_000, 2), (60_000, 3), (60_000, 4), (60_000, 5), (200_000, 6)])
def test_another_year(tmp_path: Path, size: int, seed: int) -> None:
    assert faults(tmp_path, size, seed) == []


@pytest.mark.parametrize(("file", "right", "wrong"), WRONG)
def test_wrong_sql_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, right: str, wrong: str) -> None:
    def sql_text(name: str) -> str:
        text = duckdb_engine.sql_text(name)
        if name != f"plan/{file}":
            return text
        assert text.count(right) == 1, f"{file}: {right!r} stands there {text.count(right)} times"
        return text.replace(right, wrong)

    monkeypatch.setattr(year_of_rounds, "sql_text", sql_text)
    assert faults(tmp_path, 20_000, 1)
