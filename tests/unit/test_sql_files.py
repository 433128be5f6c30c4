"""Every file of sql/ is one SELECT inside the subset, in a total order: by the key of the output of the same name."""

from __future__ import annotations

from pathlib import Path

from data_contracts.model import output_contracts
from resources.engines.dialect import lint

KEYS = {contract.name: contract.primary_key for contract in output_contracts()}
KEYS |= {  # results that are no output of their own
    "delivered": ("delivery_id", "file_name", "sheet", "row_no", "part_no"),
    "ranked": ("task", "county", "stratum", "place"),
    "prefiltered": ("task", "county", "stratum", "place"),
    "drawn_this_year": ("task", "county", "stratum"),
    "leak_profile": ("county", "credit_grade", "places", "scope"),
    "frozen_population": ("uid",),
    "frozen_frame": ("task", "uid"),
    "trigger_homes": ("uid",),
    "check_uid": ("uid",),
    "check_kinds": ("county", "type", "fields"),
    "check_places": ("task", "county", "stratum", "state", "reason"),
    "check_frame": ("task", "uid"),
}


def complaints(folder: Path) -> list[str]:
    """What the lint says about every .sql file under the folder."""
    return [
        complaint
        for path in sorted(folder.rglob("*.sql"))
        for complaint in lint(
            path.read_text(encoding="utf-8"),
            name=path.relative_to(folder).as_posix(),
            unique_key=KEYS.get(path.stem, ()),  # a file whose key nobody knows is a fault
        )
    ]


def test_every_sql_file_passes_the_lint(checkout: Path) -> None:
    assert len(list((checkout / "sql").rglob("*.sql"))) > 10
    assert complaints(checkout / "sql") == []


def test_a_file_without_a_total_order_is_found(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "frame.sql").write_text("select task, uid from frame_candidate order by task", encoding="utf-8")
    (tmp_path / "other.sql").write_text("select 1 as a", encoding="utf-8")
    found = "\n".join(complaints(tmp_path))
    assert "frame.sql" in found
    assert "other.sql" in found
