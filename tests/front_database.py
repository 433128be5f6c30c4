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


# As a department's system names things: nothing here is called as in the contract.
CREATE_TABLE = """
create schema "前置";
create table "前置"."行政处罚决定" (
    "记录编号" bigint primary key,
    "决定书文号" text not null,
    "当事人" text not null,
    "社会信用代码" char(18),
    "违法类型" varchar(200),
    "事实" text,
    "依据" text,
    "处罚种类" text,
    "内容" text,
    "罚没万元" numeric(18, 6),
    "决定时间" timestamp,
    "公示到期" date,
    "更新时间" timestamptz,
    "删除标志" char(1) not null default '0',
    "经办人电话" text
)"""
FILL = """
insert into "前置"."行政处罚决定"
select i, '运市监罚〔2026〕' || i || '号', '示例商贸有限公司' || i, '91140802MA0' || lpad(i::text, 7, '0'), '未按规定公示',
       '当事人未按规定公示，' || chr(10) || '经责令改正' || i, '《条例》第十七条', '罚款', '罚款人民币若干元' || i, i * 0.01,
       timestamp '2026-09-01 23:30' + (i % 30) * interval '1 day', date '2029-10-01',
       timestamptz '2022-10-01 00:00+08' + ((i * 7919::bigint) % 1000003) * interval '0.37 second', '0', '电话' || i
from generate_series({first}, {last}) as i"""
COLUMNS = {
    "决定书文号": "decision_no",
    "当事人": "party_name",
    "社会信用代码": "uscc",
    "违法类型": "violation_type",
    "事实": "violation_facts",
    "依据": "legal_basis",
    "处罚种类": "penalty_type",
    "内容": "penalty_content",
    "罚没万元": "fine_wan",
    "决定时间": "decision_date",
    "公示到期": "publish_until",
}
CONNECTION: dict[str, Any] = {
    "source": "penalty",
    "channel": "database",
    "unit": "ZHZF",
    "system": "综合行政执法办案系统前置库",
    "generated": True,
    "url_env": "SSJ_FRONT_ZHZF",
    "schema": "前置",
    "table": "行政处罚决定",
    "columns": COLUMNS,
    "constants": {"authority": "运城市市场监督管理局", "source_unit": "综合行政执法队"},
    "key": ["记录编号"],
    "watermark": "更新时间",
    "overlap": 60,
    "withdrawn": {"column": "删除标志", "values": ["1"]},
}


def fill(first: int, last: int) -> str:
    """The statement that makes the decisions numbered so."""
    return FILL.format(first=first, last=last)
