"""Check that an enterprise was in the frame of a random inspection (抽查名录), from a proof file and a published root.

For an enterprise (or anyone it shows the file to): one file, standard library only, Python 3.9 or later; no network,
nothing written. The proof is a path in a hash tree (RFC 6962); it tells that the enterprise was in the frame, nothing
else: neither whether it was drawn, nor why, nor how it is graded. The root binds the enterprise and the task; round, number
of rows and place are the file's own words (another number of rows can give a path of the same shape).

    python membership.py PROOF.json --root HEX

HEX is the root of the tree (名录树根) as the office has published it before the draw: take it from the notice, not
from the file. Exit code: 0 it was in the frame, 1 this is not shown (one sentence says why), 2 wrong use.
Here: the check. Not here: making a proof, which needs the office's salt key.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

SPEC = "ssj-membership-v1"
MOST = 1 << 20  # bytes of a proof file; a real one has a few thousand
HEX64 = re.compile("[0-9a-f]{64}")
CODE = re.compile("[A-Za-z0-9._-]+")
UID = re.compile("[0-9A-Z]{18}|R:[0-9]{15}")
ENTRY = {"task", "index", "salted", "path"}
TOP = {"spec", "round_id", "demonstration", "uid", "frame_rows", "frame_merkle_root", "entries"}


class Refused(Exception):
    """The file does not show what it is to show; one sentence."""


def need(holds: object, what: str) -> None:
    """Refuse unless it holds. Not `assert`, which -O removes."""
    if not holds:
        raise Refused(what)


def matches(pattern: re.Pattern[str], value: object) -> bool:
    """A text that the pattern describes whole."""
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def whole(value: object) -> bool:
    """A whole number from 0."""
    return type(value) is int and 0 <= value < 1 << 53


def load(data: bytes) -> dict[str, Any]:
    """The proof as an object of exactly the entries it must have."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        proof = json.loads(data.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise Refused("证明文件不是 JSON，或有重复的键（not JSON, or a key twice）") from None
    need(isinstance(proof, dict) and proof.keys() == TOP, "证明文件的条目缺少或多余（entries missing or superfluous）")
    need(proof["spec"] == SPEC, f"spec 应为 {SPEC}")
    need(
        matches(CODE, proof["round_id"]) and type(proof["demonstration"]) is bool,
        "批次不合写法（round_id, demonstration）",
    )
    need(matches(UID, proof["uid"]), "uid 不是规范的统一社会信用代码或注册号（uid）")
    need(
        whole(proof["frame_rows"]) and matches(HEX64, proof["frame_merkle_root"]),
        "行数或树根不合写法（frame_rows, root）",
    )
    entries = proof["entries"]
    need(isinstance(entries, list) and entries, "没有任何一项抽查任务（no entry）")
    for entry in entries:
        need(isinstance(entry, dict) and entry.keys() == ENTRY, "抽查任务的条目缺少或多余（entry）")
        need(
            matches(CODE, entry["task"]) and matches(HEX64, entry["salted"]), "task 或 salted 不合写法（task, salted）"
        )
        need(whole(entry["index"]), "index 应为非负整数（index）")
        need(
            isinstance(entry["path"], list) and all(matches(HEX64, each) for each in entry["path"]),
            "path 不合写法（path）",
        )
    tasks = [entry["task"] for entry in entries]
    need(tasks == sorted(set(tasks)), "抽查任务应排序且不重复（tasks not sorted, or twice）")
    return dict(proof)


def head(data: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its path lead to (RFC 6962 §2.1); None if the path has not the length it must have."""
    if index >= size:
        return None
    found, last = sha256(b"\x00" + data).digest(), size - 1
    for neighbour in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            found = sha256(b"\x01" + neighbour + found).digest()
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = sha256(b"\x01" + found + neighbour).digest()
        index, last = index // 2, last // 2
    return found if last == 0 else None


def check(data: bytes, root: str) -> list[str]:
    """What the proof shows, in lines; raises Refused when it does not lead to the root in every entry."""
    proof = load(data)
    need(proof["frame_merkle_root"] == root, "证明文件对应的树根与公布的不同：不是同一批次，或文件有误（another root）")
    for entry in proof["entries"]:
        leaf = bytes.fromhex(entry["salted"]) + f"{entry['task']}|{proof['uid']}".encode()
        path = [bytes.fromhex(each) for each in entry["path"]]
        shown = head(leaf, entry["index"], proof["frame_rows"], path) == bytes.fromhex(root)
        need(
            shown,
            f"抽查任务 {entry['task']} 的路径不通向公布的树根，不能证明在名录内（path does not lead to the root）",
        )
    tasks = "、".join(entry["task"] for entry in proof["entries"])
    places = "、".join(str(entry["index"] + 1) for entry in proof["entries"])
    demonstration = ["演示批次 DEMONSTRATION：名录为虚构"] if proof["demonstration"] else []
    return [
        *demonstration,
        f"主体（subject）{proof['uid']}",
        f"在公布此树根的批次的抽查名录内，抽查任务（tasks）{tasks}",
        f"树根（root）{root}：请确认它是哪一批次在抽取之前公布的",
        "证明中自述，未经核对：以公布的树根所属批次为准（claimed by the file, not shown）：",
        f"  批次（round）{proof['round_id']}；总行数（rows）{proof['frame_rows']}；行号（places）{places}",
        "  是否演示（demonstration）：" + ("是" if proof["demonstration"] else "否"),
        "本证明只说明在名录内；是否可抽、是否抽中、因何抽中均不在其中（membership only）",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description="核对在册证明（check a proof of membership）")
    parser.add_argument("proof", metavar="PROOF.json", help="证明文件")
    parser.add_argument("--root", metavar="HEX", required=True, type=str.lower, help="抽取前公布的名录树根（64 位）")
    options = parser.parse_args(arguments)
    if not HEX64.fullmatch(options.root):
        parser.error("--root 应为 64 位十六进制（64 hexadecimal digits）")
    try:
        with open(options.proof, "rb") as file:
            data = file.read(MOST + 1)
        need(len(data) <= MOST, "证明文件过大（too large）")
        said = check(data, options.root)
    except OSError as fault:
        print(f"不能证明 NOT SHOWN：{options.proof} 无法读取（cannot be read）：{fault.strerror}")
        return 1
    except Refused as fault:
        print(f"不能证明 NOT SHOWN：{fault}")
        return 1
    print("\n".join(said))
    print("证明成立 SHOWN")
    return 0


if __name__ == "__main__":
    sys.exit(main())
