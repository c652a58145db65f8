"""Answers libzmq's question about each CURVE client: may this public key come in?

libzmq asks over `inproc://zeromq.zap.01` within its context (ZAP, https://rfc.zeromq.org/spec/27/). Where nobody
is bound there it lets everybody in, so this is bound before the publisher's socket.
"""

from __future__ import annotations

import logging

import zmq
from zmq.utils import z85

from realtime_fer.errors import SecurityError
from realtime_fer.publishing.curve import AllowList
from realtime_fer.publishing.refusals import RefusalLog

_logger = logging.getLogger(__name__)

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"realtime-fer"

_VERSION = b"1.0"
_FIXED_FRAMES = 6
"""Version, request id, domain, address, identity, mechanism; credentials follow."""


class CurveAuthenticator:
    """Decides by allow-list; without one, any client that knows the server's public key may subscribe."""

    def __init__(self, allowed_clients: AllowList | None, refusals: RefusalLog) -> None:
        self._allowed_clients = allowed_clients
        self._refusals = refusals

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Reply to every request that waits on the bound REP socket."""
        while zap.poll(0):
            zap.send_multipart(self.reply(zap.recv_multipart()))

    def reply(self, request: list[bytes]) -> list[bytes]:
        """The reply to one ZAP request: status 200 lets the client in, 400 refuses it."""
        request_id = request[1] if len(request) > 1 else b""
        client = self._client_of(request)
        if client is None:
            return [_VERSION, request_id, b"400", b"not on the allow-list", b"", b""]
        return [_VERSION, request_id, b"200", b"OK", client.encode(), b""]

    def _client_of(self, request: list[bytes]) -> str | None:
        """Name of the client that may come in; None where it may not."""
        if len(request) != _FIXED_FRAMES + 1 or request[0] != _VERSION or request[5] != b"CURVE":
            self._refusals.note("an unknown address", "it did not ask for CURVE")
            return None
        address = request[3].decode("ascii", errors="replace") or "a local process"
        public_key = z85.encode(request[6])
        if self._allowed_clients is None:
            return public_key.decode()
        try:
            name = self._allowed_clients.names().get(public_key)
        except SecurityError as error:
            self._refusals.note(address, f"the allow-list cannot be read: {error}")
            return None
        if name is None:
            self._refusals.note(address, f"its public key {public_key.decode()} is not on the allow-list")
            return None
        _logger.info("client %s connects from %s", name, address)
        return name
