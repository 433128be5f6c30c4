"""The folders of the rounds: what is committed is frozen, what is drawn is added once (DRAW §3, §7).

For: writing, reading and listing `bundles/<round_id>/`, the only place of a round's certificate. Not for: what the
files say (supervision.draw). A folder appears whole or not at all, and what was committed is never replaced.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from resources.settings import Home
from supervision.canonical import parse_csv
from supervision.draw.committed import EIGHT, Committed, parse_committed
from supervision.draw.rows import DRAWN

SUMS = "SHA256SUMS"
_MONTH = re.compile(r"\d{4}-\d{2}")


class BundleError(Exception):
    """A round's folder is missing, or would change after its commitment."""


@lru_cache(maxsize=1)
def _parsed(files: frozenset[tuple[str, bytes]]) -> Committed:
    return parse_committed(dict(files))


class Bundles:
    """All rounds of a data folder."""

    def __init__(self, home: Home) -> None:
        """`home` is the data folder."""
        self.folder = home.bundles

    def path(self, round_id: str) -> Path:
        """Folder of a round."""
        return self.folder / round_id

    def read(self, round_id: str) -> dict[str, bytes]:
        """Every file of a round by name; BundleError when the round has not been committed."""
        path = self.path(round_id)
        if not path.is_dir():
            raise BundleError(f"批次 {round_id} 尚未冻结和承诺：请先完成当月 monthly 作业与审批")
        return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}

    def committed(self, round_id: str) -> Committed:
        """The eight committed files of a round, parsed and checked; parsed once for the same bytes."""
        files = self.read(round_id)
        return _parsed(frozenset((name, files[name]) for name in EIGHT))

    def commit(self, round_id: str, files: Mapping[str, bytes]) -> None:
        """Freeze the committed files; the same bytes again change nothing, others are refused."""
        if self.path(round_id).is_dir():
            held = self.read(round_id)
            if any(held.get(name) != data for name, data in files.items()):
                raise BundleError(
                    f"批次 {round_id} 已承诺，冻结的文件不得更改（DRAW §3）：数据或程序有变时应作废后另起批次；"
                    "演示可换一个数据目录重新运行"
                )
            return
        self._write(round_id, files)

    def seal(self, round_id: str, results: Mapping[str, bytes]) -> str:
        """Add the results and `SHA256SUMS`; returns the digest of `SHA256SUMS`. Only a not yet sealed round changes."""
        held = self.read(round_id)
        files = {name: data for name, data in held.items() if name != SUMS} | dict(results)
        lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
        files[SUMS] = "".join(lines).encode()
        if SUMS in held:
            if files != held:
                raise BundleError(f"批次 {round_id} 已封装，重新抽取的结果与之不同：请停止使用并核对程序版本")
        else:
            self._write(round_id, files)
        return hashlib.sha256(files[SUMS]).hexdigest()

    def drawn_before(self, round_id: str) -> list[dict[str, str]]:
        """Who earlier rounds of the same year drew: round_id, draw_month, task, county, stratum, uid."""
        rows: list[dict[str, Any]] = []
        prefix = round_id[: round_id.index("-") + 5]
        for path in sorted(self.folder.glob(f"{prefix}-*")):
            drawn = path / "drawn.csv"
            if path.name >= round_id or not drawn.exists():
                continue
            month = path.name[len(prefix) - 4 : len(prefix) + 3]
            for task, county, stratum, _, uid, _, _ in parse_csv("drawn.csv", drawn.read_bytes(), DRAWN):
                rows.append(
                    {"round_id": path.name, "draw_month": month, "task": task}
                    | {"county": county, "stratum": stratum, "uid": uid}
                )
        return rows

    def months(self) -> set[str]:
        """The months of all sealed rounds, whether or not anyone was drawn."""
        found = (_MONTH.search(path.parent.name) for path in self.folder.glob(f"*/{SUMS}"))
        return {match[0] for match in found if match}

    def previous_certificate(self, round_id: str) -> str | None:
        """Digest of the certificate of the round before, if there is one."""
        earlier = [p for p in sorted(self.folder.glob("*/certificate.json")) if p.parent.name < round_id]
        return hashlib.sha256(earlier[-1].read_bytes()).hexdigest() if earlier else None

    def _write(self, round_id: str, files: Mapping[str, bytes]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh, old = self.folder / f".{round_id}.new", self.folder / f".{round_id}.old"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        for name, data in files.items():
            with (fresh / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(fresh / name, 0o600)
        path = self.path(round_id)
        if path.exists():
            os.replace(path, old)
        os.replace(fresh, path)
        shutil.rmtree(old, ignore_errors=True)
