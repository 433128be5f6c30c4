"""The leaders' monthly report: sentences, geometry, one page that stands alone, readable in black and white."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from resources.calendars import rows
from resources.outbox.monthly_report import SHOWN, monthly_context, write_monthly_report
from resources.settings import REFERENCE
from supervision.reports.figures import Box, FigureError, extent, flows, rows_of, shared_columns, tiles
from supervision.reports.matters import Matters, decisions, settled
from supervision.reports.monthly import Standing, changes, percent, share_urgency, task_urgency
from tests.unit.monthly_sample import BEFORE, COUNTIES, MATTERS, MIGRATION, NOW, report

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sample month as both files."""
    folder = tmp_path_factory.mktemp("monthly")
    html, docx = folder / "monthly_report.html", folder / "monthly_report.docx"
    write_monthly_report(html, docx, report())
    return html, docx


def _words(docx: Path) -> str:
    with zipfile.ZipFile(docx) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    return "\n".join("".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p"))


class _Page(HTMLParser):
    """Start tags with attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(re.sub("<style>.*?</style>", "", text, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


# What needs a decision


def test_matters_stand_by_urgency_and_say_who_decides_what() -> None:
    items = decisions(MATTERS)
    assert [(i.urgency, i.topic) for i in items] == [
        ("red", "等级快照"), ("red", "结果回传"), ("red", "无人可派"), ("red", "通报"), ("amber", "检查力量缺口"),
        ("amber", "结果公示"), ("amber", "聚集预警"), ("amber", "待明确：质量科"),
    ]  # fmt: skip
    assert all(i.action and i.decided_by for i in items)
    assert items[1].told == "回传省级平台后满 3 个工作日没有回执 7 条：闻喜县 5条、万荣县 2条"
    assert items[2].told == "没有合格检查组可派 3 户次：垣曲县 2户次、绛县 1户次"  # 夏县 has none
    assert items[3].told == "按规则列入通报 4 项，其中严重 1 项：餐饮科 2项、平陆县 1项、盐湖区 1项"
    assert items[6].told == "风险聚集：河津市“C 制造业”C、D类 18/120 户，为全市的 3.1 倍"


def test_a_quiet_month_needs_no_decision() -> None:
    assert decisions(Matters(unmet={"盐湖区": 0})) == ()


def test_a_settled_finding_is_told_and_asks_for_nothing() -> None:
    done = replace(MATTERS, settled="已由 office 于 2026-10-09 决定继续")
    assert "等级快照" not in {item.topic for item in decisions(done)} and settled(MATTERS) == ()
    [told] = settled(done)
    assert (told.section, told.topic, told.urgency) == ("change", "等级快照", "plain")
    assert told.told.endswith("已由 office 于 2026-10-09 决定继续")


def test_alarms_of_shares_and_leaks_are_red() -> None:
    told = decisions(
        Matters(migration=["D类占比 3.00%，比上月变动 +1.20 个百分点"], leaks="drawn_public.csv（只知名列其中）")
    )
    assert [(i.urgency, i.topic) for i in told] == [("red", "等级迁移异常"), ("red", "公开文件")]


def test_a_bulletin_without_severe_items_is_amber() -> None:
    [item] = decisions(Matters(listed={"夏县": 1}))
    assert item.urgency == "amber"


def test_many_units_are_counted_not_listed() -> None:
    [item] = decisions(Matters(unmet={f"县{n}": n for n in range(1, 7)}))
    assert item.told.endswith("县6 6户、县5 5户、县4 4户、县3 3户等 6 个单位")


# What changed


def test_changes_name_both_months_and_the_step() -> None:
    told = {item.topic: (item.urgency, item.told) for item in changes(BEFORE, NOW)}
    assert told["信用风险等级"] == (
        "amber",
        "A类 43,845 户（增 72 户），B类 11,129 户（减 20 户），C类 3,132 户（增 73 户），D类 1,733 户（增 81 户）",
    )
    assert told["抽查"][1] == "抽查 247 户次，上月 221 户次，增 26 户次"
    assert told["归集及时率"] == ("amber", "归集及时率 92.4%（806/872），上月 95.3%，降 3.0 个百分点")
    assert told["及时率降档"][1] == "及时率降档：盐湖区"
    assert told["及时率升档"] == ("green", "及时率升档：餐饮科")
    assert told["通报事项"] == ("amber", "通报事项 9 项（严重 4 项），上月 8 项，增 1 项")
    assert told["重点任务"] == ("green", "重点任务逾期未完成 1 项次，上月 2 项次，减 1 项次")
    assert told["结果回传"] == ("amber", "回传逾期无回执 7 条，上月 0 条，增 7 条")


def test_more_of_the_worst_grade_is_no_good_news_though_the_two_worst_are_fewer() -> None:
    """D rose by one and C fell: the page showed a green mark beside it."""
    assert BEFORE.grades is not None
    moved = dict(BEFORE.grades) | {"C": BEFORE.grades["C"] - 5, "D": BEFORE.grades["D"] + 1}
    assert (
        next(i for i in changes(BEFORE, replace(BEFORE, grades=moved)) if i.topic == "信用风险等级").urgency == "amber"
    )


def test_a_fall_below_the_red_line_is_red_and_no_step_is_plain() -> None:
    low = replace(NOW, collected={"盐湖区": (80, 100)})
    assert next(i for i in changes(BEFORE, low) if i.topic == "归集及时率").urgency == "red"
    same = {item.topic: item for item in changes(NOW, replace(NOW, month="2026-11"))}
    assert same["归集及时率"].told.endswith("持平") and same["归集及时率"].urgency == "plain"
    assert "及时率降档" not in same


def test_the_first_month_says_that_nothing_can_be_compared() -> None:
    nothing = Standing("2026-09", None, None, None, None, None, None, None)
    [item] = changes(nothing, NOW)
    topics = "信用风险等级、抽查、归集及时率、结果公示率、通报事项、重点任务、结果回传"
    assert item.told == f"{topics}：没有上月或本月可比的数"


@pytest.mark.parametrize(
    ("share", "words", "urgency"),
    [
        ((9499, 10_000), "94.9%", "amber"), ((95, 100), "95.0%", "green"), ((849, 1000), "84.9%", "red"), ((3, 3), "100%", "green"),
        ((0, 0), "—", "plain"), (None, "—", "plain"),
    ],
)  # fmt: skip
def test_shares_are_never_rounded_up_to_a_limit(share: tuple[int, int] | None, words: str, urgency: str) -> None:
    assert (percent(share), share_urgency(share)) == (words, urgency)


def test_a_task_is_as_red_as_its_worst_unit() -> None:
    assert task_urgency({"done": 13, "overdue": 1, "not_started": 2}) == "red"
    assert task_urgency({"done": 13, "done_late": 1}) == "amber"
    assert task_urgency({"in_progress": 3, "n/a": 7, "overdue": 0}) == "green"
    assert task_urgency({"n/a": 7}) == "plain"


# Figures


def test_flows_keep_their_numbers_and_stay_within_the_area() -> None:
    area = Box(10, 20, 200, 160)
    laid = flows({("A", "B"): 30, ("A", "C"): 1, ("B", "A"): 10}, "AB", "ABC", area, slot=12)
    assert {(link.source, link.target): link.count for link in laid.links} == {
        ("A", "B"): 30,
        ("A", "C"): 1,
        ("B", "A"): 10,
    }
    assert {(n.side, n.state): n.total for n in laid.nodes}["left", "A"] == 31
    bars = {(n.side, n.state): n.bar for n in laid.nodes}
    assert bars["left", "A"].height == pytest.approx(
        sum(link.width for link in laid.links if link.source == "A"), abs=0.2
    )
    wide, thin = laid.links[0].width, laid.links[1].width
    assert thin >= 1.5 and wide == pytest.approx(3 * laid.links[2].width, abs=0.3)
    first, second = laid.links[:2]  # from A, one beneath the other
    assert second.at[1] - first.at[1] == pytest.approx((first.width + second.width) / 2, abs=0.2)
    assert max(bar.y + bar.height for bar in bars.values()) <= 180
    for one, other in zip(
        [n.slot for n in laid.nodes if n.side == "left"],
        [n.slot for n in laid.nodes if n.side == "left"][1:],
        strict=False,
    ):
        assert other.y >= one.y + one.height - 0.1  # labels never lie on each other


def test_flows_of_nothing_and_of_an_unknown_state() -> None:
    assert flows({}, "AB", "AB", Box(0, 0, 100, 100), slot=12).links == ()
    with pytest.raises(FigureError, match="未列出的类别 E"):
        flows({("E", "A"): 1}, "AB", "AB", Box(0, 0, 100, 100), slot=12)


def test_tiles_do_not_overlap_and_a_shared_place_is_refused() -> None:
    boxes = tiles({name: (row, column) for name, row, column in COUNTIES}, (66, 42), 4)
    assert extent(boxes.values()) == (346, 180)
    with pytest.raises(FigureError, match="同在一格"):
        tiles({"甲": (1, 1), "乙": (1, 1)}, (10, 10), 1)
    assert rows_of("abcde", 2)["e"] == (3, 1)
    assert shared_columns([14, 22], 8) == (3, 5)


def test_every_county_has_one_place_on_the_schematic_map() -> None:
    placed = rows(REFERENCE / "county_tiles.csv")
    assert sorted(row["county"] for row in placed) == sorted(row["county"] for row in rows(REFERENCE / "counties.csv"))
    assert len({(row["row"], row["column"]) for row in placed}) == len(placed)
    at = {row["county"]: (int(row["row"]), int(row["column"])) for row in placed}
    assert at["140882"][0] < at["140802"][0] < at["140829"][0]  # 河津 north of 盐湖, 平陆 south
    assert at["140821"][1] < at["140802"][1] < at["140827"][1]  # 临猗 west of 盐湖, 垣曲 east


def test_the_flow_shows_movers_only_and_tells_how_many_stayed() -> None:
    flow = monthly_context(report())["flow"]
    stayed = sum(n for (a, b), n in MIGRATION.items() if a == b)
    assert (flow["stayed"], flow["moved"]) == (stayed, sum(MIGRATION.values()) - stayed)
    kinds = {link["words"].split()[0]: link["kind"] for link in flow["links"]}
    assert (kinds["A类→B类"], kinds["B类→A类"], kinds["新增→A类"]) == ("worse", "better", "other")
    assert "A类→A类" not in kinds


def test_the_matrix_adds_up() -> None:
    matrix = monthly_context(report())["matrix"]
    assert matrix["rows"][0]["total"] == "43,773" and matrix["totals"][0] == "43,845" and matrix["all"] == "60,005"


# Both files


def test_the_page_needs_nothing_from_outside(written: tuple[Path, Path]) -> None:
    text = written[0].read_text("utf-8")
    assert not re.search(
        r"https?://|//[a-z]+\.|@import|url\((?!#)|javascript:|data:", text.replace("img-src data:", ""), re.I
    )
    tags = {tag for tag, _ in _Page(text).tags}
    assert not tags & {"script", "img", "iframe", "link", "object", "embed", "form", "audio", "video"}
    assert not [
        name
        for _, attributes in _Page(text).tags
        for name in attributes
        if name.startswith("on") or name in ("src", "href")
    ]


def test_the_page_can_be_read_aloud(written: tuple[Path, Path]) -> None:
    page = _Page(written[0].read_text("utf-8"))
    assert ("html", {"lang": "zh-Hans"}) in page.tags
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(figures) == 4
    for attributes in figures:
        assert attributes["role"] == "img" and set(str(attributes["aria-labelledby"]).split()) <= set(ids)
    assert {attributes.get("scope") for tag, attributes in page.tags if tag == "th"} == {"col", "row"}


@pytest.mark.parametrize("which", [0, 1])
def test_both_files_say_the_same(written: tuple[Path, Path], which: int) -> None:
    page = _Page(written[0].read_text("utf-8"))
    text = re.sub(r"\s", "", page.text if which == 0 else _words(written[1]))
    told = report()
    wanted = [
        "内部资料", "演示数据", "运城市企业信用风险分类管理月报", "2026年10月", "不是地图" if which == 0 else "非地图",
        *(item.told for item in told.decisions[:SHOWN]), *(item.told for item in told.changes),
        *(figure.value for figure in told.figures), *(county.name for county in told.counties),
        *(unit.name for unit in told.units), *(task.title for task in told.tasks), "另有3项，见附表一", "×缺口14", "×无人2",
        "待明确：质量科", "附表二各检查主体计划与检查力量", "信用风险等级", "法定工作日", "43,773" if which else "A类43,773",
    ]  # fmt: skip
    missing = [words for words in wanted if re.sub(r"\s", "", words) not in text]
    assert missing == []
    assert not re.search(r"\{\{|\}\}|\{%|%\}|None|nan|undefined", text)


def test_a_real_month_bears_no_banner(tmp_path: Path) -> None:
    html, docx = tmp_path / "a.html", tmp_path / "a.docx"
    write_monthly_report(html, docx, report(demonstration=False, decisions=()))
    for text in (_Page(html.read_text("utf-8")).text, _words(docx)):
        assert "演示数据" not in text and "本月没有需要决定的事项" in text


def test_states_are_told_by_sign_and_shape_not_by_colour_alone(written: tuple[Path, Path]) -> None:
    context = monthly_context(report())
    for cell in (cell for group in context["heat"] for cell in group["cells"]):
        assert cell["sign"] in "●▲×—"
    text = written[0].read_text("utf-8")
    low = sum(cell["tone"] == "bad" for group in context["heat"] for cell in group["cells"])
    assert text.count('fill="url(#low-') == low > 0  # hatched
    assert text.count('fill="url(#short)"') == 2  # two counties lack people
    for tone, word in (("bad", "红"), ("warn", "黄"), ("good", "绿")):
        assert f'<span class="sign {tone}" aria-label="{word}">' in text


def test_no_first_snapshot_means_words_instead_of_a_figure(tmp_path: Path) -> None:
    html, docx = tmp_path / "a.html", tmp_path / "a.docx"
    write_monthly_report(html, docx, report(migration={}))
    for text in (html.read_text("utf-8"), _words(docx)):
        assert "没有上月快照，无从比较" in text


def test_the_same_month_gives_the_same_bytes(written: tuple[Path, Path], tmp_path: Path) -> None:
    again = tmp_path / "a.html", tmp_path / "a.docx"
    write_monthly_report(*again, report())
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


def test_text_from_the_tables_is_escaped(tmp_path: Path) -> None:
    html, docx = tmp_path / "a.html", tmp_path / "a.docx"
    odd = replace(MATTERS, findings="<script>x</script>&甲")
    write_monthly_report(html, docx, report(decisions=decisions(odd)))
    assert "<script" not in html.read_text("utf-8") and "<script>x</script>&甲" in _words(docx)


def test_docx_shades_are_colours_of_the_palette(written: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(written[1]) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    fills = {str(shade.get(f"{W}fill")) for shade in root.iter(f"{W}shd")}
    assert {"F4B6A6", "FFE699", "E2EFDA"} <= fills
    assert all(re.fullmatch("[0-9A-F]{6}", fill) for fill in fills)


@pytest.mark.needs("chromium", "cjk_font")
def test_the_page_prints_on_one_sheet_and_fits_a_phone(
    written: tuple[Path, Path], tmp_path: Path, machine: Callable[[str], Path]
) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(machine("chromium")), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(written[0].as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert asked == [written[0].as_uri()]
        page.pdf(path=str(tmp_path / "a.pdf"), prefer_css_page_size=True, print_background=True)
        browser.close()
    first = subprocess.run(
        ["pdftotext", "-l", "1", str(tmp_path / "a.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "六、重点任务红黄绿" in first and "督导问责" in first and "附表一" not in first.replace("见附表一", "")
