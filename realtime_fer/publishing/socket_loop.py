"""The work of a publisher's socket thread: send what was handed over, greet who comes, say who may come in."""

from __future__ import annotations

import threading

import zmq

from realtime_fer.publishing.authentication import CurveAuthenticator
from realtime_fer.publishing.handover import HandOver
from realtime_fer.publishing.last_values import LastValues
from realtime_fer.publishing.publisher_sockets import PublisherSockets
from realtime_fer.publishing.refusals import HandshakeWatch, RefusalLog


class SocketLoop:
    """Keeps the newest message of every topic, also from one `serve` to the next.

    Attributes:
        messages_sent: repeats for late joiners do not count.
    """

    def __init__(self, authenticator: CurveAuthenticator, refusals: RefusalLog) -> None:
        self.messages_sent = 0
        self._authenticator = authenticator
        self._refusals = refusals
        self._last_values = LastValues()

    def serve(self, sockets: PublisherSockets, hand_over: HandOver, stopping: threading.Event) -> None:
        """Work until `stopping` is set and `hand_over` wakes this; what was handed over before is still sent."""
        watch = HandshakeWatch(self._refusals)
        poller = zmq.Poller()
        poller.register(hand_over.fileno(), zmq.POLLIN)
        for watched in (sockets.publishing, sockets.zap, sockets.monitor):
            if watched is not None:
                poller.register(watched, zmq.POLLIN)
        while True:
            self._send_waiting(sockets.publishing, hand_over)  # takes the wake-ups too, so look only now whether to stop
            if stopping.is_set():
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
            self.messages_sent += 1
        for topic in ended:
            self._last_values.forget(topic)

    def _greet(self, publishing: zmq.Socket[bytes]) -> None:
        """Give new subscribers the current state. Nothing is sent in between, so no sequence number is missing."""
        subscriptions = []
        while publishing.poll(0):
            subscriptions.append(publishing.recv())
        for wire in self._last_values.matching(subscriptions):
            publishing.send(wire, zmq.NOBLOCK)
