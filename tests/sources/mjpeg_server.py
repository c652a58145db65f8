"""A network camera of the tests: multipart JPEG over HTTP on 127.0.0.1, which can hang up, refuse and fall silent."""

from __future__ import annotations

import http.server
import threading
from types import TracebackType

import cv2
import numpy as np

FRAME_INTERVAL_S = 0.01


class MjpegServer:
    """Serves /stream.mjpg as a context manager; each connection gets `pictures` pictures, then `then` happens.

    Args:
        pictures: of rising brightness, sent to each connection.
        then: "hang up", or "be silent" (the connection stays open).
    """

    def __init__(self, pictures: int = 15, then: str = "hang up") -> None:
        self.pictures = pictures
        self.then = then
        self.refuse = False
        self.connections = 0
        self.closing = threading.Event()
        self._jpegs = [
            cv2.imencode(".jpg", np.full((48, 64, 3), 20 + 7 * (index % 30), np.uint8))[1].tobytes()
            for index in range(pictures)
        ]
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.serve(self)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/stream.mjpg"

    def __enter__(self) -> MjpegServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.connections += 1
        if self.refuse:
            request.send_error(503)
            return
        try:
            request.send_response(200)
            request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            request.end_headers()
            for jpeg in self._jpegs:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")
                request.wfile.flush()
                self.closing.wait(FRAME_INTERVAL_S)
            if self.then == "be silent":
                self.closing.wait()
        except OSError:  # the client hung up first
            pass
