from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from realtime_fer.reasoning.supervision.child_frames import FrameReader, encode_frame
from realtime_fer.reasoning.supervision.reply_writer import ReplyWriter
from tests.reasoning.questions import PATIENCE_S


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The parent's and the child's; the child's holds little."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(PATIENCE_S)
    with ours, theirs:
        yield ours, theirs


def frame(number: int) -> bytes:
    return encode_frame({"number": number, "words": "x" * 3000})


def numbers(ours: socket.socket, until: int) -> list[int]:
    """Those of the messages that arrive, up to this one."""
    reader, got = FrameReader(), [-1]
    while got[-1] != until:
        got += [header["number"] for header, _ in reader.feed(ours.recv(1 << 16))]
    return got[1:]


def test_what_is_offered_arrives_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    assert ReplyWriter(theirs).offer(frame(1))
    assert numbers(ours, 1) == [1]


def test_words_are_left_out_rather_than_waited_for_and_a_reply_comes_all_the_same(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    writer = ReplyWriter(theirs)
    taken = [number for number in range(1000) if writer.offer(frame(number))]
    assert 0 < len(taken) < 1000
    replying = threading.Thread(target=writer.reply, args=(frame(1000),), daemon=True)
    replying.start()
    assert numbers(ours, 1000) == [*taken, 1000], "each whole, also the one that went in part"
    replying.join(PATIENCE_S)
    assert writer.offer(frame(1001))


def test_the_rest_of_a_message_goes_before_the_next_one(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    writer = ReplyWriter(theirs)
    long = encode_frame({"number": 0, "words": "x" * 200_000})  # more than fits
    assert writer.offer(long)
    assert not writer.offer(frame(1))
    got = b""
    while len(got) < len(long):
        got += ours.recv(1 << 20)
        writer.offer(b"")
    assert got[: len(long)] == long
    assert writer.offer(frame(2))
    assert numbers(ours, 2) == [2]


def test_a_reply_waits_for_the_rest_of_the_words_before_it(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    writer = ReplyWriter(theirs)
    assert writer.offer(encode_frame({"number": 0, "words": "x" * 200_000}))
    replying = threading.Thread(target=writer.reply, args=(frame(1),), daemon=True)
    replying.start()
    assert numbers(ours, 1) == [0, 1]
    replying.join(PATIENCE_S)


def test_nobody_there_is_no_error_for_words(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    ours.close()
    writer = ReplyWriter(theirs)
    assert not writer.offer(frame(1))
    with pytest.raises(OSError, match="pipe"):
        writer.reply(frame(1))


def test_words_do_not_wait_for_a_reply_that_is_being_written(ends: tuple[socket.socket, socket.socket]) -> None:
    _, theirs = ends
    writer = ReplyWriter(theirs)
    with writer._lock:
        assert not writer.offer(frame(1))
