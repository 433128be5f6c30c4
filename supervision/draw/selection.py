"""Who is drawn: the draw of a committed round under its key, and its replay from a bundle (DRAW.md §5, §7).

Here: ranking in plain Python, allocation, reserve, the four files of the result. Not here: the arithmetic of `quota`
and `capacity`, the ranking of many rows (`resources.drawing`), which inspectors go (`supervision.matching`), reading and writing bundles.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from supervision.canonical import csv_bytes, load_json
from supervision.draw.capacity import Claim, cut, distinct_visits, floor_shortfalls, size_under, trigger_uids
from supervision.draw.ceremony import SPEC, check_beacon, commitment, draw_key
from supervision.draw.committed import Committed, manifest_bytes, parse_committed
from supervision.draw.counts import Counted
from supervision.draw.quota import Due, due, planned
from supervision.draw.rows import ALLOCATION, CUTS, DRAWN, AllocationRow, CutRow, DrawnRow, Stratum

RESERVE_AT_LEAST = 5

_KEY = re.compile("[0-9a-f]{32}")


class DrawError(ValueError):
    """A draw that must not take place, or a bundle that contradicts itself; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class CountyVisits:
    """Distinct subjects to visit on site in a county, triggers included, before and after the cuts.

    capacity None = unlimited; planned − funded visits are unmet. DRAW.md §4, end.
    """

    county: str
    capacity: int | None
    triggers: int
    planned: int
    funded: int


@dataclass(frozen=True, slots=True)
class DrawResult:
    """The outcome of a round: typed rows in file order, each file's bytes, and what was due per stratum. DRAW.md §4, §5."""

    allocation: tuple[AllocationRow, ...]
    cuts: tuple[CutRow, ...]
    drawn: tuple[DrawnRow, ...]
    reserve: tuple[DrawnRow, ...]
    counties: tuple[CountyVisits, ...]
    dues: tuple[Due, ...]

    @property
    def allocation_csv(self) -> bytes:
        """task,county,stratum,planned,size, sorted, rows of 0 included."""
        return csv_bytes(ALLOCATION, (row.cells() for row in self.allocation))

    @property
    def cuts_csv(self) -> bytes:
        """county,stratum,lambda_e4, sorted, a row for every stratum name ever cut."""
        return csv_bytes(CUTS, (row.cells() for row in self.cuts))

    @property
    def drawn_csv(self) -> bytes:
        """task,county,stratum,rank,uid,ticket,target_e4, sorted, rank as a number."""
        return csv_bytes(DRAWN, (row.cells() for row in self.drawn))

    @property
    def reserve_csv(self) -> bytes:
        """The columns of drawn.csv, the next max(5, size) ranks of each stratum."""
        return csv_bytes(DRAWN, (row.cells() for row in self.reserve))


def draw(committed: Committed, key: str) -> DrawResult:
    """Who is drawn, and who waits, under the key K (32 hex digits); raises DrawError. The plain reading of §4, §5."""
    return settle(committed.counts(), key, lambda wanted: _ranking(committed, key, wanted))


def settle(
    counted: Counted, key: str, rank: Callable[[Mapping[Stratum, int]], Mapping[Stratum, Sequence[tuple[str, str]]]]
) -> DrawResult:
    """The draw of a counted round; `rank` gives (ticket, uid) of the first so many eligible subjects per stratum.

    `rank` is asked once, for every stratum of strata.csv with the ranks that may be drawn or wait; of a stratum with
    fewer it gives all. Raises DrawError for a malformed key, and where the floors do not fit a county's capacity: such
    a round is not committed. DRAW.md §4, §5.
    """
    if not _KEY.fullmatch(key):
        raise DrawError("抽取密钥应为 32 位小写十六进制字符，请由承诺值、公开随机源和机关密值重新计算。")
    short = floor_shortfalls(counted)
    if short:
        places = "、".join(f"{each.county}（需 {each.needed}，可 {each.capacity}）" for each in short)
        raise DrawError(f"以下属地的触发检查与保底户次超过检查能力：{places}，请增加检查能力或调整政策后重新承诺。")
    dues = due(counted)
    visits = planned(dues, key)
    ranking = rank({stratum: n + max(RESERVE_AT_LEAST, n) for stratum, n in visits.items()})
    sizes, cuts, counties = _fund(counted, key, dues, visits, ranking)
    drawn: list[DrawnRow] = []
    reserve: list[DrawnRow] = []
    for each in dues:
        size = sizes[each.key]
        last = size + max(RESERVE_AT_LEAST, size)
        for place, (ticket, uid) in enumerate(ranking[each.key][:last], start=1):
            row = DrawnRow(*each.key, place, uid, ticket, each.target_e4)
            (drawn if place <= size else reserve).append(row)
    allocation = tuple(AllocationRow(*each.key, visits[each.key], sizes[each.key]) for each in dues)
    return DrawResult(allocation, cuts, tuple(drawn), tuple(reserve), counties, dues)


def _ranking(committed: Committed, key: str, wanted: Mapping[Stratum, int]) -> dict[Stratum, list[tuple[str, str]]]:
    """Per stratum the eligible subjects first in the order of (ticket, uid), as many as wanted.

    A ticket is hashed once per subject, not per task; digests sort as their hexadecimal does. DRAW.md §2, §5.
    """
    prefix = f"{key}|".encode()
    sha256 = hashlib.sha256
    tickets: dict[str, bytes] = {}
    members: dict[Stratum, list[tuple[bytes, str]]] = {stratum: [] for stratum in wanted}
    for row in committed.frame:
        if row.state == "eligible":
            uid = row.uid
            ticket = tickets.get(uid)
            if ticket is None:
                ticket = tickets[uid] = sha256(prefix + uid.encode()).digest()
            members[row.task, row.county, row.stratum].append((ticket, uid))
    return {
        stratum: [(ticket.hex(), uid) for ticket, uid in heapq.nsmallest(wanted[stratum], pairs)]
        for stratum, pairs in members.items()
    }


def _fund(
    counted: Counted,
    key: str,
    dues: Sequence[Due],
    visits: Mapping[Stratum, int],
    ranking: Mapping[Stratum, Sequence[tuple[str, str]]],
) -> tuple[dict[Stratum, int], tuple[CutRow, ...], tuple[CountyVisits, ...]]:
    """The sizes after the cuts, the rows of cuts.csv, and the visits of each county. DRAW.md §4."""
    sizes = dict(visits)
    cuts: list[CutRow] = []
    counties: list[CountyVisits] = []
    triggers = trigger_uids(counted)
    claims: dict[str, list[Claim]] = {county: [] for county in triggers}
    for each in dues:
        if each.level.on_site:
            uids = [uid for _, uid in ranking[each.key][: visits[each.key]]]
            claims[each.row.county].append(Claim(each.key, visits[each.key], each.level.floor_e4, uids))
    for county, capacity in sorted(counted.policy.capacity.items()):
        own = claims[county]
        before = len(distinct_visits(own, sizes, triggers[county]))
        if capacity is not None and before > capacity:
            lambdas = cut(own, triggers[county], capacity, counted.policy.cut_order, key)
            cuts += [CutRow(county, name, lambda_e4) for name, lambda_e4 in sorted(lambdas.items())]
            sizes |= {c.key: size_under(c, lambdas[c.key[2]], key) for c in own if c.key[2] in lambdas}
        after = len(distinct_visits(own, sizes, triggers[county]))
        counties.append(CountyVisits(county, capacity, len(triggers[county]), before, after))
    return sizes, tuple(cuts), tuple(counties)


def _text(certificate: Mapping[str, object], field: str) -> str:
    value = certificate.get(field)
    if not isinstance(value, str):
        raise DrawError(f"文件 certificate.json 缺少文字字段 {field}，请核对证书。")
    return value


def redraw(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """allocation.csv, cuts.csv, drawn.csv and reserve.csv, recomputed from a bundle's files by name.

    Takes the eight files, manifest.txt and certificate.json (any layout). The manifest must be that of the eight
    files; commitment and key must be what the certificate states, if it states them; the beacon must be one declared
    in policy.json. Raises DrawError, CommittedError, CanonicalError or CeremonyError otherwise. DRAW.md §7.
    """
    for name in ("manifest.txt", "certificate.json"):
        if name not in files:
            raise DrawError(f"缺少文件 {name}，请补齐证据包后重试。")
    _check_manifest(files)
    certificate = load_json("certificate.json", files["certificate.json"])
    if not isinstance(certificate, dict):
        raise DrawError("文件 certificate.json 的内容应为 JSON 对象，请核对证书。")
    if certificate.get("spec", SPEC) != SPEC:
        raise DrawError(f"文件 certificate.json 的 spec 不是 {SPEC}，请使用与该规范版本相符的程序。")
    committed = parse_committed(files)
    beacon, secret = _text(certificate, "beacon"), _text(certificate, "office_secret")
    check_beacon(beacon, committed.policy.beacon)
    stated = commitment(_text(certificate, "round_id"), committed.manifest_sha256, secret)
    key = draw_key(stated, beacon, secret)
    for field, found in (("commitment", stated), ("key", key)):
        if field in certificate and certificate[field] != found:
            raise DrawError(f"文件 certificate.json 的 {field} 与重新计算的结果不一致，请查明是文件还是证书被改动。")
    result = draw(committed, key)
    return {
        "allocation.csv": result.allocation_csv,
        "cuts.csv": result.cuts_csv,
        "drawn.csv": result.drawn_csv,
        "reserve.csv": result.reserve_csv,
    }


def _check_manifest(files: Mapping[str, bytes]) -> None:
    found, stated = manifest_bytes(files).splitlines(True), files["manifest.txt"].splitlines(True)
    for line in range(max(len(found), len(stated))):
        if found[line : line + 1] != stated[line : line + 1]:
            file = f"（{found[line].decode().split()[-1]}）" if line < len(found) else ""
            raise DrawError(
                f"文件 manifest.txt 第 {line + 1} 行{file}与八个文件重新计算的摘要不一致，请查明是文件还是清单被改动。"
            )
