"""The printed commitment sheet: one page, the same bytes, every value on it, and a QR code that a reader reads."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from resources.outbox.commitment_sheet import (
    CommitmentSheet,
    SheetError,
    beacon_words,
    commitment_sheet,
    qr_text,
    write_commitment_sheet,
)
from supervision.draw.ceremony import BeaconChoice
from tests.unit.ceremony_making import BEACON, digest

SHEET = CommitmentSheet(
    city="运城市",
    round_id="YC-2026-10",
    month="2026-10",
    number=7,
    commitment=digest("c"),
    manifest_sha256=digest("m"),
    secret_sha256=digest("s"),
    merkle_root=digest("r"),
    committed_rows=1_034_567,
    beacon=BEACON,
    committed_at="2026-11-08T09:03:11+08:00",
    signers=("信用监管科科长", "分管局领导"),
    voids=("YC-2026-03", "YC-2026-07.2"),
    demonstration=False,
)


def printed(machine: Callable[[str], Path], folder: Path, sheet: CommitmentSheet) -> str:
    """The page's text without blanks."""
    write_commitment_sheet(folder / "sheet.pdf", sheet)
    told = subprocess.run(
        [machine("pdftotext"), "-layout", "sheet.pdf", "-"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    text = told.stdout.decode()
    assert text.count("\f") == 1
    return re.sub(r"\s", "", text)


def test_the_same_facts_are_the_same_bytes_and_others_are_not() -> None:
    first = commitment_sheet(SHEET)
    assert first == commitment_sheet(SHEET) != commitment_sheet(replace(SHEET, number=8))
    assert b"/FontFile2" in first


@pytest.mark.needs("pdftotext")
def test_everything_that_is_signed_stands_on_it(machine: Callable[[str], Path], tmp_path: Path) -> None:
    text = printed(machine, tmp_path, SHEET)
    for value in (SHEET.commitment, SHEET.manifest_sha256, SHEET.secret_sha256, SHEET.merkle_root):
        assert value in text
    for word in (
        "双随机抽取承诺书", "运城市", "YC-2026-10", "承诺第7号", "1,034,567", "2026311", "drand", "2个：YC-2026-03、YC-2026-07.2",
        "信用监管科科长", "分管局领导", "纪检监察机构", "2026年11月8日21:30:00（+08:00）", "2026年11月8日09:03:11",
    ):  # fmt: skip
        assert word in text, word
    assert text.count("年月日") == 3
    assert "演示" not in text
    made_up = printed(machine, tmp_path, replace(SHEET, demonstration=True, voids=()))
    assert "演示demonstration：全部数据为虚构" in made_up and "作废批次无" in made_up


@pytest.mark.needs("pdftoppm")
def test_another_reader_reads_the_qr_code(machine: Callable[[str], Path], tmp_path: Path) -> None:
    import zxingcpp
    from PIL import Image

    write_commitment_sheet(tmp_path / "sheet.pdf", SHEET)
    subprocess.run([machine("pdftoppm"), "-r", "150", "-png", "sheet.pdf", "page"], cwd=tmp_path, check=True)
    [page] = tmp_path.glob("page*.png")
    with Image.open(page) as picture:
        [code] = zxingcpp.read_barcodes(picture)
    assert code.text == qr_text(SHEET) == f"ssj-commit-v1 YC-2026-10 {digest('c')}"


def test_a_character_without_a_glyph_is_refused_not_left_out() -> None:
    with pytest.raises(SheetError, match="字体没有“㙇”"):
        commitment_sheet(replace(SHEET, signers=("㙇县局领导", "分管局领导")))


@pytest.mark.needs("pdftotext")
def test_many_voids_are_counted_and_a_name_that_does_not_fit_is_refused(
    machine: Callable[[str], Path], tmp_path: Path
) -> None:
    many = replace(SHEET, demonstration=True, voids=tuple(f"YC-2026-01.{n}" for n in range(2, 90)))
    assert "88个：最近的是YC-2026-01.85、" in printed(machine, tmp_path, many)
    with pytest.raises(SheetError, match="太长"):
        commitment_sheet(replace(SHEET, signers=("信用监管科科长" * 4, "分管局领导")))


def test_public_draws_in_words() -> None:
    assert beacon_words(BeaconChoice("dice", "20261108")) == "2026年11月8日当众掷出的 20 个十面骰"
    assert beacon_words(BeaconChoice("kl8", "2026311")) == "中国福利彩票“快乐8”第 2026311 期开奖号码"
