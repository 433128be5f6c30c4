"""Data Docs: pages that need no network and hold no value; Great Expectations talks to nobody.

Here: the pages as files and in a real browser with the network cut. Not here: the judging (test_gx_suites).
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from data_contracts.model import Contract, source_contract
from pipelines.checks.docs import write_docs
from pipelines.checks.judge import run_suite
from tests.graph.test_gx_suites import CANARY, inspector, stored


@pytest.fixture(scope="module")
def contract() -> Contract:
    return source_contract("inspector")


@pytest.fixture(scope="module")
def docs(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a table with one row in order and two that break a promise."""
    folder = tmp_path_factory.mktemp("docs")
    rows = [inspector(1), inspector(2, status=CANARY), inspector(3, unit_code=CANARY.lower(), days=None)]
    result = run_suite(contract, stored(contract, folder, rows))
    assert len(result.failed) == 3
    return write_docs(folder / "pages", [(contract, result)])


def test_every_promise_is_on_the_page_with_its_rows(contract: Contract, docs: Path) -> None:
    page = (docs.parent / f"{contract.name}.html").read_text("utf-8")
    rows = dict(re.findall(r">\s*([a-z_]+:[a-z_]+)：.*?(\d+)\s*<", page, re.DOTALL))
    assert rows["values:status"] == "1" and rows["pattern:unit_code"] == "1" and rows["required:days"] == "1"
    assert rows["required:inspector_id"] == "0"
    assert "不少于" not in page or contract.min_rows is not None
    index = docs.read_text("utf-8")
    assert f'href="{contract.name}.html"' in index and contract.title in index and 'class="failed"' in index


def test_no_value_and_nothing_from_outside(docs: Path) -> None:
    for path in sorted(docs.parent.iterdir()):
        text = path.read_text("utf-8")
        assert CANARY not in text.upper(), path.name
        assert not re.search(r"https?:|src=|<script|url\(", text), path.name


def test_the_pages_keep_their_bytes(contract: Contract, tmp_path: Path) -> None:
    result = run_suite(contract, stored(contract, tmp_path, [inspector(1)]))
    digests = [
        {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in write_docs(tmp_path / n, [(contract, result)]).parent.iterdir()
        }
        for n in ("one", "two")
    ]
    assert digests[0] == digests[1] and len(digests[0]) == 3


@pytest.mark.needs("chromium")
def test_a_browser_without_network_shows_them(contract: Contract, docs: Path, machine: object) -> None:
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(machine("chromium")), args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(docs.as_uri())
        page.get_by_role("link", name=contract.name, exact=True).click()
        assert page.get_by_text("values:status").is_visible()
        assert page.get_by_text("约定项数").is_visible()
        assert page.get_by_role("link", name="全部表").is_visible()
        browser.close()
    assert asked and all(url.startswith("file:") for url in asked)


def test_great_expectations_talks_to_nobody(contract: Contract, tmp_path: Path, checkout: Path) -> None:
    """With every connection refused and told of, a suite runs as ever; analytics are off by both of its switches."""
    path = stored(contract, tmp_path, [inspector(1)])
    program = (
        "import socket, sys, pathlib\n"
        "def refuse(*a, **k):\n"
        "    print('CONNECT', file=sys.stderr); raise OSError('no network')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse; socket.create_connection = refuse\n"
        "from data_contracts.model import source_contract\n"
        "from pipelines.checks import judge\n"
        "print(judge.run_suite(source_contract('inspector'), pathlib.Path(sys.argv[1])).success)\n"
        "import os\n"
        "print(judge._context().variables.analytics_enabled, os.environ['GX_ANALYTICS_ENABLED'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False", "false"]
    assert "CONNECT" not in done.stderr


def test_a_contract_without_promises_has_a_page(contract: Contract, tmp_path: Path) -> None:
    bare = replace(contract, rules=(), min_rows=None, max_rows=None)
    index = write_docs(tmp_path / "pages", [(bare, run_suite(bare, stored(bare, tmp_path, [])))])
    assert (index.parent / f"{bare.name}.html").stat().st_size > 1000
