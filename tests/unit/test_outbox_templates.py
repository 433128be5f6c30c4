"""Word and web templates: filled strictly, escaped, with the same bytes, and nothing half written."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx as word
import pytest

from resources.outbox import docx, html, templating
from resources.outbox.templating import TemplateError


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    document = word.Document()
    document.add_paragraph("致：{{ name }}")
    document.save(str(folder / "letter.docx"))
    (folder / "base.html").write_text((templating.TEMPLATES / "base.html").read_text("utf-8"), "utf-8")
    (folder / "page.html").write_text(
        '{% extends "base.html" %}{% block body %}<p>{{ name }}</p>{% endblock %}', "utf-8"
    )
    for module in (templating, docx):
        monkeypatch.setattr(module, "TEMPLATES", folder)
    return folder


NAME = '甲 & <b>乙</b> "公司"'


@pytest.mark.usefixtures("templates")
def test_text_is_text_in_both_and_bytes_are_the_same_twice(tmp_path: Path) -> None:
    digests = {docx.write_docx(tmp_path / f"{n}.docx", "letter", {"name": NAME}, title="提醒函") for n in (1, 2)}
    assert len(digests) == 1
    read = word.Document(str(tmp_path / "1.docx"))
    assert read.paragraphs[0].text == f"致：{NAME}"
    assert read.core_properties.title == "提醒函"
    html.write_html(tmp_path / "page.html", "page", {"title": "公告", "name": NAME})
    assert "<p>甲 &amp; &lt;b&gt;乙&lt;/b&gt; &#34;公司&#34;</p>" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.usefixtures("templates")
def test_a_name_that_the_document_lacks_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"letter\.docx.*name"):
        docx.write_docx(tmp_path / "a.docx", "letter", {}, title="")
    with pytest.raises(TemplateError, match=r"page\.html.*name"):
        html.write_html(tmp_path / "a.html", "page", {"title": "公告"})
    with pytest.raises(TemplateError, match=r"absent\.docx"):
        docx.write_docx(tmp_path / "a.docx", "absent", {}, title="")
    assert not list(tmp_path.glob("*a.*"))


def test_templates_of_the_house_are_whole_files_without_network_or_script() -> None:
    for path in sorted(templating.TEMPLATES.glob("*.html")):
        page = path.read_text("utf-8").replace("url(#", "")  # a pattern in the same page is no network
        assert not any(word in page for word in ("<script", "http://", "https://", "@import", "url(")), path.name
    for path in sorted(templating.TEMPLATES.glob("*.docx")):
        with zipfile.ZipFile(path) as archive:
            assert "word/document.xml" in archive.namelist(), path.name
            assert not any(name.endswith("vbaProject.bin") for name in archive.namelist()), path.name
            assert all(
                b'TargetMode="External"' not in archive.read(n) for n in archive.namelist() if n.endswith(".rels")
            )
