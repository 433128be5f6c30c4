"""Dagster's storage in PostgreSQL by one file: a throw-away cluster, a month run over it, the same bytes as with SQLite.

Here: deploy/dagster-postgres.yaml as a person would use it. Not here: the front database that deliveries may come from.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from tests.e2e.conftest import MONTH, Outcome, copy_city, kept_files

PROGRAM = Path(sys.executable).with_name("ssj")
PASSWORD = "geheim@wort:für%alle"  # of the throw-away cluster; with what a careless URL would trip over


@pytest.fixture(scope="module")
def cluster(machine: Callable[[str], Path]) -> Iterator[dict[str, str]]:
    """A PostgreSQL of our own on loopback; yields the variables that deploy/dagster-postgres.yaml reads."""
    programs = machine("postgres").resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="ssj-postgres-"))  # pytest's own folders are closed to other users
    (folder / "password").write_text(PASSWORD, "utf-8")
    # PostgreSQL refuses to run as root.
    owner = _someone_else() if os.geteuid() == 0 else None
    rights: dict[str, Any] = {}
    if owner:
        rights = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        for path in (folder, folder / "password"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        assert made.returncode == 0, made.stderr
        settings = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off")
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", "data", *(word for each in settings for word in ("-c", each))],
                cwd=folder, stdout=log, stderr=log, **rights,
            )  # fmt: skip
        place = {"USER": "keeper", "PASSWORD": PASSWORD, "HOST": "127.0.0.1", "PORT": str(port), "DB": "dagster"}
        _create_database(place, server, folder / "log")
        yield {f"SSJ_PG_{name}": value for name, value in place.items()}
    finally:
        if server:
            server.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended, data is written
            server.wait(timeout=30)
        shutil.rmtree(folder)


def _someone_else() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _connect(place: dict[str, str], database: str) -> Any:
    return psycopg2.connect(
        user=place["USER"], password=place["PASSWORD"], host=place["HOST"], port=place["PORT"], dbname=database
    )


def _create_database(place: dict[str, str], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = _connect(place, "postgres")
            break
        except psycopg2.OperationalError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)
    connection.autocommit = True
    connection.cursor().execute("create database dagster")
    connection.close()


def _home(checkout: Path, inbox: Path, home: Path) -> Path:
    (home / "dagster").mkdir(parents=True)
    shutil.copyfile(checkout / "deploy" / "dagster-postgres.yaml", home / "dagster" / "dagster.yaml")
    copy_city(inbox, home)
    return home


def _run(home: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [str(PROGRAM), "run", "--month", MONTH, "--home", str(home)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSJ_PG_")} | variables
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.needs("postgres")
def test_a_month_kept_in_postgresql_is_the_month_kept_in_sqlite(
    checkout: Path, cluster: dict[str, str], city_inbox: Path, finished: Outcome, tmp_path: Path
) -> None:
    home = _home(checkout, city_inbox, tmp_path / "home")
    done = _run(home, cluster)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (home / "dagster" / "dagster.yaml").read_bytes() == (
        checkout / "deploy" / "dagster-postgres.yaml"
    ).read_bytes()
    connection = _connect({name.removeprefix("SSJ_PG_"): value for name, value in cluster.items()}, "dagster")
    cursor = connection.cursor()
    cursor.execute("select pipeline_name, status from runs order by id")
    assert cursor.fetchall() == [("monthly", "SUCCESS"), ("draw", "SUCCESS"), ("close", "SUCCESS")]
    cursor.execute(
        "select asset_key from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION' and partition = %s",
        (MONTH,),
    )
    materialised = {key for (key,) in cursor.fetchall()}
    assert {'["frame"]', '["enterprise_month"]', '["drawn"]', '["evidence"]'} <= materialised
    cursor.execute("select count(*) from asset_check_executions where execution_status = 'SUCCEEDED'")
    assert cursor.fetchone()[0] > 20
    connection.close()
    assert not list((home / "dagster").rglob("*.db"))
    assert kept_files(home) == kept_files(finished.home)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in kept + done.stdout.encode()


def test_a_variable_that_is_not_set_is_told_in_one_line(checkout: Path, tiny_inbox: Path, tmp_path: Path) -> None:
    home = _home(checkout, tiny_inbox, tmp_path / "home")
    done = _run(home, {"SSJ_PG_PASSWORD": PASSWORD})
    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert str(home / "dagster" / "dagster.yaml") in line and "环境变量" in line and PASSWORD not in line
    assert not (home / "lake" / MONTH).exists()


def test_the_file_is_ours_with_another_storage_and_holds_no_secret(checkout: Path) -> None:
    theirs = yaml.safe_load((checkout / "deploy" / "dagster-postgres.yaml").read_text("utf-8"))
    place = theirs.pop("storage")["postgres"]["postgres_db"]
    assert theirs == yaml.safe_load((checkout / "dagster.yaml").read_text("utf-8"))
    assert place.pop("scheme") == "postgresql+psycopg2"
    assert place == {
        name: {"env": f"SSJ_PG_{variable}"}
        for name, variable in {
            "username": "USER", "password": "PASSWORD", "hostname": "HOST", "port": "PORT", "db_name": "DB",
        }.items()
    }  # fmt: skip
