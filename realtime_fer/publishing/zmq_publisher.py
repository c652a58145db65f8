"""Publishes over ZeroMQ: one thread owns the sockets, any thread may publish."""

from __future__ import annotations

import errno
import logging
import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zmq

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.authentication import ZAP_DOMAIN, ZAP_ENDPOINT, CurveAuthenticator
from realtime_fer.publishing.curve import AllowList, CurveServerKeys
from realtime_fer.publishing.encoding import EncodedMessage, Encoding, encode
from realtime_fer.publishing.endpoints import DEFAULT_ENDPOINT, Endpoint, parse_endpoint, prepare_ipc_path, remove_ipc_path
from realtime_fer.publishing.handover import HandOver, Outgoing
from realtime_fer.publishing.last_values import LastValues
from realtime_fer.publishing.message import Content, is_last_of_topic, is_passing
from realtime_fer.publishing.refusals import HandshakeWatch, RefusalLog
from realtime_fer.publishing.stamping import MessageStamper

_logger = logging.getLogger(__name__)

DEFAULT_HIGH_WATER_MARK = 1000
"""Messages kept for one slow subscriber: about eight seconds of three faces at 30 frames a second."""
HAND_OVER_CAPACITY = 1000
"""Messages kept for the socket thread, which needs microseconds for each; reached only if it hangs."""
DEFAULT_LINGER_MS = 500
"""What a closing publisher gives slow subscribers; with everything else it stays under the service's two seconds."""
HEARTBEAT_INTERVAL_MS = 2000
HEARTBEAT_TIMEOUT_MS = 10_000
"""A peer that answers no ZeroMQ ping for this long is gone (cable pulled): its queue is freed."""
_LARGEST_SUBSCRIPTION_BYTES = 1024
"""Subscribers only ever send topic prefixes."""
_START_TIMEOUT_S = 10.0
"""Binding takes microseconds; this only keeps a broken machine from holding the start for ever."""
_JOIN_TIMEOUT_S = 2.0
"""Beyond linger, how long close waits for the socket thread before it says that it hangs."""


@dataclass
class _Sockets:
    """What the socket thread owns."""

    context: zmq.Context[zmq.Socket[bytes]]
    publishing: zmq.Socket[bytes]
    zap: zmq.Socket[bytes] | None = None
    monitor: zmq.Socket[bytes] | None = None
    ipc_path: Path | None = None
    ipc_file: os.stat_result | None = None

    def close(self, linger_ms: int) -> None:
        if self.monitor is not None:
            self.publishing.disable_monitor()
            self.monitor.close(linger=0)
        self.publishing.close(linger=linger_ms)
        if self.zap is not None:
            self.zap.close(linger=0)
        self.context.term()  # returns once what lingers is sent or its time is over
        if self.ipc_path is not None and self.ipc_file is not None:
            remove_ipc_path(self.ipc_path, self.ipc_file)


class ZmqPublisher:
    """An XPUB socket with a last-value cache.

    A late joiner gets the newest message of each topic it subscribes to at once, and then every following one.
    A subscriber that does not keep up loses the newest messages beyond the high-water mark; others do not notice.
    """

    def __init__(
        self,
        bind: str = DEFAULT_ENDPOINT,
        *,
        encoding: Encoding = "json",
        high_water_mark: int = DEFAULT_HIGH_WATER_MARK,
        conflate: bool = False,
        curve: CurveServerKeys | None = None,
        allowed_clients: AllowList | None = None,
        allow_insecure_bind: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """
        Args:
            bind: tcp://HOST:PORT or ipc://PATH; port `*` takes a free one.
            encoding: "json" or "msgpack".
            high_water_mark: messages kept for each subscriber that does not keep up; at least 1.
            conflate: where the socket thread falls behind, keep only the newest message of each topic. (A slow
                subscriber conflates on its own side; ZeroMQ cannot do so per topic here.)
            curve: own key pair; None publishes in the clear.
            allowed_clients: who may subscribe; None lets in everyone who has the server's public key.
            allow_insecure_bind: publish in the clear beyond this machine.

        Raises:
            PublishingError: an endpoint or a number that cannot be used.
            SecurityError: an allow-list without keys, or a bind beyond loopback without keys.
        """
        if high_water_mark < 1:  # 0 means "no limit" to libzmq: a slow subscriber would fill the memory
            raise PublishingError(f"high_water_mark: expected at least 1, found {high_water_mark}")
        if allowed_clients is not None and curve is None:
            raise SecurityError("an allow-list needs CURVE keys to recognise clients by; try: realtime-fer keys make FOLDER")
        self._endpoint = parse_endpoint(bind)
        self._encoding: Encoding = encoding
        self._high_water_mark = high_water_mark
        self._conflate = conflate
        self._curve = curve
        self._clock = clock or SystemClock()
        self._refuse_or_warn_of_clear_text(bind, allow_insecure_bind)
        self._stamper = MessageStamper(clock=self._clock)
        self._refusals = RefusalLog(self._clock)
        self._authenticator = CurveAuthenticator(allowed_clients, self._refusals)
        self._last_values = LastValues()
        self._lock = threading.Lock()
        self._state = "not started"
        self._bound = ""
        self._hand_over: HandOver | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._linger_ms = 0
        self._published = 0
        self._dropped = 0

    def _refuse_or_warn_of_clear_text(self, bind: str, allowed: bool) -> None:
        if self._endpoint.is_local or self._curve is not None:
            return
        if not allowed:
            raise SecurityError(
                f"{bind} is reachable from other machines, and there are no CURVE keys: anyone there could watch; "
                "make keys (realtime-fer keys make FOLDER), bind to 127.0.0.1, or allow an insecure bind explicitly"
            )
        _logger.warning("publishing on %s in the clear: anyone who reaches this machine can watch the results", bind)

    @property
    def endpoint(self) -> str:
        """Where it publishes, with the actual port; the wanted endpoint before `start`."""
        return self._bound or self._endpoint.address

    @property
    def publisher_id(self) -> str:
        """Carried by every message of this run."""
        return self._stamper.publisher_id

    @property
    def messages_published(self) -> int:
        """Messages sent since the start; repeats for late joiners do not count."""
        return self._published

    @property
    def messages_dropped(self) -> int:
        """Messages that the socket thread did not get in time; each left a gap in its topic's sequence."""
        hand_over = self._hand_over
        return self._dropped + (hand_over.dropped if hand_over is not None else 0)

    @property
    def refused_connections(self) -> int:
        """Connection attempts turned away since the start: wrong server key, not on the allow-list, not CURVE."""
        return self._refusals.count

    def start(self) -> None:
        """Bind, in the thread that will send.

        Raises:
            PublishingError: the endpoint is in use or cannot be bound; the publisher may be started again later.
        """
        with self._lock:
            if self._state not in {"not started", "closed"}:
                raise PublishingError(f"{self.endpoint}: the publisher was started already")
            hand_over = HandOver(HAND_OVER_CAPACITY, conflate=self._conflate)
            outcome: queue.Queue[str | PublishingError] = queue.Queue()
            self._stopping.clear()
            self._linger_ms = 0
            thread = threading.Thread(target=self._run, args=(hand_over, outcome), name="publisher", daemon=True)
            thread.start()
            try:
                bound = outcome.get(timeout=_START_TIMEOUT_S)
            except queue.Empty:
                bound = PublishingError(f"{self._endpoint.address}: binding took more than {_START_TIMEOUT_S:g} s")
            if isinstance(bound, PublishingError):
                self._stopping.set()
                thread.join(_JOIN_TIMEOUT_S)
                hand_over.close()
                raise bound
            self._bound, self._hand_over, self._thread, self._state = bound, hand_over, thread, "running"
        _logger.info("publishing on %s (%s%s)", bound, self._encoding, ", CURVE" if self._curve else "")

    def publish(self, content: Content) -> EncodedMessage:
        """Stamp, number, encode and hand over; from any thread, without waiting for the network.

        Returns:
            The message with its envelope, and the payload as sent.

        Raises:
            PublishingError: not started, closed, or broken.
        """
        return self.publish_all((content,))[0]

    def publish_all(self, contents: Sequence[Content]) -> list[EncodedMessage]:
        """As `publish`, for several at once and in their order: the socket thread is woken only once.

        Raises:
            PublishingError: not started, closed, or broken.
        """
        with self._lock:  # numbers and order of each topic go together
            hand_over = self._hand_over
            if hand_over is None or self._state != "running":
                raise PublishingError(f"{self.endpoint}: cannot publish, the publisher is {self._state}")
            encoded = [encode(self._stamper.stamp(content), self._encoding) for content in contents]
            hand_over.put(
                *(Outgoing(e.message.topic, e.wire, is_last_of_topic(e.message), is_passing(e.message)) for e in encoded)
            )
        return encoded

    def close(self, linger_ms: int = DEFAULT_LINGER_MS) -> None:
        """Send what waits, giving slow subscribers at most `linger_ms`, and free the endpoint; may be called again."""
        with self._lock:
            thread, hand_over, self._thread = self._thread, self._hand_over, None
            if self._state == "running":
                self._state = "closed"
            self._linger_ms = max(0, linger_ms)
        if thread is None or hand_over is None:
            return
        self._stopping.set()
        hand_over.wake()
        thread.join(linger_ms / 1000 + _JOIN_TIMEOUT_S)
        if thread.is_alive():
            _logger.error("%s: the publisher's thread did not stop in time", self.endpoint)
            return
        with self._lock:
            self._dropped += hand_over.dropped
            self._hand_over = None
            self._state = "closed"
        hand_over.close()

    def __enter__(self) -> ZmqPublisher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Everything below runs in the socket thread.

    def _run(self, hand_over: HandOver, outcome: queue.Queue[str | PublishingError]) -> None:
        try:
            sockets = self._open()
        except PublishingError as error:
            outcome.put(error)
            return
        except Exception as error:
            outcome.put(PublishingError(f"cannot publish on {self._endpoint.address}: {error}"))
            return
        outcome.put(sockets.publishing.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        try:
            self._serve(sockets, hand_over)
        except Exception as error:
            _logger.exception("the publisher broke")
            self._state = f"broken ({error})"
        finally:
            sockets.close(self._linger_ms)

    def _serve(self, sockets: _Sockets, hand_over: HandOver) -> None:
        watch = HandshakeWatch(self._refusals)
        poller = zmq.Poller()
        poller.register(hand_over.fileno(), zmq.POLLIN)
        for watched in (sockets.publishing, sockets.zap, sockets.monitor):
            if watched is not None:
                poller.register(watched, zmq.POLLIN)
        while True:
            self._send_waiting(sockets.publishing, hand_over)  # takes the wake-ups too, so look only now whether to stop
            if self._stopping.is_set():
                self._send_waiting(sockets.publishing, hand_over)  # what was put before close
                return
            ready = {item for item, _ in poller.poll()}
            if sockets.publishing in ready:
                self._greet(sockets.publishing)
            if sockets.zap is not None and sockets.zap in ready:
                self._authenticator.answer(sockets.zap)
            if sockets.monitor is not None and sockets.monitor in ready:
                watch.read(sockets.monitor)

    def _send_waiting(self, publishing: zmq.Socket[bytes], hand_over: HandOver) -> None:
        waiting, ended = hand_over.take()
        for outgoing in waiting:
            publishing.send(outgoing.wire, zmq.NOBLOCK)  # XPUB drops for a slow subscriber, it never blocks
            self._last_values.remember(outgoing)
            self._published += 1
        for topic in ended:
            self._last_values.forget(topic)

    def _greet(self, publishing: zmq.Socket[bytes]) -> None:
        """Give new subscribers the current state. Nothing is sent in between, so no sequence number is missing."""
        subscriptions = []
        while publishing.poll(0):
            subscriptions.append(publishing.recv())
        for wire in self._last_values.matching(subscriptions):
            publishing.send(wire, zmq.NOBLOCK)

    def _open(self) -> _Sockets:
        endpoint = self._endpoint
        if endpoint.ipc_path is not None:
            prepare_ipc_path(endpoint.ipc_path)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        sockets = _Sockets(context, context.socket(zmq.XPUB), ipc_path=endpoint.ipc_path)
        try:
            self._configure(sockets, endpoint)
            if endpoint.transport == "ipc":
                # The socket file must never be open to others, not even before a chmod.
                umask = os.umask(0o177)
                try:
                    sockets.publishing.bind(endpoint.address)
                finally:
                    os.umask(umask)
            else:
                sockets.publishing.bind(endpoint.address)
            if endpoint.ipc_path is not None:
                sockets.ipc_file = endpoint.ipc_path.stat()
        except zmq.ZMQError as error:
            sockets.close(0)
            raise _bind_error(endpoint.address, error) from error
        return sockets

    def _configure(self, sockets: _Sockets, endpoint: Endpoint) -> None:
        publishing = sockets.publishing
        publishing.setsockopt(zmq.XPUB_VERBOSE, 1)  # hear of every subscriber, not only of new topics
        publishing.setsockopt(zmq.SNDHWM, self._high_water_mark)
        publishing.setsockopt(zmq.LINGER, 0)
        publishing.setsockopt(zmq.MAXMSGSIZE, _LARGEST_SUBSCRIPTION_BYTES)
        publishing.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
        publishing.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        publishing.setsockopt(zmq.HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS)
        publishing.setsockopt(zmq.IPV6, int(endpoint.is_ipv6))
        sockets.monitor = publishing.get_monitor_socket(HandshakeWatch.EVENTS)
        if self._curve is not None:
            sockets.zap = sockets.context.socket(zmq.REP)
            sockets.zap.setsockopt(zmq.LINGER, 0)
            sockets.zap.bind(ZAP_ENDPOINT)
            publishing.setsockopt(zmq.CURVE_SERVER, 1)
            publishing.setsockopt(zmq.CURVE_SECRETKEY, self._curve.secret_key)
            publishing.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)


def _bind_error(address: str, error: zmq.ZMQError) -> PublishingError:
    hints = {
        errno.EADDRINUSE: "the address is in use; is another publisher running? try another port, or * for a free one",
        errno.EADDRNOTAVAIL: "no network interface of this machine has that address; try 127.0.0.1",
        errno.ENODEV: "no network interface of that name or address; try 127.0.0.1",
        errno.EACCES: "permission denied; try a port above 1023 or a path of your own",
        errno.EINVAL: "not an endpoint; try tcp://127.0.0.1:5556",
        errno.ENAMETOOLONG: f"the path is longer than {zmq.IPC_PATH_MAX_LEN} characters; try a shorter one",
    }
    return PublishingError(f"cannot publish on {address}: {hints.get(error.errno or 0, str(error))}")
