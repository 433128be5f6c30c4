"""Whatever happens to a file on its way, reading it gives a table or one sentence: 2,000 changed files, most read here.

More of them: `SSJ_MUTATIONS=200000 pytest --long tests/long/test_mutations.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.inbox import InboxError, RawTable, read_file
from resources.inbox.sandbox import Job, Sandbox
from tests.unit.hostile_files import Maker, changed, part, sound_parquet
from tests.unit.mutations import KINDS, Change, Seed, mutated, seeds
from tests.unit.small_contracts import PERMIT

FAULTS = ("unreadable", "hostile", "drift", "rows_mismatch", "too_big")
HERE, ASIDE = 1_600, 400

share = st.floats(0, 1, allow_nan=False)
changes = st.lists(
    st.builds(Change, st.sampled_from(KINDS), share, share, st.integers(0, 255), st.integers(0, 12)),
    min_size=1,
    max_size=4,
)
any_seed = st.integers(0, len(seeds()) - 1).map(lambda number: seeds()[number])
quietly = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def seen() -> Iterator[Counter[str]]:
    """What came of the files: a test that only ever sees refusals, or only tables, shows nothing."""
    counted: Counter[str] = Counter()
    yield counted
    if sum(counted.values()) >= HERE:
        assert counted["read"] > HERE / 20, counted
        assert counted["unreadable"] > HERE / 20, counted
        assert len(counted) >= 4, counted


@pytest.mark.usefixtures("no_backtrace")
@settings(quietly, max_examples=HERE)
@given(seed=any_seed, other=any_seed, changes=changes)
def test_reading_gives_a_table_or_one_sentence(
    tmp_path: Path, seen: Counter[str], seed: Seed, other: Seed, changes: list[Change]
) -> None:
    path = tmp_path / "changed.dat"
    path.write_bytes(mutated(seed, changes, other))
    try:
        raw = read_file(path, seed.contract)
    except InboxError as error:
        seen[error.kind] += 1
        assert error.kind in FAULTS
        sentence = str(error)
        assert sentence.startswith(f"{tmp_path.name}/changed.dat")
        assert sentence.endswith("。")
        assert len(sentence) < 3_000
        return
    seen["read"] += 1
    assert_sound(raw)


def assert_sound(raw: RawTable) -> None:
    assert raw.table.num_rows == sum(count.delivered_rows for count in raw.sheets)
    for count in raw.sheets:
        assert count.last_row == count.header_rows + count.data_rows + count.blank_rows + count.footer_rows
        assert 0 <= count.data_rows <= count.delivered_rows
    raw.table.validate(full=True)
    places = raw.table.select(["sheet", "row_no", "part_no"]).to_pylist()
    assert len({tuple(place.values()) for place in places}) == len(places)


# What longer runs found: each once raised something else.
FOUND: dict[str, Maker] = {
    "a workbook part in an encoding nobody knows": lambda path: changed(
        path, **{"xl/workbook.xml": b'<?xml version="1.0" encoding="utf-9"?>' + part("xl/workbook.xml")}
    ),
    "the same sheet named twice": lambda path: changed(path, **{"xl/workbook.xml": part("xl/workbook.xml") * 2}),
    "a Parquet schema with a name that is no text": lambda path: path.write_bytes(
        sound_parquet().replace("文书号".encode(), b"\xff" * 9)
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found(tmp_path: Path, name: str) -> None:
    FOUND[name](tmp_path / "a")
    try:
        assert_sound(read_file(tmp_path / "a", PERMIT))
    except InboxError as error:
        assert str(error).endswith("。")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@settings(quietly, max_examples=ASIDE)
@given(seed=any_seed, other=any_seed, changes=changes)
def test_reading_aside_never_crashes(
    tmp_path: Path, box: Sandbox, seed: Seed, other: Seed, changes: list[Change]
) -> None:
    path = tmp_path / "changed.dat"
    path.write_bytes(mutated(seed, changes, other))
    [outcome] = box.read([Job(path, seed.contract, None, tmp_path / "lake" / "table.parquet")])
    assert outcome.state == "read" or outcome.kind in (*FAULTS, "memory"), outcome.reason
    assert outcome.job.target.exists() == (outcome.state == "read")
    assert outcome.seconds < 10
    assert outcome.peak_bytes < 512 * 1024**2
    outcome.job.target.unlink(missing_ok=True)


@pytest.fixture
def no_backtrace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backtrace at every panic takes a second each."""
    monkeypatch.setenv("RUST_BACKTRACE", "0")
