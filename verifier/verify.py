"""Recompute a round of the draw from its bundle alone: who was drawn, by whom visited (specification `ssj-draw-v1`).

For an auditor (审计、纪检) who is entitled to the grades and has nothing of ours: one file, standard library only,
Python 3.9 or later. Written a second time on purpose: it shares no line with the system it checks. It reads the folder
it is given and writes nothing. § refers to the specification.

    python -I verify.py [--expect DIGEST] [--previous BUNDLE …] DIR        (--draw-only DIR: published vectors)

Exit code: 0 everything holds, 1 something does not (file and line are named), 2 wrong use.
Here: the check of finished rounds. Not here: making one; anything that needs a secret, a network or a clock.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import zip_longest
from operator import mul
from typing import Any, NoReturn

E4 = 10_000  # rates, shares and targets are counted in 1/10000
Stratum = tuple[str, str, str]  # task, county, stratum
Ranking = dict[Stratum, list[str]]
Place = tuple[str, int]  # file, line

# Columns of each CSV and how many of them, from the left, are its key (§2, §5, §6).
TABLES = {
    "population.csv": ("uid,county,type,fields", 1),
    "frame.csv": ("task,uid,county,stratum,state,reason", 2),
    "strata.csv": ("task,county,stratum,base,eligible,drawn_ytd,served_e4", 3),
    "triggers.csv": ("trigger_id,uid,county", 1),
    "roster.csv": ("inspector_id,county,specialties,days,load_cap,valid_until", 1),
    "conflicts.csv": ("inspector_id,uid", 2),
    "assignment.csv": ("visit_uid,inspector_id,role", 2),
}
DRAWN_COLUMNS = "task,county,stratum,rank,uid,ticket,target_e4\n"
COMMITTED = sorted([*list(TABLES)[:6], "policy.json", "context.json"])
SUMS = "SHA256SUMS"
DRAW_FILES = ("allocation.csv", "cuts.csv", "drawn.csv")
EXPECTED = {*COMMITTED, "manifest.txt", "certificate.json", *DRAW_FILES, "reserve.csv", "assignment.csv"}

CODE = re.compile(r"[A-Za-z0-9._-]+")
COUNT = re.compile(r"0|[1-9][0-9]{0,17}")
HEX64 = re.compile(r"[0-9a-f]{64}")
ROUND = re.compile(r"[A-Za-z0-9]+-(([0-9]{4})-(?:0[1-9]|1[0-2]))(?:\.([2-9]|[1-9][0-9]+))?")
VOIDED = re.compile(rf"V\.({ROUND.pattern})\.[1-9][0-9]*")  # a trigger that a voided round left (§3.4)
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
MOMENT = re.compile(f"{DAY}T{TIME}(?::[0-5][0-9])?(?:Z|[+-]{TIME})")
BALL = "(?:0[1-9]|[1-7][0-9]|80)"
BEACONS = {  # source: selector, value (§3.2)
    "kl8": ("[0-9]{7}", rf"{BALL}(?:\.{BALL}){{19}}"),
    "dice": ("[0-9]{8}", "[0-9]{20}"),
    "drand": ("[0-9a-f]{64}-[1-9][0-9]*", "[0-9a-f]{64}"),
}


class Refused(Exception):
    """Something does not hold; one sentence a line, each naming its file."""


def refuse(at: Place, what: str) -> NoReturn:
    """Stop: this does not hold, here."""
    raise Refused(f"{at[0]} 第 {at[1]} 行（line {at[1]}）：{what}")


def need(holds: object, at: Place, what: str) -> None:
    """Refuse unless it holds. Not `assert`, which -O removes."""
    if not holds:
        refuse(at, what)


def digest(text: str) -> str:
    """SHA-256 of an ASCII text, in lower-case hexadecimal."""
    return sha256(text.encode()).hexdigest()


def number(text: str, m: int) -> int:
    """SHA-256 of the text as one big-endian integer, modulo m."""
    return int(digest(text), 16) % m


# ---- files: the seal and the canonical form (§2, §7) ----


def read_folder(folder: str) -> dict[str, bytes]:
    """Every file of the folder; a link, a folder or a device is refused. Each file is read once."""
    files = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
            refuse((entry.name, 1), "是链接、文件夹或特殊文件，不得放在抽取包内（not a regular file）")
        with open(entry.path, "rb") as file:
            files[entry.name] = file.read()
    return files


def check_list(files: dict[str, bytes], name: str, listed: Iterable[str]) -> None:
    """The file is what `sha256sum` prints for exactly these files, sorted by name."""
    lines = files[name].decode("ascii", "replace").split("\n")
    right = {each: f"{sha256(files[each]).hexdigest()}  {each}" for each in sorted(listed) if each in files}
    place = {line[66:]: line_no for line_no, line in enumerate(lines, 1)}
    faults = [f"{each}：缺少此文件（file missing）" for each in sorted(listed) if each not in files]
    for each, line in right.items():
        if each not in place:
            faults.append(f"{each}：未列入 {name}（not listed）")
        elif line != lines[place[each] - 1]:
            faults.append(f"{each}：与 {name} 第 {place[each]} 行（line {place[each]}）的摘要不符（digest differs）")
    if faults:
        raise Refused("\n".join(faults))
    at = first_difference(files[name], "\n".join([*right.values(), ""]).encode())
    need(not at, (name, at), "多余、重复、次序或写法不对（superfluous, repeated or not sorted）")


def check_seal(files: dict[str, bytes], expected: str | None) -> None:
    """SHA256SUMS lists every file but itself; its own digest is the one the auditor holds, if he holds one."""
    need(SUMS in files, (SUMS, 1), "缺少此文件（file missing）")
    found = sha256(files[SUMS]).hexdigest()
    need(expected in (None, found), (SUMS, 1), f"其摘要为 {found}，与 --expect 给出的不符（not the expected bundle）")
    check_list(files, SUMS, (files.keys() | EXPECTED) - {SUMS})


def first_difference(held: bytes, right: bytes) -> int:
    """Number of the first line that differs."""
    pairs = zip_longest(held.split(b"\n"), right.split(b"\n"))
    return next((line for line, (one, other) in enumerate(pairs, 1) if one != other), 0)


def rows(files: dict[str, bytes], name: str) -> Iterator[tuple[Place, list[str]]]:
    """Place and cells of each row of a canonical CSV: ASCII, no field ever quoted, keys ascending bytewise."""
    data = files[name]
    columns, keys = TABLES[name]
    for bad in re.finditer(rb'[^\n -~]|"', data):
        refuse((name, data.count(b"\n", 0, bad.start()) + 1), "有不允许的字符（character not allowed）")
    lines = data.decode("ascii").split("\n")
    need(lines[0] == columns, (name, 1), f"表头应为 {columns}（header）")
    need(lines.pop() == "", (name, len(lines) + 1), "文件应以换行结尾（final LF missing）")
    width, last = columns.count(",") + 1, [""]
    for line, text in enumerate(lines[1:], 2):
        at, cells = (name, line), text.split(",")
        if len(cells) != width:
            refuse(at, f"应有 {width} 列（columns）")
        if cells[:keys] <= last:
            refuse(at, "次序不对或主键重复（not sorted, or key repeated）")
        last = cells[:keys]
        yield at, cells


def load_json(name: str, data: bytes, canonical: bool = True) -> dict[str, Any]:
    """An object of integers, texts, lists and objects without duplicate keys; canonical: in RFC 8785 form."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs) or not all(key.isascii() for key, _ in pairs):
            raise ValueError
        return dict(pairs)

    def integer(text: str) -> int:
        if abs(value := int(text)) >= 2**53:
            raise ValueError
        return value

    kinds: dict[str, Any] = {"parse_int": integer, "parse_float": int, "parse_constant": int}  # int("1.0") is refused
    try:
        value = json.loads(data.decode(), object_pairs_hook=unique, **kinds)
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        refuse((name, 1), "不是只含整数、键不重复的 JSON（not JSON, float, duplicate or non-ASCII key）")
    need(isinstance(value, dict), (name, 1), "应为对象（not an object）")
    need(not canonical or written == data, (name, 1), "与其规范写法（RFC 8785）不同（not canonical）")
    return dict(value)


ALPHABET = {char: value for value, char in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
WEIGHTS: list[int] = [*(pow(3, place, 31) for place in range(17)), 1]


def is_uid(text: str) -> bool:
    """A credit code with its check character (GB 32100), or R: and 15 digits with theirs (ISO 7064 MOD 11,10)."""
    if len(text) == 18 and ALPHABET.keys() >= set(text):
        return bool(sum(map(mul, WEIGHTS, map(ALPHABET.__getitem__, text))) % 31 == 0)
    if not re.fullmatch("R:[0-9]{15}", text):
        return False
    left = 10
    for digit in text[2:16]:
        left = ((left + int(digit)) % 10 or 10) * 2 % 11
    return left % 10 == (11 - int(text[16])) % 10


def is_code(text: object) -> bool:
    """Codes of tasks, counties, strata, inspectors."""
    return isinstance(text, str) and bool(CODE.fullmatch(text))


def is_digest(text: object) -> bool:
    """64 lower-case hexadecimal digits."""
    return isinstance(text, str) and bool(HEX64.fullmatch(text))


def is_day(text: object) -> bool:
    """YYYY-MM-DD and in the calendar."""
    try:
        return isinstance(text, str) and bool(re.fullmatch(DAY, text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_moment(text: object) -> bool:
    """ISO 8601 with offset, in the calendar."""
    return isinstance(text, str) and bool(MOMENT.fullmatch(text)) and is_day(text[:10])


TOP = {"year", "phase_salt", "types", "fields", "reasons", "beacon", "capacity", "cut_order", "tasks"}
TASK = {"scope", "batch", "batch_prev", "batches", "window_end", "team_size", "specialty", "levels"}
QUOTA = ("rounding", "minimum", "minimum_if_base", "census_up_to")  # beside the rate: they bind the whole year
LEVEL = {"on_site": 1, "rate_e4": None, "minimum": None, "minimum_if_base": None, "census_up_to": None, "floor_e4": E4}


def check_policy(policy: dict[str, Any]) -> None:
    """Every entry there, none unknown, each of its kind; what a missing window_end means is settled here too."""

    def must(holds: object, path: str) -> None:
        need(holds, ("policy.json", 1), f"{path} 缺少、多余或不合规定（missing, unknown or not allowed）")

    def keyed(value: object, path: str, keys: set[str] | None = None) -> dict[str, Any]:
        must(isinstance(value, dict) and (keys is None or value.keys() == keys), path)
        return value if isinstance(value, dict) else {}

    def is_whole(value: object, low: int, high: int | None = None) -> bool:
        return type(value) is int and low <= value and (high is None or value <= high)

    def codes(value: Any, path: str, among: Sequence[str] | None = None) -> list[str]:
        must(isinstance(value, list) and all(map(is_code, value)), path)
        listed: list[str] = list(value)
        must(len(set(listed)) == len(listed) and (among is None or set(listed) <= set(among)), path)
        return listed

    keyed(policy, "policy", TOP)
    must(is_whole(policy["year"], 1000, 9999), "year")
    must(is_digest(policy["phase_salt"]), "phase_salt")
    types, fields = codes(policy["types"], "types"), codes(policy["fields"], "fields")
    codes(policy["reasons"], "reasons")
    order = codes(policy["cut_order"], "cut_order")
    beacon = keyed(policy["beacon"], "beacon", {"source", "selector", "not_before", "fallback"})
    spare = keyed(beacon["fallback"], "beacon.fallback", {"source", "selector"})
    must(is_moment(beacon["not_before"]), "beacon.not_before")
    for choice, path in ((beacon, "beacon"), (spare, "beacon.fallback")):
        source, selector = choice["source"], choice["selector"]
        must(isinstance(source, str) and source in BEACONS and isinstance(selector, str), path)
        must(re.fullmatch(BEACONS[source][0], selector), path)
        must(source != "dice" or is_day(f"{selector[:4]}-{selector[4:6]}-{selector[6:]}"), path)
    must(spare["source"] != "dice" or beacon["source"] == "dice", "beacon.fallback")
    must((spare["source"], spare["selector"]) != (beacon["source"], beacon["selector"]), "beacon.fallback")
    for county, visits in keyed(policy["capacity"], "capacity").items():
        must(is_code(county) and (visits is None or is_whole(visits, 0)), "capacity")
    for code, task in keyed(policy["tasks"], "tasks").items():
        path = f"tasks.{code}"
        must(isinstance(task, dict), path)
        task.setdefault("window_end", f"{policy['year']}-12-31")
        keyed(task, path, TASK)
        must(is_code(code), path)
        scope = keyed(task["scope"], f"{path}.scope", {"types", "fields"})
        codes(scope["types"], f"{path}.scope.types", types)
        codes(scope["fields"], f"{path}.scope.fields", fields)
        must(is_whole(task["batches"], 1) and is_whole(task["batch"], 1, task["batches"]), f"{path}.batch")
        must(is_whole(task["batch_prev"], 0, task["batch"] - 1), f"{path}.batch_prev")
        must(is_whole(task["team_size"], 1), f"{path}.team_size")
        must(is_day(task["window_end"]), f"{path}.window_end")
        codes([] if task["specialty"] is None else [task["specialty"]], f"{path}.specialty")
        for name, level in keyed(task["levels"], f"{path}.levels").items():
            keyed(level, f"{path}.levels.{name}", {*LEVEL, "rounding"})
            must(name in order, "cut_order")
            must(all(is_whole(level[key], 0, top) for key, top in LEVEL.items()), f"{path}.levels.{name}")
            must(level["rounding"] in ("at_least", "at_most", "half_up", "unbiased"), f"{path}.levels.{name}.rounding")


# ---- what was committed (§2) ----


@dataclass
class Inspector:
    """A row of roster.csv, as far as the matching needs it."""

    county: str
    skills: frozenset[str]
    cap: int
    until: str


@dataclass
class Round:
    """A bundle, as far as it has been read and recomputed."""

    files: dict[str, bytes]
    policy: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    order: tuple[str, int] = ("", 0)  # month, and number within the month
    fallback_used: bool = False
    home: dict[str, str] = field(default_factory=dict)  # uid -> county, of population and triggers
    scopes: dict[str, list[str]] = field(default_factory=dict)  # uid -> tasks, in file order of population
    eligible: dict[Stratum, list[str]] = field(default_factory=lambda: defaultdict(list))
    base: Counter[Stratum] = field(default_factory=Counter)
    spent: dict[Stratum, set[str]] = field(default_factory=lambda: defaultdict(set))  # blocked as drawn_this_year
    barred: dict[Stratum, set[str]] = field(default_factory=lambda: defaultdict(set))  # blocked for another reason
    excluded: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # by state, reason
    strata: dict[Stratum, tuple[int, int, int, int]] = field(default_factory=dict)  # base, eligible, drawn_ytd, served
    triggers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by county
    left_over: dict[str, tuple[Place, str]] = field(default_factory=dict)  # V. triggers: where, and the uid
    roster: dict[str, Inspector] = field(default_factory=dict)
    conflicts: set[tuple[str, str]] = field(default_factory=set)
    targets: dict[Stratum, int] = field(default_factory=dict)
    planned: dict[Stratum, int] = field(default_factory=dict)
    drawn: dict[Stratum, list[str]] = field(default_factory=dict)

    def level(self, key: Stratum) -> dict[str, Any]:
        """The level of a stratum in policy.json."""
        return dict(self.policy["tasks"][key[0]]["levels"][key[2]])

    def once(self, key: Stratum) -> bool:
        """A subject drawn this year is not drawn again: a quota that counts subjects (§4)."""
        level, base = self.level(key), self.strata[key][0]
        return level["rounding"] != "unbiased" and yearly(level, base) <= base


def read_committed(r: Round) -> None:
    """Read the eight files and check every rule inside and between them (§2)."""
    r.policy = load_json("policy.json", r.files["policy.json"])
    check_policy(r.policy)
    r.context = load_json("context.json", r.files["context.json"])
    at = ("context.json", 1)
    for key in ("register_sha256", "grade_snapshot_sha256", "visit_ledger_sha256", "previous_certificate_sha256"):
        absent = key[0] in "vp" and r.context.get(key, "") is None  # before the first visit, the first round
        need(absent or is_digest(r.context.get(key)), at, f"{key} 应为摘要（digest）")
    for key in ("calendar", "code_commit"):
        need(isinstance(r.context.get(key), str) and r.context[key], at, f"缺少 {key}（missing）")
    read_population(r)
    read_frame(r)
    read_strata(r)
    read_people(r)
    counties = {*r.home.values(), *(person.county for person in r.roster.values())}
    need(counties == r.policy["capacity"].keys(), ("policy.json", 1), "capacity 的县不是实有的县（counties）")


def split_codes(at: Place, text: str) -> list[str]:
    """A ;-joined list: codes, sorted, none twice."""
    codes = text.split(";") if text else []
    need(all(map(is_code, codes)) and codes == sorted(set(codes)), at, "列表有误（list not sorted, or repeated）")
    return codes


def read_population(r: Round) -> None:
    """population.csv, and the tasks whose scope holds each subject."""
    scopes: dict[tuple[str, str], list[str]] = {}
    for at, (uid, county, kind, text) in rows(r.files, "population.csv"):
        need(is_uid(uid) and county in r.policy["capacity"], at, "uid 不规范，或 county 不实（uid, county）")
        if (kind, text) not in scopes:
            fields = split_codes(at, text)
            need(kind in r.policy["types"] and set(fields) <= set(r.policy["fields"]), at, "type 或 fields 不在清单内")
            among = [(code, its["scope"]) for code, its in sorted(r.policy["tasks"].items())]
            among = [(code, scope) for code, scope in among if kind in scope["types"]]
            scopes[kind, text] = [c for c, s in among if not s["fields"] or not {*s["fields"]}.isdisjoint(fields)]
        r.home[uid], r.scopes[uid] = county, scopes[kind, text]


def read_frame(r: Round) -> None:
    """frame.csv: for each task exactly the subjects of the population in its scope, in order."""
    at, reasons = ("frame.csv", 1), set(r.policy["reasons"])
    due = ((code, uid) for code in sorted(r.policy["tasks"]) for uid, tasks in r.scopes.items() if code in tasks)
    for at, (code, uid, county, stratum, state, reason) in rows(r.files, "frame.csv"):
        if (code, uid) != next(due, None):
            refuse(at, "应是范围内的下一个主体：此处有遗漏或多余（frame is not the population within scope）")
        if county != r.home[uid] or stratum not in r.policy["tasks"][code]["levels"]:
            refuse(at, "county 或 stratum 不对（county, stratum）")
        if state == "eligible" and not reason:
            r.eligible[code, county, stratum].append(uid)
        elif state in ("blocked", "exempt") and reason in reasons:
            r.excluded[state, reason].add(uid)
            if state == "blocked":
                (r.spent if reason == "drawn_this_year" else r.barred)[code, county, stratum].add(uid)
        else:
            refuse(at, "state 或 reason 不合规定（state, reason）")
        if state != "exempt":
            r.base[code, county, stratum] += 1
    need(next(due, None) is None, at, "此行之后缺少范围内的主体（subject in scope left out）")


def count(at: Place, text: str) -> int:
    """A whole number in its one spelling."""
    need(COUNT.fullmatch(text), at, "应为非负整数（integer）")
    return int(text)


def read_strata(r: Round) -> None:
    """strata.csv: counts as the frame has them; a stratum with a base must be there."""
    at = ("strata.csv", 1)
    for at, (code, county, stratum, *texts) in rows(r.files, "strata.csv"):
        key = (code, county, stratum)
        known = county in r.policy["capacity"] and stratum in r.policy["tasks"].get(code, {"levels": ()})["levels"]
        need(known, at, "task、county 或 stratum 不在 policy.json 内（unknown stratum）")
        base, eligible, drawn, served = (count(at, text) for text in texts)
        counted = (r.base[key], len(r.eligible.get(key, ())))
        need((base, eligible) == counted, at, "base 或 eligible 与 frame.csv 不符（counts differ from the frame）")
        r.strata[key] = base, eligible, drawn, served
    lost = [key for key, base in r.base.items() if base and key not in r.strata]
    need(not lost, at, f"缺少档次 {'、'.join('/'.join(key) for key in lost[:3])}（stratum missing）")


def read_people(r: Round) -> None:
    """triggers.csv, roster.csv and conflicts.csv."""
    for at, (code, uid, county) in rows(r.files, "triggers.csv"):
        need(is_code(code) and is_uid(uid), at, "线索编号或 uid 不合规定（trigger_id, uid）")
        same = r.home.setdefault(uid, county) == county and county in r.policy["capacity"]
        need(same, at, "county 与该主体的属地不一致（one county a subject）")
        r.triggers[county].add(uid)
        if code.startswith("V."):
            r.left_over[code] = at, uid
    for at, (code, county, text, days, cap, until) in rows(r.files, "roster.csv"):
        good = is_code(code) and county in r.policy["capacity"] and is_day(until)
        need(good, at, "人员工号、county 或 valid_until 不合规定（inspector_id, county, valid_until）")
        count(at, days)
        r.roster[code] = Inspector(county, frozenset(split_codes(at, text)), count(at, cap), until)
    for at, (code, uid) in rows(r.files, "conflicts.csv"):
        need(is_code(code) and is_uid(uid), at, "人员工号或 uid 不合规定（inspector_id, uid）")
        r.conflicts.add((code, uid))


def check_certificate(r: Round) -> str:
    """Commitment, beacon and key (§2, §3); returns K."""
    at = ("certificate.json", 1)
    c = r.certificate = load_json(at[0], r.files[at[0]], canonical=False)
    for key in ("spec", "round_id", "beacon", "office_secret", "commitment", "key"):
        need(isinstance(c.get(key), str), at, f"缺少 {key}（missing）")
    good = c["spec"] == "ssj-draw-v1" and isinstance(c.get("demonstration"), bool)
    need(good, at, "spec 应为 ssj-draw-v1，demonstration 应为 true 或 false")
    found = ROUND.fullmatch(c["round_id"])
    if found is None or int(found[2]) != r.policy["year"]:
        refuse(at, "round_id 写法不对或与 policy.json 的 year 不符（round_id）")
    r.order = (found[1], int(found[3] or 1))
    for code, (place, _) in r.left_over.items():  # whose they are, --previous tells (§3.4)
        gone = VOIDED.fullmatch(code)
        if gone is None or gone[2] != found[1] or int(gone[4] or 1) >= r.order[1]:
            refuse(place, "本月此前没有这样的批次（V. trigger without a voided round）")
    need(is_digest(c["office_secret"]), at, "office_secret 应为 64 位小写十六进制（secret）")
    source, _, rest = c["beacon"].partition("-")
    selector, _, value = rest.partition(":")
    choices = [(each["source"], each["selector"]) for each in (r.policy["beacon"], r.policy["beacon"]["fallback"])]
    need((source, selector) in choices, at, "beacon 不是 policy.json 声明的主用或备用随机源（not the declared beacon）")
    balls = value.split(".")
    good = bool(re.fullmatch(BEACONS[source][1], value)) and (source != "kl8" or balls == sorted(set(balls)))
    need(good, at, "beacon 的写法不对（beacon grammar）")
    r.fallback_used = (source, selector) == choices[1]
    manifest = sha256(r.files["manifest.txt"]).hexdigest()
    commitment = digest(f"ssj-commit-v1|{c['round_id']}|{manifest}|{digest(c['office_secret'])}")
    need(c["commitment"] == commitment, at, f"commitment 应为 {commitment}（commitment differs）")
    key = digest(f"ssj-draw-v1|{commitment}|{c['beacon']}|{c['office_secret']}")[:32]
    need(c["key"] == key, at, "key 与重算结果不同（key differs）")
    return key


# ---- how many (§4), who (§5), which inspectors (§6) ----


def yearly(level: dict[str, Any], base: int) -> int:
    """q: subjects of a base to draw in the year, in a quota mode."""
    product, mode = base * level["rate_e4"], level["rounding"]
    halves = {"at_least": 2 * (E4 - 1), "at_most": 0, "half_up": E4}
    quota = (2 * product + halves[mode]) // (2 * E4)
    return int(max(quota, min(level["minimum"], base)) if base >= level["minimum_if_base"] else quota)


def target(r: Round, key: Stratum) -> int:
    """What the stratum is owed in this batch, in 1/10000 visits; before the beacon nothing else is known."""
    base, eligible, drawn, served = r.strata[key]
    task, level = r.policy["tasks"][key[0]], r.level(key)
    k, k_prev, m = task["batch"], task["batch_prev"], task["batches"]
    if level["rounding"] == "unbiased":
        per_year = base * level["rate_e4"]
        return int(min(max(per_year * k // m - per_year * k_prev // m - served, 0), E4 * eligible))
    phase = number("|".join([r.policy["phase_salt"], *key]), m)
    quota = yearly(level, base)
    if base <= level["census_up_to"] and level["rate_e4"] > 0 and quota <= base:
        due = (base * k + phase) // m - len(r.spent.get(key, ()))
    else:
        due = (quota * k + phase) // m - drawn
    return E4 * int(min(max(due, 0), eligible))


def plan(r: Round, key: str) -> None:
    """n of every stratum: quota modes are whole; unbiased ones are rounded along one random order of the task."""
    r.targets = {each: target(r, each) for each in r.strata}
    r.planned = {each: due // E4 for each, due in r.targets.items()}
    for code in r.policy["tasks"]:
        plain = [each for each in r.strata if each[0] == code and r.level(each)["rounding"] == "unbiased"]
        plain.sort(key=lambda s: (digest(f"{key}|ord|{s[0]}|{s[2]}"), digest(f"{key}|ord|{s[0]}|{s[2]}|{s[1]}")))
        reached = number(f"{key}|start|{code}", E4)
        for each in plain:
            r.planned[each] = (reached + r.targets[each]) // E4 - reached // E4
            reached += r.targets[each]


def check_floors(r: Round) -> None:
    """Before C: triggers and floors fit every county's capacity (§4)."""
    for county, capacity in sorted(r.policy["capacity"].items()):
        here = [(due, r.level(key)) for key, due in r.targets.items() if key[1] == county]
        floors = sum(-(-(-(-due // E4) * level["floor_e4"]) // E4) for due, level in here if level["on_site"])
        short = capacity is not None and len(r.triggers[county]) + floors > capacity
        need(not short, ("policy.json", 1), f"{county} 的线索与保底户次超过检查力量（floors exceed capacity）")


def fund_county(r: Round, key: str, county: str, ranking: Ranking, sizes: dict[Stratum, int]) -> dict[str, int]:
    """Cut the county's sizes until its visits fit; returns λ of every stratum name ever cut (§4, After)."""
    capacity = r.policy["capacity"][county]
    claims = [each for each in r.strata if each[1] == county and r.level(each)["on_site"]]
    shares: dict[str, int] = {}

    def fits() -> bool:
        visited = set(r.triggers[county])
        for each in claims:
            visited.update(ranking[each][: sizes[each]])
        return capacity is None or len(visited) <= capacity

    def resize(name: str, share: int) -> None:
        for each in claims:
            if each[2] == name:
                n, drop = r.planned[each], number(f"{key}|cut|{'|'.join(each)}", E4)
                sizes[each] = max(-(-n * r.level(each)["floor_e4"] // E4), (n * share + drop) // E4)

    def widen(name: str) -> None:
        low, high = 0, E4
        while low < high:
            resize(name, middle := (low + high + 1) // 2)
            low, high = (middle, high) if fits() else (low, middle - 1)
        resize(name, low)
        shares[name] = low

    for name in r.policy["cut_order"]:
        if any(each[2] == name for each in claims) and not fits():
            widen(name)
    for name in list(shares)[-2::-1]:
        widen(name)
    return shares


def draw(r: Round, key: str) -> dict[str, bytes]:
    """allocation.csv, cuts.csv, drawn.csv and reserve.csv as they must be."""
    plan(r, key)
    check_floors(r)
    tickets = {uid: digest(f"{key}|{uid}") for uid in {uid for uids in r.eligible.values() for uid in uids}}
    ranking = {each: sorted(r.eligible.get(each, ()), key=lambda uid: (tickets[uid], uid)) for each in r.strata}
    sizes = dict(r.planned)
    cuts = {county: fund_county(r, key, county, ranking, sizes) for county in sorted(r.policy["capacity"])}
    parts = {"drawn.csv": [DRAWN_COLUMNS], "reserve.csv": [DRAWN_COLUMNS]}
    for each, uids in ranking.items():
        size = sizes[each]
        r.drawn[each] = uids[:size]
        for rank, uid in enumerate(uids[: size + max(5, size)], 1):
            row = f"{','.join(each)},{rank},{uid},{tickets[uid]},{r.targets[each]}\n"
            parts["drawn.csv" if rank <= size else "reserve.csv"].append(row)
    rows_of = [f"{','.join(each)},{r.planned[each]},{sizes[each]}\n" for each in r.strata]
    parts["allocation.csv"] = ["task,county,stratum,planned,size\n", *rows_of]
    shares = [f"{county},{name},{share}\n" for county in cuts for name, share in sorted(cuts[county].items())]
    parts["cuts.csv"] = ["county,stratum,lambda_e4\n", *shares]
    return {name: "".join(lines).encode() for name, lines in parts.items()}


@dataclass(eq=False)
class Visit:
    """A door to knock at, or one specialty's part of it; pool: who may come, in pair order."""

    uid: str
    county: str
    size: int
    needs: list[str]
    until: str
    order: tuple[str, str] = ("", "")
    pool: list[str] = field(default_factory=list)
    team: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """visit_uid in assignment.csv."""
        return f"{self.uid}.{self.order[1]}" if self.order[1] else self.uid


def visits_of(r: Round) -> dict[str, Visit]:
    """Triggers and on-site draws merged by uid; a visit for triggers alone is made by two, at any task's time."""
    tasks: dict[str, set[str]] = {uid: set() for uids in r.triggers.values() for uid in uids}
    for key, uids in r.drawn.items():
        for uid in uids if r.level(key)["on_site"] else ():
            tasks.setdefault(uid, set()).add(key[0])
    latest = max((task["window_end"] for task in r.policy["tasks"].values()), default=f"{r.policy['year']}-12-31")
    visits = {}
    for uid, codes in tasks.items():
        its = [r.policy["tasks"][code] for code in codes]
        size = max((task["team_size"] for task in its), default=2)
        needs = sorted({task["specialty"] for task in its if task["specialty"] is not None})
        until = max((task["window_end"] for task in its), default=latest)
        visits[uid] = Visit(uid, r.home[uid], size, needs, until)
    return visits


class Matcher:
    """Teams by two passes and augmenting paths; `at` holds where each inspector goes."""

    def __init__(self, r: Round, key: str) -> None:
        """Nobody goes anywhere yet."""
        self.round, self.key, self.people = r, key, r.roster
        self.at: dict[str, set[Visit]] = {person: set() for person in r.roster}
        self.pools: dict[str, list[str]] = defaultdict(list)
        self.released: list[Visit] = []
        for person, row in r.roster.items():
            self.pools[row.county].append(person)

    def run(self, wanted: dict[str, Visit]) -> bytes:
        """assignment.csv as it must be."""
        visits = sorted((self.opened(visit, "") for visit in wanted.values()), key=lambda visit: visit.order)
        staffed = [part for visit in visits for part in self.first_pass(visit)]
        teams = [visit for visit in staffed if self.complete(visit, [None] * (visit.size - len(visit.team)))]
        lines = sorted((visit.name, person, role) for visit in teams for person, role in self.roles(visit))
        return "".join(",".join(line) + "\n" for line in [TABLES["assignment.csv"][0].split(","), *lines]).encode()

    def opened(self, visit: Visit, part: str) -> Visit:
        """The visit, or its part for one specialty, with its pool and its place in the order."""
        needs = [part] if part else visit.needs
        people = [person for person in self.pools[visit.county] if self.people[person].until >= visit.until]
        people = [person for person in people if (person, visit.uid) not in self.round.conflicts]
        pool = sorted(people, key=lambda person: (digest(f"{self.key}|pair|{visit.uid}|{person}"), person))
        order = (digest(f"{self.key}|visit|{visit.uid}"), part)
        return Visit(visit.uid, visit.county, visit.size, needs, visit.until, order, pool)

    def first_pass(self, visit: Visit) -> list[Visit]:
        """Every needed specialty gets its holder: at once, or else in one visit for each specialty."""
        if len(visit.needs) > 1 and self.together(visit):
            return [visit]
        parts = [self.opened(visit, name) for name in visit.needs] if len(visit.needs) > 1 else [visit]
        return [part for part in parts if self.complete(part, part.needs)]

    def complete(self, visit: Visit, wanted: Sequence[str | None]) -> bool:
        """Add a holder of each specialty (None: anyone); a visit that fails is released for good."""
        if not (done := all(self.add(visit, name) for name in wanted)):
            self.leave(visit)
            self.released.append(visit)
        return done

    def together(self, visit: Visit) -> bool:
        """People for a visit of several specialties, or nobody."""
        chosen = self.cover(visit, visit.needs, visit.size)
        for person in chosen or ():
            self.go(person, visit)
        for name in visit.needs:
            held = any(name in self.people[person].skills for person in visit.team)
            if not held and (len(visit.team) == visit.size or not self.add(visit, name)):
                self.leave(visit)
                return False
        return True

    def cover(self, visit: Visit, missing: Sequence[str], places: int) -> list[str] | None:
        """Free people who hold all that is missing, depth first by load; None if there are none."""
        if not missing or not places:
            return None if missing else []
        for person in self.free(person for person in visit.pool if missing[0] in self.people[person].skills):
            left = [name for name in missing if name not in self.people[person].skills]
            if (rest := self.cover(visit, left, places - 1)) is not None:
                return [person, *rest]
        return None

    def free(self, people: Iterable[str]) -> list[str]:
        """Those below their cap, lowest load first, ties as they came."""
        return sorted((p for p in people if len(self.at[p]) < self.people[p].cap), key=lambda p: len(self.at[p]))

    def add(self, visit: Visit, name: str | None) -> bool:
        """One more person: a free one, or one freed along the shortest augmenting path."""
        wanted = [p for p in visit.pool if p not in visit.team and (name is None or name in self.people[p].skills)]
        for person in self.free(wanted):
            self.go(person, visit)
            return True
        if not self.free(self.pools[visit.county]):
            return False  # every path ends at someone of the county below the cap
        came: dict[str, tuple[str, Visit] | None] = dict.fromkeys(wanted)  # person -> whom he would replace, and where
        queue = deque(wanted)
        while queue:
            leaver = queue.popleft()
            changed = {id(step[1]) for step in self.path(came, leaver)}
            for other in sorted(self.at[leaver], key=lambda each: each.order):
                if other is visit or (len(other.needs) > 1 and id(other) in changed):
                    continue
                lost = self.held_alone(other, leaver) if other.needs else set()
                for heir in other.pool:
                    if heir in came or heir in other.team or not lost <= self.people[heir].skills:
                        continue
                    came[heir] = (leaver, other)
                    if len(self.at[heir]) < self.people[heir].cap:
                        for old, there in self.path(came, heir):
                            there.team.remove(old)
                            self.at[old].remove(there)
                            self.go(heir, there)
                            heir = old
                        self.go(heir, visit)
                        return True
                    queue.append(heir)
        return False

    @staticmethod
    def path(came: dict[str, tuple[str, Visit] | None], person: str) -> Iterator[tuple[str, Visit]]:
        """The replacements that would free the person's way to the visit, last one first."""
        while (step := came[person]) is not None:
            yield step
            person = step[0]

    def held_alone(self, visit: Visit, person: str) -> set[str]:
        """Needed specialties that the team has through this person only."""
        others = [self.people[other].skills for other in visit.team if other != person]
        return (set(visit.needs) & self.people[person].skills).difference(*others)

    def go(self, person: str, visit: Visit) -> None:
        """The person joins the visit."""
        visit.team.add(person)
        self.at[person].add(visit)

    def leave(self, visit: Visit) -> None:
        """All leave the visit."""
        for person in visit.team:
            self.at[person].remove(visit)
        visit.team.clear()

    def roles(self, visit: Visit) -> Iterator[tuple[str, str]]:
        """lead: first in pair order among holders of a needed specialty, else of all; expert: another sole holder."""
        team = [person for person in visit.pool if person in visit.team]
        holders = [person for person in team if self.people[person].skills & set(visit.needs)]
        lead = (holders or team)[0]
        for person in team:
            yield person, "lead" if person == lead else "expert" if self.held_alone(visit, person) else "member"


def check_teams(r: Round, visits: dict[str, Visit]) -> None:
    """assignment.csv by itself, whoever made it: full teams, licensed, no conflict, specialties, load ≤ cap."""
    teams: dict[str, list[tuple[str, str]]] = defaultdict(list)
    loads: Counter[str] = Counter()
    last: dict[str, Place] = {}
    for at, (visit_uid, person, role) in rows(r.files, "assignment.csv"):
        uid, _, part = visit_uid.partition(".")
        known = uid in visits and (visit_uid == uid or (len(visits[uid].needs) > 1 and part in visits[uid].needs))
        need(known, at, "不是本批次的检查户次（no such visit）")
        need(person in r.roster and role in ("lead", "member", "expert"), at, "人员或 role 不对（person, role）")
        row, visit = r.roster[person], visits[uid]
        need(row.county == visit.county and row.until >= visit.until, at, "不在本县名录或证件过期（licence）")
        need((person, uid) not in r.conflicts, at, "应当回避（conflict）")
        loads[person] += 1
        need(loads[person] <= row.cap, at, "超过检查户次上限（load cap）")
        teams[visit_uid].append((person, role))
        last[visit_uid] = at
    for visit_uid, team in teams.items():
        uid, _, part = visit_uid.partition(".")
        needs = {part} if part else set(visits[uid].needs)
        held = {name for person, _ in team for name in r.roster[person].skills}
        good = len(team) == visits[uid].size and [role for _, role in team].count("lead") == 1 and needs <= held
        need(good and not (part and uid in teams), last[visit_uid], "检查组人数、主办或专长不对（team）")


# ---- a bundle, and a year of them (§7) ----


def examine(files: dict[str, bytes], expected: str | None = None, draw_only: bool = False) -> tuple[Round, list[str]]:
    """Check the files of one bundle; returns it and what there is to say about it. Raises Refused."""
    r = Round(files)
    for name in [*COMMITTED, "manifest.txt", "certificate.json", *DRAW_FILES] if draw_only else ():
        need(name in r.files, (name, 1), "缺少此文件（file missing）")
    if not draw_only:
        check_seal(r.files, expected)
    check_list(r.files, "manifest.txt", COMMITTED)
    read_committed(r)
    key = check_certificate(r)
    right = draw(r, key)
    compare(r.files, {name: data for name, data in right.items() if name in DRAW_FILES or not draw_only})
    visits, matcher = visits_of(r), Matcher(r, key)
    if not draw_only:
        check_teams(r, visits)
        compare(r.files, {"assignment.csv": matcher.run(visits)})
    return r, describe(r, len(visits), None if draw_only else len(matcher.released))


def compare(files: dict[str, bytes], right: dict[str, bytes]) -> None:
    """Byte for byte; all files that differ are named."""
    places = {name: first_difference(files[name], data) for name, data in right.items()}
    if faults := [f"{name} 第 {at} 行（line {at}）：与重算不同（differs）" for name, at in places.items() if at]:
        raise Refused("\n".join(faults))


def describe(r: Round, visits: int, released: int | None) -> list[str]:
    """What a person should know of a bundle that holds."""
    said = [f"批次（round）{r.certificate['round_id']}，承诺值（commitment）{r.certificate['commitment']}"]
    if r.certificate["demonstration"]:
        said.append("演示批次 DEMONSTRATION：随机源与密值取自配置，不得作为真实抽取使用")
    if r.order[1] > 1:
        said.append(f"本月在此之前有 {r.order[1] - 1} 个批次作废（voided rounds of this month before this one）")
    if r.fallback_used:
        said.append("FALLBACK USED 使用了备用随机源：请查台账中主用随机源未公布的证据")
    if SUMS in r.files:
        said.append(f"SHA256SUMS 的摘要（digest）{sha256(r.files[SUMS]).hexdigest()}，请与台账核对")
    if extra := sorted(r.files.keys() - EXPECTED - {SUMS}):
        said.append(f"另有文件，只核对摘要、不核对内容（not examined）：{'、'.join(extra)}")
    nowhere = f"其中不在任何任务范围内（in no task）{[*r.scopes.values()].count([])} 户"
    said.append(f"对象（population）{len(r.scopes)} 户，{nowhere}")
    for (state, reason), uids in sorted(r.excluded.items()):
        said.append(f"  {state} {reason}：{len(uids)} 户（subjects）")
    drawn = [uid for uids in r.drawn.values() for uid in uids]
    cut = f"因检查力量核减（cut for capacity）{sum(r.planned.values()) - len(drawn)} 项次"
    said.append(f"抽取（drawn）{len(drawn)} 项次、{len(set(drawn))} 户；{cut}")
    if released is not None:
        said.append(f"检查户次（visits）{visits}；无法派人（unassignable）{released}")
    return said


@dataclass
class Year:
    """What the rounds of a year so far fix in the next one."""

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)  # each as last drawn
    batch: dict[str, int] = field(default_factory=dict)  # the last one drawn and not voided
    drawn: Counter[Stratum] = field(default_factory=Counter)
    subjects: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by task
    whole: bool = False  # the bundles given begin with the year: there was no draw before them
    outside: dict[Stratum, int] = field(default_factory=dict)  # draws of this year before the first bundle given
    fresh: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by task: not drawn before these
    unseen: set[tuple[str, str]] = field(default_factory=set)  # task, uid: drawn_this_year, by no bundle given
    voided: list[Round] = field(default_factory=list)  # the rounds of the month before the one looked at
    last: dict[str, Any] = field(default_factory=dict)  # the tasks of the round before

    def check_policy(self, r: Round, at: Place) -> None:
        """M, what a level owes, and k; a round after a voided one keeps k."""
        for code, task in r.policy["tasks"].items():
            old = self.tasks.get(code, task)
            need(old["levels"].keys() == task["levels"].keys(), at, f"tasks.{code} 的档次在年内增减（levels changed）")
            pairs = [(old["levels"][name], level) for name, level in task["levels"].items()]
            same = old["batches"] == task["batches"] and all(a["rate_e4"] == b["rate_e4"] for a, b in pairs)
            need(same, at, f"tasks.{code} 的 batches 或 rate_e4 在年内变了（M or rates changed）")
            same = all(a[name] == b[name] for a, b in pairs for name in QUOTA)
            need(same, at, f"tasks.{code} 的 {'、'.join(QUOTA)} 在年内变了（quota rules changed）")
            k, first = task["batch"], 0 if self.whole and not self.batch else task["batch_prev"]
            good = self.batch.get(code, first) == task["batch_prev"] and (not self.voided or old["batch"] == k)
            need(good, at, f"tasks.{code} 的 batch 或 batch_prev 与上一批次不接（k not in sequence）")

    def changes(self, r: Round) -> list[str]:
        """Of the round's tasks, what no rule forbids and a person should ask about."""
        tasks, month = r.policy["tasks"], r.order[0]
        gone = sorted(code for code in self.last.keys() - tasks.keys() if self.last[code]["window_end"][:7] >= month)
        said = [f"{code} 窗口未满而取消（gone）" for code in gone]
        for code, task in sorted(tasks.items()):
            new, k, before = code not in self.tasks, task["batch"], task["batch_prev"]
            twins = "、".join(each for each in sorted(self.tasks) if self.tasks[each]["scope"] == task["scope"])
            said += [f"{code} 范围变动（scope）"] * (not new and self.tasks[code]["scope"] != task["scope"])
            said += [f"{code} 新增，范围同 {twins}（new, same scope）"] * (new and twins != "")
            said += [f"{code} 新增，自称已有 {before} 批（new, batches before）"] * (new and self.whole and before > 0)
            said += [f"{code} 批次由 {before} 到 {k}（k jumps）"] * (k - before > 1)
        return [f"任务变动（tasks changed）：{r.certificate['round_id']} {'；'.join(said)}"] if said else []

    def check_strata(self, r: Round, where: str) -> None:
        """drawn_ytd and served_e4, and that whoever a quota has counted, and nobody else, is drawn_this_year."""
        served: Counter[Stratum] = sum((Counter(old.targets) for old in self.voided), Counter())
        for line, (key, (_, _, stated, given)) in enumerate(r.strata.items(), 2):
            at, drawn = (where + "strata.csv", line), self.subjects[key[0]]
            outside = self.outside.setdefault(key, 0 if self.whole else stated - self.drawn[key])
            need(0 <= outside == stated - self.drawn[key], at, "drawn_ytd 与此前各批次的抽取不符（drawn_ytd differs）")
            partial = r.order[1] > len(self.voided) + 1  # voided rounds of this month were not given
            need(partial or given == served[key], at, "served_e4 与作废批次不符（served_e4 differs）")
            good = not r.once(key) or drawn.isdisjoint([*r.eligible.get(key, ()), *r.barred.get(key, ())])
            need(good, at, "有本年已抽的主体未列为本年已抽（drawn_this_year not blocked）")
            unseen = r.spent.get(key, set()) - drawn
            good = not unseen if self.whole else self.fresh[key[0]].isdisjoint(unseen)
            self.unseen.update((key[0], uid) for uid in unseen)
            need(good, at, "有本年未抽的主体列为本年已抽（drawn_this_year, but never drawn）")

    def check_voided(self, r: Round, where: str) -> None:
        """What voided rounds of the month leave: their on-site subjects as triggers, nobody of theirs eligible (§3.4)."""
        if r.order[1] > len(self.voided) + 1:
            return  # they were not given
        held = {(code, uid, r.home[uid]) for code, (_, uid) in r.left_over.items()}
        right: set[tuple[str, str, str]] = set()
        for old in self.voided:
            stem = f"V.{old.certificate['round_id']}"
            visited = {uid for key, uids in old.drawn.items() if old.level(key)["on_site"] for uid in uids}
            right.update((f"{stem}.{n}", uid, old.home[uid]) for n, uid in enumerate(sorted(visited), 1))
            for key, uids in old.drawn.items():
                again = [k for k in r.eligible if k[0] == key[0] and not set(uids).isdisjoint(r.eligible[k])]
                need(not again, (where + "frame.csv", 1), f"{again} 有作废批次的主体仍可抽（voided, still eligible）")
        for code, _, _ in sorted(held ^ right):
            name, line = r.left_over.get(code, (("triggers.csv", 1), ""))[0]
            refuse((where + name, line), f"{code} 缺少或与作废批次不符（missing, or differs from the voided round）")

    def add(self, r: Round, voided: bool) -> None:
        """The round has been drawn; voided: the next one replaces it."""
        self.last = r.policy["tasks"]
        self.tasks.update(self.last)
        self.voided = [*self.voided, r] if voided else []
        if not voided:
            self.batch.update({code: task["batch"] for code, task in self.last.items()})
        for key, uids in r.eligible.items():
            self.fresh[key[0]].update({*uids} - self.subjects[key[0]] if r.once(key) else ())
        for key, uids in r.drawn.items():
            self.drawn[key] += len(uids)
            self.subjects[key[0]].update(uids)


def check_years(rounds: list[Round]) -> list[str]:
    """What earlier rounds fix in later ones (§2, §3.4, §4): certificates, phase_salt, M, rates, k, draws, voids."""
    year, voids, changed = Year(), 0, list[str]()
    previous: Round | None = None
    for r, following in zip_longest(rounds, rounds[1:]):
        where, number_of = f"{r.certificate['round_id']}/", r.policy["year"]
        at = (where + "policy.json", 1)
        if previous is not None:
            link = sha256(previous.files["certificate.json"]).hexdigest()
            good = r.context["previous_certificate_sha256"] == link and previous.order < r.order
            good = good and r.order[1] == (previous.order[1] + 1 if previous.order[0] == r.order[0] else 1)
            need(good, (where + "context.json", 1), "不接上一批次（chain broken, bundle left out or given twice）")
            if previous.policy["year"] == number_of:
                good = r.policy["phase_salt"] == previous.policy["phase_salt"]
                need(good, at, "phase_salt 在年内变了（phase_salt changed）")
            else:
                year, right = Year(whole=True), digest(f"ssj-phase-v1|{number_of}|{previous.certificate['beacon']}")
                good = r.certificate["demonstration"] or r.policy["phase_salt"] == right
                need(good, at, "phase_salt 不是上年末批次的随机源所定（phase_salt differs）")
        changed += year.changes(r)
        year.check_policy(r, at)
        year.check_strata(r, where)
        year.check_voided(r, where)
        voided = following is not None and following.order[0] == r.order[0]
        year.add(r, voided)
        previous, voids = r, voids + voided
    chained = f"前序批次（previous）{len(rounds) - 1} 个相接，其中作废（voided）{voids} 个"
    before = f"本年 drawn_ytd 中有 {sum(year.outside.values())} 项次在这些批次之前（before these bundles）"
    return [chained, f"{before}；列为本年已抽而不在其中的 {len(year.unseen)} 项次（drawn by none of them）", *changed]


def limits(r: Round, first: Round | None) -> list[str]:
    """What no program can know from a bundle (§7); first: of the earlier bundles given."""
    unknown = [
        "population.csv 是否就是登记名册（that the population is the register）",
        "等级、状态、属地是否属实（grades, states and counties）",
        "承诺值是否在随机源公布之前已发出（that C was out before the beacon）",
        "随机源文本是否真实（that the beacon is genuine）",
        "是否另有承诺值（that there is no other C）",
    ]
    if first is None:
        unknown.append("drawn_ytd、作废批次所遗：未给出 --previous（drawn_ytd, voided rounds）")
    elif first.order[1] > 1:
        unknown.append(f"{first.certificate['round_id']} 之前的作废批次：未给出（voided round before it not given）")
    if "frame_merkle_root" in r.context:
        unknown.append("frame_merkle_root 是否就是本名录的树根：盐不在包内（the Merkle root, its salt is kept apart）")
    return ["本程序无法得知（what this program cannot know）：", *(f"  - {each}" for each in unknown)]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description="重算并核对一个抽取包（verify a bundle of ssj-draw-v1）")
    add = parser.add_argument
    add("folder", metavar="DIR", nargs="?", help="抽取包文件夹（the bundle）")
    add("--expect", metavar="DIGEST", type=str.lower, help="台账中 SHA256SUMS 的摘要（its digest in the ledger）")
    add("--previous", metavar="BUNDLE", nargs="+", action="extend", default=[], help="前序批次（earlier bundles）")
    add("--draw-only", action="store_true", help="只核对抽取，供公开样例（the draw alone, published vectors）")
    options = parser.parse_args(arguments)
    if options.folder is None and options.previous:
        options.folder = options.previous.pop()  # --previous A B DIR
    if options.folder is None or not all(map(os.path.isdir, [*options.previous, options.folder])):
        parser.error("没有给出抽取包，或没有这个文件夹（no such folder）")
    if options.expect is not None and not is_digest(options.expect):
        parser.error("--expect 应为 64 位十六进制摘要（digest）")
    if options.draw_only and (options.expect or options.previous):
        parser.error("--draw-only 不与 --expect、--previous 同用（not together）")
    try:
        earlier = []
        for folder in options.previous:
            r, _ = examine(read_folder(folder))
            r.files, r.scopes, r.excluded = {"certificate.json": r.files["certificate.json"]}, {}, {}
            earlier.append(r)
        folder = options.folder
        current, said = examine(read_folder(folder), options.expect, options.draw_only)
        if earlier:
            said += check_years([*sorted(earlier, key=lambda r: r.order), current])
    except (Refused, OSError) as fault:
        print(f"不通过 REFUSED：{folder}\n{fault}")
        return 1
    scope = "抽取与重算一致（the draw alone）" if options.draw_only else "全部文件与重算逐字节一致（all files）"
    print("\n".join([*said, f"通过 OK：{scope}", *limits(current, min(earlier, key=lambda r: r.order, default=None))]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
