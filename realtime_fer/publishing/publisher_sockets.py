"""What a publisher's socket thread owns: the XPUB socket, its monitor and its authentication, opened and closed together."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

import zmq

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.authentication import ZAP_DOMAIN, ZAP_ENDPOINT
from realtime_fer.publishing.curve import CurveServerKeys
from realtime_fer.publishing.endpoints import Endpoint, prepare_ipc_path, remove_ipc_path
from realtime_fer.publishing.refusals import HandshakeWatch

HEARTBEAT_INTERVAL_MS = 2000
HEARTBEAT_TIMEOUT_MS = 10_000
"""A peer that answers no ZeroMQ ping for this long is gone (cable pulled): its queue is freed."""

_LARGEST_SUBSCRIPTION_BYTES = 1024
"""Subscribers only ever send topic prefixes."""

_BIND_HINTS = {
    errno.EADDRINUSE: "the address is in use; is another publisher running? try another port, or * for a free one",
    errno.EADDRNOTAVAIL: "no network interface of this machine has that address; try 127.0.0.1",
    errno.ENODEV: "no network interface of that name or address; try 127.0.0.1",
    errno.EACCES: "permission denied; try a port above 1023 or a path of your own",
    errno.EINVAL: "not an endpoint; try tcp://127.0.0.1:5556",
    errno.ENAMETOOLONG: f"the path is longer than {zmq.IPC_PATH_MAX_LEN} characters; try a shorter one",
}


@dataclass
class PublisherSockets:
    """To be used by one thread.

    Attributes:
        publishing: the XPUB socket, bound.
        zap: answers who may come in; None without CURVE.
        monitor: of `publishing`, for `HandshakeWatch`.
        ipc_file: the endpoint's socket file as it was bound; None where there is none.
    """

    endpoint: Endpoint
    context: zmq.Context[zmq.Socket[bytes]]
    publishing: zmq.Socket[bytes]
    zap: zmq.Socket[bytes] | None = None
    monitor: zmq.Socket[bytes] | None = None
    ipc_file: os.stat_result | None = None

    def close(self, linger_ms: int) -> None:
        """Give what waits at most `linger_ms`, and free the endpoint."""
        if self.monitor is not None:
            self.publishing.disable_monitor()
            self.monitor.close(linger=0)
        self.publishing.close(linger=linger_ms)
        if self.zap is not None:
            self.zap.close(linger=0)
        self.context.term()  # returns once what lingers is sent or its time is over
        if self.endpoint.ipc_path is not None and self.ipc_file is not None:
            remove_ipc_path(self.endpoint.ipc_path, self.ipc_file)


def open_sockets(endpoint: Endpoint, *, high_water_mark: int, curve: CurveServerKeys | None) -> PublisherSockets:
    """Open and bind.

    Args:
        high_water_mark: messages kept for each slow subscriber.
        curve: own keys; None publishes in the clear.

    Raises:
        PublishingError: the endpoint cannot be bound; nothing stays open.
    """
    if endpoint.ipc_path is not None:
        prepare_ipc_path(endpoint.ipc_path)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    sockets = PublisherSockets(endpoint, context, context.socket(zmq.XPUB))
    try:
        _configure(sockets, high_water_mark, curve)
        _bind(sockets)
    except (zmq.ZMQError, OSError) as error:
        sockets.close(0)
        hint = _BIND_HINTS.get(error.errno or 0, str(error))
        raise PublishingError(f"cannot publish on {endpoint.address}: {hint}") from error
    return sockets


def _configure(sockets: PublisherSockets, high_water_mark: int, curve: CurveServerKeys | None) -> None:
    publishing = sockets.publishing
    publishing.setsockopt(zmq.XPUB_VERBOSE, 1)  # hear of every subscriber, not only of new topics
    publishing.setsockopt(zmq.SNDHWM, high_water_mark)
    publishing.setsockopt(zmq.LINGER, 0)
    publishing.setsockopt(zmq.MAXMSGSIZE, _LARGEST_SUBSCRIPTION_BYTES)
    publishing.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
    publishing.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    publishing.setsockopt(zmq.HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS)
    publishing.setsockopt(zmq.IPV6, int(sockets.endpoint.is_ipv6))
    sockets.monitor = publishing.get_monitor_socket(HandshakeWatch.EVENTS)
    if curve is not None:
        sockets.zap = sockets.context.socket(zmq.REP)
        sockets.zap.setsockopt(zmq.LINGER, 0)
        sockets.zap.bind(ZAP_ENDPOINT)
        publishing.setsockopt(zmq.CURVE_SERVER, 1)
        publishing.setsockopt(zmq.CURVE_SECRETKEY, curve.secret_key)
        publishing.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)


def _bind(sockets: PublisherSockets) -> None:
    if sockets.endpoint.transport == "tcp":
        sockets.publishing.bind(sockets.endpoint.address)
        return
    # The socket file must never be open to others, not even before a chmod.
    umask = os.umask(0o177)
    try:
        sockets.publishing.bind(sockets.endpoint.address)
    finally:
        os.umask(umask)
    if sockets.endpoint.ipc_path is not None:
        sockets.ipc_file = sockets.endpoint.ipc_path.stat()
