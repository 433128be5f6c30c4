"""Each rule of DRAW.md §2, broken once in a published example: refused, with file and line and without a name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from supervision.canonical import CanonicalError, json_bytes
from supervision.draw import writing
from supervision.draw.committed import EIGHT, Committed, manifest_bytes, parse_committed
from supervision.draw.round_policy import CommittedError
from supervision.draw.rows import ConflictRow
from tests.unit.draw_city import City, Subject, level, task

EXAMPLE = Path(__file__).resolve().parents[1] / "golden" / "draw_example_1"
FILES = {path.name: path.read_bytes() for path in EXAMPLE.iterdir()}


@pytest.fixture(scope="module")
def committed() -> Committed:
    return parse_committed(FILES)


def test_rows_written_from_any_order_are_the_committed_bytes(committed: Committed) -> None:
    assert {
        "population.csv": writing.population_csv(reversed(committed.population)),
        "frame.csv": writing.frame_csv(reversed(committed.frame)),
        "strata.csv": writing.strata_csv(reversed(committed.strata)),
        "triggers.csv": writing.triggers_csv(reversed(committed.triggers)),
        "roster.csv": writing.roster_csv(reversed(committed.roster)),
        "conflicts.csv": writing.conflicts_csv(reversed(committed.conflicts)),
        "policy.json": writing.policy_json(json.loads(FILES["policy.json"])),
        "context.json": writing.context_json(committed.context),
    } == {name: FILES[name] for name in EIGHT}


def test_the_manifest_is_that_of_sha256sum() -> None:
    assert manifest_bytes(FILES) == FILES["manifest.txt"]
    with pytest.raises(CommittedError, match=r"缺少待承诺文件 roster\.csv"):
        manifest_bytes({name: data for name, data in FILES.items() if name != "roster.csv"})


def test_a_duplicate_key_is_not_written() -> None:
    with pytest.raises(CommittedError, match=r"conflicts\.csv 第 3 行"):
        writing.conflicts_csv([ConflictRow("I1", "x"), ConflictRow("I1", "x")])


def test_typed_values(committed: Committed) -> None:
    assert committed.population[5].fields == ("food",)
    assert committed.roster[0].specialties == ("food", "lift")
    assert committed.roster[0].load_cap == 30
    assert committed.policy.tasks["LIFT"].levels["A"].minimum == 4
    assert committed.policy.tasks["GEN"].levels["A"].on_site is False
    assert committed.policy.capacity["140822"] is None
    assert list(committed.policy.tasks) == ["FOOD", "GEN", "LIFT"]


def lines(edit: Callable[[list[str]], object]) -> Callable[[bytes], bytes]:
    """An edit of the list of lines, header at 0, in place."""

    def apply(data: bytes) -> bytes:
        text = data.decode().splitlines()
        edit(text)
        return ("\n".join(text) + "\n").encode()

    return apply


def at(line: int, old: str, new: str) -> Callable[[bytes], bytes]:
    """Replaces a text that must stand in that line (counted from 1)."""

    def edit(text: list[str]) -> None:
        assert old in text[line - 1], text[line - 1]
        text[line - 1] = text[line - 1].replace(old, new)

    return lines(edit)


def drop(line: int) -> Callable[[bytes], bytes]:
    return lines(lambda text: text.pop(line - 1))


def again(line: int) -> Callable[[bytes], bytes]:
    return lines(lambda text: text.insert(line, text[line - 1]))


def swap(line: int) -> Callable[[bytes], bytes]:
    def edit(text: list[str]) -> None:
        text[line - 1], text[line] = text[line], text[line - 1]

    return lines(edit)


LAST_FRAME = FILES["frame.csv"].decode().count("\n")
LAST_STRATA = FILES["strata.csv"].decode().count("\n")

CSV_EDITS = [
    ("population.csv", swap(2), 3, "排序"),
    ("population.csv", again(4), 5, "重复"),
    ("population.csv", at(2, "4G,", "4H,"), 2, "uid"),
    ("population.csv", at(2, "140881", "140882"), 2, "county"),
    ("population.csv", at(2, "enterprise", "shop"), 2, "type"),
    ("population.csv", at(7, "food", "drug"), 7, "fields"),
    ("population.csv", at(7, "food", "food;boiler"), 7, "fields"),
    ("population.csv", at(7, "food", "food;food"), 7, "fields"),
    ("population.csv", at(7, "food", "food;"), 7, "fields"),
    ("frame.csv", drop(2), 2, "population.csv 第 7 行"),
    ("frame.csv", drop(LAST_FRAME), LAST_FRAME - 1, "之后缺少"),
    ("frame.csv", lines(lambda text: text.insert(1, "FOOD,91140000MA0070004G,140881,A,eligible,")), 2, "范围内"),
    ("frame.csv", lines(lambda text: text.append("ZZZ,91140000MA0070004G,140881,A,eligible,")), LAST_FRAME + 1, "任务"),
    ("frame.csv", swap(2), 2, "之前缺少"),
    ("frame.csv", again(2), 3, "重复"),
    ("frame.csv", at(2, "140802", "140881"), 2, "population.csv 第 7 行"),
    ("frame.csv", at(2, ",A,", ",E,"), 2, "stratum"),
    ("frame.csv", at(2, "eligible,", "chosen,"), 2, "state"),
    ("frame.csv", at(2, "eligible,", "eligible,observation_period"), 2, "reason"),
    ("frame.csv", at(2, "eligible,", "exempt,"), 2, "reason"),
    ("frame.csv", at(3, "observation_period", "friend"), 3, "reason"),
    ("frame.csv", at(2, "eligible,", "exempt,observation_period"), 2, "strata.csv"),
    ("strata.csv", at(2, "137", "138"), 2, "base"),
    ("strata.csv", at(2, "127", "126"), 2, "eligible"),
    ("strata.csv", at(2, ",0,0", ",00,0"), 2, "drawn_ytd"),
    ("strata.csv", at(2, ",0,0", ",0,"), 2, "served_e4"),
    ("strata.csv", drop(2), LAST_STRATA - 1, "frame.csv 第 2 行"),
    ("strata.csv", swap(2), 3, "排序"),
    ("strata.csv", again(2), 3, "重复"),
    ("strata.csv", lines(lambda text: text.append("LIFT,1408KF,Z,0,0,0,0")), LAST_STRATA + 1, "stratum"),
    ("strata.csv", lines(lambda text: text.append("ZZZ,1408KF,A,0,0,0,0")), LAST_STRATA + 1, "task"),
    ("triggers.csv", again(2), 3, "重复"),
    ("triggers.csv", swap(2), 3, "排序"),
    ("triggers.csv", at(2, "T000", "T 000"), 2, "trigger_id"),
    ("triggers.csv", at(2, "3E,", "3F,"), 2, "uid"),
    ("triggers.csv", at(2, ",140881", ",149999"), 2, "county"),
    ("triggers.csv", lambda data: data.replace(b"63E,140881", b"63E,140802"), 2, "属地"),
    ("roster.csv", again(2), 3, "重复"),
    ("roster.csv", at(2, "I000", "I/000"), 2, "inspector_id"),
    ("roster.csv", at(2, "140802", "149999"), 2, "county"),
    ("roster.csv", at(2, "food;lift", "lift;food"), 2, "specialties"),
    ("roster.csv", at(2, ",10,", ",010,"), 2, "days"),
    ("roster.csv", at(2, ",30,", ",-1,"), 2, "load_cap"),
    ("roster.csv", at(2, "2027-12-31", "2027-02-29"), 2, "valid_until"),
    ("roster.csv", at(2, "2027-12-31", "20271231"), 2, "valid_until"),
    ("conflicts.csv", again(2), 3, "重复"),
    ("conflicts.csv", at(2, "I000", "I,000"), 2, "列"),
    ("conflicts.csv", at(2, "1L", "2L"), 2, "uid"),
]


@pytest.mark.parametrize(("name", "edit", "line", "word"), CSV_EDITS)
def test_a_broken_table_is_refused(name: str, edit: Callable[[bytes], bytes], line: int, word: str) -> None:
    files = FILES | {name: edit(FILES[name])}
    with pytest.raises((CommittedError, CanonicalError)) as caught:
        parse_committed(files)
    sentence = str(caught.value)
    named = "strata.csv" if word == "strata.csv" else name
    assert sentence.startswith(f"文件 {named} 第 {line} 行")
    assert sentence.count("。") == 1
    assert word in sentence
    assert not re.search(r"91140|observation_period|,[A-U],", sentence), "a message names places, not subjects"


POLICY = json.loads(FILES["policy.json"])
TASK, LEVEL = ("tasks", "FOOD"), ("tasks", "FOOD", "levels", "A")
POLICY_EDITS: list[tuple[tuple[str, ...], object, str]] = [
    (("year",), "2026", "year"),
    (("year",), True, "year"),
    (("phase_salt",), "x", "phase_salt"),
    (("types",), ["enterprise", "enterprise"], "types"),
    (("types",), "enterprise", "types"),
    (("reasons",), ["a b"], "reasons"),
    (("extra",), 1, "extra"),
    (("beacon",), {}, "beacon"),
    (("beacon", "source"), "time", "beacon"),
    (("beacon", "selector"), "26007", "beacon"),
    (("beacon", "selector"), "2026008", "beacon.fallback"),
    (("beacon", "not_before"), "2026-11-03T16:00:00", "beacon.not_before"),
    (("beacon", "not_before"), "soon", "beacon.not_before"),
    (("beacon", "fallback"), {"source": "dice", "selector": "20261103"}, "beacon.fallback"),
    (("capacity", "140802"), -1, "capacity"),
    (("capacity", "140802"), 1.5, "第 1 行"),
    (("capacity", "149999"), 3, "capacity"),
    (("cut_order",), ["A", "U", "B", "C"], "cut_order"),
    (("cut_order",), ["A", "U", "B", "C", "D", "A"], "cut_order"),
    ((*TASK, "batch"), 0, "tasks.FOOD.batch"),
    ((*TASK, "batch"), 13, "tasks.FOOD.batch"),
    ((*TASK, "batch_prev"), 8, "tasks.FOOD.batch_prev"),
    ((*TASK, "batches"), 0, "tasks.FOOD.batches"),
    ((*TASK, "team_size"), 0, "tasks.FOOD.team_size"),
    ((*TASK, "specialty"), "", "tasks.FOOD.specialty"),
    ((*TASK, "window_end"), "2026-13-01", "tasks.FOOD.window_end"),
    ((*TASK, "scope"), {"types": ["enterprise"]}, "tasks.FOOD.scope"),
    ((*TASK, "scope", "types"), ["shop"], "tasks.FOOD.scope.types"),
    ((*TASK, "scope", "fields"), ["drug"], "tasks.FOOD.scope.fields"),
    ((*LEVEL, "on_site"), True, "levels.A.on_site"),
    ((*LEVEL, "on_site"), 2, "levels.A.on_site"),
    ((*LEVEL, "rate_e4"), -1, "levels.A.rate_e4"),
    ((*LEVEL, "rounding"), "up", "levels.A.rounding"),
    ((*LEVEL, "minimum"), None, "levels.A.minimum"),
    ((*LEVEL, "floor_e4"), 10_001, "levels.A.floor_e4"),
]


def with_entry(document: object, path: tuple[str, ...], value: object) -> bytes:
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(copy, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(("path", "value", "word"), POLICY_EDITS)
def test_a_broken_policy_is_refused(path: tuple[str, ...], value: object, word: str) -> None:
    with pytest.raises((CommittedError, CanonicalError)) as caught:
        parse_committed(FILES | {"policy.json": with_entry(POLICY, path, value)})
    assert str(caught.value).startswith("文件 policy.json 第 1 行")
    assert word in str(caught.value)


@pytest.mark.parametrize("path", [("year",), ("tasks", "GEN", "batch"), ("tasks", "GEN", "levels", "A", "minimum")])
def test_a_policy_that_lacks_an_entry_is_refused(path: tuple[str, ...]) -> None:
    copy = json.loads(FILES["policy.json"])
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    with pytest.raises(CommittedError, match=rf"policy\.json 第 1 行.*{path[-1]}"):
        parse_committed(FILES | {"policy.json": json_bytes(copy)})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("register_sha256", None),
        ("register_sha256", "A" * 64),
        ("previous_certificate_sha256", ""),
        ("calendar", ""),
        ("code_commit", None),
    ],
)
def test_a_broken_context_is_refused(key: str, value: object) -> None:
    context = json.loads(FILES["context.json"])
    with pytest.raises(CommittedError, match=rf"context\.json 第 1 行的 {key}"):
        parse_committed(FILES | {"context.json": with_entry(context, (key,), value)})
    with pytest.raises(CommittedError, match=rf"context\.json 第 1 行缺少 {key}"):
        parse_committed(FILES | {"context.json": json_bytes({k: v for k, v in context.items() if k != key})})


def test_a_stratum_of_exempt_subjects_only_may_be_left_out_or_stated() -> None:
    city = City(
        {"T": task({"A": level(300), "B": level(300)})},
        [Subject(1, "X", {"T": ("A", "")}), Subject(2, "X", {"T": ("B", "observation_period")})],
    )
    files = city.files()
    assert b"T,X,B,0,0,0,0\n" in files["strata.csv"]
    assert len(parse_committed(files).strata) == 2
    assert len(parse_committed(files | {"strata.csv": drop(3)(files["strata.csv"])}).strata) == 1


def test_a_subject_has_one_county_in_all_files() -> None:
    city = City(
        {"T": task({"A": level(300)})},
        [Subject(1, "X", {"T": ("A", "")}), Subject(2, "Y", {"T": ("A", "")})],
        triggers=[1],
    )
    files = city.files()
    assert parse_committed(files).triggers[0].county == "X"
    with pytest.raises(CommittedError, match=r"triggers\.csv 第 2 行.*属地"):
        parse_committed(files | {"triggers.csv": files["triggers.csv"].replace(b",X\n", b",Y\n")})
