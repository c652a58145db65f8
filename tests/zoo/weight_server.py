"""An HTTP server on this machine that does to a download whatever a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass
class Behaviour:
    """How the next requests are answered; tests change it while the server runs.

    Attributes:
        content: of the file at every path.
        break_after: bytes of a body after which the connection is cut, one entry a request; None or no entry cuts nothing.
        statuses: answered instead of the file, one a request.
        hang: bytes of the body after which nothing comes any more until the test ends, one entry a request.
        redirects: path -> where it is redirected to.
        seen: method, path and headers of each request.
    """

    content: bytes = b""
    etag: str | None = '"first"'
    last_modified: str | None = None
    knows_ranges: bool = True
    honest_if_range: bool = True
    content_type: str = "application/octet-stream"
    length: bool = True
    range_from: int | None = None
    break_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hang: list[int | None] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [headers.get("Range") for _, _, headers in self.seen]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    behaviour: Behaviour


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        behaviour = cast("_Server", self.server).behaviour
        behaviour.seen.append(("CONNECT", self.path, dict(self.headers)))
        self.send_error(403)

    def do_GET(self) -> None:
        b = cast("_Server", self.server).behaviour
        b.seen.append(("GET", self.path, dict(self.headers)))
        if self.path in b.redirects:
            self._head(302, {"Location": b.redirects[self.path], "Content-Length": "0", **b.headers})
            return
        if b.statuses and (status := b.statuses.pop(0)) != 200:
            self._head(status, {"Content-Length": "0", **b.headers})
            return
        start, status, headers = self._range(b)
        body = b.content[start:]
        if b.length:
            headers["Content-Length"] = str(len(body))
        else:
            self.close_connection = True
        headers |= {"Content-Type": b.content_type, **b.headers}
        headers |= {"ETag": b.etag} if b.etag else {}
        headers |= {"Last-Modified": b.last_modified} if b.last_modified else {}
        self._head(status, headers)
        cut = b.break_after.pop(0) if b.break_after else None
        hang = b.hang.pop(0) if b.hang else None
        try:
            self.wfile.write(body[: cut if cut is not None else hang])
            self.wfile.flush()
            if hang is not None:
                b.ended.wait(10)
        except OSError:
            pass  # the client has gone
        if cut is not None or hang is not None:
            self.close_connection = True

    def _range(self, b: Behaviour) -> tuple[int, int, dict[str, str]]:
        asked = self.headers.get("Range")
        same = not b.honest_if_range or self.headers.get("If-Range") in (b.etag, b.last_modified)
        if asked is None or not b.knows_ranges or not same:
            return 0, 200, {}
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if b.range_from is None else b.range_from
        return start, 206, {"Content-Range": f"bytes {start}-{len(b.content) - 1}/{len(b.content)}"}

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def weight_server(content: bytes = b"") -> Iterator[tuple[str, Behaviour]]:
    """A server on a free port -> its address ("http://127.0.0.1:1234") and how it behaves."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.behaviour = Behaviour(content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.behaviour
    finally:
        server.behaviour.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
