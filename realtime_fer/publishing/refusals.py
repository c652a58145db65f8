"""Who was turned away: counted always, logged at a bounded rate.

A refused ZeroMQ client may knock again ten times a second; the log says it once, and then at most once an interval.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import OrderedDict

import zmq
from zmq.utils.monitor import parse_monitor_message

from realtime_fer.clock import Clock, SystemClock

_logger = logging.getLogger(__name__)

LOG_INTERVAL_S = 10.0
"""One line per peer and reason in this time; often enough to notice, seldom enough to read."""
_REMEMBERED_REASONS = 256
"""Peers are strangers: what is remembered about them is bounded."""
_REMEMBERED_PEERS = 1024
"""As above, for connections whose handshake is under way."""

_MECHANISM_MISMATCH = 0x11000002
"""libzmq's ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: one side uses CURVE, the other does not."""
_CRYPTOGRAPHIC = 0x11000001
"""libzmq's ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: the client encrypted for another server key."""


class RefusalLog:
    """Counts refused connections and logs them without flooding."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._logged_ns: OrderedDict[str, int] = OrderedDict()
        self._unlogged: dict[str, int] = {}
        self.count = 0

    def note(self, peer: str, reason: str) -> None:
        """One connection attempt of `peer` (an address, where known) was refused for `reason`."""
        self.count += 1
        key = f"{peer.rpartition(':')[0] or peer} {reason}"  # every attempt comes from another port
        now_ns = self._clock.monotonic_ns()
        last_ns = self._logged_ns.get(key)
        if last_ns is not None and now_ns - last_ns < LOG_INTERVAL_S * 1e9:
            self._unlogged[key] = self._unlogged.get(key, 0) + 1
            return
        more = self._unlogged.pop(key, 0)
        self._logged_ns[key] = now_ns
        self._logged_ns.move_to_end(key)
        if len(self._logged_ns) > _REMEMBERED_REASONS:
            oldest, _ = self._logged_ns.popitem(last=False)
            self._unlogged.pop(oldest, None)
        _logger.warning("refused connection from %s: %s%s", peer, reason, f" (and {more} more times)" if more else "")


class HandshakeWatch:
    """Reads a listening socket's monitor for handshakes that failed before the allow-list was asked."""

    EVENTS = (
        zmq.Event.ACCEPTED
        | zmq.Event.DISCONNECTED
        | zmq.Event.HANDSHAKE_SUCCEEDED
        | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
        | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    )

    def __init__(self, refusals: RefusalLog) -> None:
        self._refusals = refusals
        self._peers: OrderedDict[int, str] = OrderedDict()
        self._failure: str | None = None

    def read(self, monitor: zmq.Socket[bytes]) -> None:
        """Handle every event that waits."""
        while monitor.poll(0):
            event = parse_monitor_message(monitor.recv_multipart())
            self.handle(event["event"], event["value"])

    def handle(self, event: int, value: int) -> None:
        """Handle one event.

        A failure names no peer, but the same connection's DISCONNECTED follows it at once and carries the file
        descriptor that ACCEPTED had.
        """
        if event == zmq.Event.ACCEPTED:
            self._peers[value] = _peer_of(value)
            if len(self._peers) > _REMEMBERED_PEERS:
                self._peers.popitem(last=False)
        elif event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL:
            self._failure = _protocol_failure(value)
        elif event == zmq.Event.DISCONNECTED:
            peer = self._peers.pop(value, "an unknown address")
            failure, self._failure = self._failure, None
            if failure is not None:
                self._refusals.note(peer, failure)
        elif event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL:
            _logger.debug("a peer went away during its handshake (%s)", os.strerror(value))


def _protocol_failure(value: int) -> str:
    if value == _CRYPTOGRAPHIC:
        return "it used a wrong server key; give it this publisher's public key file"
    if value == _MECHANISM_MISMATCH:
        return "only one side uses CURVE; give both sides keys, or none"
    return f"it does not speak ZeroMQ as this publisher does (protocol error 0x{value:08x})"


def _peer_of(descriptor: int) -> str:
    """Address of the other end; the connection may be gone already."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        return "an unknown address"
    try:
        with socket.socket(fileno=copy) as connection:
            name = connection.getpeername()
    except OSError:
        return "an unknown address"
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "a local process"
