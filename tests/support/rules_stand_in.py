"""Contact-rules as cases sees it over HTTP, answering as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHECK: dict[str, Any] = {
    "rule": "tw.hours",
    "pack": "tw@2026-01-01",
    "kind": "window",
    "severity": "prohibition",
    "result": "fail",
    "measured": "22:30",
    "limit": "22:00",
    "window": None,
    "citation": "金融機構作業委託他人處理內部作業制度及程序辦法",
    "source_quality": "report",
    "message": {"en": "Too late in the evening.", "zh": "时间过晚。"},
}


def go(**changes: Any) -> dict[str, Any]:
    """Contact-rules' yes."""
    answer: dict[str, Any] = {
        "go": True,
        "state": "reserved",
        "verdict": "allow",
        "checks": [],
        "must_end_by": "2026-12-01T14:00:00Z",
        "instead": None,
    }
    return answer | changes


def no(do: str = "reschedule", **changes: Any) -> dict[str, Any]:
    """Contact-rules' no, and what to do instead."""
    instead = {
        "do": do,
        "not_before": "2026-12-01T23:00:00Z" if do == "wait" else None,
        "next_lawful": [{"from": "2026-12-01T23:00:00Z", "to": "2026-12-02T13:30:00Z"}],
    }
    return go(go=False, verdict="deny", checks=[CHECK], instead=instead) | changes


@dataclass
class RulesStandIn:
    """What was asked of it, and what it answers; ``meanwhile`` happens before it does."""

    url: str = ""
    answer: Any = field(default_factory=go)
    status: int = 200
    meanwhile: Callable[[], object] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    trickles: bool = False
    """It sends a byte now and then, and never all of them."""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over, so that nobody trickles on."""

    def answered(self, path: str, body: bytes, token: str) -> tuple[int, bytes]:
        self.asked.append({"path": path, **json.loads(body)})
        self.tokens.append(token)
        if self.meanwhile is not None:
            self.meanwhile()
        content = (
            self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        )
        return self.status, content


@contextmanager
def rules_stand_in() -> Iterator[RulesStandIn]:
    """A stand-in that answers on a port of its own while the block runs."""
    standing = RulesStandIn()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            token = str(self.headers["Authorization"])
            status, content = standing.answered(self.path, body, token)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if standing.trickles:
                self.close_connection = True
                for at in range(len(content)):
                    self.wfile.write(content[at : at + 1])
                    if standing.left.wait(0.05):
                        return
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Tests have their own words."""

        def handle(self) -> None:
            with suppress(OSError):  # whoever asked has hung up
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    standing.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield standing
    finally:
        standing.left.set()
        server.shutdown()
        server.server_close()
        thread.join()
