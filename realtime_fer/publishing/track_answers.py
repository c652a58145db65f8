"""Keeps to each face the last answer about it, for as long as the face is followed."""

from __future__ import annotations

from collections.abc import Iterable

from realtime_fer.publishing.message import FrameContent
from realtime_fer.publishing.reasoning_message import ReasoningContent, TrackReasoningContent


class TrackAnswers:
    """Makes the content of the per-face reasoning messages. Not thread-safe: its owner holds the lock."""

    def __init__(self) -> None:
        self._present: set[int] = set()
        self._answered: set[int] = set()
        self._last_frame: FrameContent | None = None

    def update(self, frame: FrameContent, ended_track_ids: Iterable[int]) -> list[TrackReasoningContent]:
        """One "ended" a track that something was said about and that ended with this frame.

        Args:
            frame: the newest frame.
            ended_track_ids: as in `FrameResult`.
        """
        self._last_frame = frame
        self._present.update(face.track_id for face in frame.faces)
        self._present.difference_update(ended_track_ids)
        ended = sorted(self._answered - self._present)
        self._answered &= self._present
        return [_ended(frame, track_id) for track_id in ended]

    def answered(self, content: ReasoningContent) -> TrackReasoningContent | None:
        """An answer as the newest of its face; None without an answer, or where the face is not followed (any more)."""
        if content.answer is None or content.track_id not in self._present:
            return None
        self._answered.add(content.track_id)
        return TrackReasoningContent(
            source=content.source,
            frame_id=content.frame_id,
            capture_unix_ns=content.capture_unix_ns,
            capture_monotonic_ns=content.capture_monotonic_ns,
            track_id=content.track_id,
            event="answered",
            keyframe_id=content.keyframe_id,
            reason=content.reason,
            answer=content.answer,
        )

    def end_all(self) -> list[TrackReasoningContent]:
        """One "ended" a track that something was said about, with the stamps of the last frame; for the end of the source."""
        frame, answered = self._last_frame, sorted(self._answered)
        self._present.clear()
        self._answered.clear()
        return [] if frame is None else [_ended(frame, track_id) for track_id in answered]


def _ended(frame: FrameContent, track_id: int) -> TrackReasoningContent:
    return TrackReasoningContent(
        source=frame.source,
        frame_id=frame.frame_id,
        capture_unix_ns=frame.capture_unix_ns,
        capture_monotonic_ns=frame.capture_monotonic_ns,
        track_id=track_id,
        event="ended",
        keyframe_id=None,
        reason=None,
        answer=None,
    )
