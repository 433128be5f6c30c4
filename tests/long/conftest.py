"""Programs run and looked at: how long they took and how much memory they held, told at the end.

Here: the fixture `watch`. Not here: what is a bound and what is only told (the tests).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# The highest memory of a process counts what the process that started it held; so a small one starts it and looks.
LOOK = """
import json, os, sys, time
started = time.perf_counter()
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.perf_counter() - started, used.ru_maxrss / 1024**2]), file=sys.stderr)
"""
LINES = pytest.StashKey[list[str]]()


@dataclass
class Watched:
    """A finished process: exit code, seconds, highest memory in GB, what it printed."""

    code: int
    seconds: float
    gigabytes: float
    output: str
    errors: str


Watch = Callable[..., Watched]


@pytest.fixture(scope="session")
def watch(pytestconfig: pytest.Config, checkout: Path) -> Watch:
    """watch(what, program, *arguments): run it to its end, note what it took under the name `what`."""
    lines = pytestconfig.stash.setdefault(LINES, [])

    def run(what: str, program: Path, *arguments: object) -> Watched:
        words = [sys.executable, "-c", LOOK, str(program), *map(str, arguments)]
        done = subprocess.run(words, cwd=checkout, capture_output=True, text=True, timeout=900, check=True)
        *errors, last = done.stderr.splitlines()
        code, seconds, gigabytes = json.loads(last)
        lines.append(f"{what}：{seconds:.1f} 秒，峰值内存 {gigabytes:.2f} GB")
        return Watched(code, seconds, gigabytes, done.stdout, "\n".join(errors))

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("测得的时间与内存")
        for line in lines:
            terminalreporter.line(line)
