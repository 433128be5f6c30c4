"""A department's front database for real: a PostgreSQL of our own with Chinese names, pulled as `ssj pull` does.

Here: what a pull delivers, what it does not deliver twice, rows changed, withdrawn and deleted, connections that drop, and
secrets that stay where they are. Not here: interfaces over HTTP (test_http_channel), rules without a server
(tests/unit/test_pulling*.py).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from data_contracts.model import source_contract
from resources.inbox import find_deliveries, read_file
from resources.inbox.connections import Connection, PullError
from resources.inbox.patience import Patience
from resources.inbox.pulling import Pulled, configured, pull
from resources.ledger import Ledger
from resources.settings import Home
from tests.front_database import CONNECTION, CREATE_TABLE, PASSWORD, Cluster, cluster, fill

pytestmark = pytest.mark.needs("postgres")
QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.05)
TABLE = '"前置"."行政处罚决定"'


@pytest.fixture(scope="module")
def server(machine: Callable[[str], Path]) -> Iterator[Cluster]:
    with cluster(machine("postgres")) as started:
        yield started


@pytest.fixture
def front(server: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A fresh table of 300 decisions."""
    server.run('drop schema if exists "前置" cascade', CREATE_TABLE, fill(1, 300))
    monkeypatch.setenv("SSJ_FRONT_ZHZF", server.url)
    return server


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home").create()


def connect(home: Home, **changed: Any) -> Connection:
    """The connection as a data centre writes it into its data folder."""
    listed = {"connections": {"zhzf-penalty": CONNECTION | changed}}
    (home.root / "connections.yaml").write_text(yaml.safe_dump(listed, allow_unicode=True), "utf-8")
    return next(each for each in configured(home) if each.name == "zhzf-penalty")


def take(home: Home, patience: Patience = QUICK, full: bool = False, look: bool = False, **changed: Any) -> Pulled:
    return pull(home, connect(home, **changed), full=full, allow_deletions=look, patience=patience)


def delivered(home: Home, pulled: Pulled, kind: str = "record") -> list[dict[str, Any]]:
    """The rows of one delivery, as the readers of the inbox take them."""
    contract = source_contract("penalty")
    [delivery] = [d for d in find_deliveries(home.inbox, sources=["penalty"]) if d.delivery_id == pulled.delivery_id]
    rows: list[dict[str, Any]] = []
    for file in delivery.files:
        file.verify()
        if file.change == kind:
            rows += read_file(file.path, contract, rows=file.rows).table.to_pylist()
    return rows


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(int(row["decision_no"].removeprefix("运市监罚〔2026〕").removesuffix("号")) for row in rows)


def deliveries(home: Home) -> list[str]:
    return sorted(path.name for path in home.inbox.iterdir())


def test_a_pull_is_a_delivery_like_any_other(front: Cluster, home: Home) -> None:
    pulled = take(home)
    assert (pulled.changes.fetched, pulled.changes.records, pulled.changes.repeats) == (300, 300, 0)
    [delivery] = find_deliveries(home.inbox)
    assert (delivery.unit_code, delivery.unit_name, delivery.generated) == ("ZHZF", "综合行政执法队", True)
    assert delivery.month == f"{delivery.received_at:%Y-%m}"
    assert delivery.source_system == "综合行政执法办案系统前置库"
    [file] = delivery.files
    assert (file.source, file.rows, file.change) == ("penalty", 300, "record")
    names = pq.read_schema(file.path)
    assert "行政处罚决定书文号" in names.names and "罚款金额（万元）" in names.names
    assert {str(field.type) for field in names} == {"string"}
    rows = delivered(home, pulled)
    assert numbers(rows) == list(range(1, 301))
    [row] = [row for row in rows if row["decision_no"] == "运市监罚〔2026〕7号"]
    # The server writes dates its own way and keeps another time; the day of decision is what the contract asks for.
    assert (row["decision_date"], row["publish_until"]) == ("2026-09-08", "2029-10-01")
    assert (row["fine_wan"], row["uscc"]) == ("0.070000", "91140802MA00000007")
    assert row["violation_facts"] == "当事人未按规定公示，\n经责令改正7"
    assert (row["authority"], row["source_unit"]) == ("运城市市场监督管理局", "综合行政执法队")
    assert any("经办人电话" in note for note in pulled.notes)
    assert (home.inbox / deliveries(home)[0] / "manifest.json").stat().st_mode & 0o777 == 0o600


def test_days_are_those_of_this_city(front: Cluster, home: Home) -> None:
    # Half past midnight here is the day before by the server's clock.
    kind = """timestamptz using timestamptz '2026-09-08 00:30+08'"""
    front.run(f'alter table {TABLE} alter column "决定时间" type {kind}')
    assert {row["decision_date"] for row in delivered(home, take(home))} == {"2026-09-08"}


def test_the_next_pull_brings_what_changed_and_nothing_else(front: Cluster, home: Home) -> None:
    first = take(home)
    front.run(
        f"""update {TABLE} set "内容" = '罚款改为五千元', "更新时间" = now() where "记录编号" = 5""",
        f"""update {TABLE} set "删除标志" = '1', "更新时间" = now() where "记录编号" = 6""",
        fill(301, 303),
        f'update {TABLE} set "更新时间" = now() where "记录编号" in (7, 301, 302, 303)',
        f'delete from {TABLE} where "记录编号" = 8',
    )
    second = take(home)
    assert numbers(delivered(home, second)) == [5, 301, 302, 303]
    assert [r["penalty_content"] for r in delivered(home, second) if "2026〕5号" in r["decision_no"]] == [
        "罚款改为五千元"
    ]
    assert numbers(delivered(home, second, "withdrawal")) == [6, 8]
    # A row that is gone is withdrawn as it was last known.
    [gone] = [row for row in delivered(home, second, "withdrawal") if "2026〕8号" in row["decision_no"]]
    [known] = [row for row in delivered(home, first) if row["decision_no"] == gone["decision_no"]]
    assert {**gone, "row_no": 0} == {**known, "row_no": 0}
    assert second.changes.vanished == 1 and second.changes.repeats >= 1
    third = take(home)
    assert third.delivery_id is None and third.changes.records == third.changes.withdrawals == 0
    assert len(deliveries(home)) == 2
    # One that comes back is a record again.
    front.run(
        f"""update {TABLE} set "删除标志" = '0', "更新时间" = now() where "记录编号" = 6""",
        fill(8, 8),
    )
    fourth = take(home, full=True)
    assert numbers(delivered(home, fourth)) == [6, 8] and not delivered(home, fourth, "withdrawal")


def test_a_record_given_another_number_is_withdrawn_under_the_old_one(front: Cluster, home: Home) -> None:
    take(home)
    front.run(
        f"""update {TABLE} set "决定书文号" = '运市监罚〔2026〕9005号', "更新时间" = now() where "记录编号" = 5""",
        # Two rows that change places take nothing back.
        f"""update {TABLE} set "更新时间" = now(), "决定书文号" = case "记录编号" when 11 then '运市监罚〔2026〕12号'
            else '运市监罚〔2026〕11号' end, "社会信用代码" = '91140802MA00000011' where "记录编号" in (11, 12)""",
    )
    second = take(home)
    assert numbers(delivered(home, second)) == [11, 12, 9005]
    assert numbers(delivered(home, second, "withdrawal")) == [5, 12]  # 12 under its old credit code


def test_late_commits_and_rows_without_time_or_from_the_future_are_not_lost(front: Cluster, home: Home) -> None:
    front.run(
        f"""update {TABLE} set "更新时间" = null where "记录编号" = 1""",
        f"""update {TABLE} set "更新时间" = '2099-01-01' where "记录编号" = 2""",
    )
    first = take(home)
    assert numbers(delivered(home, first)) == list(range(1, 301))
    [line] = Ledger(home.ledger, "pulls").entries()
    assert line["body"]["watermark"].startswith("2022-10-")
    mark = line["body"]["watermark"]
    front.run(
        fill(301, 304),
        # Committed only now, stamped before the last watermark: within the overlap of an hour, and outside it.
        f"""update {TABLE} set "更新时间" = timestamptz '{mark}' - interval '30 minutes' where "记录编号" = 301""",
        f"""update {TABLE} set "更新时间" = timestamptz '{mark}' - interval '3 hours' where "记录编号" = 302""",
        f"""update {TABLE} set "更新时间" = null where "记录编号" = 303""",
        f"""update {TABLE} set "更新时间" = '2098-01-01' where "记录编号" = 304""",
    )
    assert numbers(delivered(home, take(home))) == [301, 303, 304]
    assert numbers(delivered(home, take(home, full=True))) == [302]


@pytest.mark.parametrize("watermark", [None, "记录编号", "公示到期"])
def test_other_watermarks(front: Cluster, home: Home, watermark: str | None) -> None:
    options = {"watermark": watermark, "page_rows": 37}
    assert numbers(delivered(home, take(home, **options))) == list(range(1, 301))
    front.run(fill(301, 302), f'delete from {TABLE} where "记录编号" = 9')
    second = take(home, **options)
    assert numbers(delivered(home, second)) == [301, 302]
    assert numbers(delivered(home, second, "withdrawal")) == [9]


def test_so_many_rows_gone_need_a_person(front: Cluster, home: Home) -> None:
    take(home)
    front.run(f'delete from {TABLE} where "记录编号" <= 100', fill(301, 301))
    before = list(Ledger(home.ledger, "pulls").entries())
    with pytest.raises(PullError, match=r"300 行中有 100 行.*--allow-deletions"):
        take(home)
    assert len(deliveries(home)) == 1 and list(Ledger(home.ledger, "pulls").entries()) == before
    assert take(home, deleted_rows="keep", full=True).changes.withdrawals == 0
    assert numbers(delivered(home, take(home, look=True), "withdrawal")) == list(range(1, 101))
    front.run(f"truncate {TABLE}")
    with pytest.raises(PullError, match="清空"):
        take(home)


def test_a_small_table_that_is_emptied_needs_a_person_too(front: Cluster, home: Home) -> None:
    front.run(f'delete from {TABLE} where "记录编号" > 5')
    take(home)
    front.run(f'delete from {TABLE} where "记录编号" > 1')
    assert numbers(delivered(home, take(home), "withdrawal")) == [2, 3, 4, 5]
    front.run(f"truncate {TABLE}")
    with pytest.raises(PullError, match=r"1 行中有 1 行.*清空"):
        take(home)


@contextmanager
def proxy(server: Cluster, cuts: list[int]) -> Iterator[int]:
    """A port that leads to the server and is cut after so many bytes from it, once for each of `cuts`, then never."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket, budget: float) -> None:
        with suppress(OSError):
            while data := source.recv(16_384):
                target.sendall(data)
                budget -= len(data)
                if budget < 0:
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                behind = socket.create_connection(("127.0.0.1", server.port))
                budget = cuts.pop(0) if cuts else float("inf")
                threading.Thread(target=pump, args=(client, behind, float("inf")), daemon=True).start()
                threading.Thread(target=pump, args=(behind, client, budget), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def test_a_connection_cut_in_the_middle_goes_on_from_the_last_key(
    front: Cluster, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.run(fill(301, 60_000))
    cuts = [200, 3_000_000, 2_000_000, 30_000]
    with proxy(front, cuts) as port:
        monkeypatch.setenv("SSJ_FRONT_ZHZF", front.url_at(port))
        pulled = take(home, page_rows=20_000)
    assert cuts == []
    monkeypatch.setenv("SSJ_FRONT_ZHZF", front.url)
    other = Home.at(tmp_path / "other").create()
    whole = take(other)
    assert pulled.changes == whole.changes and whole.changes.records == 60_000
    digests = [find_deliveries(each.inbox)[0].files[0].sha256 for each in (home, other)]
    assert digests[0] == digests[1]


def test_a_session_that_the_server_ends_is_opened_again(
    front: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.run(fill(301, 60_000))
    from resources.inbox.staging import Stage

    put, killed = Stage.put, []

    def put_and_kill(self: Stage, *arguments: Any) -> None:
        put(self, *arguments)
        if not killed:
            killed.extend(front.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shuangsuiji'"
            ))  # fmt: skip

    monkeypatch.setattr(Stage, "put", put_and_kill)
    pulled = take(home, page_rows=25_000)
    assert killed == [(True,)]
    assert numbers(delivered(home, pulled)) == list(range(1, 60_001))


def test_given_up_in_one_sentence_nothing_published_watermark_unmoved(
    front: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(home)
    before = (home.ledger / "pulls.jsonl").read_bytes()
    front.run(fill(301, 60_000), f'update {TABLE} set "更新时间" = now() where "记录编号" > 300')
    with proxy(front, [2_000_000, *[3_000] * 20]) as port:
        monkeypatch.setenv("SSJ_FRONT_ZHZF", front.url_at(port))
        with pytest.raises(PullError, match=r"试了 4 次仍不成功.*没有写入任何内容") as caught:
            take(home)
    assert str(port) not in str(caught.value) and "\n" not in str(caught.value)
    assert len(deliveries(home)) == 1 and (home.ledger / "pulls.jsonl").read_bytes() == before
    assert not list((home.lake / ".pulling").iterdir())
    monkeypatch.setenv("SSJ_FRONT_ZHZF", front.url)
    assert numbers(delivered(home, take(home))) == list(range(301, 60_001))


def test_killed_between_the_delivery_and_the_ledger(
    front: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", die)
        with pytest.raises(Killed):
            take(home)
    assert len(deliveries(home)) == 1 and not list(Ledger(home.ledger, "pulls").entries())
    again = take(home)
    assert again.delivery_id is None and again.changes.repeats > 0
    kinds = [entry["kind"] for entry in Ledger(home.ledger, "pulls").entries()]
    assert kinds == ["delivered", "unchanged"] and len(deliveries(home)) == 1
    # And killed before anything was published: as if it had not been.
    front.run(f"""update {TABLE} set "内容" = '改', "更新时间" = now() where "记录编号" = 5""")
    with monkeypatch.context() as broken:
        broken.setattr("resources.inbox.pulling.publish", die)
        with pytest.raises(Killed):
            take(home)
    assert numbers(delivered(home, take(home))) == [5]


def test_a_key_that_is_not_unique_loses_no_row_in_silence(front: Cluster, home: Home) -> None:
    with pytest.raises(PullError, match="主键不唯一"):
        take(home, key=["违法类型"])
    # Rows of one key and one time at the border of a page: paging would step over them.
    front.run(f"""update {TABLE} set "更新时间" = '2022-10-02' where "记录编号" < 50""")
    with pytest.raises(PullError, match=r"还有 \d+ 行没有取到"):
        take(home, key=["违法类型"], page_rows=20)
    front.run(f'alter table {TABLE} drop column "罚没万元"')
    with pytest.raises(PullError, match="没有列「罚没万元」（表结构有变"):
        take(home)
    with pytest.raises(PullError, match="不存在"):
        take(home, table="没有这张表")
    assert deliveries(home) == []


def test_a_wider_connection_reads_everything_again(front: Cluster, home: Home) -> None:
    take(home)
    narrow = {ours: theirs for ours, theirs in CONNECTION["columns"].items() if ours != "罚没万元"}
    assert take(home, columns=narrow).delivery_id is None
    second = take(home, columns=CONNECTION["columns"] | {"经办人电话": "remark"})
    assert numbers(delivered(home, second)) == list(range(1, 301))
    # Another key: nothing can be compared, which is said.
    third = take(home, key=["决定书文号"])
    assert third.changes.records == 300 and "首次取数" in third.sentence


def test_a_state_that_somebody_changed_is_not_compared_with(front: Cluster, home: Home) -> None:
    take(home)
    [state] = (home.ledger / "pulls" / "zhzf-penalty").glob("*.parquet")
    state.write_bytes(state.read_bytes() + b" ")
    with pytest.raises(PullError, match="与台账不符"):
        take(home)
    state.unlink()
    assert take(home).changes.records == 300


FAULTY = [
    (lambda url: url.replace("geheim", "anders"), "账号或口令不被接受"),
    (lambda url: url.rsplit(":", 1)[0] + ":1/postgres", "连不上前置库"),
    (lambda url: "geheim@wort:für%alle", "不是数据库地址"),
    (lambda url: f"nosuchbase://keeper:{PASSWORD}@h/x", "未经测试|不是数据库地址"),
    (lambda url: "", "没有设置"),
]


@pytest.mark.parametrize(("spoil", "sentence"), FAULTY)
def test_no_fault_tells_a_secret(
    front: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[str], str], sentence: str
) -> None:
    import traceback

    monkeypatch.setenv("SSJ_FRONT_ZHZF", spoil(front.url))
    with pytest.raises(PullError, match=sentence) as caught:
        take(home)
    told = str(caught.value) + "".join(traceback.format_exception(caught.value))
    for word in ("geheim", "anders", "wort", "keeper", "127.0.0.1"):
        assert word not in told
    assert "zhzf-penalty" in told and "SSJ_FRONT_ZHZF" in told


def test_nothing_that_is_kept_holds_the_secret(front: Cluster, home: Home) -> None:
    take(home)
    kept = [path for path in home.root.rglob("*") if path.is_file()]
    assert len(kept) > 4
    for path in kept:
        data = path.read_bytes()
        for word in (PASSWORD, "geheim", front.url, "keeper", "127.0.0.1", str(front.port)):
            assert word.encode() not in data, path
    manifest = json.loads(next(home.inbox.rglob("manifest.json")).read_bytes())
    assert manifest["source_system"] == "综合行政执法办案系统前置库"
