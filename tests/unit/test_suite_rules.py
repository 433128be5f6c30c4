"""The suite's own rules: what may be skipped where, and which tests run when."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS_NOTHING_THAT_EXISTS = """
import pytest

@pytest.mark.skip(reason="不想测")
def test_skipped(): ...

def test_ran(): ...
"""
NEEDS_REAL_ROWS = """
def test_rows(real_data): assert real_data.is_dir()

def test_ran(): ...
"""


@pytest.fixture
def suite(tmp_path: Path, checkout: Path) -> Path:
    """A tiny checkout with our conftest and pytest settings."""
    (tmp_path / "tests").mkdir()
    shutil.copy(checkout / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    return tmp_path


def run(suite: Path, *args: str, **environment: str) -> tuple[int, str]:
    env = {k: v for k, v in os.environ.items() if k not in ("CI", "SSJ_REAL_DATA")} | environment
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", *args],
        cwd=suite,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_skip_is_told_here_and_fails_in_ci(suite: Path) -> None:
    (suite / "tests" / "test_it.py").write_text(NEEDS_NOTHING_THAT_EXISTS, encoding="utf-8")
    code, output = run(suite)
    assert code == 0
    assert "tests/test_it.py::test_skipped: 不想测" in output
    code, output = run(suite, CI="true")
    assert code == 1
    assert "CI 中不得跳过测试" in output


def test_real_rows_may_be_absent_but_nothing_hides_behind_them(suite: Path) -> None:
    (suite / "tests" / "test_it.py").write_text(NEEDS_REAL_ROWS, encoding="utf-8")
    code, output = run(suite, CI="true")
    assert code == 0
    assert "没有真实登记数据" in output
    (suite / "rows").mkdir()
    code, output = run(suite, CI="true", SSJ_REAL_DATA=str(suite / "rows"))
    assert code == 0
    assert "2 passed" in output
    pretext = 'import pytest\ndef test_it(): pytest.skip("没有真实登记数据")\n'
    (suite / "tests" / "test_it.py").write_text(pretext, encoding="utf-8")
    assert run(suite, CI="true", SSJ_REAL_DATA=str(suite / "rows"))[0] == 1


def test_what_the_machine_lacks_is_named(suite: Path) -> None:
    text = 'import pytest\n@pytest.mark.needs("soffice")\ndef test_it(): ...\ndef test_ran(): ...\n'
    (suite / "tests" / "test_it.py").write_text(text, encoding="utf-8")
    code, output = run(suite, PATH="")
    assert code == 0
    assert "没有 soffice，请先运行 make system-deps" in output
    (suite / "tests" / "test_it.py").write_text(text.replace("soffice", "sofice"), encoding="utf-8")
    assert run(suite)[0] != 0


def test_long_tests_wait_to_be_asked(suite: Path) -> None:
    for folder in ("long", "unit"):
        (suite / "tests" / folder).mkdir()
        (suite / "tests" / folder / "test_it.py").write_text(f"def test_{folder}(): ...\n", encoding="utf-8")
    assert "tests/unit/test_it.py::test_unit PASSED" in (short := run(suite, "-vv")[1]) and "::test_long" not in short
    assert "1 passed" in short
    assert "2 passed" in run(suite, "--long")[1]
    assert "1 passed" in run(suite, "tests/long", "--long")[1]


def test_an_unknown_marker_is_an_error(suite: Path) -> None:
    (suite / "tests" / "test_it.py").write_text(
        "import pytest\n@pytest.mark.slow\ndef test_it(): ...\n", encoding="utf-8"
    )
    assert "'slow' not found in `markers`" in run(suite)[1]
