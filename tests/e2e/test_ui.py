"""What an engineer and an auditor see: real webservers and daemon over a finished month, a real browser.

Here: the asset graph, an asset in Chinese with its partition, metadata and checks; a run launched and refused.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MONTH, Outcome
from tests.e2e.webservers import Servers, ask, launching, serving

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


@pytest.fixture(scope="module")
def servers(finished: Outcome, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    home = tmp_path_factory.mktemp("ui") / "home"
    shutil.copytree(finished.home, home)
    with serving(home, checkout, daemon=True) as running:
        yield running


def _launch(server: str, job: str) -> dict:
    return ask(server, LAUNCH, params=launching(MONTH, job))


def test_a_month_runs_from_the_ui_and_gives_the_same_frame(servers: Servers, finished: Outcome) -> None:
    answer = _launch(servers.full, "monthly")["data"]["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    deadline, status = time.monotonic() + 120, ""
    while status not in ("SUCCESS", "FAILURE", "CANCELED"):
        assert time.monotonic() < deadline, status
        time.sleep(1)
        status = ask(servers.full, STATUS, id=answer["run"]["runId"])["data"]["runOrError"]["status"]
    assert status == "SUCCESS"
    ours = Outcome(servers.home, 0)
    assert ours.table("frame") == finished.table("frame")


def test_the_read_only_webserver_launches_nothing(servers: Servers) -> None:
    count = "{ runsOrError { ... on Runs { count } } }"
    before = ask(servers.readonly, count)
    answer = _launch(servers.readonly, "monthly")
    assert answer["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    assert ask(servers.readonly, count) == before


@pytest.mark.needs("chromium", "cjk_font")
def test_what_a_person_sees(servers: Servers, machine: object, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    chromium = machine("chromium")  # type: ignore[operator]
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        patient = 30_000
        page.goto(f"{servers.full}/asset-groups")
        for group in ("collected", "validated", "risk", "plan", "reports", "published"):
            expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=patient)
        page.goto(f"{servers.full}/assets/enterprise_month?view=overview")
        expect(page.get_by_text("每个存续主体要么有等级，要么有原因").first).to_be_visible(timeout=patient)
        expect(page.get_by_text("信用监督管理科").first).to_be_visible(timeout=patient)
        expect(page.get_by_text("数据分级：敏").first).to_be_visible(timeout=patient)
        page.goto(f"{servers.full}/assets/enterprise_month?view=partitions&partition={MONTH}")
        expect(page.get_by_text("月度版本").first).to_be_visible(timeout=patient)
        expect(page.get_by_text("default-2026.2").first).to_be_visible(timeout=patient)
        page.goto(f"{servers.full}/assets/intake?view=checks&checkDetail=nothing_lost")
        expect(page.get_by_text("nothing_lost").first).to_be_visible(timeout=patient)
        page.screenshot(path=str(tmp_path / "before.png"))
        expect(page.get_by_text("全部有去处").first).to_be_visible(timeout=patient)
        page.screenshot(path=str(tmp_path / "checks.png"))
        browser.close()
    assert (tmp_path / "checks.png").stat().st_size > 20_000
