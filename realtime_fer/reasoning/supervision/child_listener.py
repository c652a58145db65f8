"""What a reasoner in the child speaks to: passes words on at a bounded rate, and knows whether they are still wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from realtime_fer.reasoning.supervision.child_frames import encode_frame
from realtime_fer.reasoning.supervision.child_replies import MAX_NAME_CHARS, MAX_STEPS, MAX_TEXT_CHARS, Saying, reply_values
from realtime_fer.reasoning.supervision.reply_writer import ReplyWriter

MIN_INTERVAL_S = 0.05
"""Words come no more often: twenty times a second is faster than anyone speaks or reads."""


class Cancellation:
    """Which question is no longer wanted. The last one told is enough: questions come one at a time, and ids are not used
    twice, so one that comes too late matches none that follow."""

    def __init__(self) -> None:
        self._request_id: int | None = None

    def note(self, request_id: int) -> None:
        """The parent does not want this one any more; from any thread."""
        self._request_id = request_id

    def holds_for(self, request_id: int) -> bool:
        """Whether it is this one."""
        return self._request_id == request_id


class ChildListener:
    """A `Listener` for one question; may be spoken to from any thread.

    Args:
        request_id: of the question.
        writer: where the words go; what cannot be written at once is left out.
        now_s: a monotonic clock.
    """

    def __init__(
        self, request_id: int, writer: ReplyWriter, cancellation: Cancellation, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._request_id = request_id
        self._writer = writer
        self._cancellation = cancellation
        self._now_s = now_s
        self._lock = threading.Lock()
        self._is_open = True
        self._next_s = float("-inf")
        self._step = ""
        self._withheld: str | None = None
        self._passed_on = ""
        self._completed: set[str] = set()

    def say(self, step: str, text: str) -> None:
        """See `Listener.say`. Texts longer than an answer may be are cut.

        Raises:
            ValueError: no name of a step, or one that is too long.
        """
        if not 0 < len(step) <= MAX_NAME_CHARS:
            raise ValueError(f"words to a listener: expected a step of 1 to {MAX_NAME_CHARS} characters, found {step[:80]!r}")
        with self._lock:
            if not self._is_open:
                return  # its answer has been given; this is an afterthought
            if step != self._step:
                self._complete_step()
                self._step, self._passed_on = step, ""
            if text == self._passed_on:
                return
            self._withheld = text
            if self._now_s() >= self._next_s:
                self._pass_on()

    @property
    def cancelled(self) -> bool:
        """See `Listener.cancelled`."""
        return self._cancellation.holds_for(self._request_id)

    def close(self) -> None:
        """The question has ended: nothing is passed on any more."""
        with self._lock:
            self._is_open = False

    def _complete_step(self) -> None:
        """The last words of a step must not wait for the answer. Once a step, so that hopping between two is no way round the
        limit."""
        if self._withheld is not None and self._step not in self._completed and len(self._completed) < MAX_STEPS:
            self._completed.add(self._step)
            self._pass_on()

    def _pass_on(self) -> None:
        text, self._withheld = self._withheld, None
        if text is None:
            return
        self._next_s = self._now_s() + MIN_INTERVAL_S
        self._passed_on = text
        saying = Saying(self._request_id, _whole(self._step), _whole(text[:MAX_TEXT_CHARS]))
        self._writer.offer(encode_frame(reply_values(saying)))


def _whole(text: str) -> str:
    """A token may end in the middle of a character, which nothing that is published can say."""
    return text.encode("utf-8", "replace").decode()
