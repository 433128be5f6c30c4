"""A line per stage while a job runs, through Dagster's own success hooks. Not for results or errors."""

import time
from collections.abc import Callable

import dagster as dg

STAGES = {
    "collected": "归集",
    "validated": "验收",
    "risk": "风险比对",
    "plan": "抽查计划",
    "draw": "随机抽取",
    "reports": "表册",
    "published": "发布",
}


class Progress:
    """Says a stage is done when its last asset is; `say` prints one line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Expectations come with `expect`, once the assets are known."""
        self._say = say
        self._open: dict[str, set[str]] = {}
        self._sizes: dict[str, int] = {}
        self._started = time.perf_counter()

    def expect(self, defs: dg.Definitions) -> None:
        """Learn which steps each stage has; one step may make several assets."""
        for asset in (a for a in defs.resolve_asset_graph().assets_defs if a.is_executable):
            for group in asset.group_names_by_key.values():
                self._open.setdefault(group, set()).add(asset.op.name)
                self._sizes[group] = self._sizes.get(group, 0) + 1

    def done(self, step: str) -> None:
        """Note one finished step; print when it was its stage's last."""
        for group, keys in self._open.items():
            if step in keys:
                keys.discard(step)
                if not keys:
                    seconds = time.perf_counter() - self._started
                    self._say(f"  {STAGES[group]} {group}：{self._sizes[group]} 项资产完成（累计 {seconds:.1f} 秒）")

    def hook(self) -> dg.HookDefinition:
        """The Dagster hook that calls `done`."""

        @dg.success_hook(name="progress")
        def progress(context: dg.HookContext) -> None:
            self.done(context.op.name)

        return progress
