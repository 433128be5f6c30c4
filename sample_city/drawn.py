"""Our own drawn rounds as FILES: bundles/<round>/ beside the deliveries, of the months of the city before this one.

Whoever was drawn is visited in the month after: most, some reported late, a few not found. What is read: drawn.csv,
assignment.csv, policy.json (which strata are checked off site). Not here: any arithmetic of the draw, our code.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from sample_city.columns import join, random, same, text, working
from sample_city.departments import Calendar, CityError, calendar_of
from sample_city.inspections import NOT_FOUND, VISITED, Found, Visits, found
from sample_city.stretches import Stretch
from sample_city.tasks import CODES

FILES = ("drawn.csv", "assignment.csv", "policy.json")
SPAN = 20  # days from the first of the month after within which a round's visits are made


def results(seed: int, when_: Calendar, stretches: tuple[Stretch, ...], home: Path) -> Iterator[Found]:
    """What the inspections of each such round found; nothing where there are no drawn rounds."""
    for stretch in stretches[:-1]:
        folder = newest_round(home / "bundles", stretch.when.month)
        if folder is not None:
            yield _followed(seed, when_, stretch, stretches[-1], folder)


def newest_round(bundles: Path, month: str) -> Path | None:
    """The folder of the month's last drawn round (`YC-2026-10.2` after a voided `YC-2026-10`); None if there is none."""
    known: dict[int, Path] = {}
    for folder in sorted(bundles.glob(f"*-{month}*")):
        match = re.fullmatch(rf"[A-Za-z0-9]+-{month}(?:\.([0-9]+))?", folder.name)
        if match and (folder / FILES[0]).is_file():
            known[int(match[1] or 1)] = folder
    return known[max(known)] if known else None


def _followed(seed: int, when_: Calendar, then: Stretch, now: Stretch, folder: Path) -> Found:
    """One round: a visit per subject on a working day of the month after, whatever the tasks."""
    try:
        drawn, teams = _read(folder / FILES[0]), _teams(_read(folder / FILES[1]))
        levels = {c: t["levels"] for c, t in json.loads((folder / FILES[2]).read_text("utf-8"))["tasks"].items()}
    except (OSError, ValueError, KeyError) as error:
        raise CityError(
            f"抽取包 {folder.name} 读不全（{'、'.join(FILES)}），无法接着生成检查结果，请检查该文件夹"
        ) from error
    place = {code: row for row, code in enumerate(now.who.uscc.to_pylist()) if code}
    rows = [
        (place[r["uid"]], CODES.index(r["task"]), not levels[r["task"]][r["stratum"]]["on_site"], r["uid"])
        for r in drawn
        if r["uid"] in place and r["task"] in CODES
    ]
    rows = [row for row in rows if row[2] or row[3] in teams]  # nobody goes where no team was found
    rng = random(seed, then.when.month, "drawn round")
    n = now.who.size
    first = _month_after(then.when).first
    day = working(first + (rng.permutation(then.who.size) % SPAN))
    happens, gone = (rng.random(then.who.size) < share for share in (VISITED, NOT_FOUND))
    rows = [row for row in rows if row[0] < len(day) and happens[row[0]]]
    subject, task, off_site = (
        np.array([row[i] for row in rows], kind) for i, kind in ((0, np.int64), (1, np.int64), (2, bool))
    )
    plan = join(same(f"{folder.name}-", len(rows)), text(CODES, task))
    people = pa.array(["" if off else teams[uid] for _, _, off, uid in rows], pa.string())
    credit = np.r_[then.credit, np.zeros(n - len(then.credit), np.int64)]
    absent = np.r_[gone, np.zeros(n - len(gone), bool)]
    visits = Visits(subject, task, plan, day[subject], off_site, people)
    return found(rng, when_, now.who, credit, visits, np.ones(len(rows), bool), absent, first)


def _month_after(month: Calendar) -> Calendar:
    year, number = divmod(month.year * 12 + month.number, 12)
    return calendar_of(f"{year}-{number + 1:02d}")


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _teams(rows: list[dict[str, str]]) -> dict[str, str]:
    """The inspectors of each visit, `;`-joined, the lead first."""
    order = {"lead": 0, "member": 1, "expert": 2}
    people: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda r: (r["visit_uid"], order[r["role"]], r["inspector_id"])):
        people.setdefault(row["visit_uid"], []).append(row["inspector_id"])
    return {uid: ";".join(dict.fromkeys(names)) for uid, names in people.items()}
