"""The last answer about each face, for the window and the video: still true, said of an earlier look, or still being said."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from realtime_fer.display.remark import Remark
from realtime_fer.types import FrameResult

MAX_FACES = 256
"""An answer that crosses the end of its track would stay for ever; the oldest give way."""


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    captured_s: float
    label: str


class LastAnswers:
    """Safe for several threads.

    Args:
        stale_after_s: an answer whose keyframe is older is stale.
    """

    def __init__(self, stale_after_s: float) -> None:
        self._stale_after_s = stale_after_s
        self._lock = threading.Lock()
        self._said: OrderedDict[int, _Said] = OrderedDict()
        self._saying: OrderedDict[int, _Said] = OrderedDict()

    def say(self, track_id: int, text: str, *, captured_s: float, label: str) -> None:
        """Something was said about a face.

        Args:
            captured_s: of the keyframe, on the source's time line.
            label: the likeliest expression on it.
        """
        with self._lock:
            self._saying.pop(track_id, None)
            _remember(self._said, track_id, _Said(text, captured_s, label))

    def begin(self, track_id: int, text: str, *, captured_s: float, label: str) -> None:
        """An answer is being made and goes so far; arguments as in `say`. It stands in for the last one until it ends."""
        with self._lock:
            _remember(self._saying, track_id, _Said(text, captured_s, label))

    def hush(self, track_id: int) -> None:
        """The answer that was being made comes to nothing."""
        with self._lock:
            self._saying.pop(track_id, None)

    def forget(self, track_ids: Iterable[int]) -> None:
        """These tracks have ended."""
        with self._lock:
            for track_id in track_ids:
                self._said.pop(track_id, None)
                self._saying.pop(track_id, None)

    def remarks(self, result: FrameResult) -> dict[int, Remark]:
        """What to write under the faces of a frame, by track_id.

        Stale is what was said about an older moment than `stale_after_s`, or while another expression was the likeliest.
        Nothing is written on frames before the keyframe.
        """
        now_s = result.frame.timeline_ns / 1e9
        with self._lock:
            track_ids = [face.track.track_id for face in result.faces]
            said = {track_id: self._said.get(track_id) for track_id in track_ids}
            saying = {track_id: self._saying.get(track_id) for track_id in track_ids}
        remarks = {}
        for face in result.faces:
            going_on = saying[face.track.track_id]
            last = going_on or said[face.track.track_id]
            if last is None or last.captured_s > now_s:
                continue
            expression = face.expression
            changed = expression is not None and expression.labels[int(expression.probabilities.argmax())] != last.label
            stale = changed or now_s - last.captured_s > self._stale_after_s
            remarks[face.track.track_id] = Remark(last.text, stale=stale, is_open=going_on is not None)
        return remarks


def _remember(by_track: OrderedDict[int, _Said], track_id: int, said: _Said) -> None:
    by_track[track_id] = said
    by_track.move_to_end(track_id)
    if len(by_track) > MAX_FACES:
        by_track.popitem(last=False)
