"""Complete bundles of made-up rounds, made by supervision itself, for the tests of the verifier.

Here: random small cities with inspectors, conflicts and every kind of level; a bundle from eight files; the seals anew
after a change. Not here: any arithmetic of the draw or the matching.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

from supervision import matching
from supervision.canonical import json_bytes
from supervision.draw import ceremony, writing
from supervision.draw.committed import EIGHT, manifest_bytes, parse_committed
from supervision.draw.rows import ConflictRow, InspectorRow
from supervision.draw.selection import DrawResult, draw
from tests.unit.draw_city import STATE, City, Subject, level, task, uid

BEACON = "kl8-2026007:01.05.09.13.17.21.25.29.33.37.41.45.49.53.57.61.65.69.73.80"
ROUNDINGS = ("unbiased", "unbiased", "at_least", "at_most", "half_up")


def sums(files: dict[str, bytes]) -> bytes:
    """SHA256SUMS over all files but itself."""
    listed = sorted(files.keys() - {"SHA256SUMS"})
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in listed).encode()


def certify(files: dict[str, bytes], round_id: str = "YC-2026-08", beacon: str = BEACON) -> dict[str, bytes]:
    """The files with manifest, certificate and seal made anew: what somebody who owns the secret can forge."""
    secret = hashlib.sha256(round_id.encode()).hexdigest()
    files = files | {"manifest.txt": manifest_bytes(files)}
    commitment = ceremony.commitment(round_id, hashlib.sha256(files["manifest.txt"]).hexdigest(), secret)
    certificate = {
        "spec": ceremony.SPEC,
        "round_id": round_id,
        "beacon": beacon,
        "office_secret": secret,
        "commitment": commitment,
        "key": ceremony.draw_key(commitment, beacon, secret),
        "demonstration": False,
    }
    files["certificate.json"] = json_bytes(certificate)
    files["SHA256SUMS"] = sums(files)
    return files


def bundle(
    eight: dict[str, bytes], round_id: str = "YC-2026-08", beacon: str = BEACON
) -> tuple[dict[str, bytes], DrawResult, matching.Assignment]:
    """The whole bundle of a round, its draw and its matching."""
    files = certify({name: eight[name] for name in EIGHT}, round_id, beacon)
    key = json.loads(files["certificate.json"])["key"]
    committed = parse_committed(files)
    result = draw(committed, key)
    assignment = matching.assign(key, committed, result.drawn)
    files["allocation.csv"] = result.allocation_csv
    files["cuts.csv"] = result.cuts_csv
    files["drawn.csv"] = result.drawn_csv
    files["reserve.csv"] = result.reserve_csv
    files["assignment.csv"] = assignment.assignment_csv
    files["SHA256SUMS"] = sums(files)
    return files, result, assignment


def edit_policy(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """The files with entries of policy.json replaced."""
    return files | {"policy.json": json_bytes(json.loads(files["policy.json"]) | changes)}


def _level(rng: random.Random) -> dict[str, Any]:
    rounding = rng.choice(ROUNDINGS)
    rate = rng.choice((0, 300, 1000, 5000, 9000, 30_000))
    more: dict[str, int] = {"on_site": int(rng.random() < 0.8), "floor_e4": rng.choice((0, 0, 0, 0, 2000))}
    if rounding != "unbiased":
        more |= {"minimum": rng.choice((0, 0, 2)), "minimum_if_base": rng.choice((0, 10))}
        more |= {"census_up_to": rng.choice((0, 0, 6))}
    return level(rate, rounding, **more)


def random_city(seed: int) -> dict[str, bytes]:
    """Eight files: three tasks with specialties, three counties, inspectors too few for some of the visits."""
    rng = random.Random(seed)
    tasks = {}
    for code, specialty in (("BOIL", "boiler"), ("FOOD", "food"), ("GEN", None)):
        batches = rng.choice((6, 9, 12))
        batch = rng.randint(1, batches)
        made = task(
            {name: _level(rng) for name in "ABCDU"}, batch=batch, batches=batches, batch_prev=rng.randrange(batch)
        )
        end = rng.choice(("2026-11-30", "2026-12-31"))
        tasks[code] = made | {"specialty": specialty, "team_size": rng.choice((2, 2, 3)), "window_end": end}
    people = []
    for number in range(rng.randint(30, 90)):
        codes = rng.choice((("BOIL", "FOOD", "GEN"), ("FOOD", "GEN"), ("GEN",), ("BOIL", "GEN"), ("FOOD",)))
        places = {code: (rng.choice("AABBCDU"), rng.choice(["", "", "", "", *STATE])) for code in codes}
        people.append(Subject(number, rng.choice("XXYZ"), places))
    people += [Subject(1000 + i, county, {"GEN": ("A", "")}) for i, county in enumerate("XYZ")]
    strata = sorted({(code, each.county, place[0]) for each in people for code, place in each.places.items()})
    triggers = rng.sample([each.number for each in people], 2)
    city = City(
        tasks,
        people,
        capacity={"X": rng.choice((8, 12, 20)), "Y": rng.choice((6, 9, None))},
        triggers=triggers,
        drawn_ytd={key: rng.choice((0, 0, 0, 1, 5)) for key in strata},
        served_e4={key: rng.choice((0, 0, 0, 0, 2500)) for key in strata},
        cut_order=rng.sample("ABCDU", 5),
    )
    files = city.files()
    skills = ((), (), ("food",), ("boiler",), ("boiler", "food"))
    roster = [
        InspectorRow(f"I{i:02}", county, rng.choice(skills), 10, rng.randint(1, 6), rng.choice(("2026-11-30", "2027-12-31")))
        for i, county in enumerate("XXXXXYYYYZZZZ")
    ]  # fmt: skip
    barred = {(rng.choice(roster).inspector_id, uid(rng.choice(people).number)) for _ in range(30)}
    files["roster.csv"] = writing.roster_csv(roster)
    files["conflicts.csv"] = writing.conflicts_csv([ConflictRow(*pair) for pair in barred])
    return files
