"""On paper: what LibreOffice makes of a Word document and of a workbook, counted in pages.

For: fitting and breaking of pages, which no XML shows. Not for: contents (the tests of each document).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from resources.outbox.letters import write_letters
from resources.outbox.workbook import Sheet, own_column, write_workbook
from resources.reminder_rules import reminder_rules
from tests.unit.test_reminders import item, made

pytestmark = pytest.mark.needs("soffice", "lowriter", "pdftotext")
COUNTIES = ("盐湖区", "临猗县", "万荣县")


def pages(machine: Callable[[str], Path], folder: Path, *files: Path) -> dict[str, list[str]]:
    """The text of each page by the file's name."""
    program, profile = str(machine("soffice")), f"-env:UserInstallation=file://{folder}/profile"
    command = [program, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    read: dict[str, list[str]] = {}
    for file in files:
        text = subprocess.run([machine("pdftotext"), folder / f"{file.stem}.pdf", "-"], capture_output=True, check=True)
        read[file.stem] = text.stdout.decode().split("\f")[:-1]
    return read


def test_a_letter_is_one_page_and_a_broken_sheet_a_page_a_value(machine: Callable[[str], Path], tmp_path: Path) -> None:
    reasons = ("NEW_PENALTY", "NEW_ABNORMAL", "LICENSE_EXPIRING", "REPAIR_ELIGIBLE")
    rows = [
        item(
            reasons[k % (1 + n % 4)], f"r{k}", uid=f"91140821MA{n:07d}X", document_no=f"运盐湖市监综罚〔2026〕{k:04d}号"
        )
        for n in range(12)
        for k in range(1 + n // 2)
    ]
    for row in rows:
        row["reminder_id"] = f"TX-202610-{row['uid']}"
    letters = made(*rows, name="运城市盐湖区样例生物科技食品药品有限责任公司")
    write_letters(tmp_path, letters, reminder_rules().frame, demonstration=True)
    frame = pd.DataFrame({f"c{n}": [county for county in COUNTIES for _ in range(12)] for n in range(14)})
    columns = [own_column(name, f"第{name}列的名称", "样例。") for name in frame.columns]
    book = tmp_path / "名单.xlsx"
    sheet = Sheet("名单", frame, columns, break_on="c0", widths=dict.fromkeys(frame.columns, 20))
    write_workbook(book, [sheet], title="名单", demonstration=False, facts={})
    read = pages(machine, tmp_path, tmp_path / "letters-140821.docx", book)
    assert len(letters) == 12
    assert [page.count("提示编号：TX") for page in read["letters-140821"]] == [1] * 12
    assert all("名词说明" in page for page in read["letters-140821"])
    _, *counties, _ = read["名单"]  # between cover and legend
    assert [{county for county in COUNTIES if county in page} for page in counties] == [{c} for c in COUNTIES]
    assert all("第c13列" in page.replace("\n", "") for page in counties)
