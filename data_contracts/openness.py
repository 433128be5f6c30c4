"""Confidential by construction: what the contract of a public file may hold is judged when contracts are loaded (R-38).

Here: every rule that keeps a column that is not 公 out of an output contract of openness 主动公开, whatever it is called
there. Not here: the values that a public file may show (supervision.reports.leak), writing (resources/outbox).

A public output is named `<what>_public`, and nothing else is. Its columns are 公, all of them. A column whose
name the field dictionary classes 内 or 敏 or any contract classes 敏, whose Chinese name is that of such a 敏 column, or
whose name tells of grades, strata, places in the draw or persons, is refused there unless the contract writes down why it
may be shown (`publicReason`). What the SQL of a public file reads is judged by a test (tests/unit/test_openness.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

PUBLIC = "主动公开"
_NAMES = re.compile(
    r"(^|_)(grades?|strat(um|a)|ranks?|tickets?|pi|ratio|lambda|target|level|score|key|salt|seed|secret|onsite|site"
    r"|legal_person|mobile|phone|telephone|id_no|id_card|inspectors?|person)(_|$)"
)
_TITLES = re.compile(
    r"等级|档次|分层|分档|位次|名次|票号|入选概率|年抽查比例|评分|密值|密钥|信用风险|检查方式|现场规则"
    r"|法定代表人|负责人|联系(?:人|电话|方式)|手机|身份证|姓名|检查人员|主办|协办"
)


class _Column(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def classification(self) -> str: ...
    @property
    def public_reason(self) -> str | None: ...


class _Contract(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def openness(self) -> str: ...
    @property
    def classification(self) -> str: ...
    @property
    def columns(self) -> tuple[_Column, ...]: ...


def _closed(
    dictionary: Mapping[str, Mapping[str, object]], contracts: Iterable[_Contract]
) -> tuple[dict[str, str], dict[str, str]]:
    """Names that are 内 or 敏 somewhere, and Chinese names that are 敏 somewhere, each with the place that says so."""
    names = {name: "数据字典" for name, raw in dictionary.items() if raw.get("classification") != "public"}
    titles = {
        str(raw.get("businessName")): f"数据字典的 {name}"
        for name, raw in dictionary.items()
        if raw.get("classification") == "sensitive"
    }
    for contract in contracts:
        for column in contract.columns:
            if contract.openness != PUBLIC and column.classification == "sensitive":
                names.setdefault(column.name, f"契约 {contract.name}")
                titles.setdefault(column.title, f"契约 {contract.name} 的 {column.name}")
    return names, titles


def breaches(
    dictionary: Mapping[str, Mapping[str, object]], outputs: Iterable[_Contract], others: Iterable[_Contract]
) -> Iterator[str]:
    """Why these output contracts may not be loaded, each a Chinese sentence that begins with the file; none when sound.

    dictionary: raw entries of `fields/*.yaml` by name; others: every contract whose 敏 columns count, the outputs among them.
    """
    names, titles = _closed(dictionary, others)
    for contract in outputs:
        for breach in _of_contract(contract, names, titles):
            yield f"{contract.name}.yaml {breach}"


def _of_contract(contract: _Contract, names: Mapping[str, str], titles: Mapping[str, str]) -> Iterator[str]:
    if contract.name.endswith("_public") != (contract.openness == PUBLIC):
        yield f"公开文件的契约一律名为 …_public、openness 为{PUBLIC}，两者须一致"
    if contract.openness != PUBLIC:
        return
    if contract.classification != "public":
        yield "主动公开，classification 却不是 public"
    for column in contract.columns:
        where = f"的字段 {column.name}"
        if column.classification != "public":
            yield f"主动公开，却有不是公开级的字段 {column.name}，公开文件只能由公开级字段构成"
        elif column.public_reason is not None:
            if len(column.public_reason) < 8:
                yield f"{where} 的 publicReason 没有说清为何可以公开"
        elif column.name in names:
            yield f"{where} 在{names[column.name]}中不是公开级，不能在此改成公开；确可公开的，写明 publicReason"
        elif column.title in titles:
            yield f"{where} 与{titles[column.title]}同名“{column.title}”，而后者是敏感级；确可公开的，写明 publicReason"
        elif _NAMES.search(column.name) or _TITLES.search(column.title):
            yield f"{where}（{column.title}）的名称涉及等级、分层、抽取位次或个人；确可公开的，写明 publicReason"
