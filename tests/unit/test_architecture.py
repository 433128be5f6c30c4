"""The house rules held against this checkout, and each rule seen to fail on a planted violation."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import architecture as rules

Rule = Callable[[Path], list[str]]

CHARTER = '"""For a test: says what this module is for."""\n'
# rule -> (file, what breaks the rule, part of the complaint); the same file with its charter alone must be clean
VIOLATIONS: list[tuple[Rule, str, str, str]] = [
    (rules.layering, "supervision/a.py", "from resources.lake import Lake", "supervision imports resources.lake.Lake"),
    (rules.layering, "data_contracts/a.py", "import supervision", "data_contracts imports supervision"),
    (rules.layering, "assets/deep/a.py", "def f():\n    from pipelines import jobs", "assets imports pipelines.jobs"),
    (rules.layering, "resources/a.py", "from ..assets import x", "resources imports assets.x"),
    (rules.layering, "assets/a.py", "import sample_city.city", "assets imports sample_city.city"),
    (rules.layering, "sample_city/a.py", "from resources.inbox import x", "shares code through resources.inbox.x"),
    (rules.layering, "verifier/a.py", "import supervision.draw", "shares code through supervision.draw"),
    (rules.verifier_is_standard_library, "verifier/a.py", "import duckdb", "verifier imports duckdb"),
    (rules.purity, "supervision/a.py", "import pathlib", "supervision imports pathlib"),
    (rules.purity, "supervision/deep/a.py", "def f(p):\n    return open(p)", "supervision calls open()"),
    (rules.purity, "supervision/a.py", "def f():\n    import duckdb", "supervision imports duckdb"),
    (rules.clock, "assets/a.py", "import datetime\n\ndef f():\n    return datetime.datetime.now()", "now() reads"),
    (rules.clock, "supervision/a.py", "from datetime import date\n\nX = date.today()", "date.today() reads"),
    (rules.clock, "sample_city/a.py", "from time import time", "time.time reads"),
    (rules.clock, "pipelines/a.py", "import time\n\ndef f():\n    return time.time()", "time.time() reads"),
    (rules.built_sql, "resources/a.py", 'def f(c, t):\n    c.execute(f"select {t}")', "execute() takes SQL"),
    (rules.built_sql, "resources/a.py", 'def f(c, t):\n    q = "select " + t\n    c.sql(q)', "sql() takes SQL"),
    (rules.built_sql, "assets/a.py", 'def f(e, t):\n    e.select("select %s" % t, {})', "select() takes SQL"),
    (rules.built_sql, "assets/a.py", 'def f(e, t):\n    e.query("select {}".format(t))', "query() takes SQL"),
    (rules.built_sql, "resources/a.py", 'def f(c, t):\n    c.execute(" ".join(["select", t]))', "execute() takes SQL"),
    (
        rules.locked_engines,
        "resources/a.py",
        "import duckdb\n\ndef f():\n    return duckdb.connect()",
        "outside the places",
    ),
    (
        rules.locked_engines,
        "assets/a.py",
        "import duckdb\n\ndef f():\n    return duckdb.sql('select 1')",
        "nobody locks",
    ),
    (rules.guarded_steps, "assets/a.py", "@dg.asset(name='x')\ndef f(context):\n    yield 1", "f is not guarded"),
    (rules.guarded_steps, "pipelines/a.py", "def f(context):\n    return context.op_config", "configured by nobody"),
    (rules.stars, "assets/a.py", "from os.path import *", "star import of os.path"),
    (rules.names, "resources/utils.py", "", "a name that says nothing"),
    (rules.names, "resources/helpers/a.py", "", "a name that says nothing"),
    (rules.length, "supervision/a.py", "X = 1\n" * 400, "more than 400 lines"),
    (rules.import_time, "pipelines/a.py", "import great_expectations as gx", "imports great_expectations"),
    (rules.import_time, "pipelines/a.py", "from pipelines.checks.expectations import X", "imports great_expectations"),
    (rules.import_time, "resources/a.py", "from dagster import asset", "imports dagster"),
    (rules.import_time, "assets/a.py", "print(1)", "does something at import"),
    (rules.light_command_line, "pipelines/cli.py", "import resources.deep", "imports pandas before"),
    (rules.light_unit_tests, "tests/unit/test_a.py", "def test():\n    import dagster", "imports dagster"),
    (rules.light_unit_tests, "tests/unit/test_a.py", "from resources import deep", "imports great_expectations"),
]


def plant(root: Path, where: str, text: str) -> Path:
    path = root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CHARTER + text + "\n", encoding="utf-8")
    return path


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A clean tree; resources/deep.py pulls in heavy libraries at import, resources/lazy.py only when called."""
    for where in ("supervision/a.py", "assets/a.py", "pipelines/cli.py", "tests/unit/test_clean.py"):
        plant(tmp_path, where, "from __future__ import annotations")
    plant(tmp_path, "resources/__init__.py", "")
    plant(tmp_path, "resources/deep.py", "import pandas, resources.deeper")
    plant(tmp_path, "resources/deeper.py", "import great_expectations")
    plant(tmp_path, "resources/lazy.py", "def f():\n    import great_expectations, pandas")
    plant(tmp_path, "pipelines/light.py", "import resources.lazy")
    plant(tmp_path, "resources/clock.py", "import datetime\n\ndef now():\n    return datetime.datetime.now()")
    plant(tmp_path, "assets/told.py", "from resources import clock\n\ndef f():\n    return clock.now()")
    return tmp_path


ALL_RULES = [
    rules.layering,
    rules.verifier_is_standard_library,
    rules.purity,
    rules.clock,
    rules.built_sql,
    rules.locked_engines,
    rules.guarded_steps,
    rules.charters,
    rules.stars,
    rules.names,
    rules.length,
    rules.import_time,
    rules.light_command_line,
    rules.light_unit_tests,
]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_this_checkout_keeps(rule: Rule, checkout: Path) -> None:
    assert rule(checkout) == []


@pytest.mark.parametrize(("rule", "where", "text", "complaint"), VIOLATIONS)
def test_a_planted_violation_is_found(town: Path, rule: Rule, where: str, text: str, complaint: str) -> None:
    before = set(rule(town))
    path = plant(town, where, text)
    found = [line for line in rule(town) if line not in before]
    assert found, "the violation went unseen"
    assert all(line.startswith(path.relative_to(town).as_posix()) for line in found)
    assert any(complaint in line for line in found)


def test_the_clean_tree_is_clean_but_for_what_deep_does(town: Path) -> None:
    for rule in ALL_RULES:
        expected = ["resources/deeper.py:2: imports great_expectations when it is imported itself"]
        assert rule(town) == (expected if rule is rules.import_time else [])


def test_a_module_without_a_charter_is_found(town: Path) -> None:
    (town / "assets" / "b.py").write_text("X = 1\n", encoding="utf-8")
    assert rules.charters(town) == ["assets/b.py:1: no docstring that says what the module is for"]


def test_tracked_files_name_no_registry_and_no_machine(checkout: Path, tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=True)
    tracked = [checkout / name for name in listed.stdout.split("\0") if name and (checkout / name).is_file()]
    assert len(tracked) > 20
    assert rules.places(checkout, tracked) == []
    for text in ("index = https://py" + "pi.org/simple", "see /wo" + "rk/shared/x", "cd '/ho" + "me/me'"):
        file = tmp_path / "a.txt"
        file.write_text("first\n" + text, encoding="utf-8")
        assert [line[:8] for line in rules.places(tmp_path, [file])] == ["a.txt:2:"]


def test_the_locks_agree(checkout: Path, tmp_path: Path) -> None:
    assert rules.locks(checkout) == []
    pin = "a==1 \\\n    --hash=sha256:00\n"
    (tmp_path / "requirements.lock").write_text(pin, encoding="utf-8")
    (tmp_path / "requirements-dev.lock").write_text(pin.replace("==1", "==2"), encoding="utf-8")
    assert rules.locks(tmp_path) == ["requirements-dev.lock: a is 2, not 1"]
    (tmp_path / "requirements.lock").write_text("a==1\n", encoding="utf-8")
    assert rules.locks(tmp_path) == ["requirements.lock: a==1 has no hash"]
