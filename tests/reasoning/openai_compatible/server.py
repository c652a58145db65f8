"""A model server of the tests on 127.0.0.1, which does what it is told to, also wrong things, and notes what it was sent."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from realtime_fer.reasoning.keyframes.keyframe import ImageRgb

PATIENCE_S = 20.0
"""A behaviour that waits ends at the latest after this, when a test has failed."""

Handler = http.server.BaseHTTPRequestHandler
Behaviour = Callable[[Handler], None]


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any

    @property
    def question(self) -> str:
        return str(self.body["messages"][0]["content"][1]["text"])

    @property
    def picture_url(self) -> str:
        return str(self.body["messages"][0]["content"][0]["image_url"]["url"])


class ModelServer:
    """Behaves as told, once each, in order; what comes after that is an error 418 that no client expects."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviours = list(behaviours)
        self.received: list[Received] = []
        self.connections = 0
        self.ended = 0
        self.closing = threading.Event()
        model_server = self

        class OneConnection(Handler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def setup(self) -> None:
                model_server.connections += 1
                super().setup()

            def finish(self) -> None:
                super().finish()
                model_server.ended += 1

            def do_POST(self) -> None:
                model_server._serve(self)

            def do_GET(self) -> None:
                model_server._serve(self)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: object) -> None:
                pass  # clients that hang up are what some tests are about

        self._server = Server(("127.0.0.1", 0), OneConnection)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: Handler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        behaviour = self.behaviours.pop(0) if self.behaviours else replies(418, {"error": "not told what to do"})
        self.received.append(Received(handler.command, handler.path, headers, json.loads(body) if body else None))
        behaviour(handler)

    def hangs(self, after: bytes = b"") -> Behaviour:
        """Sends this and nothing more, until the test is over."""

        def hang(handler: Handler) -> None:
            handler.wfile.write(after)
            handler.wfile.flush()
            self.closing.wait(PATIENCE_S)
            handler.close_connection = True

        return hang

    def drips(self, first: bytes, drop: bytes) -> Behaviour:
        """Sends a drop every few milliseconds until nobody takes it any more."""

        def drip(handler: Handler) -> None:
            handler.close_connection = True
            handler.wfile.write(first)
            while not self.closing.wait(0.002):
                handler.wfile.write(drop)
                handler.wfile.flush()

        return drip


def replies(status: int, document: Any, **headers: str) -> Behaviour:
    """Sends a document as JSON, or bytes as they are."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()

    def reply(handler: Handler) -> None:
        handler.send_response(status)
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (sent | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()

    return reply


def sends(raw: bytes) -> Behaviour:
    """Sends these bytes and hangs up."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(raw)
        handler.wfile.flush()

    return send


def hangs_up(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def completion(text: str | None, steps: Sequence[dict[str, Any]] | None = None, **choice: Any) -> dict[str, Any]:
    """A chat completion as vLLM sends it."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "tool_calls": []}
    logprobs = None if steps is None else {"content": list(steps)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "chain-of-affect",
        "choices": [
            {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop", "stop_reason": 32007, **choice}
        ],
        "usage": {"prompt_tokens": 811, "total_tokens": 814, "completion_tokens": 3},
        "kv_transfer_params": None,
    }


def token(text: str, probability: float, **others: float) -> dict[str, Any]:
    """A step of an answer: the token chosen, and others with their probabilities."""
    choices = [_choice(text, probability)] + [_choice(name, share) for name, share in others.items()]
    return {**_choice(text, probability), "top_logprobs": choices}


def _choice(text: str, probability: float) -> dict[str, Any]:
    return {"token": text, "logprob": float(np.log(probability)), "bytes": list(text.encode())}


def answers(text: str, *steps: dict[str, Any]) -> Behaviour:
    """A good answer; with logprobs where steps are given."""
    return replies(200, completion(text, steps or None))


def picture_of(url: str) -> ImageRgb:
    """Decode a data URL -> uint8 (H, W, 3), RGB."""
    head, _, data = url.partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    image_bgr = cv2.imdecode(np.frombuffer(base64.b64decode(data, validate=True), np.uint8), cv2.IMREAD_UNCHANGED)
    assert image_bgr is not None
    return np.asarray(image_bgr[..., ::-1], np.uint8)
