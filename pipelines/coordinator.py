"""Who launched a run: the account that the proxy let in becomes the tag `user` of every run of the interface (R-39).

Here: the run coordinator that dagster.yaml names. Not here: accounts and the proxy (deploy/nginx.conf), runs of the
command line, which carry the login (cli.run). What the tag is worth: docs/deploy.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

HEADER = "X-SSJ-User"  # set by the proxy, which overwrites what a browser sends
USER = "user"  # the tag that Dagster's own pages show as "launched by"
BACKFILL = "dagster/backfill"  # the tag of a run that a backfill started
NOT_PROXIED = "未经代理（本机直连）"


class NamedRunCoordinator(dg.QueuedRunCoordinator):
    """Dagster's queue, with the launcher's name on each run."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Queue the run under the name of whoever asked; a name that came with the request's own tags never stands."""
        run = context.dagster_run
        name = launched_by(
            context.get_request_header(HEADER), run.tags, asked=getattr(context.workspace, "source", None) is not None
        )
        if name:
            self._instance.add_run_tags(run.run_id, {USER: name})
        return super().submit_run(context)


def launched_by(account: str | None, tags: Mapping[str, str], *, asked: bool) -> str | None:
    """The name to put on a run; asked: over HTTP, and not by the daemon. None: a schedule or sensor, which tags its own.

    The daemon starts the runs of a backfill later, without the request: they name the backfill, and the proxy's log says
    who sent it.
    """
    if asked:
        return (account or "").strip() or NOT_PROXIED
    if BACKFILL in tags:
        return f"补跑 {tags[BACKFILL]}（发起人见访问日志）"
    return None
