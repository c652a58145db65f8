"""Publishes over ZeroMQ: one thread owns the sockets, any thread may publish."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

import zmq

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.publishing.authentication import CurveAuthenticator
from realtime_fer.publishing.curve import AllowList, CurveServerKeys
from realtime_fer.publishing.encoding import EncodedMessage, Encoding, encode
from realtime_fer.publishing.endpoints import DEFAULT_ENDPOINT, parse_endpoint
from realtime_fer.publishing.handover import HandOver, Outgoing
from realtime_fer.publishing.message import Content, is_last_of_topic, is_passing
from realtime_fer.publishing.publisher_sockets import open_sockets
from realtime_fer.publishing.refusals import RefusalLog
from realtime_fer.publishing.socket_loop import SocketLoop
from realtime_fer.publishing.stamping import MessageStamper

_logger = logging.getLogger(__name__)

DEFAULT_HIGH_WATER_MARK = 1000
"""Messages kept for one slow subscriber: about eight seconds of three faces at 30 frames a second."""
HAND_OVER_CAPACITY = 1000
"""Messages kept for the socket thread, which needs microseconds for each; reached only if it hangs."""
DEFAULT_LINGER_MS = 500
"""What a closing publisher gives slow subscribers; with everything else it stays under the service's two seconds."""
_START_TIMEOUT_S = 10.0
"""Binding takes microseconds; this only keeps a broken machine from holding the start for ever."""
_JOIN_TIMEOUT_S = 2.0
"""Beyond linger, how long close waits for the socket thread before it says that it hangs."""


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
        self._loop = SocketLoop(CurveAuthenticator(allowed_clients, self._refusals), self._refusals)
        self._lock = threading.Lock()
        self._state = "not started"
        self._bound = ""
        self._hand_over: HandOver | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._linger_ms = 0
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
        return self._loop.messages_sent

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

    def _run(self, hand_over: HandOver, outcome: queue.Queue[str | PublishingError]) -> None:
        """The socket thread."""
        try:
            sockets = open_sockets(self._endpoint, high_water_mark=self._high_water_mark, curve=self._curve)
        except PublishingError as error:
            outcome.put(error)
            return
        except Exception as error:
            outcome.put(PublishingError(f"cannot publish on {self._endpoint.address}: {error}"))
            return
        outcome.put(sockets.publishing.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        try:
            self._loop.serve(sockets, hand_over, self._stopping)
        except Exception as error:
            _logger.exception("the publisher broke")
            self._state = f"broken ({error})"
        finally:
            sockets.close(self._linger_ms)
