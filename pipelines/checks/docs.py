"""Data Docs of a month for engineers: what each suite promises and how many rows break it, as pages that need no network.

Here: Great Expectations' own renderer over our results, stripped of what it loads from outside hosts, and an index.
Not here: judging (judge), the asset checks (assets). No page holds a value of a table: only promises and counts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_contracts.model import Contract
from pipelines.checks.judge import SuiteResult
from pipelines.checks.suites import suite_of
from resources.lake import write_bytes

# Great Expectations' pages load these from five outside hosts; without them the text is all there.
_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<style\b.*?</style>|<link\b[^>]*>|<img\b[^>]*>|<a\b[^>]*href=\"https?:[^>]*>.*?</a>"
    r"|<!--.*?-->|<button\b.*?</button>|<footer\b.*?</footer>",
    re.DOTALL,
)
_NEWS = re.compile(r"<[a-z]+[^>]*>[^<>]*newsletter[^<>]*</[a-z]+>", re.IGNORECASE)
_RANDOM = re.compile(
    r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)  # ids made anew each time; the pages keep their bytes
_DEAD = re.compile(r'<a href="\.\./[^"]*"\s*>([^<]*)</a>')  # to a site of many pages that is not made
_WORDS = {
    "Expectation Validation Result": "评判结果",
    "Evaluates whether a batch of data matches expectations.": "每张表逐项核对数据契约的约定；只有行数，没有数据值。",
    "Data documentation compiled by Great Expectations": "数据契约评判（Great Expectations）",
    "Overview": "概况", "Statistics": "统计", "Table-Level Expectations": "约定", "Status": "结果", "Expectation": "约定",
    "Observed Value": "不符行数", "Evaluated Expectations": "约定项数", "Successful Expectations": "符合",
    "Unsuccessful Expectations": "不符", "Success Percent": "符合比例",
}  # fmt: skip
_STYLE = """<style>
body{font:15px/1.6 sans-serif;margin:0 auto;max-width:72rem;padding:1rem}table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
nav,.modal,.navbar,.sticky,.ge-left-sidebar-col,.ge-navigation-sidebar-container,#section-1-content-block-1-1,.collapse,
a[data-toggle]{display:none}.failed{font-weight:bold}.text-danger::before{content:"不符"}.text-success::before{content:"符合"}
.fa-exclamation-triangle::before{content:"未能评判"}th:first-child{min-width:4em}
</style>"""


def write_docs(folder: Path, results: Iterable[tuple[Contract, SuiteResult]]) -> Path:
    """One page a suite into `folder`, and an index over all pages there; returns the index."""
    for contract, result in results:
        write_bytes(folder / f"{contract.name}.html", _page(contract, result).encode())
        write_bytes(folder / f"{contract.name}.row", _index_row(contract, result).encode())
    rows = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.row")))
    index = folder / "index.html"
    write_bytes(index, _INDEX.replace("ROWS", rows).encode())
    return index


_INDEX = f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>数据契约评判</title>
<meta name="viewport" content="width=device-width">{_STYLE}</head><body><h1>数据契约评判</h1>
<p>每张表由 Great Expectations 按其数据契约评判：约定项数、不符的行数。不载任何数据值；逐行的记录见隔离清单。</p>
<table><tr><th>表</th><th>名称</th><th>约定</th><th>不符</th><th>请留意</th></tr>ROWS</table></body></html>"""


def _index_row(contract: Contract, result: SuiteResult) -> str:
    broken, warned = (sum(finding.rows for finding in found) for found in (result.failed, result.warned))
    mark = ' class="failed"' if not result.success else ""
    return (
        f'<tr{mark}><td><a href="{contract.name}.html">{contract.name}</a></td><td>{html.escape(contract.title)}</td>'
        f"<td>{result.evaluated}</td><td>{broken}</td><td>{warned}</td></tr>\n"
    )


def _page(contract: Contract, result: SuiteResult) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    document = ValidationResultsPageRenderer(run_info_at_end=False).render(_as_gx(contract, result))
    page = _NEWS.sub("", _OUTSIDE.sub("", str(_view().render(document))))
    page = _DEAD.sub(r"\1", _RANDOM.sub("", page))
    page = re.sub(r">\s*([A-Z][^<>]*?)\s*<", lambda found: f">{_WORDS.get(found[1], found[1])}<", page)
    page = re.sub(r"\n\s*\n+", "\n", page)
    page = page.replace("</head>", f"{_STYLE}</head>", 1)
    return page.replace("<body>", f'<body><p><a href="index.html">全部表</a>　{html.escape(contract.title)}</p>', 1)


@lru_cache(maxsize=1)
def _view() -> Any:
    """One view for all pages: each compiles its templates anew, nine tenths of a page's time."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _as_gx(contract: Contract, result: SuiteResult) -> Any:
    """The result in Great Expectations' own shape, promise by promise, with counts for observed values."""
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

    rows = {finding.rule_id: finding.rows for finding in (*result.failed, *result.warned)}
    crashed = {crash.rule_id for crash in result.raised}
    each = [
        ExpectationValidationResult(
            success=rule_id not in rows and rule_id not in crashed,
            expectation_config=expectation.configuration,
            result={"observed_value": "未能评判" if rule_id in crashed else rows.get(rule_id, 0)},
            meta={},
        )
        for expectation in suite_of(contract, apart=True).expectations
        for rule_id in (expectation.meta["rule_id"],)
    ]
    good = sum(1 for one in each if one.success)
    statistics = {
        "evaluated_expectations": len(each),
        "successful_expectations": good,
        "unsuccessful_expectations": len(each) - good,
        "success_percent": 100 * good / len(each) if each else None,
    }
    return ExpectationSuiteValidationResult(
        success=result.success, results=each, suite_name=contract.name, statistics=statistics, meta={}
    )
