"""`ssj redraw`: the draw computed again from a folder of committed files."""

from __future__ import annotations

from pathlib import Path

from resources.lake import LakeError, write_bytes
from supervision.draw import EIGHT, redraw

RESULTS = ("allocation.csv", "cuts.csv", "drawn.csv")


def redraw_folder(folder: Path, out: Path) -> None:
    """Read the ten files of `folder`, recompute, write the three result files into `out`."""
    files = {}
    for name in (*EIGHT, "manifest.txt", "certificate.json"):
        path = folder / name
        if not path.is_file():
            raise LakeError(f"目录 {folder} 缺少文件 {name}：请给出完整的抽取包目录")
        files[name] = path.read_bytes()
    results = redraw(files)
    for name in RESULTS:
        write_bytes(out / name, results[name])
