"""Pulling without a server: another database than PostgreSQL (SQLite by its URL), and connections read strictly.

Here: the path every other database takes, rows compared at the door, the faults of connections.yaml. Not here: PostgreSQL
and HTTP, which are pulled for real (tests/e2e).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.model import source_contract
from resources.inbox import find_deliveries, read_file
from resources.inbox.connections import PullError, connections
from resources.inbox.manifest import read_delivery
from resources.inbox.patience import Dropped, Patience
from resources.inbox.pulling import Pulled, configured, pull
from resources.settings import Home

QUICK = Patience(attempts=2, first_wait=0.01, longest_wait=0.02)
CONNECTION: dict[str, Any] = {
    "source": "commitment",
    "channel": "database",
    "unit": "XY",
    "system": "信用承诺系统",
    "url_env": "SSJ_FRONT_XY",
    "table": "信用承诺",
    "columns": {
        "编号": "commitment_no",
        "代码": "uscc",
        "类型": "commitment_kind",
        "日期": "committed_on",
        "单位": "accepted_by",
    },
    "key": ["编号"],
    "watermark": "更新",
    "overlap": 2,
    "page_rows": 7,
    "withdrawn": {"column": "作废", "values": ["是"]},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A data folder beside a SQLite database with 30 commitments."""
    monkeypatch.setenv("SSJ_FRONT_XY", f"sqlite:///{tmp_path / 'front.db'}")
    run(
        tmp_path,
        "create table 信用承诺 (编号 text, 代码 text, 类型 text, 日期 date, 单位 text, 更新 integer, 作废 text)",
    )
    insert(tmp_path, range(1, 31))
    return Home.at(tmp_path / "home").create()


def run(folder: Path, statement: str, values: Sequence[Sequence[Any]] = ((),)) -> None:
    link = sqlite3.connect(folder / "front.db")
    link.execute("pragma synchronous = off")
    with link:
        link.executemany(statement, values)
    link.close()


def insert(folder: Path, numbers: Iterable[int]) -> None:
    rest = ("91140802MA0000001X", "年报承诺", "2026-10-08", "信用监督管理科")
    rows = [(f"C{number:03d}", *rest, number, "否") for number in numbers]
    run(folder, "insert into 信用承诺 values (?, ?, ?, ?, ?, ?, ?)", rows)


def write(home: Home, **changed: Any) -> None:
    listed = {"connections": {"xy": {key: value for key, value in (CONNECTION | changed).items() if value != "absent"}}}
    (home.root / "connections.yaml").write_text(yaml.safe_dump(listed, allow_unicode=True), "utf-8")


def take(home: Home, **changed: Any) -> Pulled:
    write(home, **changed)
    [connection] = [each for each in configured(home) if each.name == "xy"]
    return pull(home, connection, patience=QUICK)


def delivered(home: Home, pulled: Pulled, kind: str = "record") -> list[str]:
    contract = source_contract("commitment")
    [delivery] = [each for each in find_deliveries(home.inbox) if each.delivery_id == pulled.delivery_id]
    files = [file for file in delivery.files if file.change == kind]
    return [
        row["commitment_no"]
        for file in files
        for row in read_file(file.path, contract, rows=file.rows).table.to_pylist()
    ]


def test_another_database_by_its_url(home: Home, tmp_path: Path) -> None:
    assert delivered(home, take(home)) == [f"C{number:03d}" for number in range(1, 31)]
    insert(tmp_path, [31, 28])  # 28 a second time: the key is not unique now
    with pytest.raises(PullError, match="不唯一"):
        take(home)
    run(tmp_path, "delete from 信用承诺 where 更新 = 28 or 编号 = 'C003'")
    run(tmp_path, "update 信用承诺 set 作废 = '是', 更新 = 40 where 编号 = 'C004'")
    second = take(home)
    assert delivered(home, second) == ["C031"]
    assert delivered(home, second, "withdrawal") == ["C003", "C004", "C028"]
    assert "来源中已删除 2 行" in second.sentence and "批次" in second.sentence
    third = take(home)
    assert third.delivery_id is None and "不生成批次" in third.sentence


def test_a_value_that_returns_is_delivered_again(home: Home, tmp_path: Path) -> None:
    """A, B, A: were the third file the same bytes as an earlier one, it would count as delivered twice, and B stand."""
    first = take(home)
    digests = [file.sha256 for file in read_delivery(home.inbox / str(first.delivery_id)).files]
    for day, moment in (("2026-09-09", 50), ("2026-09-01", 51), ("2026-09-09", 52)):
        run(tmp_path, "update 信用承诺 set 日期 = ?, 更新 = ? where 编号 = 'C001'", [(day, moment)])
        pulled = take(home)
        assert pulled.changes.records == 1
        digests += [file.sha256 for file in read_delivery(home.inbox / str(pulled.delivery_id)).files]
    assert len(set(digests)) == len(digests) == 4


def test_an_empty_table_gives_no_delivery(home: Home, tmp_path: Path) -> None:
    run(tmp_path, "delete from 信用承诺")
    assert take(home).delivery_id is None and not list(home.inbox.iterdir())
    insert(tmp_path, [1])
    assert delivered(home, take(home)) == ["C001"]


def test_two_pulls_of_one_connection_take_turns(home: Home) -> None:
    import fcntl

    take(home)
    with (home.ledger / "pulls" / "xy" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PullError, match="xy 正在取数"):
            take(home)


def test_patience_waits_as_long_as_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    patience = Patience(attempts=4, first_wait=1.0, longest_wait=60.0)
    with pytest.raises(Dropped, match="停了"):
        for attempt in patience.retrying():
            with attempt:
                raise Dropped("停了", 7.0 if attempt.retry_state.attempt_number == 2 else None)
    assert len(waits) == 3 and waits[1] == 7.0
    assert 1.0 <= waits[0] <= 2.0 and 4.0 <= waits[2] <= 5.0


def without(name: str) -> dict[str, Any]:
    return {name: "absent"}


FAULTS: list[tuple[dict[str, Any], str]] = [
    (without("source"), "source 必须写明"),
    ({"source": "nothing"}, "nothing 不在来源登记中"),
    ({"unit": "ZHZF"}, "ZHZF 不是来源 commitment 的报送单位"),
    ({"channel": "file"}, "channel 只能是 database、http 之一"),
    ({"url": "postgresql://a:b@c/d"}, "不认识的键 url"),
    ({"url_env": "postgresql://keeper:geheim@h/d"}, "应是环境变量的名称"),
    ({"columns": {}}, "columns 应逐项写明"),
    ({"columns": {"编号": 1}}, "columns 的每一项都应是文字"),
    ({"columns": {"编号": "nothing"}}, "nothing 不是「信用承诺」契约的列名"),
    ({"columns": {"编号": "commitment_no"}}, "缺少「信用承诺」的必填列"),
    ({"constants": {"accepted_by": "某科"}}, "把 accepted_by 对应了两次"),
    ({"key": "编号"}, "key 应是文字的列表"),
    ({"key": []}, "key 应是文字的列表"),
    ({"page_rows": 0}, "page_rows 应是不小于 1 的整数"),
    ({"overlap": True}, "overlap 应是不小于 0 的整数"),
    ({"withdrawn": {"column": "作废"}}, "values 应是文字的列表"),
    ({"withdrawn": {"column": "作废", "values": ["1"], "x": 1}}, "不认识的键 x"),
    ({"deleted_rows": "ignore"}, "deleted_rows 只能是"),
    ({"generated": "yes"}, "generated 只能是"),
]


@pytest.mark.parametrize(("changed", "sentence"), FAULTS, ids=[sentence for _, sentence in FAULTS])
def test_a_spoilt_connection_is_refused_in_one_sentence(home: Home, changed: dict[str, Any], sentence: str) -> None:
    write(home, **changed)
    with pytest.raises(PullError, match=sentence) as caught:
        connections(home.root)
    assert "geheim" not in str(caught.value) and "\n" not in str(caught.value)
    assert "connections.yaml 的连接 xy" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[]", "connections: []", "x: 1", "{", "connections: {A B: {}}", "connections: {a: 1}"]
)
def test_a_file_of_connections_that_is_none(home: Home, text: str) -> None:
    (home.root / "connections.yaml").write_text(text, "utf-8")
    with pytest.raises(PullError, match=r"connections\.yaml"):
        connections(home.root)


def test_the_example_is_a_file_of_connections(home: Home, checkout: Path) -> None:
    text = (checkout / "deploy" / "connections.example.yaml").read_text("utf-8")
    (home.root / "connections.yaml").write_text(text, "utf-8")
    assert [each.name for each in connections(home.root)] == ["platform-signal", "zhzf-penalty"]


def test_a_connection_may_stand_in_the_registry(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from data_contracts.registry import sources

    entry = {key: value for key, value in CONNECTION.items() if key not in ("source", "channel")}
    listed = tuple(
        replace(each, channel="database", connection=entry) if each.name == "commitment" else each for each in sources()
    )
    monkeypatch.setattr("resources.inbox.connections.sources", lambda: listed)
    [found] = connections(home.root)
    assert (found.name, found.source, found.unit, found.channel) == ("commitment", "commitment", "XY", "database")


SPOILT_URLS: list[tuple[str, str]] = [
    ("oracle+nodriver://keeper:geheim@h/d", "未经测试"),
    ("keeper:geheim", "不是数据库地址"),
]


@pytest.mark.parametrize(("url", "sentence"), SPOILT_URLS)
def test_what_was_never_tried_is_said_so(home: Home, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str) -> None:
    monkeypatch.setenv("SSJ_FRONT_XY", url)
    with pytest.raises(PullError, match=sentence) as caught:
        take(home)
    assert "geheim" not in str(caught.value)
