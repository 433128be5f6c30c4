"""Files read aside: each in a process of its own that may use only so much memory and time.

For: handing files to workers, their answers in the order asked, a sentence for every way in which a reading can end.
Not for: the reading itself (reading, reader_process), which files are read (received).
A worker (one per core) loads the libraries once and forks for each file. It has no secrets in its environment, ends when
its pipe does, and answers in JSON: nothing from a child is ever unpickled.
"""

from __future__ import annotations

import json
import os
import queue
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

from data_contracts.model import Contract
from resources.inbox.errors import Drift
from resources.inbox.masking import Counted
from resources.inbox.raw_table import SheetCount

State = Literal["read", "quarantined"]

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; sys.path.insert(0, sys.argv[1]); from resources.inbox.reader_process import main; main()"
# What a worker sees of the environment: no passwords, no proxies. The backtrace of a panic can lock the process up.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "RUST_BACKTRACE": "0",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the one that fails in order when memory is up
    "ARROW_IO_THREADS": "2",
    "OMP_NUM_THREADS": "2",
}
_KEPT = ("PATH", "LD_LIBRARY_PATH", "TZ", "SYSTEMROOT")

_MB = 1024**2
MIN_MEMORY = 440 * _MB  # data; with the libraries' code the process stays below 512 MB
MAX_MEMORY = 1_800 * _MB
MIN_SECONDS = 9.0
MAX_SECONDS = 600.0
# Bytes of memory, and seconds per MB, for each byte of file: a workbook unpacks to ten times its size and more.
_PACKED, _OTHER = (45, 2.0), (6, 0.2)  # Parquet is packed too: a register of 1M rows has 31 MB
TABLE = "table.parquet"  # what a child writes into its folder
_START_SECONDS = 60.0
_GRACE_SECONDS = 20.0


class SandboxError(Exception):
    """No worker could be started: a fault of this machine, not of a file."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the reading of one file may use: bytes of memory, seconds by the clock on the wall."""

    memory: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be read under a contract into the Parquet file `target`; `rows`: announced data rows or None."""

    path: Path
    contract: Contract
    rows: int | None
    target: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    read: `target` holds the table (RawTable.table and file_sha256); rows: its rows; columns: those the file brings;
    masked: numbers of persons taken out.
    quarantined: `reason` is one sentence; kind: of the InboxError, or timeout, memory, crashed. A target is then not
    written. seconds, peak_bytes: what the reading took.
    """

    job: Job
    state: State
    kind: str | None = None
    reason: str | None = None
    sheets: tuple[SheetCount, ...] = ()
    drifts: tuple[Drift, ...] = ()
    rows: int | None = None
    columns: tuple[str, ...] = ()
    masked: Counted = field(default_factory=Counted)
    seconds: float = field(default=0.0, compare=False)
    peak_bytes: int = field(default=0, compare=False)


def budget_of(path: Path) -> Budget:
    """Memory and time by the size of the file and whether it is packed; the least for a file that cannot be seen."""
    try:
        if not path.is_file():  # to open a pipe would block here
            return Budget(MIN_MEMORY, MIN_SECONDS)
        size = path.stat().st_size
        with path.open("rb") as file:
            per_byte, per_mb = _PACKED if file.read(4).startswith((b"PK", b"PAR1")) else _OTHER
    except OSError:
        return Budget(MIN_MEMORY, MIN_SECONDS)
    return Budget(
        min(MAX_MEMORY, MIN_MEMORY + per_byte * (size // _MB) * _MB),
        min(MAX_SECONDS, MIN_SECONDS + per_mb * (size // _MB)),
    )


class Sandbox:
    """Workers that read files; as a context manager it ends them. `budget`: for all files alike, else `budget_of`."""

    def __init__(self, workers: int = 2, *, budget: Budget | None = None) -> None:
        """No process is started before the first file."""
        self.budget = budget
        self.workers = workers
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._pool: ThreadPoolExecutor | None = None
        self._workers: set[_Worker] = set()
        self._is_leaving = False

    def __enter__(self) -> Sandbox:
        """Ready to read."""
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers; a reading under way is given up."""
        self._is_leaving = True
        for worker in list(self._workers):
            worker.let_go()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        for worker in list(self._workers):
            self._end(worker)

    def read(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Read the files, two at a time; the outcomes in the order of the jobs. SandboxError: no worker starts."""
        if self._pool is None:
            raise SandboxError("读取进程尚未就绪：请在 with 语句中使用 Sandbox。")
        return self._pool.map(self._read, jobs)

    def _read(self, job: Job) -> Outcome:
        budget = self.budget or budget_of(job.path)
        worker = self._idle.get()
        try:
            for _ in range(2):
                # A worker that is gone (killed by someone) is no fault of the file: once more with a new one.
                if self._is_leaving:
                    break
                if worker is None:
                    worker = _Worker()
                    self._workers.add(worker)
                answer = worker.ask(_request(job, budget), budget.seconds + _GRACE_SECONDS)
                if answer is not None:
                    return _outcome(job, answer)
                self._end(worker)
                worker = None
        finally:
            self._idle.put(worker)
        return Outcome(
            job,
            "quarantined",
            "crashed",
            f"{_label(job)} 读取时读取进程中断，请检查这台机器后再试，或重新导出文件送达。",
        )

    def _end(self, worker: _Worker) -> None:
        worker.end()
        self._workers.discard(worker)


class _Worker:
    """One process that reads, and its pipes."""

    def __init__(self) -> None:
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | _ENVIRONMENT
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", START, str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends it
        )
        self.temporary: list[Path] = []
        if self._line(_START_SECONDS) is None:
            self.end()
            raise SandboxError(
                "读取文件的进程无法启动，请检查安装（python -m resources.inbox.reader_process）和可用内存。"
            )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Its answer to one request; None when it is gone or does not answer in time."""
        self.temporary = [temporary_of(Path(request["target"]), self.process.pid)]
        try:
            stdin = _pipe(self.process.stdin)
            stdin.write(json.dumps(request, ensure_ascii=True).encode() + b"\n")
            stdin.flush()
        except (OSError, ValueError):  # gone, or let go
            return None
        line = self._line(seconds)
        if line is None:
            return None
        self.temporary = []
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self, seconds: float) -> bytes | None:
        descriptor = _pipe(self.process.stdout).fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        deadline = time.monotonic() + seconds
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return None
            block = os.read(descriptor, 1 << 16)
            if not block:
                return None
            line += block
        return line

    def let_go(self) -> None:
        """Close its pipe, upon which it kills its child and ends."""
        with suppress(OSError):
            _pipe(self.process.stdin).close()

    def end(self) -> None:
        """Let it go and wait for it; kill it if it does not end."""
        self.let_go()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _pipe(self.process.stdout).close()
        for path in self.temporary:
            shutil.rmtree(path, ignore_errors=True)


def temporary_of(target: Path, pid: int) -> Path:
    """The folder beside `target` in which a worker's child writes; its name is one that the lake tidies up after."""
    return target.with_name(f".{target.name}.{pid}.tmp")


def _request(job: Job, budget: Budget) -> dict[str, Any]:
    return {
        "path": str(job.path),
        "contract": asdict(job.contract),
        "rows": job.rows,
        "target": str(job.target.absolute()),
        "memory": budget.memory,
        "seconds": budget.seconds,
    }


def _outcome(job: Job, answer: dict[str, Any]) -> Outcome:
    seconds, peak = float(answer["seconds"]), int(answer["peak_bytes"])
    if answer["state"] == "read":
        return Outcome(
            job,
            "read",
            sheets=tuple(SheetCount(**count) for count in answer["sheets"]),
            rows=int(answer["rows"]),
            columns=tuple(str(name) for name in answer["columns"]),
            masked=Counted(**answer["masked"]),
            seconds=seconds,
            peak_bytes=peak,
        )
    kind = str(answer["kind"])
    reason = str(answer["reason"]) if answer["reason"] else _sentence(job, kind, answer)
    drifts = tuple(Drift(**drift) for drift in answer.get("drifts") or ())
    return Outcome(job, "quarantined", kind, reason, drifts=drifts, seconds=seconds, peak_bytes=peak)


def _sentence(job: Job, kind: str, answer: dict[str, Any]) -> str:
    """For endings that no reader could put in words."""
    label = _label(job)
    if kind == "timeout":
        return (
            f"{label} 读取超过 {answer['limit_seconds']:g} 秒仍未读完，已停止：请另存为 CSV 或分成几个文件后重新送达。"
        )
    if kind == "memory":
        megabytes = answer["limit_bytes"] // _MB
        return f"{label} 读取时超过内存上限 {megabytes:,} MB，已停止：请另存为 CSV 或分成几个文件后重新送达。"
    where = f"（{answer['detail']}）" if answer.get("detail") else ""
    return f"{label} 使读取程序出错{where}，文件多半已损坏：请报送单位重新导出后送达，仍不行时把文件交给维护人员。"


def _label(job: Job) -> str:
    return f"{job.path.parent.name}/{job.path.name}"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise SandboxError("读取进程没有管道。")
    return pipe
