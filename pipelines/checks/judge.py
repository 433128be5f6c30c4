"""One table judged by its contract's suite.

Here: Great Expectations over a Parquet file, and its answer as rule ids and counts, without any value of the table.
Not here: which expectations (suites.py), the asset check that carries the answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_contracts.model import Contract
from pipelines.checks.suites import suite_of

SOURCE = "tables"


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold, and for how many rows."""

    rule_id: str
    rows: int


@dataclass(frozen=True, slots=True)
class Crash:
    """An expectation that could not be evaluated, and the kind of error; GX calls it failed too, but nothing was judged."""

    rule_id: str
    error: str


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What a suite found: `failed` breaks the contract, `warned` is for a person to look at, `raised` was not judged.

    `kept`: the promises that hold.
    """

    suite: str
    failed: tuple[Finding, ...]
    warned: tuple[Finding, ...]
    raised: tuple[Crash, ...]
    kept: tuple[str, ...]

    @property
    def evaluated(self) -> int:
        """How many promises the suite has."""
        return len(self.failed) + len(self.warned) + len(self.raised) + len(self.kept)

    @property
    def success(self) -> bool:
        """Every promise was judged and none of severity `error` is broken."""
        return not self.failed and not self.raised

    def sentence(self) -> str:
        """One Chinese sentence for a check result: rule ids and counts, no value."""
        parts = [f"{self.evaluated} 项约定"]
        if self.raised:
            parts.append("未能评判：" + "、".join(f"{crash.rule_id}（{crash.error}）" for crash in self.raised))
        if self.failed:
            parts.append("不符：" + "、".join(f"{finding.rule_id} {finding.rows} 行" for finding in self.failed))
        if self.warned:
            parts.append("请留意：" + "、".join(f"{finding.rule_id} {finding.rows} 行" for finding in self.warned))
        return "；".join(parts if len(parts) > 1 else [*parts, "全部符合"])


Judge = Callable[[Contract], SuiteResult]


def run_suite(contract: Contract, parquet: Path) -> SuiteResult:
    """Judge one stored table: an output, or the accepted rows of a source (give the source contract).

    Raises OSError when the file is missing; an expectation that cannot be evaluated (a missing column, say) is `raised`.
    """
    with judging({contract.name: parquet}) as judge:
        return judge(contract)


@contextmanager
def judging(tables: Mapping[str, Path]) -> Iterator[Judge]:
    """A judge of these tables (contract name -> Parquet file) over one connection: opening one costs more than a suite."""
    for path in tables.values():
        if not path.is_file():
            raise FileNotFoundError(f"要评判的表 {path.name} 不存在，请先生成它。")
    from resources.engines.gx_dialect import URL

    paths = {name: str(path.resolve()) for name, path in tables.items()}
    sources = _context().data_sources
    source = sources.add_sql(SOURCE, connection_string=URL, kwargs={"connect_args": {"tables": paths}})
    try:
        yield lambda contract: _judged(source, contract)
    finally:
        source.get_engine().dispose()
        sources.delete(SOURCE)


def _judged(source: Any, contract: Contract) -> SuiteResult:
    name = contract.name
    batch = source.add_table_asset(name, table_name=name).add_batch_definition_whole_table("all").get_batch()
    result = _result(name, _validated(batch, suite_of(contract)))
    # What was judged together fails together: once more, one by one, to say which of them could not be evaluated.
    return _result(name, _validated(batch, suite_of(contract, apart=True))) if result.raised else result


def _validated(batch: Any, suite: Any) -> list[Any]:
    # The partial list of failing values is left empty: no value of a table may reach a log or a message.
    outcome = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0})
    return list(outcome.results)


@lru_cache(maxsize=1)
def _context() -> Any:
    """One context for all suites, in memory, silent and talking to nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by GX when it is imported
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from resources.engines import gx_dialect

    gx_dialect.register()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.variables.analytics_enabled = False
    return context


def _result(suite: str, results: list[Any]) -> SuiteResult:
    failed: list[Finding] = []
    warned: list[Finding] = []
    raised: list[Crash] = []
    kept: list[str] = []
    for result in results:
        meta = result.expectation_config.meta
        rule_ids = meta.get("rule_ids") or [meta["rule_id"]]
        if error := _error(result.exception_info):
            raised += [Crash(rule_id, error) for rule_id in rule_ids]
            continue
        broken = [] if result.success else _findings(rule_ids, result.result)
        found = warned if result.expectation_config.severity == "warning" else failed
        found += broken
        kept += [rule_id for rule_id in rule_ids if rule_id not in {finding.rule_id for finding in broken}]
    return SuiteResult(suite, _sorted(failed), _sorted(warned), _sorted(raised), tuple(kept))


def _findings(rule_ids: list[str], result: Any) -> list[Finding]:
    """The broken promises of one failed expectation, each with its rows (min_rows, max_rows: the rows that there are)."""
    rows = result.get("unexpected_count", result.get("observed_value"))
    if isinstance(rows, dict):
        return [Finding(rule_id, count) for rule_id, count in zip(rule_ids, rows.values(), strict=True) if count]
    return [Finding(rule_ids[0], rows)]


def _sorted(found: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(found, key=lambda one: one.rule_id))


def _error(info: Any) -> str | None:
    """The class of the exception of an expectation that crashed. Its message may hold values and is left out."""
    details = [info] if "raised_exception" in info else list(info.values())
    for detail in details:
        if detail["raised_exception"]:
            kinds = re.findall(r"^(?:\w+\.)*(\w+(?:Error|Exception))\b", detail["exception_traceback"], re.MULTILINE)
            return str(kinds[-1]) if kinds else "Exception"
    return None
