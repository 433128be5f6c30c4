"""`ssj proof`: show a firm that it was in the frame of a round, and nothing else (DRAW §3.5, R-38).

For: one proof file per subject, and its check by the stand-alone program. Not for: tickets, strata, states or the salt
key, none of which a proof may hold; nor for anything about a round not yet committed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import typer

from pipelines.cli.asked import committed_round, subject_of
from resources.bundles import Bundles
from resources.lake import LakeError, write_bytes
from resources.reference import policy_for
from resources.sealing import salt_key
from resources.settings import CHECKOUT, Home, shown
from supervision import policy as rules
from supervision.merkle import frame_leaf, includes, inclusion_proof
from supervision.months import check_month
from supervision.rounds import Round

SPEC = "ssj-membership-v1"
CHECKER = CHECKOUT / "verifier" / "membership.py"


def write_proof(text: str, month: str, task: str | None, out: Path | None, home: Path | None) -> None:
    """Write the proof of one subject in the month's newest committed round; print its root and where that is published."""
    check_month(month)
    folder, uid = Home.at(home), subject_of(text)
    state = committed_round(folder, month)
    if state is None:
        raise LakeError(f"{month} 还没有承诺的抽取批次，名录尚未冻结，不能出具在册证明：请在承诺之后再办理")
    data = proof_bytes(folder, state, uid, task)
    target = out or Path(f"{state.round_id}-{uid.replace(':', '')}.json")
    write_bytes(target, data)
    typer.echo(f"在册证明已写入 {shown(target.resolve())}（批次 {state.round_id}，主体 {uid}）")
    typer.echo(f"名录树根 {json.loads(data)['frame_merkle_root']}")
    typer.echo("树根印在抽取之前送出的承诺书上，并列入该批次的公开材料；核对者应从公示处取得，不从证明文件取得")
    typer.echo(f"核对：python verifier/membership.py {target.name} --root 公示的树根")


def proof_bytes(home: Home, state: Round, uid: str, task: str | None = None) -> bytes:
    """The proof file: one entry for each task whose frame holds the subject; LakeError when none does."""
    bundles = Bundles(home)
    root = json.loads(bundles.file(state.round_id, "context.json"))["frame_merkle_root"]
    rows = [
        tuple(line.split(",", 2)[:2])
        for line in bundles.file(state.round_id, "frame.csv").decode("ascii").splitlines()[1:]
    ]
    places = [i for i, (code, each) in enumerate(rows) if each == uid and task in (None, code)]
    if not places:
        within = f"任务 {task} 的" if task else ""
        raise LakeError(f"主体 {uid} 不在批次 {state.round_id} {within}抽查名录内（可用 ssj why 查明原因）")
    key = _salt_key(home, state)
    leaves = [frame_leaf(key, code, each) for code, each in rows]
    entries = []
    for place in places:
        path = inclusion_proof(leaves, place)
        if not includes(bytes.fromhex(root), len(leaves), place, leaves[place], path):
            raise LakeError(
                f"批次 {state.round_id} 的名录与盐钥重算的树根与承诺的不同：盐钥或名录文件已变，请从备份恢复后再出具"
            )
        entries.append(
            {
                "task": rows[place][0],
                "index": place,
                "salted": leaves[place][:32].hex(),
                "path": [each.hex() for each in path],
            }
        )
    proof = {
        "spec": SPEC,
        "round_id": state.round_id,
        "demonstration": state.demonstration,
        "uid": uid,
        "frame_rows": len(rows),
        "frame_merkle_root": root,
        "entries": entries,
    }
    return (json.dumps(proof, ensure_ascii=True, indent=1) + "\n").encode()


def check_proof(file: Path, root: str) -> int:
    """Run the stand-alone checker of this checkout; returns its exit code."""
    done = subprocess.run([sys.executable, "-I", str(CHECKER), str(file), "--root", root], check=False)
    return done.returncode


def _salt_key(home: Home, state: Round) -> bytes:
    """The key that salted the frame; read, never made."""
    year = int(state.month[:4])
    if state.demonstration:
        policy, _ = policy_for(state.month)
        return bytes.fromhex(rules.demonstration_secret(policy, f"salt|{year}"))
    if not (home.keys / f"salt-{year:04d}.key").is_file():
        raise LakeError(f"数据目录中没有 {year} 年的名录盐钥（keys/salt-{year:04d}.key）：请从备份恢复后再出具")
    return salt_key(home, year)
