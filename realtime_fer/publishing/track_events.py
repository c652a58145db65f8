"""Tells when each face comes and goes, from one frame to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from realtime_fer.publishing.message import FaceMessage, FrameContent, TrackContent


class TrackEvents:
    """Makes the content of the per-face messages from successive frames of one source."""

    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._last_frame: FrameContent | None = None

    def update(self, frame: FrameContent, ended_track_ids: Iterable[int]) -> list[TrackContent]:
        """One content a face of `frame` ("started" or "updated"), then one "ended" a track that ended with it.

        A track that is missing for a moment and has not ended says nothing. One that ended without ever having been
        in a frame was never announced, and says nothing either.

        Args:
            frame: the newest frame.
            ended_track_ids: as in `FrameResult`.
        """
        events = []
        for face in frame.faces:
            events.append(_content(frame, face.track_id, "updated" if face.track_id in self._alive else "started", face))
            self._alive.add(face.track_id)
        for track_id in sorted(self._alive.intersection(ended_track_ids)):
            events.append(_content(frame, track_id, "ended", None))
            self._alive.remove(track_id)
        self._last_frame = frame
        return events

    def end_all(self) -> list[TrackContent]:
        """One "ended" a track still alive, with the stamps of the last frame; for the end of the source."""
        frame = self._last_frame
        events = [] if frame is None else [_content(frame, track_id, "ended", None) for track_id in sorted(self._alive)]
        self._alive.clear()
        return events


def _content(
    frame: FrameContent, track_id: int, event: Literal["started", "updated", "ended"], face: FaceMessage | None
) -> TrackContent:
    return TrackContent(
        source=frame.source,
        frame_id=frame.frame_id,
        capture_unix_ns=frame.capture_unix_ns,
        capture_monotonic_ns=frame.capture_monotonic_ns,
        track_id=track_id,
        event=event,
        face=face,
    )
