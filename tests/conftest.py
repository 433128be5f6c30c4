"""What every test may ask of the machine, and what a run must tell at its end.

Here: `@pytest.mark.needs("chromium", …)` and the fixture `machine("chromium") -> path`, which skip with the reason when
the machine lacks it (`make system-deps` installs all of it); the fixture `real_data`, the folder of real register rows;
`--long`, without which tests/long is not collected; the list of everything skipped. With CI=true a skipped test fails the
run, save real rows whose folder is absent. Not here: data and helpers of one subject only (beside its tests).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
_NO_REAL_DATA = "没有真实登记数据"


def _program(*names: str, also: str = "") -> Callable[[], str | None]:
    """Finder of the first of these programs, on PATH, in sbin, or under the glob `also`."""

    def find() -> str | None:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
        found = next((hit for name in names if (hit := shutil.which(name, path=path))), None)
        return found or (next((str(hit) for hit in sorted(Path("/").glob(also), reverse=True)), None) if also else None)

    return find


def _cjk_font() -> str | None:
    if not shutil.which("fc-list"):
        return None
    fonts = subprocess.run(["fc-list", ":lang=zh", "file"], capture_output=True, text=True, check=True).stdout.split(
        ":"
    )
    return fonts[0].strip() or None


_THINGS: dict[str, Callable[[], str | None]] = {
    "chromium": _program("chromium-headless-shell", "chromium"),
    "cjk_font": _cjk_font,
    "java": _program("java"),
    "lowriter": _program("lowriter"),
    "nginx": _program("nginx"),
    "pdftoppm": _program("pdftoppm"),
    "pdftotext": _program("pdftotext"),
    "postgres": _program("postgres", also="usr/lib/postgresql/*/bin/postgres"),
    "soffice": _program("soffice"),
}


@cache
def _find(thing: str) -> Path | None:
    found = _THINGS[thing]()
    return Path(found) if found else None


def _require(thing: str) -> Path:
    if thing not in _THINGS:
        raise pytest.UsageError(f"needs({thing!r}) is unknown; known are {', '.join(_THINGS)}")
    return _find(thing) or pytest.skip(f"这台机器上没有 {thing}，请先运行 make system-deps")


def _real_data_folder() -> Path:
    return Path(os.environ.get("SSJ_REAL_DATA") or CHECKOUT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def machine() -> Callable[[str], Path]:
    """machine("chromium") -> its path; skips the test when the machine lacks it. Names as in `needs`."""
    return _require


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real rows, from SSJ_REAL_DATA (default ../shared/data); skips when it is absent."""
    folder = _real_data_folder()
    if not folder.is_dir():
        pytest.skip(f"{_NO_REAL_DATA}：SSJ_REAL_DATA 所指文件夹不存在")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="collect tests/long too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """tests/long waits to be asked. Its files are looked at too: a folder of `testpaths` is collected whatever is said of it."""
    wanted: bool = config.getoption("--long")
    inside = collection_path.is_relative_to(config.rootpath / "tests" / "long")
    return True if inside and not wanted else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for thing in mark.args:
            _require(thing)


def _skipped(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """(test, reason) of everything skipped, modules skipped while they were collected included."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    for report in reporter.stats.get("skipped", []) if reporter else []:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        yield report.nodeid, reason.removeprefix("Skipped: ")


def _forbidden(config: pytest.Config) -> list[str]:
    """The skipped tests that fail the run: in CI all but real rows whose folder is absent."""
    if os.environ.get("CI") != "true":
        return []
    excused = not _real_data_folder().is_dir()
    return [test for test, reason in _skipped(config) if not (excused and reason.startswith(_NO_REAL_DATA))]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and _forbidden(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = sorted(_skipped(config))
    if not skipped:
        return
    terminalreporter.section("跳过的测试及原因")
    for test, reason in skipped:
        terminalreporter.line(f"{test}: {reason}")
    if forbidden := _forbidden(config):
        terminalreporter.line(f"CI 中不得跳过测试，本次因此失败：{len(forbidden)} 项", red=True)
