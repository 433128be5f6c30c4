"""A line per stage while a job runs, through Dagster's own success hooks. Not for results or errors."""

import time
from collections.abc import Callable

import dagster as dg

# (job, asset group) -> what a person reads
STAGES = {
    ("monthly", "collected"): "归集",
    ("monthly", "validated"): "验收",
    ("monthly", "risk"): "风险比对",
    ("monthly", "plan"): "抽查计划",
    ("monthly", "reports"): "归集情况",
    ("draw", "plan"): "随机抽取",
    ("close", "reports"): "表册",
    ("close", "published"): "发布",
}


class Progress:
    """Says a stage is done when its last step is; `say` prints one line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Expectations come with `expect`, once the assets are known."""
        self._say = say
        self._open: dict[str, set[str]] = {}
        self._sizes: dict[str, int] = {}
        self._started = time.perf_counter()

    def expect(self, defs: dg.Definitions) -> None:
        """Learn which steps each stage has; one step may make several assets."""
        made = [asset for asset in defs.resolve_asset_graph().assets_defs if asset.is_executable]
        for (job, group), stage in STAGES.items():
            selected = defs.resolve_job_def(job).asset_layer.selected_asset_keys
            for asset in made:
                keys = {key for key in asset.keys & selected if asset.group_names_by_key[key] == group}
                if keys:
                    self._open.setdefault(stage, set()).add(asset.op.name)
                    self._sizes[stage] = self._sizes.get(stage, 0) + len(keys)

    def done(self, step: str) -> None:
        """Note one finished step; print when it was its stage's last."""
        for stage, steps in self._open.items():
            if step in steps:
                steps.discard(step)
                if not steps:
                    seconds = time.perf_counter() - self._started
                    self._say(f"  {stage}：{self._sizes[stage]} 项资产完成（累计 {seconds:.1f} 秒）")

    def hook(self) -> dg.HookDefinition:
        """The Dagster hook that calls `done`."""

        @dg.success_hook(name="progress")
        def progress(context: dg.HookContext) -> None:
            self.done(context.op.name)

        return progress
