"""Word documents of every template: the schema's order, and the same as docxtpl alone would make.

For: what Template does otherwise than docxtpl, shown on all templates. Not for: contents (the tests of each document).
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from docxtpl import DocxTemplate

from resources.outbox import docx_template
from resources.outbox.county_task_sheets import write_task_sheets
from resources.outbox.docx_template import CELL_ORDER, Template, W
from resources.outbox.letters import write_letters
from resources.outbox.monthly_report import write_monthly_report
from resources.outbox.templating import TEMPLATES
from resources.reminder_rules import reminder_rules
from tests.unit import monthly_sample
from tests.unit.county_samples import NAMED, ROUND, county, entry, visit
from tests.unit.test_bulletin import _item, _write
from tests.unit.test_reminders import item, made


def samples(folder: Path) -> dict[str, bytes]:
    """A document of each template: its body as XML, by template."""
    folder.mkdir()
    paths = {name: folder / f"{name}.docx" for name in ("bulletin", "monthly_report", "task_sheet")}
    write_monthly_report(folder / "report.html", paths["monthly_report"], monthly_sample.report())
    _write(paths["bulletin"], _item("140802", "a2", "new"), _item("140821", "c1", "recalled"))
    visits = [visit(1, address="样例路\t1号\n二层"), visit(2)]
    write_task_sheets(
        paths["task_sheet"], county(visits, [entry(v) for v in visits]), NAMED, round_id=ROUND, demonstration=True
    )
    rows = [item("NEW_PENALTY", summary="甲\f乙\a丙")]
    write_letters(folder, made(*rows), reminder_rules().frame, demonstration=True)
    paths["letters"] = folder / "letters-140821.docx"
    return {name: zipfile.ZipFile(path).read("word/document.xml") for name, path in paths.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return samples(tmp_path_factory.mktemp("docx") / "a")


def _cells(xml: bytes) -> list[list[str]]:
    tree = ElementTree.parse(io.BytesIO(xml))
    return [[child.tag.removeprefix(W) for child in cell] for cell in tree.iter(f"{W}tcPr")]


def test_every_template_has_its_sample(written: dict[str, bytes]) -> None:
    assert set(written) == {path.stem for path in TEMPLATES.glob("*.docx")}


def test_the_properties_of_every_cell_stand_in_the_order_of_the_schema(written: dict[str, bytes]) -> None:
    cells = {name: _cells(xml) for name, xml in written.items()}
    assert sum(map(len, cells.values())) > 300
    assert sum("shd" in cell for cell in cells["monthly_report"]) > 100
    for name, found in cells.items():
        for cell in found:
            assert cell == sorted(cell, key=CELL_ORDER.index), name


def test_docxtpl_alone_gives_the_same_but_for_that_order(
    written: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docx_template, "Template", DocxTemplate)
    plain = samples(tmp_path / "b")
    for name in ("bulletin", "letters", "task_sheet"):
        assert written[name] == plain[name], name
    assert b"<w:tab/>" in plain["task_sheet"] and b"<w:br/>" in plain["task_sheet"]
    assert written["monthly_report"] != plain["monthly_report"]

    def sort(xml: bytes) -> Any:
        return re.sub(rb"<w:tcPr>.*?</w:tcPr>", lambda m: b"".join(sorted(re.findall(rb"<[^>]+>", m.group(0)))), xml)

    assert sort(written["monthly_report"]) == sort(plain["monthly_report"])


def test_tables_are_counted_anew_only_where_their_columns_can_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    monkeypatch.setattr(DocxTemplate, "fix_tables", lambda _, xml: counted.append(xml))
    for path in sorted(TEMPLATES.glob("*.docx")):
        template = Template(path)
        template.init_docx()
        template.fix_tables(template.get_xml())
    assert len(counted) == 1  # of the monthly report, which repeats cells
