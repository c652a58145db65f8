"""The slow path as one more taker of results: asks about keyframes, publishes what comes back, and delays nobody."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from realtime_fer.display.remark import Remark
from realtime_fer.pipeline.fast_path import UNRELATED_GAP_NS
from realtime_fer.pipeline.last_answers import LastAnswers
from realtime_fer.pipeline.reasoning_messages import partial_content, reasoning_content
from realtime_fer.publishing.reasoning_message import ReasoningContent, ReasoningPartialContent
from realtime_fer.reasoning.keyframes.keyframe import Keyframe, KeyframeEvidence
from realtime_fer.reasoning.keyframes.selection import KeyframeSelector
from realtime_fer.reasoning.outcome import ReasoningOutcome
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.health import ReasonerHealth
from realtime_fer.types import FrameResult

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 0.5
"""Ending the reasoner's process takes a tenth of that; the service as a whole has two seconds."""

REMEMBERED_KEYFRAMES = 1024
"""Questions whose numbers are kept for their answers; replaced and cancelled ones never have any."""

LOOK_INTERVAL_S = 0.05


class Supervisor(Protocol):
    """What the sink asks of a `ReasonerSupervisor`."""

    def start(self) -> None: ...

    def submit(self, request: ReasoningRequest) -> bool: ...

    def cancel(self, track_id: int) -> None: ...

    def health(self) -> ReasonerHealth: ...

    def stop(self, timeout_s: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an answer is published with, besides what it brings itself."""

    source: str
    evidence: KeyframeEvidence
    captured_s: float
    label: str


class ReasoningSink:
    """A `ResultSink`. `put` chooses keyframes and hands questions over; nothing here waits for a reasoner.

    Args:
        selector: chooses.
        supervise: makes the supervisor, given the callbacks for outcomes and for the words of answers that are being made (both
            called in the supervisor's thread).
        publish: takes what is to be published; may be called from that thread.
        stale_after_s: see `LastAnswers`.
        unrelated_frames: pictures that do not follow each other: each is a moment of its own, and a face that is gone on
            the next one is asked about all the same.
    """

    name = "reasoning"

    def __init__(
        self,
        selector: KeyframeSelector,
        supervise: Callable[[Callable[[ReasoningOutcome], None], Callable[[PartialAnswer], None]], Supervisor],
        publish: Callable[[ReasoningContent | ReasoningPartialContent], None],
        *,
        stale_after_s: float,
        unrelated_frames: bool = False,
    ) -> None:
        self._selector = selector
        self._publish = publish
        self._unrelated_frames = unrelated_frames
        self._answers = LastAnswers(stale_after_s)
        self._lock = threading.Lock()
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._closed = threading.Event()
        self._failures = 0
        self._supervisor = supervise(self._on_outcome, self._on_saying)

    def start(self) -> None:
        """Start the reasoner's process; returns at once, once only."""
        self._supervisor.start()

    def put(self, result: FrameResult) -> None:
        """Cancel questions about faces that have gone, and ask about the moments of this frame that are worth it.

        Never raises: the fast path has nothing to do with what goes wrong here.
        """
        try:
            self._put(result)
        except Exception:
            self._failures += 1
            if self._failures & (self._failures - 1) == 0:  # the 1st, 2nd, 4th, 8th, ...: never a flood
                log.exception("reasoning: a frame could not be looked at (%d so far)", self._failures)

    def remarks(self, result: FrameResult) -> dict[int, Remark]:
        """The last answers about the faces of a frame, for drawing; from any thread."""
        return self._answers.remarks(result)

    def health(self) -> ReasonerHealth:
        """Of the supervisor."""
        return self._supervisor.health()

    def finish(self, timeout_s: float, give_up: threading.Event) -> bool:
        """Wait for the answers to the questions that are still open, at the end of a recording.

        Returns:
            False where some are still open after `timeout_s`, or when `give_up` was set.
        """
        looks = int(timeout_s / LOOK_INTERVAL_S)
        while (is_open := _open_questions(self.health()) > 0) and looks > 0 and not give_up.wait(LOOK_INTERVAL_S):
            looks -= 1
        return not is_open

    def close(self) -> None:
        """End the reasoner's process; more calls do nothing."""
        if not self._supervisor.stop(STOP_TIMEOUT_S):
            log.warning("reasoning: the reasoner did not end within %g s and was left behind", STOP_TIMEOUT_S)
        # Only now: what ended before is published. Whatever one that was left behind still says, nobody listens to.
        self._closed.set()

    def _put(self, result: FrameResult) -> None:
        self._answers.forget(result.ended_track_ids)
        now_s = None
        if self._unrelated_frames:
            now_s = result.frame.frame_id * UNRELATED_GAP_NS / 1e9
        else:
            for track_id in result.ended_track_ids:
                self._supervisor.cancel(track_id)
        for keyframe in self._selector.update(result, now_s=now_s):
            self._remember(keyframe, result.frame.source_name)
            self._supervisor.submit(ReasoningRequest.about(keyframe))

    def _remember(self, keyframe: Keyframe, source: str) -> None:
        label = keyframe.labels[int(keyframe.probabilities.argmax())]
        with self._lock:
            self._asked[keyframe.keyframe_id] = _Asked(source, keyframe.evidence, keyframe.captured_s, label)
            if len(self._asked) > REMEMBERED_KEYFRAMES:
                self._asked.popitem(last=False)

    def _on_outcome(self, outcome: ReasoningOutcome) -> None:
        """In the supervisor's thread."""
        with self._lock:
            asked = self._asked.pop(outcome.request_id, None)
        if self._closed.is_set():
            return
        if outcome.answer is None or asked is None or self._unrelated_frames:
            self._answers.hush(outcome.track_id)
        else:
            self._answers.say(outcome.track_id, outcome.answer.text, captured_s=asked.captured_s, label=asked.label)
        source, evidence = ("", None) if asked is None else (asked.source, asked.evidence)
        self._publish(reasoning_content(outcome, evidence=evidence, source=source))

    def _on_saying(self, partial: PartialAnswer) -> None:
        """In the supervisor's thread."""
        with self._lock:
            asked = self._asked.get(partial.request_id)
        if self._closed.is_set():
            return
        if asked is not None and not self._unrelated_frames:
            self._answers.begin(partial.track_id, partial.text, captured_s=asked.captured_s, label=asked.label)
        self._publish(partial_content(partial, source="" if asked is None else asked.source))


def _open_questions(health: ReasonerHealth) -> int:
    return health.asked - health.answered - health.failed - health.replaced - health.cancelled
