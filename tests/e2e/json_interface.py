"""An interface of a department for real: http.server in a thread, pages of JSON, and every fault asked of it.

Here: the server with its script of faults. Not here: what a pull must make of them (test_http_channel).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Interface:
    """What the server answers with. `faults`: one for each request, taken in order; then it answers well."""

    records: list[dict[str, Any]] = field(default_factory=list)
    token: str = "geheimes-Wort"
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    total: int | None = None
    most: int = 1000
    elsewhere: str = ""
    spelling: dict[bytes, bytes] = field(default_factory=dict)  # what a value looks like on the wire
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/signals"

    def answer(self, question: dict[str, str]) -> dict[str, Any]:
        """A page by number or by cursor, of what is at least as new as `since`."""
        found = [record for record in self.records if record["updated_at"] >= question.get("since", "")]
        size = min(int(question.get("size", "100")), self.most)
        start = int(question["cursor"]) if "cursor" in question else (int(question.get("page", "1")) - 1) * size
        following = start + size if start + size < len(found) else None
        return {
            "code": 0,
            "data": {
                "total": len(found) if self.total is None else self.total,
                "rows": found[start : start + size],
                "next": None if following is None else str(following),
            },
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    interface: Interface

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        here = self.interface
        place = urlsplit(self.path)
        question = {name: values[0] for name, values in parse_qs(place.query).items()}
        here.asked.append(question)
        here.at.append(time.monotonic())
        if self.headers.get("Authorization") != f"Bearer {here.token}":
            self.reply(401, b"{}")
            return
        fault = here.faults.pop(0) if here.faults else ""
        body = json.dumps(here.answer(question), ensure_ascii=False).encode()
        for value, written in here.spelling.items():
            body = body.replace(value, written)
        with suppress(OSError):
            self.fail(fault, body, question)

    def fail(self, fault: str, body: bytes, question: dict[str, str]) -> None:
        here = self.interface
        if fault.isdigit():
            self.reply(int(fault), b"internal words that nobody should read")
        elif fault.startswith("429"):
            self.reply(429, b"", {"Retry-After": fault.partition(":")[2]})
        elif fault == "slow":
            time.sleep(3)
            self.reply(200, body)
        elif fault == "drip":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.3)
        elif fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
        elif fault == "half":
            self.reply(200, body[: len(body) // 2])
        elif fault == "repeat":
            self.reply(200, json.dumps(here.answer(question | {"page": "1", "cursor": "0"})).encode())
        elif fault == "grown":
            here.records.append(here.records[0] | {"id": f"new-{len(here.asked)}"})
            self.reply(200, json.dumps(here.answer(question)).encode())
        elif fault == "shrunk":
            del here.records[0]
            self.reply(200, json.dumps(here.answer(question)).encode())
        elif fault == "big":
            self.reply(200, b'{"data": {"rows": [], "padding": "' + b"x" * 3_000_000 + b'"}}')
        elif fault == "redirect":
            self.reply(302, b"", {"Location": here.elsewhere})
        elif fault == "list":
            self.reply(200, b"[1, 2]")
        else:
            self.reply(200, body)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(interface: Interface) -> Iterator[Interface]:
    """The interface on a port of its own."""
    handler = type("Handler", (_Handler,), {"interface": interface})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    interface.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield interface
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
