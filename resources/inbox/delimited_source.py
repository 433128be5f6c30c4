"""The bytes of a CSV, taken block by block or record by record from one place in the file.

Here: encodings, where a block of whole records ends, records by the csv module, lines and cells too long to be true.
Not here: what records mean, the quick way (delimited).
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.inbox.errors import FaultKind, InboxError
from resources.inbox.measure import MAX_COLUMNS
from resources.inbox.sheets import Row

Encoding = Literal["utf-8", "gb18030"]

MAX_LINE = 4 * 1024**2  # bytes; 512 cells of a thousand characters have half of it
MAX_RECORD = 8 * 1024**2  # a record with line breaks inside its cells
MAX_CELL = csv.field_size_limit()  # characters
_READ = 4 * 1024**2
LARGEST_BLOCK = 8 * 1024**2
_BUFFER = LARGEST_BLOCK + 1024**2
_LEAST = 64 * 1024  # read at a time
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r(?!\Z))")
_QUOTE, _RETURN, _BREAK = b'"\r\n'
_BEFORE = np.frombuffer(b',\n"', np.uint8)
_AFTER = np.frombuffer(b',\r\n"', np.uint8)
_NONE = np.array([], dtype=np.int64)
_TRIES = 64
_PIECE = 256 * 1024


def encoding_of(path: Path, label: str) -> Encoding:
    """UTF-8 (with or without BOM) when every byte is, else GB18030 (which includes GBK and GB2312).

    InboxError: a NUL byte, which no text has.
    """
    encoding: Encoding = "utf-8"
    buffer = bytearray(_PIECE)
    free = memoryview(buffer)
    rest = 0  # bytes of a character that the last piece cut off
    with path.open("rb", buffering=0) as file:
        while got := file.readinto(free[rest:]) or 0:
            if buffer.find(b"\0", rest, rest + got) >= 0:
                raise InboxError(
                    f"{label} 第 {_line_of_nul(path)} 行附近有空字节（NUL），不是完好的文本，请报送单位重新导出为 CSV 后送达。",
                    kind="hostile",
                )
            if encoding == "utf-8":
                whole = _whole_characters(buffer, rest + got)
                if not _is_utf8(buffer, whole):
                    encoding = "gb18030"
                left = buffer[whole : rest + got]
                rest = len(left)
                buffer[:rest] = left
    return "gb18030" if encoding == "utf-8" and rest else encoding


def _line_of_nul(path: Path) -> int:
    line = 1
    with path.open("rb") as file:
        while (block := file.read(_READ)) and b"\0" not in block:
            line += block.count(b"\n")
    return line + block.count(b"\n", 0, max(0, block.find(b"\0")))


def _whole_characters(text: bytearray, size: int) -> int:
    """Size without a character that may have been cut off at the end."""
    for back in range(1, min(3, size) + 1):
        byte = text[size - back]
        if byte >= 0xC0:
            return size - back if back < _length(byte) else size
        if byte < 0x80:
            break
    return size


def _length(first: int) -> int:
    return 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2


def _is_utf8(text: bytearray, size: int) -> bool:
    ends = np.array([0, size], dtype=np.int64)
    array = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(ends), pa.py_buffer(text)])
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


class DelimitedSource:
    """A place in the file; all is UTF-8 from here on, without BOM. `next_row`: of the record that begins here;
    `has_quotes`: of the last block."""

    def __init__(self, file: IO[bytes], encoding: Encoding, label: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)() if encoding != "utf-8" else None
        self._decoded = b""
        self._label = label
        # Filled again and again, so that no block is copied to be looked at.
        self._buffer = bytearray(_BUFFER)
        self._at = self._end = 0
        self._is_read = False
        self._passed = 0  # bytes that were in the buffer before
        self.next_row = 1
        self.has_quotes = False
        self._record_bytes = 0
        if self._ahead(3) >= 3 and self._buffer.startswith(codecs.BOM_UTF8) and encoding == "utf-8":
            self._at = 3

    def _ahead(self, size: int) -> int:
        """See to it that `size` bytes stand ready, or all that are left; how many do."""
        if self._end - self._at < size and not self._is_read:
            if self._at:
                left = self._buffer[self._at : self._end]
                self._buffer[: len(left)] = left
                self._passed += self._at
                self._at, self._end = 0, len(left)
            free = memoryview(self._buffer)
            while self._end < size and not self._is_read:
                got = self._fill(free[self._end : max(size, self._end + _LEAST)])
                if (nul := self._buffer.find(b"\0", self._end, self._end + got)) >= 0:
                    raise UnicodeDecodeError("utf-8", b"\0", 0, 1, f"NUL at {self._passed + nul}")
                self._end += got
                self._is_read = not got
        return self._end - self._at

    def _fill(self, free: memoryview) -> int:
        if self._decoder is None:
            return self._file.readinto(free)  # type: ignore[attr-defined,no-any-return]
        while not self._decoded:
            read = self._file.read(_READ)
            try:
                self._decoded = self._decoder.decode(read, final=not read).encode()
            except UnicodeDecodeError as error:
                raise InboxError(
                    f"{self._label} 既不是 UTF-8 也不是 GB18030 编码，请另存为 UTF-8 的 CSV 后重新送达。"
                ) from error
            if not read:
                break
        given, self._decoded = self._decoded[: len(free)], self._decoded[len(free) :]
        free[: len(given)] = given
        return len(given)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._ahead(1) == 0

    def block(self, size: int) -> memoryview:
        """About `size` bytes of whole records from here on, left in place; empty where their end is not proven.

        Proven: lines end in LF or CRLF, quotes stand only around cells and doubled inside them.
        """
        left = self._ahead(size)
        is_last = self._is_read and left <= size
        data = memoryview(self._buffer)[self._at : self._at + min(size, left)]
        octets = np.frombuffer(data, np.uint8)
        self.has_quotes = self._buffer.find(b'"', self._at, self._at + len(data)) >= 0
        quotes = _places(octets, _QUOTE) if self.has_quotes else _NONE
        end = len(data) if is_last and len(quotes) % 2 == 0 else self._record_end(len(data), quotes)
        is_proven = (
            bytes(data[:3]) != codecs.BOM_UTF8  # which Arrow would leave out
            and self._has_no_lone_return(octets[:end])
            and _quotes_stand_well(octets[:end], quotes[quotes < end])
        )
        return data[:end] if is_proven else data[:0]

    def _record_end(self, size: int, quotes: NDArray[np.int64]) -> int:
        """Behind the last line break that is outside quotes, if quotes pair; 0 when none is found."""
        end = size
        for _ in range(_TRIES):
            at = self._buffer.rfind(b"\n", self._at, self._at + end) - self._at
            if at < 0:
                return 0
            before = int(np.searchsorted(quotes, at))
            if before % 2 == 0:
                return at + 1
            end = int(quotes[before - 1])
        return 0

    def _has_no_lone_return(self, octets: NDArray[np.uint8]) -> bool:
        if self._buffer.find(b"\r", self._at, self._at + len(octets)) < 0:
            return True
        places = _places(octets, _RETURN) + 1
        return bool(places[-1] < len(octets) and (octets[places] == _BREAK).all())

    def skip(self, size: int, rows: int) -> None:
        """Go on behind a block of so many bytes and records."""
        self._at += size
        self.next_row += rows

    def records(self, most: int = sys.maxsize, size: int = sys.maxsize) -> list[Row]:
        """The next records: at most so many, and no more once they have `size` bytes. InboxError names row and fault."""
        start = self._passed + self._at
        rows: list[Row] = []
        reader = csv.reader(self._lines(), strict=True)
        try:
            for row in reader:
                if len(row) > MAX_COLUMNS:
                    raise self._refused(
                        f"有 {len(row):,} 格，超过上限 {MAX_COLUMNS} 列：多半是远处有多余的格，请删去空列后重新送达。",
                        "too_big",
                    )
                rows.append(row)
                self.next_row += 1
                self._record_bytes = 0
                if len(rows) == most or self._passed + self._at - start >= size:
                    break
        except csv.Error as error:
            if "field limit" in str(error):
                raise self._refused(
                    f"有一格超过 {MAX_CELL:,} 个字，不像表格的格，请核对后重新送达。", "hostile"
                ) from error
            raise self._refused(
                "的引号不成对，或引号后还有文字，请重新导出为标准 CSV 后送达。", "unreadable"
            ) from error
        return rows

    def _lines(self) -> Iterator[str]:
        """Lines with their ends, as a file opened with newline='' gives them; what is given is passed."""
        while not self.is_done:
            found = _LINE.match(self._buffer, self._at, self._end)
            while not found and not self._is_read and self._end - self._at <= MAX_LINE:
                self._ahead(min(2 * (self._end - self._at), MAX_LINE) + 1)
                found = _LINE.match(self._buffer, self._at, self._end)
            end = found.end() if found else self._end
            self._record_bytes += end - self._at
            if end - self._at > MAX_LINE or self._record_bytes > MAX_RECORD:
                raise self._refused("过长，不像表格的行（多半是引号不成对，或没有换行），请核对后重新送达。", "hostile")
            line = self._buffer[self._at : end]
            self._at = end
            yield line.decode()

    def _refused(self, what: str, kind: FaultKind) -> InboxError:
        return InboxError(f"{self._label} 第 {self.next_row} 行{what}", kind=kind)


def _places(octets: NDArray[np.uint8], octet: int) -> NDArray[np.int64]:
    """Where an octet stands; piece by piece, because the cache holds a piece."""
    pieces = [
        np.flatnonzero(octets[start : start + _PIECE] == octet) + start for start in range(0, len(octets), _PIECE)
    ]
    return np.concatenate(pieces) if pieces else _NONE


def _quotes_stand_well(octets: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
    """Whether each odd quote opens a cell (or is the second of a doubled one) and each even one closes it (or the first)."""
    if not len(quotes):
        return True
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = octets[opening[opening > 0] - 1]
    after = octets[closing[closing + 1 < len(octets)] + 1]
    return bool(np.isin(before, _BEFORE).all() and np.isin(after, _AFTER).all())
