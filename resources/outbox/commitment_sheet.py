"""The printed commitment sheet: what two roles sign and what leaves the house before the beacon (DRAW.md §3.1).

Here: one A4 page as PDF with C in groups of hexadecimal digits and as QR code, the same bytes for the same facts. Not
here: when it may be printed (pipelines.cli.ceremony). It holds digests and totals only: no firm, no grade, no secret.
The font is embedded, so that it prints alike where no Chinese font is installed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from resources.lake import write_bytes
from supervision.draw.ceremony import Beacon, BeaconChoice
from supervision.rounds import Commitment

FONT_FILE = Path(__file__).parent / "fonts" / "NotoSerifSC-GB2312.ttf"
_FONT = "NotoSerifSC"
_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT = 24 * mm, _WIDTH - 24 * mm
_LABEL = 41 * mm  # of the table of facts
_NAMED = 5  # void rounds named; their number is always told
_PITCH = 0.56  # of the font size: every hexadecimal digit is as wide


class SheetError(ValueError):
    """The sheet cannot be printed; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class CommitmentSheet:
    """What the sheet says. signers: names of the two roles; voids: ids of the year's earlier void rounds."""

    city: str
    round_id: str
    month: str
    number: int
    commitment: str
    manifest_sha256: str
    secret_sha256: str
    merkle_root: str
    committed_rows: int
    beacon: Beacon
    committed_at: str
    signers: tuple[str, str]
    voids: tuple[str, ...]
    demonstration: bool

    @classmethod
    def of(
        cls,
        made: Commitment,
        *,
        city: str,
        round_id: str,
        month: str,
        beacon: Beacon,
        committed_at: str,
        signers: tuple[str, str],
        voids: Sequence[str],
        demonstration: bool,
    ) -> CommitmentSheet:
        """The sheet of one commitment of the ledger; committed_at: the moment that it prints."""
        return cls(
            city=city,
            round_id=round_id,
            month=month,
            number=made.number,
            commitment=made.commitment,
            manifest_sha256=made.manifest_sha256,
            secret_sha256=made.secret_sha256,
            merkle_root=made.merkle_root,
            committed_rows=made.committed_rows,
            beacon=beacon,
            committed_at=committed_at,
            signers=signers,
            voids=tuple(voids),
            demonstration=demonstration,
        )


def qr_text(sheet: CommitmentSheet) -> str:
    """What the QR code says: spec, round and C."""
    return f"ssj-commit-v1 {sheet.round_id} {sheet.commitment}"


def write_commitment_sheet(path: Path, sheet: CommitmentSheet) -> str:
    """Write the PDF; returns its SHA-256. Errors: SheetError."""
    return write_bytes(path, commitment_sheet(sheet))


def commitment_sheet(sheet: CommitmentSheet) -> bytes:
    """The page as PDF, the same bytes for the same facts. SheetError for a character that the font lacks."""
    page = _Page(f"双随机抽取承诺书 {sheet.round_id}")
    page.heading(sheet)
    page.commitment(sheet)
    page.table(_facts(sheet))
    page.paragraphs(_what_to_do(sheet))
    page.signatures(sheet)
    page.foot(sheet)
    return page.done()


def beacon_words(choice: BeaconChoice) -> str:
    """A public draw in words, such as 中国福利彩票快乐 8 第 2026311 期."""
    text = choice.selector
    if choice.source == "kl8":
        return f"中国福利彩票“快乐8”第 {text} 期开奖号码"
    if choice.source == "dice":
        return f"{text[:4]}年{int(text[4:6])}月{int(text[6:])}日当众掷出的 20 个十面骰"
    chain, number = text.split("-")
    return f"drand 公开随机数网络第 {number} 轮，链 {chain}"


def _moment(text: str) -> str:
    return f"{text[:4]}年{int(text[5:7])}月{int(text[8:10])}日 {text[11:19]}（{text[19:] or '时区不明'}）"


def _facts(sheet: CommitmentSheet) -> list[tuple[str, str]]:
    named = "、".join(sheet.voids[-_NAMED:])
    more = "最近的是 " if len(sheet.voids) > _NAMED else ""
    voids = f"{len(sheet.voids)} 个：{more}{named}" if sheet.voids else "无"
    return [
        ("冻结清单 SHA-256", sheet.manifest_sha256),
        ("机关密值 SHA-256", sheet.secret_sha256),
        ("名录默克尔树根", sheet.merkle_root),
        ("公开随机源（主用）", beacon_words(sheet.beacon.primary)),
        ("最早录入时刻", _moment(sheet.beacon.not_before)),
        ("公开随机源（备用）", beacon_words(sheet.beacon.fallback) + "；仅在主用期次从未公布时启用"),
        ("冻结名录行数", f"{sheet.committed_rows:,}"),
        ("本年此前作废批次", voids),
        ("承诺时刻", _moment(sheet.committed_at)),
    ]


def _what_to_do(sheet: CommitmentSheet) -> list[str]:
    return [
        "一、以上各值在公开随机源产生之前确定，其后名录、比例、人员和密值均不得更改。"
        "承诺值＝SHA-256(ssj-commit-v1|批次|冻结清单 SHA-256|机关密值 SHA-256)，"
        "可凭本页自行核算。",
        "二、本承诺书由两个角色签字后，须在公开随机源公布之前送出本机关：对外公告，或报送上一级市场监管部门，并留存回执。",
        "三、机关密值的第二份交纪检监察机构：在其自有设备上用 sha256sum 核对，与本页“机关密值 SHA-256”一致后装入信封密封保管。",
        "四、公开随机源公布后由两个角色分别录入，两个角色到场开启密值，再行抽取；抽取结果可用独立的核验程序重算。",
    ]


class _Page:
    """One page written from the top down; `y` is where the next thing begins."""

    def __init__(self, title: str) -> None:
        if _FONT not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(_FONT, str(FONT_FILE)))
        self._known = pdfmetrics.getFont(_FONT).face.charToGlyph
        self._data = io.BytesIO()
        # invariant: no moment and no random id in the file
        self._canvas: Any = Canvas(self._data, pagesize=A4, invariant=1, initialFontName=_FONT)
        self._canvas.setTitle(title)
        self._canvas.setSubject("ssj-commit-v1")
        self.y = _HEIGHT - 22 * mm

    def heading(self, sheet: CommitmentSheet) -> None:
        if sheet.demonstration:
            self._canvas.rect(_LEFT, self.y - 1.5 * mm, _RIGHT - _LEFT, 7 * mm)
            self._centred(self.y + 0.6 * mm, 11, "演示 demonstration：全部数据为虚构，本页不是承诺")
            self.y -= 9 * mm
        self._bold_centred(self.y - 5 * mm, 22, "双随机抽取承诺书")
        year, month = sheet.month.split("-")
        self._centred(
            self.y - 14 * mm,
            12,
            f"{sheet.city}市场监督管理部门　　{year} 年 {int(month)} 月批次 {sheet.round_id}　　承诺第 {sheet.number} 号",
        )
        self._canvas.setLineWidth(1.2)
        self._canvas.line(_LEFT, self.y - 18 * mm, _RIGHT, self.y - 18 * mm)
        self.y -= 23 * mm

    def commitment(self, sheet: CommitmentSheet) -> None:
        side = 38 * mm
        widget = QrCodeWidget(qr_text(sheet), barLevel="M", barBorder=4, barWidth=side, barHeight=side)
        drawing = Drawing(side, side)
        drawing.add(widget)
        renderPDF.draw(drawing, self._canvas, _RIGHT - side, self.y - side)
        self._bold(_LEFT, self.y - 5 * mm, 13, "承诺值 C")
        groups = [sheet.commitment[i : i + 4] for i in range(0, 64, 4)]
        for row in range(4):
            for column, group in enumerate(groups[4 * row : 4 * row + 4]):
                self._digits(_LEFT + (4 + column * 25) * mm, self.y - (14 + 7.5 * row) * mm, 16, group)
        self.y -= side + 3 * mm

    def table(self, facts: list[tuple[str, str]]) -> None:
        size, step = 10.5, 5.2 * mm
        self._canvas.setLineWidth(0.4)
        for label, value in facts:
            self._canvas.line(_LEFT, self.y, _RIGHT, self.y)
            self._text(_LEFT + 1 * mm, self.y - 5 * mm, size, label)
            if len(value) == 64:
                for half in (value[:32], value[32:]):
                    self._hexadecimal(_LEFT + _LABEL, self.y - 5 * mm, size, half)
                    self.y -= step
            else:
                for line in self._wrapped(value, size, _RIGHT - _LEFT - _LABEL - 1 * mm):
                    self._text(_LEFT + _LABEL, self.y - 5 * mm, size, line)
                    self.y -= step
            self.y -= 2.2 * mm
        self._canvas.line(_LEFT, self.y, _RIGHT, self.y)
        self.y -= 2 * mm

    def paragraphs(self, texts: list[str]) -> None:
        for text in texts:
            for line in self._wrapped(text, 10, _RIGHT - _LEFT):
                self.y -= 5.1 * mm
                self._text(_LEFT, self.y, 10, line)
            self.y -= 0.8 * mm

    def signatures(self, sheet: CommitmentSheet) -> None:
        self.y -= 4 * mm
        lines = [(name, "签字") for name in sheet.signers] + [("纪检监察机构（第二份密值已核对并密封）", "签字")]
        self._canvas.setLineWidth(0.6)
        for name, verb in lines:
            self.y -= 10.5 * mm
            if pdfmetrics.stringWidth(f"{name}　{verb}", _FONT, 11) > 86 * mm:
                raise SheetError(f"角色名称“{name}”太长，承诺书的签字栏放不下：请在政策 roles 中缩短")
            self._text(_LEFT, self.y, 11, f"{name}　{verb}")
            self._canvas.line(_LEFT + 88 * mm, self.y - 1 * mm, _LEFT + 124 * mm, self.y - 1 * mm)
            self._canvas.drawRightString(_RIGHT, self.y, "年　　月　　日")

    def foot(self, sheet: CommitmentSheet) -> None:
        self._canvas.setLineWidth(0.4)
        self._canvas.line(_LEFT, 17 * mm, _RIGHT, 17 * mm)
        self._text(_LEFT, 12.5 * mm, 8.5, f"二维码内容：ssj-commit-v1 {sheet.round_id} 与承诺值 C，以空格相隔")
        mark = "演示 demonstration" if sheet.demonstration else f"承诺第 {sheet.number} 号，共 1 页"
        self._canvas.setFont(_FONT, 8.5)
        self._canvas.drawRightString(_RIGHT, 12.5 * mm, mark)

    def done(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._data.getvalue()

    def _check(self, text: str) -> str:
        lacking = sorted({char for char in text if ord(char) not in self._known})
        if lacking:
            raise SheetError(f"承诺书的字体没有“{'、'.join(lacking)}”：请在政策或城市名称中改用 GB 2312 内的字")
        return text

    def _text(self, x: float, y: float, size: float, text: str) -> None:
        self._canvas.setFont(_FONT, size)
        self._canvas.drawString(x, y, self._check(text))

    def _centred(self, y: float, size: float, text: str) -> None:
        self._canvas.setFont(_FONT, size)
        self._canvas.drawCentredString(_WIDTH / 2, y, self._check(text))

    def _bold(self, x: float, y: float, size: float, text: str) -> None:
        """Filled and stroked: one weight of the font is enough."""
        self._canvas.setLineWidth(size / 40)
        self._canvas.setFont(_FONT, size)
        self._canvas.drawString(x, y, self._check(text), mode=2)

    def _bold_centred(self, y: float, size: float, text: str) -> None:
        self._bold((_WIDTH - pdfmetrics.stringWidth(text, _FONT, size)) / 2, y, size, text)

    def _hexadecimal(self, x: float, y: float, size: float, text: str) -> None:
        """Groups of four digits, each group beneath the one above."""
        for place in range(0, len(text), 4):
            self._digits(x + place // 4 * (4 * _PITCH + 0.55) * size, y, size, text[place : place + 4])

    def _digits(self, x: float, y: float, size: float, text: str) -> None:
        spare = [_PITCH * size - pdfmetrics.stringWidth(char, _FONT, size) for char in text]
        self._canvas.setFont(_FONT, size)
        for place, char in enumerate(text):
            self._canvas.drawString(x + place * _PITCH * size + spare[place] / 2, y, char)

    def _wrapped(self, text: str, size: float, width: float) -> list[str]:
        """Lines no wider than `width`; a line does not begin with a closing sign, nor break a Latin word that fits."""
        lines, line = [], ""
        for piece in _pieces(text, size, width):
            if line and pdfmetrics.stringWidth(line + piece, _FONT, size) > width and piece not in "，。；：、”）":
                lines.append(line)
                line = ""
            line += piece
        return [*lines, line]


def _pieces(text: str, size: float, width: float) -> list[str]:
    pieces: list[str] = []
    for char in text:
        fits = pieces and pdfmetrics.stringWidth(pieces[-1] + char, _FONT, size) <= width
        if char.isascii() and char != " " and pieces and pieces[-1].isascii() and pieces[-1] != " " and fits:
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces
