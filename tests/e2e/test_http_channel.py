"""An interface over HTTP for real: a local server with a token, pages and every fault, pulled as `ssj pull` does.

Here: paging, retries, pace, limits, what is refused, and the token that stays where it is. Not here: databases
(test_front_database), the server itself (json_interface).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.model import source_contract
from resources.inbox import find_deliveries, read_file
from resources.inbox.connections import Connection, PullError
from resources.inbox.patience import Patience
from resources.inbox.pulling import Pulled, configured, pull
from resources.ledger import Ledger
from resources.settings import Home
from tests.e2e.json_interface import Interface, serving

QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.05)
PAGES = {"kind": "page", "parameter": "page", "size_parameter": "size", "size": 100}
CURSOR = {"kind": "cursor", "parameter": "cursor", "size_parameter": "size", "size": 100, "next": "data.next"}
CONNECTION: dict[str, Any] = {
    "source": "platform_signal",
    "channel": "http",
    "unit": "PT",
    "system": "示例平台数据接口",
    "generated": True,
    "url": "",
    "token_env": "SSJ_TOKEN_PLATFORM",
    "records": "data.rows",
    "total": "data.total",
    "paging": PAGES,
    "columns": {
        "id": "signal_no",
        "firm.code": "uscc",
        "firm.name": "party_name",
        "kind": "signal_kind",
        "day": "observed_on",
        "text": "summary",
    },
    "constants": {"provider": "示例平台"},
    "key": ["id"],
    "withdrawn": {"column": "deleted", "values": ["true"]},
    "per_second": 1000,
    "timeout_seconds": 1,
    "max_response_mb": 2,
}


def record(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "firm": {"code": f"91140802MA0{number:07d}", "name": f"示例商贸有限公司{number}"},
        "kind": "投诉集中",
        "day": "2026-10-08",
        "text": f"评分 {number}",
        "deleted": False,
        "updated_at": f"2022-10-08T{number // 60 % 24:02d}:{number % 60:02d}:00+08:00",
    } | changed


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interface]:
    monkeypatch.setenv("SSJ_TOKEN_PLATFORM", "geheimes-Wort")
    with serving(Interface(records=[record(number) for number in range(1, 251)])) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home").create()


def connect(home: Home, interface: Interface, **changed: Any) -> Connection:
    listed = {"connections": {"platform": CONNECTION | {"url": interface.url} | changed}}
    (home.root / "connections.yaml").write_text(yaml.safe_dump(listed, allow_unicode=True), "utf-8")
    return next(each for each in configured(home) if each.name == "platform")


def take(home: Home, interface: Interface, full: bool = False, **changed: Any) -> Pulled:
    return pull(home, connect(home, interface, **changed), full=full, patience=QUICK)


def delivered(home: Home, pulled: Pulled, kind: str = "record") -> list[dict[str, Any]]:
    contract = source_contract("platform_signal")
    [delivery] = [d for d in find_deliveries(home.inbox) if d.delivery_id == pulled.delivery_id]
    files = [file for file in delivery.files if file.change == kind]
    return [row for file in files for row in read_file(file.path, contract, rows=file.rows).table.to_pylist()]


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(int(row["signal_no"]) for row in rows)


@pytest.mark.parametrize("paging", [PAGES, CURSOR, CURSOR | {"size": 1000}], ids=["page", "cursor", "one page"])
def test_every_page_becomes_one_delivery(interface: Interface, home: Home, paging: dict[str, Any]) -> None:
    interface.records[6] |= {"text": 0.10, "deleted": None}
    pulled = take(home, interface, paging=paging)
    rows = delivered(home, pulled)
    assert numbers(rows) == list(range(1, 251))
    assert rows[0]["uscc"] == "91140802MA00000001" and rows[0]["provider"] == "示例平台"
    assert rows[0]["party_name"] == "示例商贸有限公司1" and rows[0]["observed_on"] == "2026-10-08"
    assert len(interface.asked) == (1 if paging["size"] == 1000 else 3)
    # What is taken back, what is no more, what has changed.
    interface.records[1]["deleted"] = True
    interface.records[2]["text"] = "改过"
    del interface.records[4]
    second = take(home, interface, paging=paging)
    assert (numbers(delivered(home, second)), numbers(delivered(home, second, "withdrawal"))) == ([3], [2, 5])
    assert take(home, interface, paging=paging).delivery_id is None


def test_numbers_come_as_they_are_written(interface: Interface, home: Home) -> None:
    interface.records[0]["text"] = "<decimal>"
    interface.spelling[b'"<decimal>"'] = b"0.10"
    interface.records[1]["text"] = 12345678901234567890123
    rows = {row["signal_no"]: row["summary"] for row in delivered(home, take(home, interface))}
    assert (rows["1"], rows["2"]) == ("0.10", "12345678901234567890123")


def test_only_what_is_new_since_the_last_watermark(interface: Interface, home: Home) -> None:
    since = {"watermark": "updated_at", "since": "since", "overlap": 30}
    interface.records.append(record(260, updated_at="2099-01-01T00:00:00+08:00"))
    assert len(delivered(home, take(home, interface, **since))) == 251
    [line] = Ledger(home.ledger, "pulls").entries()
    assert line["body"]["watermark"] == "2022-10-08T04:10:00+08:00"
    interface.asked.clear()
    interface.records += [record(251), record(230, id=252)]
    second = take(home, interface, **since)
    assert interface.asked[0]["since"] == "2022-10-08T03:40:00+08:00"
    assert numbers(delivered(home, second)) == [251, 252]
    # What is not in the answer may only be old: nothing is taken back unless everything is read.
    del interface.records[0]
    assert take(home, interface, **since).delivery_id is None
    assert numbers(delivered(home, take(home, interface, full=True, **since), "withdrawal")) == [1]


@pytest.mark.parametrize(
    "faults",
    [
        ["500", "502", "503"],
        ["", "cut", "cut", ""],
        ["half"],
        ["", "", "slow"],
        ["", "drip"],
        ["429:0", "429:1"],
        ["429"],
    ],
    ids="500 cut half slow drip retry-after 429".split(),
)
def test_what_may_pass_is_tried_again(interface: Interface, home: Home, faults: list[str]) -> None:
    interface.faults = list(faults)
    pulled = take(home, interface)
    assert interface.faults == []
    assert numbers(delivered(home, pulled)) == list(range(1, 251))
    assert len(interface.asked) == 3 + sum(bool(fault) for fault in faults)


def test_retry_after_and_pace_are_kept(interface: Interface, home: Home) -> None:
    interface.faults = ["429:1"]
    take(home, interface, per_second=5)
    waits = [later - earlier for earlier, later in zip(interface.at, interface.at[1:], strict=False)]
    assert waits[0] >= 0.95 and min(waits[1:]) >= 0.19
    assert len(waits) == 3


@pytest.mark.parametrize("faults", [["", "repeat"], ["", "grown"], ["grown", "", "grown"], ["", "shrunk"]])
@pytest.mark.parametrize("paging", [PAGES, CURSOR], ids=["page", "cursor"])
def test_a_listing_that_shifts_is_read_again_from_the_start(
    interface: Interface, home: Home, faults: list[str], paging: dict[str, Any]
) -> None:
    interface.faults = list(faults)
    rows = delivered(home, take(home, interface, paging=paging))
    assert sorted(row["signal_no"] for row in rows) == sorted(str(record["id"]) for record in interface.records)


GIVEN_UP: list[tuple[str, dict[str, Any], str]] = [
    ("dead", {"faults": ["500"] * 99}, r"HTTP 500，试了 4 次仍不成功.*没有写入任何内容"),
    ("always cut", {"faults": ["cut"] * 99}, "传输中断，试了 4 次"),
    ("always slow", {"faults": ["slow"] * 9}, "超过 1 秒没有回答，试了 4 次"),
    ("total too high", {"total": 251}, "声明共 251 条，实际给出 250 条，试了 4 次"),
    ("total too low", {"total": 130}, "声明共 130 条，实际给出 200 条，试了 4 次"),
    ("page repeats", {"faults": ["", "repeat"] * 9}, "分页重复给出同一条记录"),
    ("asks too much", {"faults": ["429:3600"]}, "要求 3600 秒后再来"),
    ("no token", {"token": "another"}, "不接受令牌（HTTP 401）.*SSJ_TOKEN_PLATFORM"),
    ("gone", {"faults": ["404"]}, "回答 HTTP 404，无法取数"),
    ("too big", {"faults": ["big"]}, "超过 2 MB"),
    ("no object", {"faults": ["list"]}, "不是 JSON 对象"),
    ("elsewhere", {"faults": ["redirect"], "elsewhere": "http://127.0.0.2/api/signals"}, "转到另一个地址"),
    ("other port", {"faults": ["redirect"], "elsewhere": "//127.0.0.1:1/api/signals"}, "转到另一个地址"),
    ("round and round", {"faults": ["redirect"] * 9, "elsewhere": "/api/signals"}, "连续转址"),
]


@pytest.mark.parametrize(("spoilt", "sentence"), [each[1:] for each in GIVEN_UP], ids=[each[0] for each in GIVEN_UP])
def test_given_up_in_one_sentence_and_nothing_published(
    interface: Interface, home: Home, spoilt: dict[str, Any], sentence: str
) -> None:
    for name, value in spoilt.items():
        setattr(interface, name, list(value) if isinstance(value, list) else value)
    with pytest.raises(PullError, match=sentence) as caught:
        take(home, interface)
    told = str(caught.value) + "".join(traceback.format_exception(caught.value))
    for word in ("geheimes-Wort", "127.0.0.", "internal words", str(interface.port)):
        assert word not in told
    assert "\n" not in str(caught.value)
    assert not list(home.inbox.iterdir()) and not list(Ledger(home.ledger, "pulls").entries())
    assert len(interface.asked) <= 16


def test_a_redirect_within_the_host_is_followed(interface: Interface, home: Home) -> None:
    interface.faults = ["redirect"]
    interface.elsewhere = "/api/moved?size=100&page=1"
    assert numbers(delivered(home, take(home, interface))) == list(range(1, 251))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"records": "data.items"}, "不是记录列表"),
    ({"total": "data.count"}, "不是总数"),
    ({"columns": CONNECTION["columns"] | {"firm": "reg_no"}}, "而是一组内容"),
    (
        {"columns": {**CONNECTION["columns"], "observed": "observed_on"} | {}, "constants": {"provider": "x"}},
        "对应了两次",
    ),
    ({"columns": {("when" if k == "day" else k): v for k, v in CONNECTION["columns"].items()}}, "没有字段「when」"),
    ({"url": "http://a.example/api"}, "令牌会以明文传送"),
    ({"url": "ftp://a.example/api"}, "http 或 https"),
    ({"url": "https://user:secret@a.example/api"}, "不含账号口令"),
    ({"token_env": "geheimes-Wort"}, "应是环境变量的名称"),
    ({"token_env": "SSJ_NOT_SET"}, "现在没有设置"),
    ({"key": ["missing"]}, "主键「missing」是空的"),
    ({"since": "since"}, "watermark"),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_a_connection_that_does_not_fit_is_refused(
    interface: Interface, home: Home, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PullError, match=sentence) as caught:
        take(home, interface, **changed)
    assert "geheimes" not in str(caught.value) and "secret@" not in str(caught.value)
    assert not list(home.inbox.iterdir())


def test_nothing_that_is_kept_holds_the_token(interface: Interface, home: Home) -> None:
    take(home, interface)
    kept = [path for path in home.root.rglob("*") if path.is_file() and path.name != "connections.yaml"]
    assert len(kept) >= 4
    for path in kept:
        for word in ("geheimes-Wort", "127.0.0.1", str(interface.port)):
            assert word.encode() not in path.read_bytes(), path
