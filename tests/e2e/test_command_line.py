"""The program `ssj` as a person starts it: a process of its own, its answer, its words on standard error, its exit code.

Here: every verb's way of answering and refusing, and what the quick verbs may load. Not here: what a month must show.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import python_calamine

PROGRAM = Path(sys.executable).with_name("ssj")
HEAVY = ("dagster", "duckdb", "great_expectations", "numpy", "pandas", "pyarrow", "sqlalchemy", "sqlglot")
MONTH = "2026-10"
NO_PLACE = {name: value for name, value in os.environ.items() if name != "SSJ_HOME"}


def ssj(*arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program with these arguments; `home` as SSJ_HOME."""
    environment = NO_PLACE | ({"SSJ_HOME": str(home)} if home else {})
    words = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 1, nothing on standard output, one line on standard error that holds all the words."""
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (1, "", 1), done
    assert lines[0].startswith("未能完成：")
    for word in words:
        assert word in lines[0], (word, lines[0])


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, by its place in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_help_tells_every_verb_in_chinese() -> None:
    done = ssj("--help")
    assert done.returncode == 0
    verbs = dict(re.findall(r"^  ([a-z]+) +(.*)$", done.stdout, re.MULTILINE))
    assert {"generate", "run", "demo", "status", "workdays", "redraw"} <= set(verbs)
    assert all(re.search("[一-鿿]{4}", sentence) for sentence in verbs.values()), verbs
    assert "双随机" in done.stdout


@pytest.mark.parametrize(
    ("day", "number", "due"),
    [
        ("2022-04-29", 7, "2022-05-12"),
        ("2022-04-29", 20, "2022-05-31"),
        ("2025-09-26", 7, "2025-10-13"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2026-02-13", 7, "2026-03-02"),
        ("2026-02-13", 20, "2026-03-19"),
        ("2026-03-02", 7, "2026-03-11"),
        ("2026-09-30", 7, "2026-10-15"),
        ("2026-09-30", 20, "2026-11-03"),
    ],
)
def test_workdays_prints_one_date_alone(day: str, number: int, due: str) -> None:
    done = ssj("workdays", day, number)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{due}\n", "")


def test_a_date_in_a_year_not_announced_is_said_to_be_provisional_beside_the_answer() -> None:
    done = ssj("workdays", "2026-12-30", 7)
    assert (done.returncode, done.stdout) == (0, "2027-01-08\n")
    assert len(done.stderr.splitlines()) == 1 and "暂定" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("workday", "2025-09-26", "7"),
        ("workdays", "2025-09-31", "7"),
        ("workdays", "26.09.2025", "7"),
        ("workdays", "2025-09-26", "0"),
        ("workdays", "2025-09-26", "seven"),
        ("workdays", "2025-09-26"),
        ("run",),
        ("run", "--month", MONTH, "--as-of", "yesterday"),
        ("generate",),
        ("generate", "--month", MONTH, "--enterprises", "0"),
        ("generate", "--month", MONTH, "--defects", "2"),
        ("redraw", "."),
        ("status", "--house", "."),
    ],
)
def test_a_mistyped_command_is_told_so(arguments: tuple[str, ...]) -> None:
    done = ssj(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "Usage: ssj" in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["draw_example_1", "draw_example_2"])
def test_redraw_gives_the_published_bytes(checkout: Path, tmp_path: Path, name: str) -> None:
    folder = checkout / "tests" / "golden" / name
    done = ssj("redraw", folder, "--out", tmp_path / "again")
    assert (done.returncode, done.stderr) == (0, "")
    files = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert files == {each: (folder / each).read_bytes() for each in ("allocation.csv", "cuts.csv", "drawn.csv")}


def _one_byte(folder: Path) -> None:
    data = bytearray((folder / "frame.csv").read_bytes())
    place = data.index(b",eligible,") - 1  # the last letter of a stratum
    data[place] ^= 1
    (folder / "frame.csv").write_bytes(bytes(data))


def _wrong_key(folder: Path) -> None:
    certificate = json.loads((folder / "certificate.json").read_bytes())
    certificate["key"] = certificate["key"][::-1]
    (folder / "certificate.json").write_text(json.dumps(certificate))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "strata.csv").unlink(), ("strata.csv", "缺少")),
        (lambda folder: (folder / "certificate.json").unlink(), ("certificate.json", "缺少")),
        (lambda folder: (folder / "certificate.json").write_text("{"), ("certificate.json",)),
        (lambda folder: (folder / "policy.json").write_bytes(b"\xff\xfe"), ("manifest.txt", "policy.json")),
        (_one_byte, ("manifest.txt", "frame.csv")),
        (_wrong_key, ("key", "不一致")),
    ],
)
def test_redraw_refuses_a_folder_that_was_touched(
    checkout: Path, tmp_path: Path, spoil: Callable[[Path], object], words: tuple[str, ...]
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(checkout / "tests" / "golden" / "draw_example_1", folder)
    spoil(folder)
    refused(ssj("redraw", folder, "--out", tmp_path / "again"), *words)
    assert not (tmp_path / "again").exists()


def test_redraw_refuses_a_place_it_cannot_use(checkout: Path, tmp_path: Path) -> None:
    refused(ssj("redraw", tmp_path / "nowhere", "--out", tmp_path / "again"), "nowhere", "完整")
    (tmp_path / "file").touch()
    golden = checkout / "tests" / "golden" / "draw_example_1"
    refused(ssj("redraw", golden, "--out", tmp_path / "file"), "file", "路径")


def test_status_of_an_empty_home_says_what_to_do_and_makes_nothing(tmp_path: Path) -> None:
    for done, home in (
        (ssj("status", "--home", tmp_path / "given"), tmp_path / "given"),
        (ssj("status", home=tmp_path / "named"), tmp_path / "named"),
        (ssj("status", "--home", tmp_path / "first", home=tmp_path / "second"), tmp_path / "first"),
    ):
        assert (done.returncode, done.stderr) == (0, "")
        assert str(home) in done.stdout and "inbox" in done.stdout and "ssj run" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    refused(ssj("status", "--home", tmp_path / "home"), str(tmp_path / "home"), "路径")
    refused(ssj("status", home=tmp_path / "home" / "below"), "路径")


@pytest.mark.parametrize(("month", "word"), [("2099-01", "尚未到来"), ("2022-04", "2022-05"), ("2026-13", "YYYY-MM")])
def test_a_month_that_cannot_be_run(tmp_path: Path, month: str, word: str) -> None:
    refused(ssj("run", "--month", month, "--home", tmp_path), month, word)


def test_generate_is_deterministic_and_goes_where_it_is_told(tmp_path: Path) -> None:
    plain = ssj("generate", "--month", MONTH, "--enterprises", 120, "--seed", 3, home=tmp_path / "home")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "120 户" in plain.stdout and str(tmp_path / "home" / "inbox") in plain.stdout
    told = ssj("generate", "--month", MONTH, "--enterprises", 120, "--seed", 3, "--out", tmp_path / "out" / "inbox")
    assert told.returncode == 0
    first = digests(tmp_path / "home" / "inbox")
    assert len(first) > 50 and digests(tmp_path / "out" / "inbox") == first
    assert not (tmp_path / "out" / "truth.json").exists()
    other = ssj("generate", "--month", MONTH, "--enterprises", 120, "--seed", 4, "--out", tmp_path / "other" / "inbox")
    assert other.returncode == 0 and digests(tmp_path / "other" / "inbox") != first
    refused(
        ssj("generate", "--month", MONTH, "--enterprises", 120, "--out", tmp_path / "out" / "inbox"), "inbox", "换一个"
    )
    assert digests(tmp_path / "out" / "inbox") == first


def test_generate_with_defects_writes_their_list(tmp_path: Path) -> None:
    out = tmp_path / "inbox"
    done = ssj("generate", "--month", MONTH, "--enterprises", 150, "--defects", 0.05, "--out", out)
    assert done.returncode == 0
    assert len(json.loads((tmp_path / "truth.json").read_bytes())) > 20


@pytest.mark.parametrize("registry", ["none.csv", "empty.csv", "other.csv"])
def test_generate_refuses_a_registry_it_cannot_use(tmp_path: Path, registry: str) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    done = ssj("generate", "--month", MONTH, "--out", tmp_path / "inbox", "--registry", tmp_path / registry)
    refused(done, registry)
    assert digests(tmp_path / "inbox") == {}


def test_generate_refuses_a_place_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(ssj("generate", "--month", MONTH, "--enterprises", 100, "--out", tmp_path / "file"), "file", "路径")
    refused(ssj("generate", "--month", "2026-1", "--out", tmp_path / "inbox"), "2026-1", "YYYY-MM")


def test_with_a_registry_the_first_rows_are_taken(tmp_path: Path) -> None:
    """A made-up register in the layout of the real ones: nothing of a real row stands here."""
    header = ["企业名称", "统一社会信用代码", "注册日期", "企业类型", "注册资金", "经营范围", "注册地址"]
    given = tmp_path / "given.csv"
    made = ssj("generate", "--month", MONTH, "--enterprises", 100, "--out", tmp_path / "made")
    assert made.returncode == 0
    [source] = (tmp_path / "made").glob("*/register.*")
    sheet = _sheet(source)
    with given.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_layout(header))
        for row in sheet:
            named = {
                "企业名称": "企业名称",
                "统一社会信用代码": "统一社会信用代码",
                "注册日期": "成立日期",
                "注册地址": "住所",
            }
            cells = {title: row[ours] for title, ours in named.items()}
            writer.writerow([cells.get(title, "N/A") for title in _layout(header)])
    for asked, rows in ((7, 7), (None, len(sheet))):
        out = tmp_path / f"inbox{rows}"
        option = ("--enterprises", asked) if asked else ()
        done = ssj("generate", "--month", MONTH, "--registry", given, *option, "--out", out)
        assert done.returncode == 0, done.stderr
        [register] = out.glob("*/register.*")
        names = [row["企业名称"] for row in _sheet(register)]
        assert names == [row["企业名称"] for row in sheet[:rows]]
        manifest = json.loads((register.parent / "manifest.json").read_text("utf-8"))
        assert manifest["registry_rows"] == "real"


def _layout(header: list[str]) -> list[str]:
    from sample_city.subjects import REGISTRY_HEADER

    assert set(header) <= set(REGISTRY_HEADER)
    return list(REGISTRY_HEADER)


def _sheet(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        table: list[dict[str, str]] = pq.read_table(path).to_pylist()
        return table
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    _, header, *body = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    return [{str(h): str(c) for h, c in zip(header, row, strict=True)} for row in body]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("workdays", "2025-09-26", "7"),
        ("redraw", "tests/golden/draw_example_1", "--out", "{tmp}/again"),
        ("redraw", "tests/golden/draw_example_1"),
    ],
)
def test_a_quick_verb_loads_no_heavy_library(checkout: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code = "import sys\nfrom pipelines.cli import main\ntry:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    words = [sys.executable, "-c", code, *(word.format(tmp=tmp_path) for word in arguments)]
    done = subprocess.run(words, cwd=checkout, env=NO_PLACE, capture_output=True, text=True, timeout=60, check=False)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert {"typer", "pipelines.cli"} <= loaded
    assert [name for name in HEAVY if name in loaded] == []
