"""What a county gets on paper: a task sheet a page, its workbook on A4.

For: the pages that LibreOffice makes. Not for: contents (test_county_workbook).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.outbox.county_task_sheets import write_task_sheets
from tests.unit.county_samples import NAMED, ROUND, county, entry, visit
from tests.unit.test_outbox_printed import pages

pytestmark = pytest.mark.needs("soffice", "lowriter", "pdftotext")


def test_a_visit_of_up_to_eight_items_is_one_page_with_all_the_results(
    machine: Callable[[str], Path], tmp_path: Path
) -> None:
    visits = [visit(number) for number in range(1, 9)]
    items = [
        entry(one, f"A{item:02d}", task_name="登记事项与公示信息抽查", item_name="特种设备使用单位监督检查")
        for count, one in enumerate(visits, start=1)
        for item in range(count)
    ]
    path = tmp_path / "单.docx"
    write_task_sheets(path, county(visits, items), NAMED, round_id=ROUND, demonstration=True)
    read = pages(machine, tmp_path, path)["单"]
    assert [page.count("任务单号") for page in read] == [1] * 8
    for page in read:
        assert "G 违反公安部门相关规定" in page and "签字：" in page
