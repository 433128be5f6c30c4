"""Nobody who launches a run can hand it SQL, a path, code or the name of an environment variable."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import build_defs

# Texts of Dagster's own that reach no query and no file: the console's level and name, a mark for its own log.
ALLOWED = {
    ("execution", "config", "marker_to_close"),
    ("loggers", "console", "config", "log_level"),
    ("loggers", "console", "config", "name"),
}
# Dagster's own job over all assets lets further steps and resources be named here, and drops them: nothing has such a name.
IGNORED = {("ops",), ("resources",)}
HARMLESS = {"Bool", "Int", "Float"}


def leaves(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, type) of every place of a configuration where something can be written."""
    name = kind.kind.name
    if name == "PERMISSIVE_SHAPE" and path not in IGNORED:
        yield (*path, "*"), "Any"
    if name in ("STRICT_SHAPE", "PERMISSIVE_SHAPE", "SELECTOR"):
        for key, field in kind.fields.items():
            yield from leaves(field.config_type, (*path, key))
    elif name in ("ARRAY", "NONEABLE"):
        yield from leaves(kind.inner_type, path)
    elif name == "SCALAR_UNION":
        yield from leaves(kind.scalar_type, path)
        yield from leaves(kind.non_scalar_type, path)
    else:
        yield path, str(kind.given_name)


def open_places(defs: dg.Definitions) -> list[tuple[str, ...]]:
    """Where a free text, or anything at all, can be written into the configuration of a run, of any job."""
    found = set()
    for job in defs.get_repository_def().get_all_jobs():
        for path, kind in leaves(job.run_config_schema.run_config_schema_type):
            # Dagster lets anything stand below a step without configuration; that no step reads it is a rule of
            # tests/architecture (guarded_steps).
            unread = path[0] == "ops" and path[2:] == ("config",) and kind == "Any"
            if not (unread or path in ALLOWED or kind in HARMLESS):
                found.add(path)
    return sorted(found)


def test_no_run_takes_a_text_a_path_or_a_variable() -> None:
    defs = build_defs()
    assert {"monthly", "draw", "close", "collect", "pull"} <= {
        job.name for job in defs.get_repository_def().get_all_jobs()
    }
    assert open_places(defs) == []


def test_a_free_text_would_be_found() -> None:
    class Place(dg.ConfigurableResource):  # type: ignore[type-arg]
        folder: str = ""

    @dg.op(config_schema={"sql": str}, required_resource_keys={"place"})
    def loose(context: dg.OpExecutionContext) -> None:
        """For the test."""

    @dg.job
    def free() -> None:
        loose()

    found = open_places(dg.Definitions(jobs=[free], resources={"place": Place()}))
    assert ("ops", "loose", "config", "sql") in found
    assert any(path[:4] == ("resources", "place", "config", "folder") for path in found)
    assert any(path[:2] == ("resources", "io_manager") for path in found)  # Dagster's own takes a folder


@pytest.mark.parametrize(
    "config",
    [
        {"resources": {"house": {"config": {"home": "/etc"}}}},
        {"resources": {"io_manager": {"config": {"base_dir": "/etc"}}}},
        {"resources": {"house": {"config": {"home": {"env": "PGPASSWORD"}}}}},
    ],
)
def test_a_run_with_another_folder_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(build_defs().resolve_job_def("monthly"), config)
