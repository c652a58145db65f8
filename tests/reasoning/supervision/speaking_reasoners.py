"""Reasoners that are heard at work, well and badly. The track they are asked about decides what they do."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from realtime_fer.reasoning.listener import Listener, QuestionCancelledError
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.child_frames import encode_frame

TELL, TALK_ON, DEAF, CHATTER, SPOIL, AFTERTHOUGHT, HALF_A_LETTER, STOP_UNASKED, HANG = range(1, 10)
"""Track ids, and what is done about them."""

WORDS = ("The", "face", "looks", "sad.")
CHATTER_S = 0.3
BREATH_S = 0.06
"""Longer than words are held back."""


class Speaking:
    """Says a few words a question."""

    name = "speaking"
    version = "0.1"

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        raise AssertionError("reason_aloud is to be called")

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        deed = getattr(self, f"_deed_{request.track_id}", self._deed_1)
        text: str = deed(request, listener)
        return ReasoningAnswer((ChainStep("primary", "Sadness"),), None, text, self.name, self.version)

    def _deed_1(self, _: ReasoningRequest, listener: Listener) -> str:
        for count in range(1, len(WORDS) + 1):
            listener.say("primary", " ".join(WORDS[:count]))
            time.sleep(BREATH_S)
        return " ".join(WORDS)

    def _deed_2(self, _: ReasoningRequest, listener: Listener) -> str:
        """Until it is told to stop."""
        while not listener.cancelled:
            listener.say("primary", f"{time.monotonic()}")
            time.sleep(0.005)
        raise QuestionCancelledError

    def _deed_3(self, _: ReasoningRequest, listener: Listener) -> str:
        """Waits until it is told to stop, and goes on all the same."""
        listener.say("primary", "la la")
        while not listener.cancelled:
            time.sleep(0.005)
        listener.say("primary", "la la la")
        return "deaf"

    def _deed_4(self, _: ReasoningRequest, listener: Listener) -> str:
        said, until = 0, time.monotonic() + CHATTER_S
        while time.monotonic() < until:
            said += 1
            listener.say("primary", f"{said} {'x' * 3000}")
        return str(said)

    def _deed_5(self, request: ReasoningRequest, _: Listener) -> str:
        """Words on a question that nobody asked, written past the listener."""
        _write({"kind": "saying", "request_id": request.request_id + 1, "step": "primary", "text": "x"})
        return "spoilt"

    def _deed_6(self, _: ReasoningRequest, listener: Listener) -> str:
        """A thread that still speaks when the answer is given."""
        threading.Thread(target=self._go_on, args=(listener,), daemon=True).start()
        return "answered"

    def _deed_7(self, _: ReasoningRequest, listener: Listener) -> str:
        listener.say("primary", "sad \ud83d")
        return "answered"

    def _deed_8(self, _: ReasoningRequest, listener: Listener) -> str:
        raise QuestionCancelledError("tired")

    def _deed_9(self, _: ReasoningRequest, listener: Listener) -> str:
        listener.say("primary", "hmm")
        while True:
            time.sleep(3600)

    @staticmethod
    def _go_on(listener: Listener) -> None:
        for count in range(100):
            listener.say(f"step {count}", "and another thing")
            time.sleep(0.002)


def speaking() -> Speaking:
    return Speaking()


def _write(header: dict[str, Any]) -> None:
    os.write(int(sys.argv[1]), encode_frame(header))
