"""Bare files made into deliveries, files dropped by SFTP, and which deliveries are new.

Here: what is taken, what stays and why, and that the same bytes change nothing. Not here: the sensor that asks for it every
half minute (tests/e2e/test_sensor.py).
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_contracts.model import ContractError
from pipelines.cli import app
from resources.clock import now
from resources.inbox import InboxError, find_deliveries
from resources.inbox.arrivals import arrivals
from resources.inbox.receiving import QUIET_SECONDS, receive, take_dropped
from supervision.months import MonthError

DATA = "承诺编号,统一社会信用代码\nC1,91140802MA0000001X\n".encode()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def file(folder: Path, name: str = "承诺.csv", data: bytes = DATA) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def drop(inbox: Path, name: str = "承诺.csv", data: bytes = DATA, unit: str = "XY", source: str = "commitment") -> Path:
    return file(inbox / ".drop" / unit / source, name, data)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the inbox stands so far ahead that every file has come to rest."""
    monkeypatch.setattr("resources.inbox.receiving.now", lambda: now() + timedelta(seconds=QUIET_SECONDS + 5))


def test_bare_files_become_one_delivery(inbox: Path, tmp_path: Path) -> None:
    files = [file(tmp_path / "a"), file(tmp_path / "a", "更多.csv", b"x"), file(tmp_path / "b", "copy.csv")]
    done = receive(inbox, files, source_name="commitment", unit_code="XY", month="2026-01")
    [delivery] = find_deliveries(inbox)
    assert (delivery.delivery_id, delivery.month, delivery.unit_name) == (done.delivery_id, "2026-01", "信用监督管理科")
    assert [(f.name, f.source, f.rows, f.change) for f in delivery.files] == [
        ("承诺.csv", "commitment", None, "record"), ("更多.csv", "commitment", None, "record"),
    ]  # fmt: skip
    for each in delivery.files:
        each.verify()
    assert not delivery.generated and files[0].exists()
    assert {path.stat().st_mode & 0o777 for path in delivery.folder.iterdir()} == {0o600}
    assert delivery.folder.stat().st_mode & 0o777 == 0o700


def test_the_same_bytes_again_are_said_and_change_nothing(inbox: Path, tmp_path: Path) -> None:
    first = receive(inbox, [file(tmp_path)], source_name="commitment", unit_code="XY", rows=1)
    again = receive(inbox, [file(tmp_path, "other.csv")], source_name="commitment", unit_code="XY")
    assert again.delivery_id is None and again.known == (("other.csv", first.delivery_id),)
    assert first.delivery_id and first.delivery_id in again.sentences[0]
    both = [file(tmp_path, "other.csv"), file(tmp_path, "new.csv", b"new")]
    third = receive(inbox, both, source_name="commitment", unit_code="XY")
    assert third.delivered == ("new.csv",) and len(third.sentences) == 2
    # For another source the bytes are new.
    assert receive(inbox, [file(tmp_path)], source_name="repair", unit_code="XY").delivery_id
    assert len(find_deliveries(inbox)) == 3
    assert {d.files[0].rows for d in find_deliveries(inbox)} == {1, None}


def test_what_cannot_be_received_writes_nothing(inbox: Path, tmp_path: Path) -> None:
    good = file(tmp_path)
    cases = [
        ([good], {"unit_code": "ZHZF"}, InboxError, "不是来源 commitment 的报送单位"),
        ([good], {"source_name": "nothing"}, ContractError, "没有来源 nothing"),
        ([good], {"month": "2026-1"}, MonthError, "2026-1"),
        ([good], {"month": "2999-01"}, InboxError, "还没有到"),
        ([good, file(tmp_path, "b.csv", b"b")], {"rows": 3}, InboxError, "--rows"),
        ([tmp_path / "absent.csv"], {}, InboxError, "找不到文件 absent.csv"),
        ([tmp_path], {}, InboxError, "不是普通文件"),
        ([file(tmp_path, "manifest.json")], {}, InboxError, "不能用"),
        ([good, file(tmp_path / "b", good.name, b"b")], {}, InboxError, "都叫"),
    ]
    for files, changed, kind, sentence in cases:
        arguments = {"source_name": "commitment", "unit_code": "XY"} | changed
        with pytest.raises(kind, match=sentence):
            receive(inbox, files, **arguments)  # type: ignore[arg-type]
    link = tmp_path / "link.csv"
    link.symlink_to(good)
    with pytest.raises(InboxError, match="不是普通文件"):
        receive(inbox, [link], source_name="commitment", unit_code="XY")
    assert not inbox.exists() or not list(inbox.iterdir())


def test_a_file_that_changes_while_it_is_copied_leaves_nothing(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path)
    from resources.inbox import delivering

    new = delivering._new

    def meanwhile(target: Path) -> object:
        with path.open("ab") as more:
            more.write(b"more\n")
        return new(target)

    monkeypatch.setattr(delivering, "_new", meanwhile)
    with pytest.raises(InboxError, match="正在写入"):
        receive(inbox, [path], source_name="commitment", unit_code="XY")
    assert not list(inbox.iterdir())


def test_what_a_killed_process_left_goes_after_a_day(inbox: Path, tmp_path: Path) -> None:
    for name, age in ((".making-old", 100_000), (".making-young", 1_000)):
        (inbox / name).mkdir(parents=True)
        moment = now().timestamp() - age
        os.utime(inbox / name, (moment, moment))
    receive(inbox, [file(tmp_path)], source_name="commitment", unit_code="XY")
    assert sorted(path.name for path in inbox.iterdir() if path.name.startswith(".")) == [".making-young"]


def test_a_dropped_file_is_taken_when_it_has_come_to_rest(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop(inbox)
    os.utime(path, (0, 0))  # an upload that keeps the old time of the file is no older for that
    assert take_dropped(inbox).received == () and path.exists()
    moment = now() + timedelta(seconds=QUIET_SECONDS + 1)
    monkeypatch.setattr("resources.inbox.receiving.now", lambda: moment)
    [done] = take_dropped(inbox).received
    assert done.delivered == ("承诺.csv",) and not path.exists()
    [delivery] = find_deliveries(inbox)
    assert (delivery.unit_code, delivery.files[0].source, delivery.files[0].rows) == ("XY", "commitment", None)
    # The same file once more is taken away, and makes no delivery.
    drop(inbox, "again.csv")
    [again] = take_dropped(inbox).received
    assert again.delivery_id is None and len(find_deliveries(inbox)) == 1
    assert not list((inbox / ".drop").rglob("*.csv"))


def test_what_is_dropped_in_the_wrong_place_stays_and_is_said(inbox: Path, later: None) -> None:
    drop(inbox, "half.csv.filepart")
    drop(inbox, ".hidden")
    drop(inbox, "a.csv", b"1", unit="ZHZF")
    drop(inbox, "b.csv", b"2", source="nothing")
    drop(inbox, "c.csv", b"3")
    file(inbox / ".drop", "loose.csv")
    file(inbox / ".drop" / "XY", "loose.csv")
    (inbox / ".drop" / "XY" / "commitment" / "folder").mkdir()
    (inbox / ".drop" / "XY" / "commitment" / "link.csv").symlink_to(inbox / ".drop" / "loose.csv")
    done = take_dropped(inbox)
    assert [each.delivered for each in done.received] == [("c.csv",)]
    said = "\n".join(done.refused)
    for words in (
        "投递夹中的 loose.csv 不在", "投递夹中的 XY/loose.csv 不在", "commitment/folder 不是普通文件",
        "commitment/link.csv 不是普通文件", "ZHZF/commitment：ZHZF 不是来源", "XY/nothing：",
    ):  # fmt: skip
        assert words in said
    assert len(done.refused) == 6 and str(inbox) not in said
    assert len(find_deliveries(inbox)) == 1
    left = {path.name for path in (inbox / ".drop").rglob("*") if not path.is_dir()}
    assert left == {"half.csv.filepart", ".hidden", "a.csv", "b.csv", "loose.csv", "link.csv"}


def test_a_file_written_to_while_it_is_taken_is_not_lost(
    inbox: Path, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(inbox)
    from resources.inbox import receiving

    def slow(*arguments: object, **options: object) -> object:
        done = receive(*arguments, **options)  # type: ignore[arg-type]
        path.write_bytes(DATA + b"C2,91140802MA0000001X\n")
        return done

    monkeypatch.setattr(receiving, "receive", slow)
    take_dropped(inbox)
    assert path.exists() and len(find_deliveries(inbox)) == 1
    monkeypatch.undo()
    monkeypatch.setattr("resources.inbox.receiving.now", lambda: now() + timedelta(seconds=60))
    take_dropped(inbox)
    assert not path.exists() and len(find_deliveries(inbox)) == 2


def test_arrivals_are_whole_and_known_by_what_they_hold(inbox: Path, tmp_path: Path) -> None:
    assert arrivals(inbox, ()).fresh == ()
    done = receive(inbox, [file(tmp_path)], source_name="commitment", unit_code="XY")
    first = arrivals(inbox, ())
    [(digest, delivery)] = first.fresh
    assert delivery.delivery_id == done.delivery_id and first.known == (digest,)
    assert arrivals(inbox, first.known).fresh == () and arrivals(inbox, first.known).known == first.known
    # The same under another number and hour; and one that is still being copied in.
    copied = inbox / "twice"
    copied.mkdir()
    manifest = json.loads((delivery.folder / "manifest.json").read_bytes()) | {"delivery_id": "twice"}
    (copied / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (copied / "承诺.csv").write_bytes(DATA[:10])
    unfinished = inbox / "unfinished"
    unfinished.mkdir()
    look = arrivals(inbox, ())
    assert len(look.fresh) == 1 and len(look.waiting) == 1 and "unfinished" in look.waiting[0]
    manifest["files"][0]["sha256"] = "0" * 64
    (copied / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    look = arrivals(inbox, first.known)
    assert look.fresh == () and "不符" in "".join(look.waiting)
    # What was not compared this time is not known yet.
    receive(inbox, [file(tmp_path, "b.csv", b"b")], source_name="commitment", unit_code="XY")
    short = arrivals(inbox, (), most_bytes=1)
    assert len(short.fresh) == 1 and len(arrivals(inbox, short.known).fresh) == 1


def test_the_verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSJ_HOME", str(tmp_path / "home"))
    words = ["receive", str(file(tmp_path)), "--source", "commitment", "--unit", "XY", "--rows", "1", "--generated"]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0 and "收下 承诺.csv" in first.stdout
    assert find_deliveries(tmp_path / "home" / "inbox")[0].generated
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 0 and "已在批次" in again.stdout
    none = CliRunner().invoke(app, ["pull"])
    assert none.exit_code == 1 and "没有配置取数的连接" in str(none.exception)
