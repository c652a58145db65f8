from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import zmq

from realtime_fer.publishing.authentication import CurveAuthenticator
from realtime_fer.publishing.endpoints import parse_endpoint
from realtime_fer.publishing.handover import HandOver, Outgoing
from realtime_fer.publishing.publisher_sockets import PublisherSockets, open_sockets
from realtime_fer.publishing.refusals import RefusalLog
from realtime_fer.publishing.socket_loop import SocketLoop

WAIT_MS = 10_000


@pytest.fixture
def sockets() -> Iterator[PublisherSockets]:
    opened = open_sockets(parse_endpoint("tcp://127.0.0.1:*"), high_water_mark=10, curve=None)
    yield opened
    opened.close(0)


def test_what_was_handed_over_is_sent_to_those_there_and_the_newest_to_who_comes_late(sockets: PublisherSockets) -> None:
    address = sockets.publishing.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
    refusals = RefusalLog()
    loop, hand_over, stopping = SocketLoop(CurveAuthenticator(None, refusals), refusals), HandOver(10), threading.Event()
    hand_over.put(*(Outgoing("a", b"a %d" % i, is_last=False) for i in range(3)), Outgoing("b", b"b 0", is_last=False))
    hand_over.put(Outgoing("b", b"b 1", is_last=True))
    thread = threading.Thread(target=loop.serve, args=(sockets, hand_over, stopping))
    thread.start()
    with zmq.Context() as context, context.socket(zmq.SUB) as late:
        late.setsockopt(zmq.LINGER, 0)
        late.setsockopt(zmq.RCVTIMEO, WAIT_MS)
        late.subscribe(b"")
        late.connect(address)
        assert late.recv() == b"a 2"
        stopping.set()
        hand_over.put(Outgoing("a", b"a 3", is_last=False))
        hand_over.wake()
        assert late.recv() == b"a 3"
        thread.join(WAIT_MS / 1000)
    assert not thread.is_alive()
    assert loop.messages_sent == 6
    hand_over.close()
