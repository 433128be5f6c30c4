"""The published vectors byte for byte, the reserve by brute force, and wrong programs that must not pass."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from supervision.draw.selection import DrawError, redraw

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = ("draw_example_1", "draw_example_2")
OUTPUTS = ("allocation.csv", "cuts.csv", "drawn.csv")


def example(name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (CHECKOUT / "tests" / "golden" / name).iterdir()}


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_published_bytes(name: str, output: str) -> None:
    files = example(name)
    assert redraw(files)[output] == files[output]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_reserve_is_the_next_ranks_of_every_stratum(name: str) -> None:
    files = example(name)
    result = redraw(files)
    key = json.loads(files["certificate.json"])["key"]
    targets = {(r["task"], r["county"], r["stratum"]): r["target_e4"] for r in rows(result["drawn.csv"])}
    expected: list[tuple[str, ...]] = []
    for row in rows(result["allocation.csv"]):
        place = (row["task"], row["county"], row["stratum"])
        pool = sorted(
            (hashlib.sha256(f"{key}|{r['uid']}".encode()).hexdigest(), r["uid"])
            for r in rows(files["frame.csv"])
            if (r["task"], r["county"], r["stratum"], r["state"]) == (*place, "eligible")
        )
        size = int(row["size"])
        wait = pool[size : size + max(5, size)]
        expected += [(*place, str(rank), uid, ticket) for rank, (ticket, uid) in enumerate(wait, start=size + 1)]
    found = rows(result["reserve.csv"])
    assert [tuple(row.values())[:6] for row in found] == expected
    places = [((row["task"], row["county"], row["stratum"]), row["target_e4"]) for row in found]
    assert all(target == targets[place] for place, target in places if place in targets)


def test_any_layout_of_the_certificate_will_do() -> None:
    files = example("draw_example_1")
    tight = json.dumps(json.loads(files["certificate.json"]), separators=(",", ":")).encode()
    assert redraw(files | {"certificate.json": tight}) == redraw(files)


def edited(files: Mapping[str, bytes], **changes: object) -> bytes:
    certificate = json.loads(files["certificate.json"]) | changes
    return json.dumps({k: v for k, v in certificate.items() if v is not None}).encode()


def test_a_certificate_need_not_state_commitment_and_key() -> None:
    files = example("draw_example_1")
    bare = edited(files, commitment=None, key=None)
    assert redraw(files | {"certificate.json": bare}) == redraw(files)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "0" * 32}, "key 与重新计算的结果不一致"),
        ({"commitment": "0" * 64}, "commitment 与重新计算的结果不一致"),
        ({"office_secret": "0" * 64}, "commitment 与重新计算的结果不一致"),
        ({"round_id": "YC-2026-09"}, "commitment 与重新计算的结果不一致"),
        ({"beacon": "kl8-2026009:" + ".".join(f"{n:02d}" for n in range(1, 21))}, "既不是承诺前声明的主用期次"),
        ({"office_secret": None}, "缺少文字字段 office_secret"),
        ({"spec": "ssj-draw-v2"}, "spec 不是 ssj-draw-v1"),
    ],
)
def test_a_certificate_that_states_something_else_is_refused(changes: dict[str, object], sentence: str) -> None:
    files = example("draw_example_1")
    with pytest.raises(ValueError, match=sentence):
        redraw(files | {"certificate.json": edited(files, **changes)})


def test_a_manifest_that_differs_is_refused_with_its_line() -> None:
    files = example("draw_example_1")
    with pytest.raises(DrawError, match=r"manifest\.txt 第 3 行"):
        redraw(files | {"frame.csv": files["frame.csv"].replace(b",eligible,", b",exempt,observation_period", 1)})
    with pytest.raises(DrawError, match=r"manifest\.txt 第 9 行"):
        redraw(files | {"manifest.txt": files["manifest.txt"] + b"\n"})
    with pytest.raises(DrawError, match=r"缺少文件 manifest\.txt"):
        redraw({name: data for name, data in files.items() if name != "manifest.txt"})


# file, right text, wrong text: each of these programs must draw something else, or refuse
MUTANTS = [
    ("capacity.py", "<= capacity:\n            break", "<= capacity + 3:\n            break"),
    ("capacity.py", "capacity - len(others)", "capacity"),
    ("capacity.py", "(place + 1) * E4", "place * E4"),
    ("capacity.py", "0 if place < floor else ", ""),
    ("capacity.py", "for name in list(lambdas)[-2::-1]:", "for name in []:"),
    ("capacity.py", "set(triggers).union(", "set().union("),
    ("capacity.py", "max(floor, ", "max(0, "),
    ("capacity.py", "lambda_e4 + fraction)", "lambda_e4)"),
    ("capacity.py", 'number(f"{key}|cut|', 'number(f"{key}|CUT|'),
    ("capacity.py", "[room] - 1, 0)", "[room], 0)"),
    ("capacity.py", "room = capacity - len(others)", "room = capacity"),
    ("capacity.py", "enters = 0 if place < floor else ", "enters = "),
    ("capacity.py", "min(enters, least.get(uid, E4))", "enters"),
    ("ceremony.py", ".encode()).hexdigest()", '.encode() + b"\\n").hexdigest()'),
    ("ceremony.py", '{secret}")[:32]', '{secret}")'),
    ("ceremony.py", '"big"', '"little"'),
    ("quota.py", "max(quota, min(level.minimum, base))", "max(quota, level.minimum)"),
    ("quota.py", "if base >= level.minimum_if_base:", "if True:"),
    ("quota.py", "(product + E4 - 1) // E4", "product // E4"),
    ("quota.py", "(2 * product + E4) // (2 * E4)", "product // E4"),
    ("quota.py", "(base if census else quota)", "quota"),
    ("quota.py", "drawn_this_year if census else row.drawn_ytd", "row.drawn_ytd"),
    ("quota.py", "task.batch + phase)", "task.batch)"),
    ("quota.py", "task.batches - row.served_e4", "task.batches"),
    ("quota.py", "product * task.batch_prev", "product * (task.batch - 1)"),
    ("quota.py", "min(max(wanted, 0), E4 * row.eligible)", "max(wanted, 0)"),
    ("quota.py", "min(max(wanted, 0), E4 * row.eligible)", "min(wanted, E4 * row.eligible)"),
    ("quota.py", "[], offset", "[], 0"),
    ("quota.py", "        before += target\n", ""),
    ("quota.py", "key=lambda each: _place(key, each.row)", "key=lambda each: each.key"),
    ("selection.py", 'if row.state == "eligible":', 'if row.state != "exempt":'),
    ("selection.py", "sha256(prefix + uid.encode())", "sha256(prefix + row.task.encode() + uid.encode())"),
    ("selection.py", "sha256(prefix + uid.encode()).digest()", "(hash(prefix + uid.encode()) % 2**256).to_bytes(32)"),
    ("selection.py", ".append((ticket, uid))", ".append((uid.encode(), uid))"),
    ("selection.py", "if each.level.on_site:", "if True:"),
    ("selection.py", "capacity is not None and before > capacity", "False"),
    ("selection.py", "ticket, each.target_e4)", "ticket, 10_000 * visits[each.key])"),
]


@pytest.fixture
def transplant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], ModuleType]]:
    """Imports supervision.draw.selection from a copy with one text replaced; the true modules come back after."""
    true = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "supervision"}

    def load(file: str, right: str, wrong: str) -> ModuleType:
        source = CHECKOUT / "supervision"
        for name in ("canonical.py", "uid.py", "__init__.py"):
            (tmp_path / "supervision" / "draw").mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, tmp_path / "supervision")
        for path in (source / "draw").glob("*.py"):
            shutil.copy(path, tmp_path / "supervision" / "draw")
        target = tmp_path / "supervision" / "draw" / file
        text = target.read_text(encoding="utf-8")
        assert text.count(right) == 1, f"{file}: {right!r} stands there {text.count(right)} times"
        target.write_text(text.replace(right, wrong), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module("supervision.draw.selection")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == "supervision"]:
        del sys.modules[name]
    sys.modules.update(true)


def passes(program: ModuleType) -> bool:
    try:
        return all(
            {name: data for name, data in program.redraw(files).items() if name in OUTPUTS}
            == {name: files[name] for name in OUTPUTS}
            for files in map(example, EXAMPLES)
        )
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def test_the_copy_without_a_change_passes(transplant: Callable[[str, str, str], ModuleType]) -> None:
    program = transplant("quota.py", "E4 = 10_000", "E4 = 10_000")
    assert Path(str(program.__file__)).parts[-3:] == ("supervision", "draw", "selection.py")
    assert CHECKOUT not in Path(str(program.__file__)).parents
    assert passes(program)


@pytest.mark.parametrize(("file", "right", "wrong"), MUTANTS)
def test_a_wrong_program_is_caught(
    transplant: Callable[[str, str, str], ModuleType], file: str, right: str, wrong: str
) -> None:
    assert not passes(transplant(file, right, wrong))
