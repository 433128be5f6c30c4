"""The bill of materials names the software that runs, in the locked versions, and is the same bytes every time."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

from resources.sbom import LOCK, sbom_bytes


def test_every_dependency_of_ours_is_named_as_installed_and_as_locked() -> None:
    bill = json.loads(sbom_bytes())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["name"]: part for part in bill["components"]}
    assert len(parts) == len(bill["components"]) > 60
    for name in ("duckdb", "dagster", "cryptography", "python-calamine"):
        assert parts[name]["version"] == metadata.version(name)
        assert parts[name]["purl"] == f"pkg:pypi/{name}@{metadata.version(name)}"
        assert parts[name]["properties"] == [{"name": "ssj:as_locked", "value": "true"}]
    assert parts["dagster"]["licenses"] == [{"expression": "Apache-2.0"}]
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(set(refs)) == len(refs)
    unsaid = [name for name, part in parts.items() if part["type"] == "library" and "licenses" not in part]
    assert len(unsaid) < 10, unsaid


def test_the_same_software_gives_the_same_bytes_and_another_lock_others(tmp_path: Path) -> None:
    assert sbom_bytes() == sbom_bytes()
    other = tmp_path / "requirements.lock"
    other.write_text(LOCK.read_text("utf-8").replace("\nduckdb==", "\nduckdb==0."), "utf-8")
    changed = json.loads(sbom_bytes(other))
    [duckdb] = [part for part in changed["components"] if part["name"] == "duckdb"]
    assert duckdb["properties"][0]["value"] == "false"
    assert changed["serialNumber"] != json.loads(sbom_bytes())["serialNumber"]
