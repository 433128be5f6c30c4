"""Manifests are read strictly: each fault has one sentence that names the folder and the key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.inbox import DeliveredFile, InboxError, delivery_folders, find_deliveries, read_delivery

DATA = b"a,b\n1,2\n"
Change = Callable[[dict[str, Any]], object]


def deliver(inbox: Path, name: str = "2026-10-DA-01", change: Change = lambda manifest: None, **files: bytes) -> Path:
    """A delivery folder as a department leaves it; `change` spoils the manifest before it is written."""
    folder = inbox / name
    folder.mkdir(parents=True)
    contents = {f"{stem}.csv": data for stem, data in (files or {"register": DATA}).items()}
    manifest = {
        "spec": "ssj-delivery-v1",
        "delivery_id": name,
        "month": "2026-10",
        "unit_code": "DA",
        "unit_name": "企业档案数据中心",
        "source_system": "某系统",
        "generated": True,
        "registry_rows": None,
        "received_at": "2026-10-08T09:30:00+08:00",
        "files": [
            {"name": file, "source": "register", "sha256": hashlib.sha256(data).hexdigest(), "rows": 1}
            for file, data in contents.items()
        ],
    }
    for file, data in contents.items():
        (folder / file).write_bytes(data)
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    return folder


def test_deliveries_come_by_time_of_receipt_then_id(tmp_path: Path) -> None:
    deliver(tmp_path, "b")
    deliver(tmp_path, "a")
    # The same moment said in another zone, and an earlier one.
    deliver(tmp_path, "c", lambda m: m.update(received_at="2026-10-08T01:29:59+00:00"))
    (tmp_path / ".copying").mkdir()
    (tmp_path / "Thumbs.db").write_bytes(b"")
    found = find_deliveries(tmp_path)
    assert [d.delivery_id for d in found] == ["c", "a", "b"]
    assert found[0].received_at.isoformat() == "2026-10-08T09:29:59+08:00"
    assert found[1].files[0] == DeliveredFile(
        "register.csv", "register", hashlib.sha256(DATA).hexdigest(), 1, tmp_path / "a" / "register.csv"
    )
    assert (found[1].month, found[1].unit_name, found[1].generated) == ("2026-10", "企业档案数据中心", True)


FAULTS: list[tuple[str, Change, str]] = [
    ("unknown key", lambda m: m.update(note="x"), "不认识的键 note"),
    ("missing key", lambda m: m.pop("month"), "缺少 month"),
    ("other spec", lambda m: m.update(spec="v2"), "ssj-delivery-v1"),
    ("other id", lambda m: m.update(delivery_id="x"), "两者必须相同"),
    ("month", lambda m: m.update(month="2026-13"), "month"),
    ("month of the future", lambda m: m.update(month="2026-11"), "月份写错了"),
    ("no zone", lambda m: m.update(received_at="2026-10-08T09:30:00"), "时区"),
    ("no time", lambda m: m.update(received_at="十月"), "时区"),
    ("generated", lambda m: m.update(generated="yes"), "generated"),
    ("registry_rows", lambda m: m.update(registry_rows="some"), "registry_rows"),
    ("no files", lambda m: m.update(files=[]), "至少一个文件"),
    ("unit", lambda m: m.update(unit_name=" "), "unit_name"),
    ("unknown file key", lambda m: m["files"][0].update(size=1), "不认识的键 size"),
    ("path", lambda m: m["files"][0].update(name="../register.csv"), "普通文件名"),
    ("absolute path", lambda m: m["files"][0].update(name="/etc/passwd"), "普通文件名"),
    ("windows path", lambda m: m["files"][0].update(name="..\\a.csv"), "普通文件名"),
    ("itself", lambda m: m["files"][0].update(name="manifest.json"), "普通文件名"),
    ("rows", lambda m: m["files"][0].update(rows=True), "rows"),
    ("rows as text", lambda m: m["files"][0].update(rows="1"), "rows"),
    ("no rows", lambda m: m["files"][0].pop("rows"), "缺少 rows"),
    ("change", lambda m: m["files"][0].update(change="delete"), "change 只能是"),
    ("no change", lambda m: m["files"][0].update(change=None), "change 只能是"),
    ("negative rows", lambda m: m["files"][0].update(rows=-1), "rows"),
    ("digest", lambda m: m["files"][0].update(sha256="AB"), "sha256"),
    ("absent file", lambda m: m["files"][0].update(name="other.csv"), "不在文件夹"),
    ("twice", lambda m: m["files"].append(m["files"][0]), "列了两次"),
    ("source", lambda m: m["files"][0].update(source="../x"), "来源"),
]


@pytest.mark.parametrize(("change", "sentence"), [(c, s) for _, c, s in FAULTS], ids=[name for name, _, _ in FAULTS])
def test_a_spoilt_manifest_is_refused_in_one_sentence(tmp_path: Path, change: Change, sentence: str) -> None:
    deliver(tmp_path, "2026-10-DA-01", change)
    with pytest.raises(InboxError, match=sentence) as caught:
        find_deliveries(tmp_path)
    assert "2026-10-DA-01" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_what_is_no_delivery_is_named(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="不存在"):
        find_deliveries(tmp_path / "nowhere")
    (tmp_path / "stray.xlsx").write_bytes(b"x")
    with pytest.raises(InboxError, match=r"stray\.xlsx 不是报送批次"):
        find_deliveries(tmp_path)
    (tmp_path / "stray.xlsx").unlink()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InboxError, match=r"empty 缺少 manifest\.json"):
        find_deliveries(tmp_path)
    deliver(tmp_path, "good")
    assert [folder.name for folder in delivery_folders(tmp_path)] == ["empty", "good"]
    assert read_delivery(tmp_path / "good").delivery_id == "good"


def test_links_lead_nowhere(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "real")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / folder.name).symlink_to(folder)
    with pytest.raises(InboxError, match="只收文件夹"):
        find_deliveries(inbox)
    (folder / "register.csv").rename(tmp_path / "elsewhere.csv")
    (folder / "register.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(InboxError, match="不在文件夹"):
        read_delivery(folder)


def test_the_same_file_twice_and_a_file_not_listed(tmp_path: Path) -> None:
    deliver(tmp_path, "a", one=DATA, two=DATA)
    with pytest.raises(InboxError, match="同一份文件"):
        read_delivery(tmp_path / "a")
    # Header-only files may be equal: nothing is counted twice.
    deliver(tmp_path, "b", lambda m: [f.update(rows=0) for f in m["files"]], one=DATA, two=DATA)
    assert len(read_delivery(tmp_path / "b").files) == 2
    (tmp_path / "b" / "more.csv").write_bytes(DATA)
    with pytest.raises(InboxError, match=r"more\.csv 没有列入"):
        read_delivery(tmp_path / "b")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"spec": 1, "spec": 2}', "\udcff", "[" * 100_000])
def test_a_manifest_that_is_no_json_object(tmp_path: Path, text: str) -> None:
    folder = deliver(tmp_path, "a")
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InboxError, match=r"a/manifest\.json 不是"):
        read_delivery(folder)


def test_a_source_without_contract_is_refused_when_asked(tmp_path: Path) -> None:
    folder = deliver(tmp_path, "a")
    assert read_delivery(folder, sources=["register"]).files[0].source == "register"
    with pytest.raises(InboxError, match="没有数据契约"):
        find_deliveries(tmp_path, sources=["licence"])


def test_verify_compares_the_bytes(tmp_path: Path) -> None:
    file = read_delivery(deliver(tmp_path, "a")).files[0]
    file.verify()
    file.path.write_bytes(DATA + b"3,4\n")
    with pytest.raises(InboxError, match=r"a/register\.csv 与清单登记的 sha256 不符"):
        file.verify()
    file.path.unlink()
    with pytest.raises(InboxError, match="读不出来"):
        file.verify()


def test_rows_need_not_be_declared_and_a_file_may_withdraw(tmp_path: Path) -> None:
    deliver(tmp_path, "a", lambda m: m["files"][0].update(rows=None))
    deliver(tmp_path, "b", lambda m: m["files"][0].update(change="withdrawal"))
    deliver(tmp_path, "c", lambda m: m["files"][0].update(change="record"))
    files = [delivery.files[0] for delivery in find_deliveries(tmp_path)]
    assert [(file.rows, file.change) for file in files] == [(None, "record"), (1, "withdrawal"), (1, "record")]
    # What declares no rows is not taken for empty: the same bytes twice would be counted twice.
    deliver(tmp_path, "d", lambda m: [f.update(rows=None) for f in m["files"]], one=DATA, two=DATA)
    with pytest.raises(InboxError, match="同一份文件"):
        read_delivery(tmp_path / "d")


def test_a_delivery_is_known_by_what_it_holds(tmp_path: Path) -> None:
    def digest(name: str, change: Change = lambda m: None, **files: bytes) -> str:
        return read_delivery(deliver(tmp_path, name, change, **files)).digest

    first = digest("a", one=DATA, two=b"x")
    # Another folder, another time, another order and other file names.
    assert digest("c", lambda m: m["files"].reverse(), uno=DATA, due=b"x") == first
    assert digest("d", lambda m: m.update(received_at="2026-10-31T09:30:00+08:00"), one=DATA, two=b"x") == first
    others = [
        digest("e", one=DATA, two=b"y"),
        digest("f", lambda m: m["files"][0].update(change="withdrawal"), one=DATA, two=b"x"),
        digest("g", lambda m: m["files"][0].update(source="licence"), one=DATA, two=b"x"),
        digest("h", lambda m: m.update(unit_code="XY"), one=DATA, two=b"x"),
        digest("i", lambda m: m.update(month="2026-09"), one=DATA, two=b"x"),
    ]
    assert first not in others and len({*others}) == 5
