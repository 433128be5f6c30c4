"""Months really run: a small city generated, its deliveries taken through all three jobs, as `ssj run` does.

Here: inboxes and finished months shared by the tests. Not here: what any of them must show.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.truth import missed_faults, planted_faults, wrongly_quarantined

__all__ = ["MONTH", "Outcome", "kept_files", "missed_faults", "planted_faults", "wrongly_quarantined"]
MONTH = "2026-10"


@dataclass
class Outcome:
    """One `ssj run`: its data folder, exit code and what it said."""

    home: Path
    code: int
    said: list[str] = field(default_factory=list)
    errors: str = ""

    @property
    def outbox(self) -> Path:
        return self.home / "outbox" / MONTH

    @property
    def bundle(self) -> Path:
        return self.home / "bundles" / f"YC-{MONTH}"

    def table(self, name: str) -> list[dict]:
        import pyarrow.parquet as pq

        version = (self.home / "lake" / MONTH / "current").read_text()
        return pq.read_table(self.home / "lake" / MONTH / version / f"{name}.parquet").to_pylist()

    def has_table(self, name: str) -> bool:
        pointer = self.home / "lake" / MONTH / "current"
        return pointer.exists() and (self.home / "lake" / MONTH / pointer.read_text() / f"{name}.parquet").exists()


def generate_into(inbox: Path, **options: object) -> None:
    from resources.settings import REFERENCE
    from sample_city import generate

    inbox.mkdir(parents=True)
    generate(MONTH, inbox, codes=REFERENCE, **options)  # type: ignore[arg-type]


def copy_city(inbox: Path, home: Path) -> None:
    """What a home holds before its first run: the deliveries, and the inspectors' names, which are no delivery."""
    for folder in (inbox, inbox.parent / "confidential"):
        shutil.copytree(folder, home / folder.name)


@pytest.fixture(scope="session")
def run_home() -> Callable[..., Outcome]:
    """run_home(home, as_of=None): the month run in this process, errors captured as the command line prints them."""
    import typer

    from pipelines.cli.run import run_month

    def run(home: Path, as_of: object = None) -> Outcome:
        said: list[str] = []
        errors: list[str] = []
        echo = typer.echo

        def listen(message: object = "", *, err: bool = False, **_: object) -> None:
            (errors if err else said).append(str(message))

        typer.echo = listen  # type: ignore[assignment]
        try:
            code = run_month(MONTH, home, as_of, said.append)  # type: ignore[arg-type]
        finally:
            typer.echo = echo
        return Outcome(home, code, said, "\n".join(errors))

    return run


@pytest.fixture(scope="session")
def city_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox of 1,500 enterprises with planted defects; `truth.json` beside it."""
    inbox = tmp_path_factory.mktemp("city") / "inbox"
    generate_into(inbox, enterprises=1500, seed=7, defects=0.02)
    return inbox


@pytest.fixture(scope="session")
def finished(city_inbox: Path, tmp_path_factory: pytest.TempPathFactory, run_home: Callable[..., Outcome]) -> Outcome:
    """The month of `city_inbox`, run to its end."""
    home = tmp_path_factory.mktemp("finished")
    copy_city(city_inbox, home)
    return run_home(home)


@pytest.fixture(scope="session")
def tiny_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox of 300 enterprises without defects, to be spoiled by tests of bad input."""
    inbox = tmp_path_factory.mktemp("tiny") / "inbox"
    generate_into(inbox, enterprises=300, seed=8, defects=0.0)
    return inbox


@pytest.fixture
def tiny_home(tiny_inbox: Path, tmp_path: Path) -> Path:
    """A fresh data folder with a copy of `tiny_inbox`."""
    copy_city(tiny_inbox, tmp_path)
    return tmp_path


def change_manifest(folder: Path, **fields: object) -> None:
    """Rewrite fields of a delivery's manifest, as a careless sender would."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields, ensure_ascii=False), "utf-8")


def make_real(inbox: Path) -> None:
    """The register was delivered by a real office: the month is no demonstration any more, and waits for people."""
    for path in inbox.glob("*/manifest.json"):
        if any(file["source"] == "register" for file in json.loads(path.read_text("utf-8"))["files"]):
            change_manifest(path.parent, generated=False)


def kept_files(home: Path) -> dict[str, str]:
    """Digest by place of everything that a month leaves behind and that must have the same bytes each time."""
    kept = [
        p for room in ("lake", "bundles", "outbox", "evidence") for p in sorted((home / room).rglob("*")) if p.is_file()
    ]
    return {p.relative_to(home).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}
