"""Accounts before the interface: real nginx with deploy/nginx.conf before two real webservers over one instance.

Here: who gets in and as whom, what an auditor is denied, each mutation against the read-only webserver, who launched a
run. Not here: the pages themselves (test_ui).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import ssl
import string
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from pipelines.coordinator import HEADER, NOT_PROXIED, launched_by
from tests.e2e.conftest import MONTH, Outcome
from tests.e2e.webservers import SELECTOR, Servers, ask, free_port, launching, serving

LAUNCH = """mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId tags { key value } } } } }"""
BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId launchedRunIds } ... on PythonError { message } } }"""
TAGS = "query Tags($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }"
WORDS = {"gongchengshi": "engineers", "shenjiyuan": "auditors"}  # account -> its file
PASSWORD = "只用于测试-Once4All"


@dataclass
class Doors:
    """The proxy's two doors and what lies behind them."""

    engineers: str
    auditors: str
    behind: Servers
    trusted: ssl.SSLContext
    log: Path

    def call(
        self, url: str, account: str | None = None, data: bytes | None = None, method: str = "", **headers: str
    ) -> tuple[int, bytes]:
        """(status, body) of a request; headers with _ for -."""
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        if account:
            given["Authorization"] = "Basic " + base64.b64encode(f"{account}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(url, data, given, method=method or ("POST" if data else "GET"))
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.trusted) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, door: str, account: str, query: str, variables: dict | None = None, **headers: str) -> dict:
        data = json.dumps({"query": query, "variables": variables or {}}).encode()
        status, body = self.call(f"{door}/graphql", account, data, **{"Content_Type": "application/json"}, **headers)
        assert status == 200, (status, body[:300])
        return json.loads(body)["data"]

    def told(self) -> list[dict]:
        time.sleep(0.2)  # nginx writes its log after it answers
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def doors(
    finished: Outcome, checkout: Path, machine: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    nginx, place = machine("nginx"), tmp_path_factory.mktemp("doors")
    home = place / "home"
    shutil.copytree(finished.home, home)
    for folder in ("tls", "accounts", "logs"):
        (place / folder).mkdir()
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    pair = ["-keyout", place / "tls" / "key.pem", "-out", place / "tls" / "fullchain.pem"]
    subprocess.run([*made, *names, *pair], check=True, capture_output=True)
    for account, file in WORDS.items():
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, text=True, capture_output=True, check=True
        )
        (place / "accounts" / file).write_text(f"{account}:{hashed.stdout}", "utf-8")
    listen, audit = free_port(), free_port()
    with serving(home, checkout, daemon=False) as behind:
        given = {
            "SSJ_NAME": "localhost",
            "SSJ_LISTEN": f"127.0.0.1:{listen}",
            "SSJ_AUDIT_LISTEN": f"127.0.0.1:{audit}",
            "SSJ_TLS": str(place / "tls"),
            "SSJ_ACCOUNTS": str(place / "accounts"),
            "SSJ_LOGS": str(place / "logs"),
            "SSJ_PORT": behind.full.rpartition(":")[2],
            "SSJ_READONLY_PORT": behind.readonly.rpartition(":")[2],
        }
        ours = (checkout / "deploy" / "nginx.conf").read_text("utf-8")
        for name, value in given.items():  # as envsubst with a list of names does: nginx's own variables stay
            ours = ours.replace(f"${{{name}}}", value)
        (place / "ssj.conf").write_text(ours, "utf-8")
        (place / "nginx.conf").write_text(
            string.Template(
                "$user daemon off; pid $p/pid; error_log $p/error.log; events {}\n"
                "http { client_body_temp_path $p/body; proxy_temp_path $p/proxy; fastcgi_temp_path $p/f;\n"
                "uwsgi_temp_path $p/u; scgi_temp_path $p/s; include $p/ssj.conf; }\n"
            ).substitute(p=place, user="user root;" if os.geteuid() == 0 else "")  # pytest's folders are their owner's
        )
        words = [str(nginx), "-e", str(place / "error.log"), "-c", str(place / "nginx.conf")]
        subprocess.run([*words, "-t"], check=True, capture_output=True)
        running = subprocess.Popen(words)
        try:
            trusted = ssl.create_default_context(cafile=place / "tls" / "fullchain.pem")
            found = Doors(
                f"https://localhost:{listen}",
                f"https://localhost:{audit}",
                behind,
                trusted,
                place / "logs" / "ssj-access.log",
            )
            for _ in range(50):
                try:
                    found.call(found.engineers)
                    break
                except OSError:
                    time.sleep(0.1)
            yield found
        finally:
            running.terminate()
            running.wait(timeout=30)


pytestmark = pytest.mark.needs("nginx")


def test_nobody_without_an_account_and_nobody_at_the_other_door(doors: Doors) -> None:
    for door, own, other in (
        (doors.engineers, "gongchengshi", "shenjiyuan"),
        (doors.auditors, "shenjiyuan", "gongchengshi"),
    ):
        assert doors.call(door)[0] == 401
        assert doors.call(door, other)[0] == 401
        status, page = doors.call(door, own)
        assert status == 200 and b"<html" in page
        assert doors.ask(door, own, "{ version }")["version"]
    last = [(line["user"], line["status"]) for line in doors.told()]
    assert ("shenjiyuan", 200) in last and ("gongchengshi", 200) in last and ("", 401) in last
    assert all("?" not in line["request"] for line in doors.told())


def test_an_auditor_gets_no_debug_bundle_no_notebook_and_no_raw_log(doors: Doors) -> None:
    run = doors.ask(doors.auditors, "shenjiyuan", "{ runsOrError { ... on Runs { results { runId } } } }")
    run_id = run["runsOrError"]["results"][0]["runId"]
    denied = (
        f"/download_debug/{run_id}",
        "/notebook?path=a.ipynb",
        "/dagit/notebook?path=a.ipynb",
        f"/logs/{run_id}/out",
    )
    for path in denied:
        assert doors.call(doors.auditors + path, "shenjiyuan")[0] == 403, path
        assert doors.call(doors.auditors + path.replace("/", "//", 1), "shenjiyuan")[0] == 403, path
    report = "/report_asset_materialization/frame"
    for door, account in ((doors.auditors, "shenjiyuan"), (doors.engineers, "gongchengshi")):
        assert doors.call(door + report, account, b"{}")[0] == 403
    assert doors.call(f"{doors.engineers}/download_debug/{run_id}", "gongchengshi")[0] == 200


def test_another_site_cannot_use_a_browser_that_is_let_in(doors: Doors) -> None:
    door, account, words = doors.engineers, "gongchengshi", b'{"query": "{ version }"}'
    json_type = {"Content_Type": "application/json"}
    assert doors.call(f"{door}/graphql", account, words, **json_type, Origin=door)[0] == 200
    assert doors.call(f"{door}/graphql", account, words, **json_type, Origin="https://example.org")[0] == 403
    assert doors.call(f"{door}/graphql", account, words, **json_type, Origin=f"{door}.example.org")[0] == 403
    assert doors.call(f"{door}/graphql?query=%7Bversion%7D", account, b"x=1", Content_Type="text/plain")[0] == 405
    assert doors.call(f"{door}/graphql?query=%7Bversion%7D", account)[0] == 405


def test_the_websocket_goes_through_and_changes_nothing(doors: Doors) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    login = {"Authorization": "Basic " + base64.b64encode(f"shenjiyuan:{PASSWORD}".encode()).decode()}
    url = doors.auditors.replace("https", "wss") + "/graphql"
    options = {"ssl": doors.trusted, "subprotocols": ["graphql-ws"], "additional_headers": login, "proxy": None}
    with pytest.raises(InvalidStatus, match="403"):
        connect(url, origin="https://example.org", **options)
    before = _rows(doors.behind.home)
    with connect(url, origin=doors.auditors, **options) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(20))["type"] == "connection_ack"
        query = "subscription { locationStateChangeEvents { event { eventType } } }"
        socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": query}}))
        launch = {"query": LAUNCH, "variables": {"params": launching(MONTH)}}
        socket.send(json.dumps({"type": "start", "id": "2", "payload": launch}))
        answer = json.loads(socket.recv(20))
        assert answer["id"] == "2" and "LaunchRunSuccess" not in json.dumps(answer), answer
    assert _rows(doors.behind.home) == before


def test_a_run_carries_the_account_that_launched_it(doors: Doors) -> None:
    params = {"params": launching(MONTH, user="局长")}
    run = doors.ask(doors.engineers, "gongchengshi", LAUNCH, params, **{HEADER.replace("-", "_"): "juzhang"})[
        "launchRun"
    ]
    assert run["__typename"] == "LaunchRunSuccess"
    assert _user(doors, run["run"]["runId"]) == "gongchengshi"
    direct = ask(doors.behind.full, LAUNCH, params=launching(MONTH))["data"]["launchRun"]
    assert _user(doors, direct["run"]["runId"]) == NOT_PROXIED

    backfill = {
        "selector": _MONTHLY,
        "partitionNames": [MONTH],
        "forceSynchronousSubmission": True,
        "tags": [{"key": "user", "value": "局长"}],
    }
    sent = doors.ask(doors.engineers, "gongchengshi", BACKFILL, {"params": backfill})["launchPartitionBackfill"]
    assert sent["__typename"] == "LaunchBackfillSuccess", sent
    assert {_user(doors, each) for each in sent["launchedRunIds"]} == {"gongchengshi"}
    assert [line["user"] for line in doors.told()].count("gongchengshi") >= 2


def test_what_the_daemon_starts_names_its_backfill_and_never_a_person() -> None:
    assert (
        launched_by(None, {"dagster/backfill": "abcd", "user": "局长"}, asked=False) == "补跑 abcd（发起人见访问日志）"
    )
    assert launched_by(None, {"dagster/schedule_name": "monthly_on_the_6th"}, asked=False) is None
    assert launched_by(" ", {}, asked=True) == NOT_PROXIED


def _user(doors: Doors, run_id: str) -> str:
    tags = ask(doors.behind.full, TAGS, id=run_id)["data"]["runOrError"]["tags"]
    return {tag["key"]: tag["value"] for tag in tags}["user"]


def _rows(home: Path) -> dict[str, list[tuple]]:
    """Every row of Dagster's storage, by database and table."""
    found = {}
    for path in sorted((home / "dagster").rglob("*.db")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as opened:
            for (table,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                found[f"{path.name}:{table}"] = sorted(opened.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
        opened.close()
    return found


# What the read-only webserver answers though it refuses nothing: neither keeps anything here, telemetry and the pop-up are off.
_HARMLESS = {"logTelemetry", "setNuxSeen"}
# What the answer's type alone does not tell: one answer for each of several runs.
_EACH = {
    "launchMultipleRuns": "{ ... on LaunchMultipleRunsResult { launchMultipleRunsResult { __typename } } }",
    "terminateRuns": "{ ... on TerminateRunsResult { terminateRunResults { __typename ... on TerminateRunFailure { message } } } }",
    "terminateRun": "{ __typename ... on TerminateRunFailure { message } }",
    "terminatePipelineExecution": "{ __typename ... on TerminateRunFailure { message } }",
}
_REFUSED = ("UnauthorizedError", "do not have permission")
_PLAIN = {  # mutations that answer yes or no
    *("setNuxSeen", "setAutoMaterializePaused", "freeConcurrencySlotsForRun", "freeConcurrencySlots"),
    *("setConcurrencyLimit", "deleteConcurrencyLimit"),
}
_THINGS = """{
  scheduleOrError(scheduleSelector: %s) { ... on Schedule { scheduleState { id selectorId } } }
  sensorOrError(sensorSelector: %s) { ... on Sensor { sensorState { id selectorId } } }
  __schema { mutationType { fields { name } } } }"""


def test_the_read_only_webserver_refuses_every_mutation(doors: Doors) -> None:
    full, readonly = doors.behind.full, doors.behind.readonly
    queued = ask(full, LAUNCH, params=launching(MONTH))["data"]["launchRun"]["run"]["runId"]
    backfill = {"selector": _MONTHLY, "partitionNames": [MONTH]}
    started, ended = (
        ask(full, BACKFILL, params=backfill)["data"]["launchPartitionBackfill"]["backfillId"] for _ in "ab"
    )
    with dg.DagsterInstance.from_config(
        str(doors.behind.home / "dagster")
    ) as instance:  # no daemon runs here to end it
        instance.update_backfill(instance.get_backfill(ended).with_status(BulkActionStatus.CANCELED))
    answer = ask(readonly, _THINGS % (_literal(_SCHEDULE, inside=True), _literal(_SENSOR, inside=True)))["data"]
    schedule, sensor = (answer[f"{each}OrError"][f"{each}State"] for each in ("schedule", "sensor"))
    calls = _every_mutation(queued, started, ended, schedule, sensor)
    assert {field["name"] for field in answer["__schema"]["mutationType"]["fields"]} == set(calls)

    before = _rows(doors.behind.home)
    answered = {}
    for name, arguments in calls.items():
        asked = "" if name in _PLAIN else _EACH.get(name, "{ __typename }")
        data = json.dumps({"query": f"mutation {{ {name}{_literal(arguments)} {asked} }}"}).encode()
        told = doors.call(f"{readonly}/graphql", data=data, Content_Type="application/json")[1].decode()
        if name not in _HARMLESS and not any(word in told for word in _REFUSED):
            answered[name] = told[:400]
    assert not answered
    assert _rows(doors.behind.home) == before


class _Word(str):
    """A word of an enumeration: not in quotes."""


def _literal(value: object, *, inside: bool = False) -> str:
    """A value in GraphQL's own notation; a dictionary that stands outermost is the arguments of a call."""
    if isinstance(value, dict):
        members = ", ".join(f"{key}: {_literal(each, inside=True)}" for key, each in value.items())
        return f"{{{members}}}" if inside else f"({members})" if members else ""
    if isinstance(value, list):
        return f"[{', '.join(_literal(each, inside=True) for each in value)}]"
    return str(value) if isinstance(value, _Word) else json.dumps(value, ensure_ascii=False)


_SCHEDULE = SELECTOR | {"scheduleName": "monthly_on_the_6th"}
_SENSOR = SELECTOR | {"sensorName": "new_deliveries"}
_MONTHLY = {"partitionSetName": "monthly_partition_set", "repositorySelector": SELECTOR}


def _every_mutation(run: str, backfill: str, ended: str, schedule: dict, sensor: dict) -> dict[str, dict]:
    """Valid arguments for each mutation of the interface, over things that exist."""
    params, frame = launching(MONTH), {"path": ["frame"]}
    location = {"repositoryLocationName": "shuangsuiji"}
    again = {"parentRunId": run, "strategy": _Word("ALL_STEPS")}
    component = {"componentId": "a", "locationName": "shuangsuiji"}
    return {
        "launchPipelineExecution": {"executionParams": params},
        "launchRun": {"executionParams": params},
        "launchMultipleRuns": {"executionParamsList": [params]},
        "launchPipelineReexecution": {"reexecutionParams": again},
        "launchRunReexecution": {"reexecutionParams": again},
        "startSchedule": {"scheduleSelector": _SCHEDULE},
        "stopRunningSchedule": {"scheduleOriginId": schedule["id"], "scheduleSelectorId": schedule["selectorId"]},
        "resetSchedule": {"scheduleSelector": _SCHEDULE},
        "startSensor": {"sensorSelector": _SENSOR},
        "setSensorCursor": {"sensorSelector": _SENSOR, "cursor": "x"},
        "stopSensor": {"jobOriginId": sensor["id"], "jobSelectorId": sensor["selectorId"]},
        "resetSensor": {"sensorSelector": _SENSOR},
        "sensorDryRun": {"selectorData": _SENSOR, "cursor": "x"},
        "scheduleDryRun": {"selectorData": _SCHEDULE, "timestamp": 1794000000.0},
        "terminatePipelineExecution": {"runId": run},
        "terminateRun": {"runId": run},
        "terminateRuns": {"runIds": [run]},
        "deletePipelineRun": {"runId": run},
        "deleteRun": {"runId": run},
        "reloadRepositoryLocation": location,
        "reloadWorkspace": {},
        "shutdownRepositoryLocation": location,
        "wipeAssets": {
            "assetPartitionRanges": [{"assetKey": frame, "partitions": {"range": {"start": MONTH, "end": MONTH}}}]
        },
        "reportRunlessAssetEvents": {
            "eventParams": {"eventType": _Word("ASSET_MATERIALIZATION"), "assetKey": frame, "partitionKeys": [MONTH]}
        },
        "reportAssetCheckEvaluations": {"eventParams": {"assetKey": frame, "checkName": "contract", "passed": True}},
        "launchPartitionBackfill": {"backfillParams": {"selector": _MONTHLY, "partitionNames": [MONTH]}},
        "resumePartitionBackfill": {"backfillId": backfill},
        "reexecutePartitionBackfill": {"reexecutionParams": again | {"parentRunId": ended}},
        "cancelPartitionBackfill": {"backfillId": backfill},
        "logTelemetry": {"action": "a", "clientId": "b", "clientTime": "1", "metadata": "{}"},
        "setNuxSeen": {},
        "addDynamicPartition": {"partitionKey": "a", "partitionsDefName": "b", "repositorySelector": SELECTOR},
        "deleteDynamicPartitions": {"partitionKeys": ["a"], "partitionsDefName": "b", "repositorySelector": SELECTOR},
        "setAppManagedComponent": component | {"attributes": "{}", "componentType": "x"},
        "deleteAppManagedComponent": component,
        "refreshComponentState": {"defsStateKey": "a", "locationName": "shuangsuiji"},
        "setAutoMaterializePaused": {"paused": False},
        "setConcurrencyLimit": {"concurrencyKey": "duckdb", "limit": 5},
        "deleteConcurrencyLimit": {"concurrencyKey": "duckdb"},
        "freeConcurrencySlotsForRun": {"runId": run},
        "freeConcurrencySlots": {"runId": run},
    }
