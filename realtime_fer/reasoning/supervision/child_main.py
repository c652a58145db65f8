"""The reasoner's process: build it, answer one question at a time, end with the parent.

Started by `child_process`, as `python -c "from ...child_main import main; main()" FD PARENT_PID`; FD is one end of a
socket pair. What the reasoner or its libraries print goes to stderr, so that it cannot get between the replies.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import traceback

from realtime_fer.errors import RealtimeFerError
from realtime_fer.reasoning.listener import QuestionCancelledError, SpeakingReasoner
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.reasoner import Reasoner
from realtime_fer.reasoning.supervision.child_factory import build_reasoner
from realtime_fer.reasoning.supervision.child_frames import FrameReader, Header, encode_frame
from realtime_fer.reasoning.supervision.child_limits import ChildLimits, die_with_parent
from realtime_fer.reasoning.supervision.child_listener import Cancellation, ChildListener
from realtime_fer.reasoning.supervision.child_replies import (
    Answered,
    Cancelled,
    CannotStart,
    Raised,
    Ready,
    Reply,
    answer_values,
    reply_values,
)
from realtime_fer.reasoning.supervision.child_requests import decode_request
from realtime_fer.reasoning.supervision.reply_writer import ReplyWriter

READ_BYTES = 1 << 20

EXIT_CANNOT_START = 3
EXIT_OUT_OF_MEMORY = 4
EXIT_BAD_INPUT = 5

Inbox = queue.SimpleQueue[tuple[Header, bytes]]


def main() -> None:
    """Entry point of the process."""
    descriptor, parent_pid = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent_pid)
    os.dup2(2, 1)
    connection = socket.socket(fileno=descriptor)
    inbox: Inbox = queue.SimpleQueue()
    cancellation = Cancellation()
    # In a thread of its own, so that the parent's end, or its change of mind, is seen in the middle of an answer, too.
    threading.Thread(target=_receive, args=(connection, inbox, cancellation), daemon=True).start()
    setup, _ = inbox.get()
    ChildLimits(**setup["limits"]).apply()
    writer = ReplyWriter(connection)
    reasoner = _build(writer, setup)
    _tell(writer, Ready(str(reasoner.name), str(reasoner.version)))
    while True:
        header, pixels = inbox.get()
        _answer(writer, reasoner, header, pixels, cancellation)


def _receive(connection: socket.socket, inbox: Inbox, cancellation: Cancellation) -> None:
    """Take messages in; end the process at once when the parent closes the connection or is gone."""
    reader = FrameReader()
    try:
        while data := connection.recv(READ_BYTES):
            for header, payload in reader.feed(data):
                if header.get("kind") == "cancel":
                    cancellation.note(header["request_id"])
                else:
                    inbox.put((header, payload))
    except BaseException:  # a parent that cannot be understood, or no memory for what it says
        traceback.print_exc()
        os._exit(EXIT_BAD_INPUT)
    os._exit(0)


def _build(writer: ReplyWriter, setup: Header) -> Reasoner:
    try:
        return build_reasoner(setup["factory"], setup["options"])
    except Exception as error:
        # Our own errors name bad input, which stays bad; others (memory, a busy device) may be gone the next time.
        _tell(writer, CannotStart(_describe(error), permanent=isinstance(error, RealtimeFerError)))
        os._exit(EXIT_CANNOT_START)


def _answer(writer: ReplyWriter, reasoner: Reasoner, header: Header, pixels: bytes, cancellation: Cancellation) -> None:
    request_id = int(header["request_id"])
    listener = ChildListener(request_id, writer, cancellation)
    fatal = False
    try:
        answer = _ask(reasoner, header, pixels, listener)
        frame = encode_frame(reply_values(Answered(request_id, answer_values(answer))))
    except Exception as error:
        if isinstance(error, QuestionCancelledError) and listener.cancelled:
            frame = encode_frame(reply_values(Cancelled(request_id)))
        else:
            # What a library holds after a failed allocation is anybody's guess, and its memory is wanted back.
            fatal = isinstance(error, MemoryError)
            frame = encode_frame(reply_values(Raised(request_id, _describe(error), fatal)))
    listener.close()
    writer.reply(frame)
    if fatal:
        os._exit(EXIT_OUT_OF_MEMORY)


def _ask(reasoner: Reasoner, header: Header, pixels: bytes, listener: ChildListener) -> ReasoningAnswer:
    request = decode_request(header, pixels)
    if listener.cancelled:
        raise QuestionCancelledError
    if isinstance(reasoner, SpeakingReasoner):
        return reasoner.reason_aloud(request, listener)
    return reasoner.reason(request)


def _tell(writer: ReplyWriter, reply: Reply) -> None:
    writer.reply(encode_frame(reply_values(reply)))


def _describe(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
