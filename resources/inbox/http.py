"""An interface that answers JSON over HTTP: read page by page into a stage.

Here: requests (httpx) with token, own pace, limits of size and time, no redirect to another host; paging by number and by
cursor; records to text; the announced total. Not here: how often a request is tried again (patience), what changed
(changes). The token stands in the environment only and goes to the one host of the connection.

What may pass (5xx, 429, time-outs, a cut or unreadable body) is tried again page by page. A listing that shifts while it
is read (another total, a record seen twice, a page that repeats) is read again from the start.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from resources.clock import SHANGHAI, now
from resources.inbox.connections import Connection, Http, PullError, secret
from resources.inbox.patience import Dropped, Patience, given_up
from resources.inbox.staging import Fetched, Stage

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_MOST_ASKED_WAIT = 300.0
_REDIRECTS = 3
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def fetch(
    connection: Connection, folder: Path, *, after: str | None, first: bool, patience: Patience | None = None
) -> Fetched:
    """Read the interface into `folder`.

    after: watermark of the last pull (None: everything). first: nothing was delivered yet, so the records are put down at
    once. PullError: given up, in one sentence.
    """
    patience = patience or Patience()
    with _Interface(connection, patience) as interface:
        try:
            for attempt in patience.retrying():
                with attempt:
                    return _listing(interface, folder, after, first)
        except Dropped as error:
            raise given_up(error, patience) from None
    raise AssertionError("tenacity ends with a result or an error")


def _listing(interface: _Interface, folder: Path, after: str | None, first: bool) -> Fetched:
    """Every page once; Dropped when the listing is not one consistent whole."""
    connection, access = interface.connection, interface.access
    stage_path = folder / "stage.parquet"
    seen: set[tuple[str | None, ...]] = set()
    present_fields: set[str] = set()
    watermark = after
    announced: int | None = None
    with Stage(connection, stage_path, folder / "records.parquet" if first else None) as stage:
        for answer in interface.pages(after):
            total, records = interface.total(answer), interface.records(answer)
            if announced is not None and total is not None and total != announced:
                raise Dropped(f"{interface.where}在取数期间变动（总数由 {announced} 变为 {total}）")
            announced = total if total is not None else announced
            if not records:
                if access.paging.kind == "page":
                    break  # an empty page is the end; a cursor says itself when there is no next one
                continue
            columns = {name: [_text(record, name, interface.where) for record in records] for name in connection.theirs}
            present_fields |= {name for name, cells in columns.items() if any(cell is not None for cell in cells)}
            stage.put({n: pa.array(cells, pa.string()) for n, cells in columns.items()}, {}, len(records))
            for key in zip(*(columns[name] for name in connection.key), strict=True):
                if key in seen:
                    raise Dropped(f"{interface.where}的分页重复给出同一条记录（翻页不生效，或取数期间有增删）")
                seen.add(key)
            if connection.watermark:
                watermark = _later(watermark, columns[connection.watermark])
            if interface.is_last(records, announced, stage.rows):
                break
    if announced is not None and stage.rows != announced:
        raise Dropped(f"{interface.where}声明共 {announced} 条，实际给出 {stage.rows} 条")
    required = [n for n, ours in connection.columns.items() if connection.contract.column(ours).required]
    absent = [name for name in (*connection.key, *required) if name not in present_fields]
    if stage.rows and absent:
        raise PullError(
            f"{interface.where}的记录中都没有字段「{'」「'.join(absent)}」（接口有变？）：请向该单位核对，改正连接的 columns、key 等项。"
        )
    whole = after is None and connection.deleted_rows == "withdraw" and access.since is not None
    return Fetched(stage.rows, stage_path, stage_path if whole else None, watermark)


class _Interface:
    """One client over one pull: where it may go, how fast, how long."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        assert isinstance(connection.access, Http)
        self.connection = connection
        self.access = connection.access
        self.patience = patience
        self.where = f"连接 {connection.name}（{connection.system}）"
        access = connection.access
        try:
            self.url = httpx.URL(access.url or secret(access.url_env or "", connection.name, "接口地址"))
        except httpx.InvalidURL:
            raise PullError(f"{self.where}的接口地址不合规范：请核对环境变量 {access.url_env}。") from None
        headers = {"Accept": "application/json", "User-Agent": "shuangsuiji"}
        if access.token_env:
            if self.url.scheme != "https" and self.url.host not in _LOOPBACK:
                raise PullError(f"{self.where}的地址不是 https，令牌会以明文传送：请改用 https 地址。")
            headers["Authorization"] = f"Bearer {secret(access.token_env, connection.name, '接口令牌')}"
        try:
            trust = ssl.create_default_context(cafile=str(access.ca_file) if access.ca_file else None)
        except OSError:
            raise PullError(f"{self.where}的 ca_file 读不出来，请核对证书文件。") from None
        self._client = httpx.Client(
            headers=headers, timeout=access.timeout_seconds, verify=trust, follow_redirects=False, trust_env=False
        )
        self._deadline = time.monotonic() + access.max_seconds
        self._next = time.monotonic()

    def __enter__(self) -> _Interface:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def pages(self, after: str | None) -> Iterator[Mapping[str, Any]]:
        """The answers one after another; the reader stops when it has what it needs."""
        paging = self.access.paging
        fixed = dict(self.access.parameters)
        if paging.size_parameter:
            fixed[paging.size_parameter] = str(paging.size)
        if self.access.since and after is not None:
            fixed[self.access.since] = self._less_overlap(after)
        place: str | None = str(paging.first) if paging.kind == "page" else None
        places: set[str | None] = set()
        while True:
            if place in places:
                raise Dropped(f"{self.where}的下一页游标重复，翻页不前进")
            places.add(place)
            answer = self._again(fixed if place is None else fixed | {paging.parameter: place})
            yield answer
            if paging.kind == "page":
                place = str(int(place or 0) + 1)
                continue
            following = _at(answer, paging.next or "")
            if following in (None, ""):
                return
            place = str(following)

    def is_last(self, records: Sequence[object], announced: int | None, rows: int) -> bool:
        """By number: all that was announced has come, or (nothing announced) a page is not full."""
        if self.access.paging.kind == "cursor":
            return False  # the answer says when there is no next page
        return rows >= announced if announced is not None else len(records) < self.access.paging.size

    def total(self, answer: Mapping[str, Any]) -> int | None:
        """The number of records the answer announces; None when the connection names no place for it."""
        if self.access.total is None:
            return None
        value = _at(answer, self.access.total)
        try:
            return int(str(value))
        except ValueError:
            raise PullError(f"{self.where}的回答中「{self.access.total}」不是总数，请核对连接的 total。") from None

    def records(self, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The records of an answer."""
        found = _at(answer, self.access.records)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise PullError(f"{self.where}的回答中「{self.access.records}」不是记录列表，请核对连接的 records。")
        return found

    def _again(self, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            for attempt in self.patience.retrying():
                with attempt:
                    return self._ask(parameters)
        except Dropped as error:
            raise given_up(error, self.patience) from None
        raise AssertionError("tenacity ends with a result or an error")

    def _ask(self, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        url = self.url.copy_merge_params(parameters)
        for _ in range(_REDIRECTS + 1):
            self._pace()
            try:
                with self._client.stream("GET", url) as response:
                    if response.is_redirect:
                        url = self._followed(url, response)
                        continue
                    self._judge(response)
                    body = self._body(response)
            except httpx.TimeoutException:
                raise Dropped(f"{self.where}超过 {self.access.timeout_seconds:g} 秒没有回答") from None
            except (httpx.HTTPError, httpx.InvalidURL):
                raise Dropped(f"{self.where}连不上或传输中断") from None
            try:
                # Numbers stay as they are written: 0.10 is not 0.1 in a decision.
                answer = json.loads(body.decode("utf-8-sig"), parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                raise Dropped(f"{self.where}的回答不是完整的 JSON") from None
            if not isinstance(answer, dict):
                raise PullError(f"{self.where}的回答不是 JSON 对象，请核对接口地址。")
            return answer
        raise PullError(f"{self.where}连续转址，请核对接口地址。")

    def _pace(self) -> None:
        """Own pace between requests, and the end of all patience."""
        wait = self._next - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        if time.monotonic() > self._deadline:
            raise PullError(
                f"{self.where}取数超过 {self.access.max_seconds} 秒，已停止，没有写入任何内容：请缩小每次取数的范围，或加大 max_seconds。"
            )
        self._next = time.monotonic() + 1 / self.access.per_second

    def _followed(self, url: httpx.URL, response: httpx.Response) -> httpx.URL:
        target = url.join(response.headers.get("location", ""))
        same = (target.host, target.port) == (url.host, url.port) and target.scheme == url.scheme
        upgraded = target.host == url.host and (url.scheme, target.scheme) == ("http", "https")
        if not (same or upgraded):
            raise PullError(
                f"{self.where}要求转到另一个地址（主机或端口不同），为防泄露令牌未跟随：请向该单位核对接口地址。"
            )
        return target

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if status in _PASSING:
            raise Dropped(f"{self.where}回答 HTTP {status}", self._asked_wait(response))
        if status in (401, 403):
            raise PullError(
                f"{self.where}不接受令牌（HTTP {status}）：请核对环境变量 {self.access.token_env or '（未配置）'}。"
            )
        raise PullError(f"{self.where}回答 HTTP {status}，无法取数：请核对接口地址与参数。")

    def _asked_wait(self, response: httpx.Response) -> float | None:
        """Seconds of Retry-After (a number or a date); PullError when that is longer than a pull may wait."""
        text = response.headers.get("retry-after", "").strip()
        wait: float | None = None
        if text.isdigit():
            wait = float(text)
        elif text:
            with suppress(ValueError, TypeError):
                wait = max(0.0, (parsedate_to_datetime(text) - now()).total_seconds())
        if wait is not None and wait > min(_MOST_ASKED_WAIT, self._deadline - time.monotonic()):
            raise PullError(f"{self.where}要求 {wait:.0f} 秒后再来，本次取数停止，没有写入任何内容：请稍后重新取数。")
        return wait

    def _body(self, response: httpx.Response) -> bytes:
        most, body = self.access.max_response_mb * 1_000_000, bytearray()
        until = time.monotonic() + self.access.timeout_seconds
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most:
                raise PullError(
                    f"{self.where}的一页回答超过 {self.access.max_response_mb} MB，未予接收：请减小每页条数，或核对接口。"
                )
            if time.monotonic() > until:
                raise Dropped(f"{self.where}超过 {self.access.timeout_seconds:g} 秒没有答完")
        return bytes(body)

    def _less_overlap(self, after: str) -> str:
        """The watermark less the overlap where it is a time or a number, in the spelling it came in."""
        overlap = self.connection.overlap
        if after.isdigit() and len(after) != len("20260101"):
            return str(max(0, int(after) - overlap))
        try:
            moment = datetime.fromisoformat(after)
        except ValueError:
            return after
        earlier = (moment - timedelta(minutes=overlap)).isoformat(sep="T" if "T" in after else " ")
        return earlier if len(after) > len("2026-01-01") else earlier[: len(after)]


def _later(watermark: str | None, cells: Sequence[str | None]) -> str | None:
    """The greatest mark so far: numbers by size, times (all in one spelling) as text; what lies in the future is none."""
    found = [cell for cell in {watermark, *cells} if cell and not _in_future(cell)]
    numbers = all(cell.isdigit() for cell in found)
    return max(found, key=lambda cell: (int(cell), cell) if numbers else (0, cell), default=None)


def _in_future(mark: str) -> bool:
    """A record dated 2099 must not end the pulling for ever."""
    try:
        moment = datetime.fromisoformat(mark)
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)) > now()


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path; None when there is nothing."""
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(record: Mapping[str, Any], name: str, where: str) -> str | None:
    value = record[name] if name in record else _at(record, name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise PullError(
        f"{where}的字段「{name}」不是文字、数或是否，而是一组内容：请在连接中写到具体的一项（用点号隔开）。"
    )
