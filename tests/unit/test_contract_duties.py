"""Every contract says whose duty it is, whether its document is open, and of what class its data is: three things apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from data_contracts import model
from data_contracts.model import CLASS_ZH, OPENNESS, ContractError, load_contracts
from resources.settings import REFERENCE

KINDS = ("source", "output", "confidential")
FILE = "sources/penalty.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("fields", "sources", "outputs", "confidential", "reference"):
        shutil.copytree(model.ROOT / folder, tmp_path / folder)
    return tmp_path


def changed(root: Path, name: str, value: str | None) -> Path:
    """The contract without the property of that name, or with another value; written back."""
    path = root / FILE
    raw = yaml.safe_load(path.read_text("utf-8"))
    kept = [each for each in raw["customProperties"] if each["property"] != name]
    assert len(kept) == len(raw["customProperties"]) - 1
    raw["customProperties"] = [*kept, *([{"property": name, "value": value}] if value else [])]
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    load_contracts.cache_clear()
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_contract_names_a_unit_an_openness_and_a_class(kind: model.Kind) -> None:
    units = {line.split(",")[0] for line in (REFERENCE / "units.csv").read_text("utf-8-sig").splitlines()[1:]}
    contracts = load_contracts(model.ROOT, kind)
    assert contracts
    for contract in contracts:
        assert contract.responsible_unit in units, contract.name
        assert contract.openness in OPENNESS and contract.classification in CLASS_ZH, contract.name
        assert all(column.classification in CLASS_ZH for column in contract.columns), contract.name


def test_openness_and_class_are_two_fields_and_neither_follows_from_the_other() -> None:
    pairs = {(c.openness, c.classification) for kind in KINDS for c in load_contracts(model.ROOT, kind)}
    assert {("不予公开", "internal"), ("不予公开", "sensitive"), ("主动公开", "public")} <= pairs
    assert len({each for each, _ in pairs}) > 1 and len({each for _, each in pairs}) == len(CLASS_ZH)
    for contract in load_contracts(model.ROOT, "output"):  # an open document of ours holds 公 columns only
        assert contract.openness != "主动公开" or contract.classification == "public", contract.name


@pytest.mark.parametrize("name", ["responsibleUnit", "openness", "classification"])
def test_a_contract_without_one_is_not_loaded(root: Path, name: str) -> None:
    changed(root, name, None)
    with pytest.raises(ContractError, match=name):
        load_contracts(root, "source")


@pytest.mark.parametrize(("name", "value"), [("openness", "internal"), ("classification", "不予公开")])
def test_one_cannot_be_written_for_the_other(root: Path, name: str, value: str) -> None:
    changed(root, name, value)
    with pytest.raises(ContractError, match=name):
        load_contracts(root, "source")
