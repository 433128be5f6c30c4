"""Whatever a file holds, reading it ends soon, in little memory, with one sentence; and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources.engines.duckdb_engine import ROW_GROUP_SIZE
from resources.inbox import read_file, sandbox
from resources.inbox.errors import Drift
from resources.inbox.sandbox import Budget, Job, Outcome, Sandbox, budget_of
from tests.unit.hostile_files import HOSTILE, MB, csv_bytes, sound_2003, sound_parquet, workbook
from tests.unit.small_contracts import PERMIT, uscc

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期"]
ROWS = [[uscc(n), f"样例{n}号店", f"文{n}号", "2026-09-01"] for n in range(3)]
# What a reader could not put in words itself.
LIMITS = ("memory", "timeout", "crashed")
# Words of a maker's name -> what the sentence must say.
SAYS = {
    "entities": "声明了文档类型或实体",
    "overlap": "互相重叠",
    "path": "路径",
    "bomb": "压缩炸弹",
    "blanks": "压缩炸弹",
    "shared string": "有一格超过",
    "inline string": "有一格超过",
    "16,384": "列",
    "password": "密码",
    "archive inside": "又是压缩包",
    "link": "链接",
}
REACH_A_LIMIT = (
    "xlsx: rows far away that do not own up",
    "xls: sectors in a circle",
    "parquet: a cell of 300 MB among 10,000",
)


@pytest.fixture
def before() -> set[int]:
    """The workers of other tests' sandboxes."""
    return set(children(os.getpid(), "reader_process"))


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def job(path: Path, rows: int | None = None) -> Job:
    return Job(path, PERMIT, rows, path.parent / "lake" / f"{path.name}.parquet")


def one(box: Sandbox, path: Path, rows: int | None = None) -> Outcome:
    [outcome] = box.read([job(path, rows)])
    return outcome


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_files_are_quarantined_soon_and_in_little_memory(
    tmp_path: Path, box: Sandbox, name: str
) -> None:
    path = tmp_path / "delivered.xlsx"
    HOSTILE[name](path)
    outcome = one(box, path)
    if path.is_file():
        path.unlink()  # some have 300 MB, and pytest keeps the last folders
    assert outcome.state == "quarantined"
    # The sentence of a reader says more than that of a limit.
    assert outcome.kind in (LIMITS if name in REACH_A_LIMIT else ("unreadable", "hostile", "too_big")), outcome.reason
    assert outcome.reason
    assert all(said in outcome.reason for word, said in SAYS.items() if word in name)
    assert f"{tmp_path.name}/delivered.xlsx" in outcome.reason
    assert outcome.reason.endswith("。")
    assert "\n" not in outcome.reason
    assert outcome.seconds < 10
    assert outcome.peak_bytes < 512 * MB
    assert not [*(tmp_path / "lake").iterdir()]


@pytest.mark.parametrize(
    "data",
    [csv_bytes([HEAD, *ROWS]), workbook([HEAD, *ROWS]), sound_2003(), sound_parquet()],
    ids=["csv", "xlsx", "xml", "parquet"],
)
def test_a_table_is_written_as_it_is_read_here(tmp_path: Path, box: Sandbox, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    outcome = one(box, path)
    assert (outcome.state, outcome.kind, outcome.reason) == ("read", None, None), outcome.reason
    raw = read_file(path, PERMIT)
    stored = pq.read_table(outcome.job.target)
    digest = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert set(stored.column("file_sha256").to_pylist()) == {digest}
    assert stored.drop_columns(["file_sha256"]).equals(raw.table.combine_chunks())
    assert (outcome.columns, outcome.sheets, outcome.rows) == (raw.columns, raw.sheets, raw.table.num_rows)
    assert outcome.job.target.stat().st_mode & 0o777 == 0o600
    assert outcome.peak_bytes < 160 * MB


def test_row_groups_are_those_of_the_engine(tmp_path: Path, box: Sandbox) -> None:
    many = [HEAD, *([ROWS[0]] * (2 * ROW_GROUP_SIZE + 5))]
    (tmp_path / "a").write_bytes(csv_bytes(many))
    footer = pq.ParquetFile(one(box, tmp_path / "a").job.target).metadata
    assert [footer.row_group(n).num_rows for n in range(footer.num_row_groups)] == [ROW_GROUP_SIZE, ROW_GROUP_SIZE, 5]
    assert footer.row_group(0).column(0).compression == "ZSTD"


def test_outcomes_come_in_the_order_of_the_jobs(tmp_path: Path, box: Sandbox) -> None:
    jobs = []
    for number in range(30):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(csv_bytes([HEAD, *ROWS[:2] * (1 + 2_000 * (number % 3 == 0))]))
        jobs.append(job(path, None if number % 2 else 2))
    outcomes = list(box.read(jobs))
    assert [outcome.job for outcome in outcomes] == jobs
    assert [outcome.kind for outcome in outcomes[:4]] == ["rows_mismatch", None, None, None]
    assert "读到 4002 行数据，清单登记 2 行" in (outcomes[0].reason or "")


def test_drifts_cross_over(tmp_path: Path, box: Sandbox) -> None:
    (tmp_path / "a").write_bytes(csv_bytes([[*HEAD[:3], "新的列"], *ROWS]))
    outcome = one(box, tmp_path / "a")
    assert outcome.kind == "drift"
    assert Drift("new", None, "新的列") in outcome.drifts
    assert Drift("dropped", "signed_on", None) in outcome.drifts


def blocked(path: Path) -> Path:
    """A file whose reading never ends: a pipe that nobody writes to."""
    os.mkfifo(path)
    return path


def test_time_is_up_and_the_next_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(csv_bytes([HEAD, *ROWS]))
    with Sandbox(1, budget=Budget(512 * MB, 0.5)) as box:
        started = time.monotonic()
        first, second = box.read([job(blocked(tmp_path / "a")), job(tmp_path / "b")])
        assert time.monotonic() - started < 5
    assert (first.state, first.kind) == ("quarantined", "timeout")
    assert "读取超过 0.5 秒" in (first.reason or "")
    assert second.state == "read"


@pytest.mark.parametrize("megabytes", [160, 250])
def test_memory_is_up_wherever_that_happens(tmp_path: Path, megabytes: int) -> None:
    """In Python, in Arrow or in the workbook reader: one outcome, and the next file is read."""
    rows = [[*ROWS[0][:2], f"文{n}", "2026-09-01"] for n in range(60_000)]
    (tmp_path / "small").write_bytes(csv_bytes([HEAD, *ROWS]))
    table = pa.table({name: [row[place] * 20 for row in rows] for place, name in enumerate(HEAD)})
    pq.write_table(table, tmp_path / "a")
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "b")) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEAD, *rows]):
            sheet.write_row(number, 0, row)
    with Sandbox(1, budget=Budget(megabytes * MB, 60)) as box:
        outcomes = list(box.read([job(tmp_path / name) for name in ("a", "b", "small")]))
    for outcome in outcomes[:2]:
        assert outcome.state == "read" or outcome.kind == "memory", outcome
        assert outcome.peak_bytes < (megabytes + 80) * MB
        assert outcome.kind is None or f"内存上限 {megabytes} MB" in (outcome.reason or "")
    if megabytes == 160:
        assert [outcome.kind for outcome in outcomes[:2]] == ["memory", "memory"]
    assert outcomes[2].state == "read"


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGBUS])
def test_a_child_that_dies_is_one_outcome(tmp_path: Path, before: set[int], how: signal.Signals) -> None:
    (tmp_path / "b").write_bytes(csv_bytes([HEAD, *ROWS]))
    with Sandbox(1) as box:
        reading = box.read([job(blocked(tmp_path / "a")), job(tmp_path / "b")])
        worker = only(lambda: workers(before))
        os.kill(only(lambda: children(worker)), how)
        first, second = reading
    assert first.kind == ("memory" if how == signal.SIGKILL else "crashed")
    if how != signal.SIGKILL:
        assert f"使读取程序出错（{how.name}）" in (first.reason or "")
    assert second.state == "read"
    assert left_behind(tmp_path) == []


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, before: set[int]) -> None:
    (tmp_path / "a").write_bytes(csv_bytes([HEAD, *ROWS]))
    with Sandbox(1) as box:
        assert one(box, tmp_path / "a").state == "read"
        os.kill(only(lambda: workers(before)), signal.SIGKILL)
        assert one(box, tmp_path / "a").state == "read"
    assert left_behind(tmp_path) == []


def test_an_error_nobody_foresaw_tells_no_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from resources.inbox import reader_process\n"
        "def read(request, folder): raise KeyError('140800199001011234')\n"
        "reader_process._reader = lambda: read\nreader_process.main()"
    )
    monkeypatch.setattr(sandbox, "START", start)
    with Sandbox(1) as box:
        outcome = one(box, tmp_path / "a")
    assert outcome.kind == "crashed"
    assert "KeyError，<string> 第 3 行" in (outcome.reason or "")
    assert "1408" not in (outcome.reason or "")


def test_no_worker_sees_a_secret(tmp_path: Path, before: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSJ_PASSWORD", "geheim")
    with Sandbox(1) as box:
        reading = box.read([job(blocked(tmp_path / "a"))])
        worker = only(lambda: workers(before))
        assert b"geheim" not in Path(f"/proc/{worker}/environ").read_bytes()
        only(lambda: children(worker))
        os.kill(only(lambda: children(worker)), signal.SIGKILL)
        list(reading)


PARENT = """
import sys
from pathlib import Path
from resources.inbox.sandbox import Budget, Job, Sandbox
from tests.unit.small_contracts import PERMIT
folder = Path(sys.argv[1])
with Sandbox(2, budget=Budget(512 * 2**20, 60)) as box:
    jobs = [Job(folder / name, PERMIT, None, folder / "lake" / name) for name in "ab"]
    print("started", flush=True)
    list(box.read(jobs))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_neither_process_nor_file(tmp_path: Path, checkout: Path, how: signal.Signals) -> None:
    for name in "ab":
        blocked(tmp_path / name)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, cwd=checkout)
    assert parent.stdout is not None
    parent.stdout.readline()
    waited(lambda: len(children(parent.pid, "reader_process")) == 2)
    workers = children(parent.pid, "reader_process")
    waited(lambda: all(children(worker) for worker in workers) and len(left_behind(tmp_path)) == 2)
    readers = [child for worker in workers for child in children(worker)]
    parent.send_signal(how)
    parent.wait()
    parent.stdout.close()
    waited(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (*workers, *readers)))
    assert left_behind(tmp_path) == []


def test_leaving_early_ends_what_is_under_way(tmp_path: Path, before: set[int]) -> None:
    with pytest.raises(ValueError, match="enough"), Sandbox(2, budget=Budget(512 * MB, 3)) as box:
        box.read([job(blocked(tmp_path / str(number))) for number in range(20)])
        waited(lambda: len(workers(before)) == 2)
        raise ValueError("enough")
    assert workers(before) == []
    assert left_behind(tmp_path) == []


def test_how_long_a_small_file_takes(tmp_path: Path) -> None:
    """Generous bounds, for a busy machine: a worker's start, and each file after it."""
    for number in range(40):
        (tmp_path / f"{number}.csv").write_bytes(csv_bytes([HEAD, *ROWS]))
    started = time.monotonic()
    with Sandbox(1) as box:
        assert one(box, tmp_path / "0.csv").state == "read"
        assert time.monotonic() - started < 5
        outcomes = list(box.read([job(tmp_path / f"{number}.csv") for number in range(40)]))
    assert sorted(outcome.seconds for outcome in outcomes)[20] < 0.15


def test_the_budget_grows_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a")
    assert budget_of(tmp_path / "a.csv") == budget_of(tmp_path / "missing") == Budget(440 * MB, 9)
    with (tmp_path / "b.csv").open("wb") as file:
        file.truncate(100 * MB)
    assert budget_of(tmp_path / "b.csv") == Budget(1040 * MB, 29)
    shutil.copy(tmp_path / "b.csv", tmp_path / "c.xlsx")
    with (tmp_path / "c.xlsx").open("r+b") as file:
        file.write(b"PK")
    assert budget_of(tmp_path / "c.xlsx") == Budget(1800 * MB, 209)
    with (tmp_path / "d.parquet").open("wb") as file:
        file.write(b"PAR1")
        file.truncate(20 * MB)
    assert budget_of(tmp_path / "d.parquet") == Budget((440 + 20 * 45) * MB, 49)  # packed, as a register of 1M rows is


def test_a_contract_crosses_over_unchanged() -> None:
    import json

    from data_contracts.model import source_contracts
    from resources.inbox.reader_process import contract_from

    for contract in (PERMIT, replace(PERMIT, split_parties=("uscc", "party_name")), *source_contracts()):
        request = sandbox._request(Job(Path("a"), contract, None, Path("b")), Budget(1, 1))
        assert contract_from(json.loads(json.dumps(request))["contract"]) == contract


def children(parent: int, named: str = "") -> list[int]:
    """Living processes started by one, whose command line holds a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, started_by = path.read_text().rpartition(")")[2].split()[:2]
            if int(started_by) == parent and state != "Z" and named in (path.parent / "cmdline").read_text():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def workers(before: set[int]) -> list[int]:
    return [pid for pid in children(os.getpid(), "reader_process") if pid not in before]


def only(find: Callable[[], list[int]]) -> int:
    waited(lambda: len(find()) == 1)
    return int(find()[0])


def waited(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("lake/.*"))
