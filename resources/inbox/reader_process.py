"""The process that reads files for a `Sandbox`: a worker that forks for each file and judges how the child ended.

Here: the loop of requests and answers (one JSON line each), the limits of a child, moving a finished table to its place.
Not here: reading (reading, delimited), sentences for files (there, and sandbox).
The worker never touches what a file holds; only its children do. A child writes one JSON line to a pipe and a Parquet
file into a folder beside the target; the worker renames that file when all is well and removes the folder in any case.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, NoReturn

from data_contracts.model import Column, Contract, Rule
from resources.inbox.sandbox import TABLE, temporary_of

MAX_ANSWER = 16 * 1024**2
MAX_WRITTEN = 8 * 1024**3  # a table as Parquet, or what an archive unpacks to
MAX_OPEN_FILES = 128
# What libraries say when memory, or the stack of one more thread, cannot be had.
_OUT_OF_MEMORY = re.compile(
    r"memory allocation|out of memory|bad_alloc|allocate memory|MemoryError|(?:malloc|realloc) of size|worker thread"
    r"|Resource temporarily unavailable|failed to spawn thread|PyObject pointer is null",
    re.IGNORECASE,
)
_NEARLY = 0.8  # of the limit: what dies there, dies of it
_PATIENCE_MS = 50


def main() -> None:
    """Serve requests from stdin until it closes; answers go to what stdout was."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    read = _reader()
    _send(answers, {"ready": True})
    lines = _Lines(requests)
    while (line := lines.next()) is not None:
        _send(answers, _serve(json.loads(line), lines, read))


def _reader() -> Callable[[dict[str, Any], Path], dict[str, Any]]:
    """The libraries, loaded once; nothing of them may have started a thread before the first fork."""
    # pyarrow would load pandas, which is not needed here, anew in every child: 150 ms each.
    sys.meta_path.insert(0, _NoPandas())
    for name in ("utf-8-sig", "gb18030", "utf-16", "cp437"):
        codecs.lookup(name)
    from resources.inbox.received_table import read_to_parquet

    def read(request: dict[str, Any], folder: Path) -> dict[str, Any]:
        return read_to_parquet(Path(request["path"]), contract_from(request["contract"]), request["rows"], folder)

    return read


class _NoPandas(MetaPathFinder):
    """Finds nothing under that name: as if it were not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Refuse pandas, leave the rest to others."""
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def contract_from(given: dict[str, Any]) -> Contract:
    """The contract as it was before `dataclasses.asdict` and JSON."""
    columns = tuple(Column(**_tupled(column)) for column in given["columns"])
    rules = tuple(Rule(**_tupled(rule)) for rule in given["rules"])
    return Contract(**(_tupled(given) | {"columns": columns, "rules": rules}))


def _tupled(given: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


class _Lines:
    """Lines of a pipe, and whether it was closed."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.kept = b""

    def next(self) -> bytes | None:
        """The next line; None at the end."""
        while b"\n" not in self.kept:
            block = os.read(self.descriptor, 1 << 16)
            if not block:
                return None
            self.kept += block
        line, _, self.kept = self.kept.partition(b"\n")
        return line


@dataclass(slots=True)
class _Ending:
    """How a child ended: what it said, wait status (None: killed for its time), what it used, what it printed."""

    said: bytes
    status: int
    timed_out: bool
    used: resource.struct_rusage
    printed: bytes


def _serve(request: dict[str, Any], lines: _Lines, read: Callable[[dict[str, Any], Path], dict[str, Any]]) -> Any:
    target = Path(request["target"])
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = temporary_of(target, os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    started = time.monotonic()
    try:
        ending = _fork(request, folder, lines, read)
        answer = _answer(ending, request["memory"])
        if answer["state"] == "read":
            os.replace(folder / TABLE, target)
            _sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    limits = {"limit_bytes": request["memory"], "limit_seconds": request["seconds"]}
    took = {"seconds": time.monotonic() - started, "peak_bytes": ending.used.ru_maxrss * 1024}
    return {**answer, **limits, **took}


def _fork(
    request: dict[str, Any], folder: Path, lines: _Lines, read: Callable[[dict[str, Any], Path], dict[str, Any]]
) -> _Ending:
    said_from, said_to = os.pipe()
    printed = os.memfd_create("stderr")
    child = os.fork()
    if child == 0:
        os.close(said_from)
        _child(request, folder, said_to, printed, read)
    os.close(said_to)
    poll = select.poll()
    poll.register(said_from, select.POLLIN | select.POLLHUP)
    poll.register(lines.descriptor, select.POLLIN | select.POLLHUP)
    deadline = time.monotonic() + request["seconds"]
    said = bytearray()
    timed_out = is_done = False
    while not (timed_out or is_done):
        ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000 + 1))
        timed_out = time.monotonic() >= deadline
        if lines.descriptor in ready:
            # Nobody asks while an answer is due: the parent is gone.
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)
        if said_from in ready:
            block = os.read(said_from, 1 << 16)
            said += block
            is_done = not block or len(said) > MAX_ANSWER
    if not _gone(child, 0 if timed_out else _PATIENCE_MS):
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    os.close(said_from)
    os.lseek(printed, 0, os.SEEK_SET)
    text = os.read(printed, 1 << 16)
    os.close(printed)
    return _Ending(bytes(said), status, timed_out, used, text)


def _gone(child: int, milliseconds: int) -> bool:
    """Whether the child has ended, or does so in a moment; it is not waited for (its usage is still to be read)."""
    deadline = time.monotonic() + milliseconds / 1000
    while True:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.001)


def _answer(ending: _Ending, memory: int) -> dict[str, Any]:
    code = os.waitstatus_to_exitcode(ending.status)
    if code == 0 and not ending.timed_out and ending.said.endswith(b"\n"):
        with contextlib.suppress(ValueError):
            answer: dict[str, Any] = json.loads(ending.said)
            return answer
    detail = ""
    if ending.timed_out or code == -signal.SIGXCPU:
        kind = "timeout"
    elif (
        code == -signal.SIGKILL
        or (code < 0 and ending.used.ru_maxrss * 1024 > _NEARLY * memory)
        or _OUT_OF_MEMORY.search(ending.printed.decode(errors="replace"))
    ):
        kind = "memory"  # nobody but the kernel, short of memory, kills a child that is in time
    else:
        kind = "crashed"
        detail = signal.Signals(-code).name if code < 0 else ""
    return {"state": "quarantined", "kind": kind, "reason": None, "detail": detail}


def _child(
    request: dict[str, Any],
    folder: Path,
    said_to: int,
    printed: int,
    read: Callable[[dict[str, Any], Path], dict[str, Any]],
) -> NoReturn:
    try:
        os.dup2(printed, 2)
        _limit(request["memory"], request["seconds"])
        tempfile.tempdir = str(folder)
        answer = _judged(request, folder, read)
        _send(said_to, answer)
        os._exit(0)
    finally:
        os._exit(70)


def _limit(memory: int, seconds: float) -> None:
    """From here on no more than this: memory of its own, processor and wall time, files written and open, no core dump."""
    processor = int(seconds * 2) + 2  # two cores
    signal.setitimer(signal.ITIMER_REAL, seconds + 2)  # kills even when nobody watches any more
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _judged(
    request: dict[str, Any], folder: Path, read: Callable[[dict[str, Any], Path], dict[str, Any]]
) -> dict[str, Any]:
    """The reader's answer, or how it failed; never the text of an unforeseen error, which may quote a cell."""
    from resources.inbox.errors import DriftError, InboxError
    from supervision.personal_numbers import masked

    try:
        return read(request, folder)
    except InboxError as error:
        if _is_memory(error):
            return {"state": "quarantined", "kind": "memory", "reason": None}
        found = error.drifts if isinstance(error, DriftError) else ()  # a header, too, may hold the number of a person
        drifts = [asdict(replace(drift, header=masked(drift.header).text if drift.header else None)) for drift in found]
        return {"state": "quarantined", "kind": error.kind, "reason": masked(str(error)).text, "drifts": drifts}
    except BaseException as error:  # panics of compiled libraries are no Exception
        if _is_memory(error):
            return {"state": "quarantined", "kind": "memory", "reason": None}
        frame = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}，{Path(frame.filename).name} 第 {frame.lineno} 行"
        return {"state": "quarantined", "kind": "crashed", "reason": None, "detail": detail}


def _is_memory(error: BaseException | None) -> bool:
    """Whether memory was the cause, also where a reader took it for damage."""
    while error is not None:
        if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)):
            return True
        error = error.__cause__
    return False


def _send(descriptor: int, answer: dict[str, Any]) -> None:
    data = memoryview(json.dumps(answer).encode() + b"\n")
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()
