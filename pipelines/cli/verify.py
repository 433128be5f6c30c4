"""`ssj verify`: the stand-alone verifier of this checkout over a bundle, for those who have the system at hand.

For: starting the program as an auditor would, with what the ledger knows filled in. Not for: any check of its own; an
auditor takes verifier/verify.py from elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from resources.bundles import Bundles, place_of
from resources.lake import LakeError
from resources.rounds import Rounds
from resources.settings import CHECKOUT, Home

VERIFIER = CHECKOUT / "verifier" / "verify.py"


def verify_bundle(bundle: str, expect: str | None, previous: Sequence[Path], home: Path | None) -> int:
    """Run the verifier and pass its output and exit code through; a round id takes digest and earlier rounds from the ledger."""
    folder = Path(bundle)
    if not folder.is_dir():
        folder, expect, previous = _of_round(Home.at(home), bundle, expect, previous)
    command = [sys.executable, "-I", str(VERIFIER), str(folder)]
    if expect is not None:
        command += ["--expect", expect]
    if previous:
        command += ["--previous", *map(str, previous)]
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode


def _of_round(
    home: Home, round_id: str, expect: str | None, previous: Sequence[Path]
) -> tuple[Path, str, Sequence[Path]]:
    """Folder, digest in the ledger and earlier bundles of a sealed round; what was given stays."""
    known = Rounds(home).all()
    if round_id not in known:
        raise LakeError(f"“{round_id}”既不是文件夹，也不是本数据目录的批次：请给出抽取包文件夹或批次编号")
    sealed = known[round_id].sealed
    if sealed is None:
        raise LakeError(f"批次 {round_id} 尚未抽取封装，没有可核对的结果：请在 ssj draw {round_id} 之后再核对")
    bundles = Bundles(home)
    if not bundles.path(round_id).is_dir():
        raise LakeError(f"批次 {round_id} 的抽取包不在 {bundles.folder}：请从备份恢复")
    earlier = previous_rounds(bundles.before(round_id), round_id)
    typer.echo(f"批次 {round_id}：台账记载的摘要 {sealed}，前序批次（本年此前，及上一年度最末一月）{len(earlier)} 个")
    return bundles.path(round_id), expect or sealed, previous or [bundles.path(each) for each in earlier]


def previous_rounds(before: Sequence[str], round_id: str) -> list[str]:
    """Of the earlier rounds in order: those of the year, and of the last month before it, whose beacon made its phase_salt."""
    year = place_of(round_id)[0][:4]
    last = max((month for each in before if (month := place_of(each)[0])[:4] < year), default="")
    return [each for each in before if place_of(each)[0][:4] == year or place_of(each)[0] == last]
