"""Real webservers over a data folder, as `make ui` and deploy/systemd start them. Not here: what they must show."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
SELECTOR = {"repositoryLocationName": "shuangsuiji", "repositoryName": "__repository__"}


@dataclass
class Servers:
    """Two webservers over one data folder, one of them read-only; addresses without a slash at the end."""

    home: Path
    full: str
    readonly: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(server: str, query: str, **variables: object) -> dict:
    data = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{server}/graphql", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def launching(month: str, job: str = "monthly", **tags: str) -> dict:
    """Execution parameters of a month's job."""
    given = [{"key": key, "value": value} for key, value in {"dagster/partition": month, **tags}.items()]
    return {"selector": SELECTOR | {"jobName": job}, "runConfigData": {}, "executionMetadata": {"tags": given}}


@contextmanager
def serving(home: Path, checkout: Path, *, daemon: bool) -> Iterator[Servers]:
    """Both webservers, and the daemon if asked for, until the block ends."""
    environment = os.environ | {"SSJ_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    ports = free_port(), free_port()
    workspace = ["-w", str(checkout / "workspace.yaml")]
    commands = [
        [str(BIN / "dagster-webserver"), *workspace, "-h", "127.0.0.1", "-p", str(ports[0])],
        [str(BIN / "dagster-webserver"), *workspace, "-h", "127.0.0.1", "-p", str(ports[1]), "--read-only"],
        *([[str(BIN / "dagster-daemon"), "run", *workspace]] if daemon else []),
    ]
    log = (home.parent / "servers.log").open("wb")
    running = [
        subprocess.Popen(c, env=environment, cwd=checkout, stdout=log, stderr=subprocess.STDOUT) for c in commands
    ]
    try:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        deadline = time.monotonic() + 90
        for url in urls:
            while True:
                try:
                    if ask(url, "{ version }")["data"]["version"]:
                        break
                except OSError:
                    assert time.monotonic() < deadline, Path(log.name).read_text("utf-8")[-2000:]
                    time.sleep(0.5)
        yield Servers(home, *urls)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)
        log.close()
