"""The rules of the house as functions over a tree of source files.

Here: checkers that take the root of a checkout and return what breaks a rule, as `path:line: what`. They read source and
import none of it. Not here: which tree they are held against, and the proof that each can fail
(tests/unit/test_architecture.py); style that ruff knows.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LAYERS = ("data_contracts", "supervision", "resources", "assets", "pipelines")  # each imports only to its left
ALONE = ("sample_city", "verifier")  # import nothing of ours
CODE = (*LAYERS, *ALONE)
MAX_LINES = 400
ONE_FILE = {"verifier/verify.py": 1000}  # an auditor reads one file, and takes it by one published digest

# What a pure rule may use. A name is added by a decision, never in passing.
_PURE = frozenset(
    "__future__ abc bisect calendar collections csv dataclasses datetime decimal enum fractions functools hashlib heapq "
    "hmac io itertools json math operator re string types typing unicodedata zoneinfo rfc8785".split()
)
_TOUCHES = frozenset(("open", "print", "input", "exec", "eval", "__import__", "breakpoint"))
_HEAVY = frozenset("dagster great_expectations duckdb pandas pyarrow sqlalchemy sqlglot openpyxl".split())
_ORCHESTRATION = frozenset(("dagster", "great_expectations"))
_DAGSTER_AT_IMPORT = ("assets/", "pipelines/", "resources/house.py")
_GX_AT_IMPORT = "pipelines/checks/expectations.py"  # itself imported inside functions only
_SQL_TAKERS = frozenset(("execute", "executemany", "sql", "query", "text", "select", "select_to_parquet", "parse_one"))
_VAGUE = frozenset("utils util helpers helper common misc tools".split())
# Written so that this file does not match itself.
_HOSTS = re.compile(r"py[p]i\.(org|python)|pythonhoste[d]|npmj[s]\.(org|com)|deb\.debia[n]|crates\.i[o]/")
_MACHINE = re.compile(r"(?:^|[^A-Za-z0-9_.$}*-])/(?:work|farm|tmp|root|home)/[A-Za-z0-9_]", re.MULTILINE)


def _files(root: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (root / folder).rglob("*.py") if path.is_file())


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _tree(path: Path) -> ast.Module:
    return _parsed(path.read_text(encoding="utf-8"))


def _at(root: Path, path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(root).as_posix()}:{line}: {what}"


def _module(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(root: Path, path: Path, *, executed: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported; executed: only what runs when the module itself is imported."""
    package = _module(root, path) if path.name == "__init__.py" else _module(root, path).rpartition(".")[0]
    for node in _walk(_tree(path)) if executed else ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run at import: nothing inside functions, nothing under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _walk(child)


def _closure(root: Path, start: Path) -> set[str]:
    """Top-level names of the outside libraries that importing this file also imports, through modules of ours."""
    outside: set[str] = set()
    seen: set[Path] = set()
    todo = [start]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for _, name in _imports(root, path, executed=True):
            parts = name.split(".")
            if parts[0] not in (*CODE, "tests"):
                outside.add(parts[0])
                continue
            for end in range(1, len(parts) + 1):
                base = root.joinpath(*parts[:end])
                todo += [file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()]
    return outside


def layering(root: Path) -> list[str]:
    """pipelines → assets → resources → supervision → data_contracts; nobody imports upwards, lazily neither."""
    wrong = []
    for rank, layer in enumerate(LAYERS):
        above = {*LAYERS[rank + 1 :], "verifier", "tests", "bench"} | ({"sample_city"} - {layer})
        if layer == "pipelines":
            above.discard("sample_city")  # `ssj generate`
        for path in _files(root, layer):
            for line, name in _imports(root, path):
                if name.split(".")[0] in above:
                    wrong.append(_at(root, path, line, f"{layer} imports {name}"))
    for path in _files(root, *ALONE):
        for line, name in _imports(root, path):
            top = name.split(".")[0]
            if top in {*CODE, "tests", "bench"} - {path.relative_to(root).parts[0]}:
                wrong.append(_at(root, path, line, f"shares code through {name}"))
    return wrong


def verifier_is_standard_library(root: Path) -> list[str]:
    """An auditor runs verifier/ on a bare Python; only cryptography may be added."""
    return [
        _at(root, path, line, f"verifier imports {name}")
        for path in _files(root, "verifier")
        for line, name in _imports(root, path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "cryptography"}
    ]


def purity(root: Path) -> list[str]:
    """supervision/ knows no file, network, engine or clock: it imports from a short list and opens nothing."""
    wrong = []
    for path in _files(root, "supervision"):
        for line, name in _imports(root, path):
            if name.split(".")[0] not in _PURE | {"supervision", "data_contracts"}:
                wrong.append(_at(root, path, line, f"supervision imports {name}"))
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TOUCHES:
                wrong.append(_at(root, path, node.lineno, f"supervision calls {node.func.id}()"))
    return wrong


def clock(root: Path) -> list[str]:
    """The wall clock is read in resources/clock.py only; everyone else is told the time."""
    wrong = []
    for path in _files(root, *CODE):
        if path == root / "resources" / "clock.py":
            continue
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            base, _, last = name.rpartition(".")
            reads = last in {"now", "today", "utcnow"} and base and base.rpartition(".")[2] != "clock"
            if reads or re.fullmatch(r"time\.(time|time_ns|localtime|gmtime|ctime|strftime)", name):
                wrong.append(_at(root, path, node.lineno, f"{name}() reads the clock"))
        for line, name in _imports(root, path):
            if re.fullmatch(r"time\.(time|time_ns|localtime|gmtime|ctime|strftime)", name):
                wrong.append(_at(root, path, line, f"{name} reads the clock"))
    return wrong


def _is_built(node: ast.expr, local: dict[str, ast.expr]) -> bool:
    """Whether a text is put together: f-string, +, %, .format(), .join(), or a name that holds such a text."""
    match node:
        case ast.JoinedStr():
            return any(isinstance(part, ast.FormattedValue) for part in node.values)
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join")):
            return True
        case ast.Name(id=name) if name in local:
            return _is_built(local[name], {key: value for key, value in local.items() if key != name})
    return False


def built_sql(root: Path) -> list[str]:
    """No SQL put together from texts: parameters are bound, statements come from sql/ or from a syntax tree."""
    wrong = []
    for path in _files(root, *CODE):
        scopes = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for scope in [_tree(path), *scopes]:
            local = {
                target.id: node.value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(scope):
                if not (isinstance(node, ast.Call) and node.args):
                    continue
                called = ast.unparse(node.func).rpartition(".")[2]
                if called in _SQL_TAKERS and _is_built(node.args[0], local):
                    wrong.append(_at(root, path, node.lineno, f"{called}() takes SQL put together from texts"))
    return sorted(set(wrong))


# Where a DuckDB connection may be opened; each sets what it may reach and locks itself (tests/unit/test_lockdown).
_CONNECTS = ("resources/engines/duckdb_engine.py", "resources/engines/gx_dialect.py", "resources/publishing.py")
_STEPS = re.compile(r"dg\.(asset|multi_asset|op|asset_check|multi_asset_check|sensor_op)\b")


def locked_engines(root: Path) -> list[str]:
    """DuckDB is opened only where it is locked down, and never through its module-wide connection."""
    wrong = []
    for path in _files(root, *LAYERS):
        for node in ast.walk(_tree(path)):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            place = path.relative_to(root).as_posix()
            if name == "duckdb.connect" and place not in _CONNECTS:
                wrong.append(_at(root, path, node.lineno, "opens DuckDB outside the places that lock it"))
            elif re.fullmatch(r"duckdb\.(sql|execute|query|read_\w+|from_\w+|default_connection)", name):
                wrong.append(_at(root, path, node.lineno, f"{name}() uses a connection that nobody locks"))
    return wrong


def guarded_steps(root: Path) -> list[str]:
    """What Dagster runs words its errors, or the event log quotes a cell; nor does it read a run's configuration."""
    wrong = []
    for path in _files(root, "assets", "pipelines"):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef):
                marks = [ast.unparse(each) for each in node.decorator_list]
                if any(_STEPS.match(mark) for mark in marks) and not {"guarded", "worded()"} & set(marks):
                    wrong.append(_at(root, path, node.lineno, f"{node.name} is not guarded (resources/faults)"))
            elif isinstance(node, ast.Attribute) and node.attr in ("op_config", "run_config", "solid_config"):
                wrong.append(_at(root, path, node.lineno, f"{node.attr}: a run is configured by nobody"))
    return wrong


def charters(root: Path) -> list[str]:
    """Every module opens with what it is for."""
    return [
        _at(root, path, 1, "no docstring that says what the module is for")
        for path in _files(root, *CODE, "tests", "bench")
        if len(ast.get_docstring(_tree(path)) or "") < 20
    ]


def stars(root: Path) -> list[str]:
    """No star import."""
    return [
        _at(root, path, line, f"star import of {name[:-2]}")
        for path in _files(root, *CODE, "tests", "bench")
        for line, name in _imports(root, path)
        if name.endswith(".*")
    ]


def names(root: Path) -> list[str]:
    """No module or folder whose name says nothing."""
    return [
        _at(root, path, 1, "a name that says nothing")
        for path in _files(root, *CODE, "tests", "bench")
        if _VAGUE & set(path.relative_to(root).with_suffix("").parts)
    ]


def length(root: Path) -> list[str]:
    """A module is a room, not a house (a file of tests may be a corridor)."""
    wrong = []
    for path in _files(root, *CODE, "bench"):
        lines = path.read_text(encoding="utf-8").count("\n")
        allowed = ONE_FILE.get(path.relative_to(root).as_posix(), MAX_LINES)
        if lines > allowed:
            wrong.append(_at(root, path, lines, f"more than {allowed} lines"))
    return wrong


def import_time(root: Path) -> list[str]:
    """Nothing happens at import: no bare call, Great Expectations only in functions, Dagster where assets and jobs are."""
    wrong = []
    for path in _files(root, *CODE):
        where = path.relative_to(root).as_posix()
        dagster_allowed, gx_allowed = where.startswith(_DAGSTER_AT_IMPORT), where == _GX_AT_IMPORT
        for line, name in _imports(root, path, executed=True):
            top = name.split(".")[0]
            if (top == "great_expectations" and not gx_allowed) or (top.startswith("dagster") and not dagster_allowed):
                wrong.append(_at(root, path, line, f"imports {top} when it is imported itself"))
            if name.startswith("pipelines.checks.expectations"):
                wrong.append(_at(root, path, line, "imports great_expectations when it is imported itself"))
        for statement in _tree(path).body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                wrong.append(_at(root, path, statement.lineno, "does something at import"))
    return wrong


def light_command_line(root: Path) -> list[str]:
    """`ssj` answers at once: its entry module pulls in no heavy library; a verb imports what it needs."""
    entries = [path for path in (root / "pipelines/cli.py", root / "pipelines/cli/__init__.py") if path.is_file()]
    return [
        _at(root, path, 1, f"imports {name} before any verb is known")
        for path in entries
        for name in sorted(_closure(root, path) & _HEAVY)
    ]


def light_unit_tests(root: Path) -> list[str]:
    """Unit tests import neither Dagster nor Great Expectations, through modules of ours neither."""
    wrong = []
    for path in _files(root, "tests/unit"):
        direct = {name.split(".")[0] for _, name in _imports(root, path)}
        for name in sorted((direct | _closure(root, path)) & _ORCHESTRATION):
            wrong.append(_at(root, path, 1, f"a unit test imports {name}"))
    return wrong


def places(root: Path, tracked: Iterable[Path]) -> list[str]:
    """No tracked file names a package registry's host or a path of somebody's machine."""
    wrong = []
    for path in tracked:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in (("a registry host", _HOSTS), ("a path of one machine", _MACHINE)):
            if hit := pattern.search(text):
                wrong.append(_at(root, path, text.count("\n", 0, hit.end()) + 1, f"names {what}"))
    return wrong


def locks(root: Path) -> list[str]:
    """Everything is pinned with a hash, and the developers' lock holds the application's versions."""
    pins = {}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (root / name).read_text(encoding="utf-8")
        pins[name] = dict(re.findall(r"^([A-Za-z0-9._\[\],-]+)==(\S+)", text, re.MULTILINE))
        unhashed = re.findall(r"^(?![ #])(?!.*\\$).+", text, re.MULTILINE)
        if unhashed:
            return [f"{name}: {line} has no hash" for line in unhashed]
    app, dev = pins.values()
    return [f"requirements-dev.lock: {k} is {dev.get(k)}, not {v}" for k, v in app.items() if dev.get(k) != v]
