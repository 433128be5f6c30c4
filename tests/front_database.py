"""A throw-away PostgreSQL on loopback, as a department's front database: started, filled and ended by whoever asks.

Here: the cluster, its URL, and the table of penalties with Chinese names that the tests and the bench pull from. Not
here: what a pull must do with it (tests/e2e/test_front_database.py), nor Dagster's storage (tests/e2e/test_postgres.py).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

PASSWORD = "geheim@wort:für%alle/?"  # with everything a careless URL would trip over


@dataclass(frozen=True)
class Cluster:
    """Where the server listens; `url` is what a connection's environment variable holds."""

    port: int

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The same database through another port (a proxy that cuts)."""
        return f"postgresql://keeper:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the department's own program would; the rows of the last one."""
        connection = psycopg2.connect(
            user="keeper", password=PASSWORD, host="127.0.0.1", port=self.port, dbname="postgres"
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


@contextmanager
def cluster(server_program: Path) -> Iterator[Cluster]:
    """A cluster of its own in a folder of its own; `server_program` is Debian's `postgres`."""
    programs = server_program.resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="ssj-front-"))
    (folder / "password").write_text(PASSWORD, "utf-8")
    rights = _rights(folder)
    port = free_port()
    server: subprocess.Popen[bytes] | None = None
    try:
        words = ["-D", "data", "-U", "keeper", "-A", "scram-sha-256", "--pwfile", "password", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(
            [programs / "initdb", *words, "--locale", "C"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **rights,
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
        # A server set up elsewhere: dates in another style, another time zone. The pull must not depend on it.
        settings = (
            "listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off",
            "datestyle=SQL, DMY", "timezone=UTC",
        )  # fmt: skip
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", "data", *(word for each in settings for word in ("-c", each))],
                cwd=folder, stdout=log, stderr=log, **rights,
            )  # fmt: skip
        _wait(Cluster(port), server, folder / "log")
        yield Cluster(port)
    finally:
        if server:
            server.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended
            server.wait(timeout=30)
        shutil.rmtree(folder)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _rights(folder: Path) -> dict[str, Any]:
    """Another account where we are root, for PostgreSQL refuses to run as root; the folder becomes its own."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("nobody")
    with suppress(KeyError):
        owner = pwd.getpwnam("postgres")
    for path in (folder, folder / "password"):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _wait(place: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            place.run("select 1")
            return
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text("utf-8")) from None
            time.sleep(0.1)
