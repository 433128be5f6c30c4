"""Differences between a header and its contract, each by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resources.inbox.errors import Drift, DriftError
from resources.inbox.header import match_header
from tests.unit.small_contracts import PERMIT, column

HEAD = ["统一社会信用代码", "企业名称", "文书号", "决定日期"]

DRIFTS = [
    ([*HEAD, "新列"], [Drift("new", None, "新列")], "「新列」不在「许可样表」的契约中"),
    (HEAD[:3], [Drift("dropped", "signed_on", None)], "缺少必填列「决定日期」"),
    ([*HEAD[:3], "决定时间"], [Drift("renamed", "signed_on", "决定时间")], "「决定时间」疑由「决定日期」改名而来"),
    ([*HEAD[:3], "住所"], [Drift("new", None, "住所"), Drift("dropped", "signed_on", None)], "「住所」不在"),
    (
        [*HEAD[:3], "决定日", "决定时间"],
        [Drift("renamed", "signed_on", "决定日"), Drift("new", None, "决定时间")],
        "「决定日」疑由「决定日期」改名而来，「决定时间」不在",
    ),
    ([*HEAD, "撤销日"], [Drift("renamed", "ended_on", "撤销日")], "「撤销日」疑由「撤销日期」改名而来"),
    ([*HEAD, "注册地址"], [Drift("new", None, "注册地址")], "「注册地址」不在"),
    ([*HEAD, "信用代码"], [Drift("new", "uscc", "信用代码")], "有两列都是「统一社会信用代码」"),
    (
        ["统一信用代码", "企业名", "文书号", "决定日期"],
        [Drift("renamed", "uscc", "统一信用代码"), Drift("renamed", "party_name", "企业名")],
        "「统一信用代码」疑由「统一社会信用代码」改名而来，「企业名」疑由「企业名称」改名而来",
    ),
]


@pytest.mark.parametrize(("head", "drifts", "words"), DRIFTS)
def test_drift_is_named(head: list[str], drifts: list[Drift], words: str) -> None:
    with pytest.raises(DriftError, match=words) as caught:
        match_header(head, PERMIT, "某文件", row=1)
    assert caught.value.kind == "drift"
    assert list(caught.value.drifts) == drifts


def test_a_source_that_looks_codes_up_needs_no_column_of_codes() -> None:
    looks_up = replace(PERMIT, identity=True)
    assert "uscc" not in match_header(HEAD[1:], looks_up, "某文件", row=1).places
    with pytest.raises(DriftError, match="缺少必填列「统一社会信用代码」"):
        match_header(HEAD[1:], PERMIT, "某文件", row=1)
    with pytest.raises(DriftError, match="缺少必填列「统一社会信用代码」「企业名称」"):
        match_header(HEAD[2:], looks_up, "某文件", row=1)


def test_headers_give_units_and_name_corrected_rows() -> None:
    fine = column(
        "fine_wan",
        "罚款金额（万元）",
        "number",
        unit="万元",
        unit_headers={"罚款金额（元）": "元", "罚款（万元）": "万元"},
    )
    contract = replace(PERMIT, columns=(*(c for c in PERMIT.columns if c.name != "fine_wan"), fine))
    assert match_header([*HEAD, "罚款金额(元)"], contract, "某文件", row=1).units == {"fine_wan": "元"}
    for title in ("罚款金额（万元）", "罚款（万元）"):
        found = match_header([*HEAD, title, "原位置号"], contract, "某文件", row=1)
        assert (found.units, found.places["fine_wan"], found.places["corrects_row_id"]) == ({}, 4, 5)
        assert "corrects_row_id" not in found.brought
