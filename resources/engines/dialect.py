"""The lint of all SQL: one SELECT, a total order at its end, inside the subset that Spark understands alike.

Here: what a file under sql/ or a generated SELECT must keep to (DESIGN §4: left wrong without a warning by another
engine, or different from run to run), found over the syntax tree. Not here: whether the SQL is right (tests), running
it (duckdb_engine). Each rule has one sentence; a new trap is one more line in `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

_FORBIDDEN_FUNCTIONS = {
    "hash": "hash() 的结果随版本变化，请用 sha256()",
    "try_strptime": "try_strptime 其他引擎没有，请用 TRY_CAST",
    "strptime": "strptime 其他引擎没有，请用 CAST",
    "now": "不得读取当前时间，请由参数传入",
    "get_current_timestamp": "不得读取当前时间，请由参数传入",
    "today": "不得读取当前时间，请由参数传入",
    "gen_random_uuid": "不得使用随机数",
}
_AMBIENT = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Rand, exp.Randn, exp.Uuid, exp.TableSample)


def lint(sql: str, *, name: str, unique_key: Sequence[str] | None) -> list[str]:
    """Every fault of one SQL text, as Chinese sentences that begin with `name`; empty when it keeps to the subset.

    unique_key: columns that the outermost ORDER BY must contain, because they identify a row of the result. None for
    a query whose result is not stored (a check that lists violating rows for a person).
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]
    except SqlglotError as error:
        return [f"{name}：不能解析（{str(error).splitlines()[0]}）"]
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        return [f"{name}：必须恰好是一条 SELECT（可带 WITH；UNION 请放进 WITH 的一步）"]
    tree = trees[0]
    found = [message for rule in _RULES for message in rule(tree)]
    if unique_key is not None:
        ordered = _order_names(tree)
        missing = [column for column in unique_key if column not in ordered]
        if missing or not unique_key:
            found.append(
                f"最外层 ORDER BY 缺少唯一键的列 {'、'.join(missing) or '（没有给出唯一键）'}，多线程下结果次序会变"
            )
    if not found:
        try:
            to_spark(sql)
        except SqlglotError as error:
            found.append(f"不能转写为 Spark（{str(error).splitlines()[0]}）")
    return [f"{name}：{message}" for message in dict.fromkeys(found)]


def to_spark(sql: str) -> str:
    """The same SELECT for Spark; SqlglotError where Spark has nothing alike. Hints to materialise a CTE are dropped."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for step in tree.find_all(exp.CTE):
        step.set("materialized", None)
    return tree.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)


def _order_names(tree: exp.Select) -> set[str]:
    order = tree.args.get("order")
    keys = [ordered.this for ordered in order.expressions] if order else []
    return {key.name for key in keys if isinstance(key, exp.Column)}


def _joins_and_pivots(tree: exp.Select) -> Iterator[str]:
    for join in tree.find_all(exp.Join):
        if join.method in ("ASOF", "POSITIONAL"):
            yield f"不得使用 {join.method} JOIN"
    if tree.find(exp.Pivot):
        yield "不得使用 PIVOT、UNPIVOT，请用 CASE 或 UNION ALL"


def _positions(tree: exp.Select) -> Iterator[str]:
    if tree.find(exp.Columns, exp.PositionalColumn):
        yield "不得使用 COLUMNS() 或 #n，请写列名"
    for ordered in tree.find_all(exp.Ordered):
        if isinstance(ordered.this, exp.Literal) or ordered.this.name.upper() == "ALL":
            yield "ORDER BY 不得用位置或 ALL，请写列名"
    for group in tree.find_all(exp.Group):
        if group.args.get("all") or any(isinstance(key, exp.Literal) for key in group.expressions):
            yield "GROUP BY 不得用位置或 ALL，请写列名"


def _functions(tree: exp.Select) -> Iterator[str]:
    for call in tree.find_all(exp.Anonymous):
        message = _FORBIDDEN_FUNCTIONS.get(call.name.lower())
        if message:
            yield message
    if tree.find(*_AMBIENT):
        yield "不得读取当前时间、使用随机数或抽样，请由参数传入"
    if tree.find(exp.StrToTime):
        yield _FORBIDDEN_FUNCTIONS["strptime"]
    if tree.find(exp.RegexpFullMatch):
        yield "不得使用 regexp_full_match，请用 regexp_matches 并写 ^…$"
    if tree.find(exp.Slice):
        yield "不得使用切片 x[a:b]，文字请用 substr"
    for top in tree.find_all(exp.ArgMax, exp.ArgMin):
        if top.args.get("count"):
            yield "不得使用 max_by、min_by 的第三个参数，请用窗口函数"
    for quantile in tree.find_all(exp.PercentileDisc):
        if quantile.args.get("expression"):
            yield "不得使用 quantile_disc(x, q)，请用 percentile_disc(q) WITHIN GROUP (ORDER BY x)"
    for interval in tree.find_all(exp.Interval):
        if not isinstance(interval.this, exp.Literal):
            yield "INTERVAL 只能用常数；日期加天数请写 日期 + 整数"


def _aggregates(tree: exp.Select) -> Iterator[str]:
    for order in tree.find_all(exp.Order):
        if isinstance(order.parent, exp.ArrayAgg | exp.GroupConcat):
            yield "聚合函数内的 ORDER BY 在其他引擎会丢失，请先在一步中排好序"
    for call in tree.find_all(exp.First, exp.Last, exp.AnyValue):
        if call.find_ancestor(exp.Window) is None:
            yield "不得使用 first、last、any_value 聚合：取到哪一行不确定，请用 min、max 或 row_number()"


def _windows(tree: exp.Select) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        if window.arg_key == "windows":
            continue
        definition: exp.Expr | None = window
        if window.alias:
            select = window.find_ancestor(exp.Select)
            named = select.args.get("windows") or [] if select else []
            definition = next((one for one in named if one.name == window.alias), None)
        if definition is None or not definition.args.get("order"):
            yield f"窗口函数 {window.this.sql('duckdb')} 没有 ORDER BY"
    for qualify in tree.find_all(exp.Qualify):
        if any(column.table for column in qualify.find_all(exp.Column)):
            yield "QUALIFY 中不得用带表名的列"


def _rows_taken(tree: exp.Select) -> Iterator[str]:
    for select in tree.find_all(exp.Select):
        if select.args.get("order") is None:
            if select.args.get("limit") or select.args.get("offset"):
                yield "没有 ORDER BY 的 LIMIT 取到哪些行不确定"
            distinct = select.args.get("distinct")
            if distinct is not None and distinct.args.get("on"):
                yield "没有 ORDER BY 的 DISTINCT ON 取到哪些行不确定"


def _sources(tree: exp.Select) -> Iterator[str]:
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db or set(table.name) & set("./\\:"):
            yield f"FROM 只能用输入名或 WITH 的一步，不得直接读文件或表函数（{table.sql('duckdb')}）"


_RULES: tuple[Callable[[exp.Select], Iterator[str]], ...] = (
    _joins_and_pivots,
    _positions,
    _functions,
    _aggregates,
    _windows,
    _rows_taken,
    _sources,
)
