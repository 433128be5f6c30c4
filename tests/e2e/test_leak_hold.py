"""A list that tells more than its limit waits for a person, or only totals go out (R-38, docs/leak-meter.md).

Here: what the assets do with limits that this month breaks. Not here: the arithmetic and the limits (tests/unit).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assets import public
from assets.stage import Month
from pipelines.cli.decide import decide_hold
from resources.decisions import DecisionError
from resources.house import House
from resources.lake import MonthLake
from resources.settings import Home
from supervision.reports.leak import leak_words
from supervision.reports.leak_limits import HOLD, Edition
from tests.e2e.conftest import MONTH, Outcome


class RealMonth(Month):
    """The month as if its deliveries were real: nobody is spared a decision."""

    demonstration = property(lambda _: False)  # type: ignore[assignment]


@pytest.fixture
def month(finished: Outcome, tmp_path: Path) -> Month:
    home = tmp_path / "home"
    shutil.copytree(finished.home, home)
    return RealMonth(MONTH, House(home=str(home)), MonthLake(Home.at(home), MONTH))


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """limit(action): nothing may be told at all, else the action."""
    real = public.limits_for

    def strict(action: str) -> None:
        def limits(day: object) -> Edition:
            found = real(day)  # type: ignore[arg-type]
            kept = {
                key: replace(each, p_d=each.p_d / 10**6, p_cd=each.p_cd / 10**6, action=action)
                for key, each in found.limits.items()
                if key == ("drawn_public.csv", "listed")
            }
            return replace(found, limits=kept)

        monkeypatch.setattr(public, "limits_for", limits)

    return strict


def lists(month: Month) -> list[str]:
    return sorted(path.name for path in (month.lake.home.outbox / MONTH).glob("drawn_public.*"))


def test_the_list_is_withheld_until_a_person_decides(month: Month, limit: Callable[[str], None]) -> None:
    assert lists(month) == ["drawn_public.csv", "drawn_public.html"]
    limit("hold")
    public._leak_meter(month)
    reason = month.lake.holds()[HOLD]
    assert "drawn_public.csv（只知名列其中）" in reason and leak_words(reason) == []
    assert lists(month) == []
    role = next(code for code, each in sorted(month.policy.roles.items()) if "approve" in each.duties)
    with pytest.raises(DecisionError, match="leak_meter"):
        decide_hold(MONTH, "something_else", "已与信用科核对", role, month.lake.home.root)
    decide_hold(MONTH, HOLD, "已与信用科核对，名单照发", role, month.lake.home.root)
    public._leak_meter(month)
    assert month.lake.holds() == {}
    public._drawn_list(month)
    assert lists(month) == ["drawn_public.csv", "drawn_public.html"]


def test_only_totals_go_out_when_the_limit_says_so(month: Month, limit: Callable[[str], None]) -> None:
    limit("merge")
    public._leak_meter(month)
    public._drawn_list(month)
    assert lists(month) == [] and month.lake.holds() == {}
    assert (month.lake.home.outbox / MONTH / "county_totals_public.csv").exists()


def test_a_warning_withholds_nothing(month: Month, limit: Callable[[str], None]) -> None:
    limit("warn")
    public._leak_meter(month)
    public._drawn_list(month)
    assert lists(month) == ["drawn_public.csv", "drawn_public.html"] and month.lake.holds() == {}
    assert [each.passed for each in public._judge_leak(month, None)] == [False]  # type: ignore[arg-type]


def test_a_demonstration_is_told_and_not_held(month: Month, limit: Callable[[str], None]) -> None:
    limit("hold")
    shown = Month(month.name, month.house, month.lake)
    assert shown.demonstration
    public._leak_meter(shown)
    assert month.lake.holds() == {}
    assert lists(month) == ["drawn_public.csv", "drawn_public.html"]
