"""Which faces are worth a question, and with which picture."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_fer.reasoning.keyframes.budget import QuestionBudget
from realtime_fer.reasoning.keyframes.crop import FaceBox, as_question_picture, copy_face
from realtime_fer.reasoning.keyframes.history import TrackHistory
from realtime_fer.reasoning.keyframes.keyframe import Keyframe, KeyframeReason
from realtime_fer.reasoning.keyframes.merit import picture_merit
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.keyframes.window import BestOfWindow
from realtime_fer.types import ExpressionEstimate, FloatArray, Frame, FrameResult, ImageBgr, TrackedExpression

DEFAULT_QUESTIONS_PER_S = 0.5
DEFAULT_BURST = 2
"""Two people who come together are both asked about at once."""

FORGET_UNSEEN_S = 120.0
"""Trackers say when a track ends; one that was replaced after a failure no longer can."""


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """One face of one frame, copied."""

    frame_id: int
    capture_monotonic_ns: int
    capture_unix_ns: int
    captured_s: float
    crop_bgr: ImageBgr
    face_xyxy: FaceBox
    probabilities: FloatArray
    quality: float


@dataclass(slots=True, eq=False)
class _Candidate:
    """A track, and its best pictures of late."""

    labels: tuple[str, ...]
    history: TrackHistory
    pictures: BestOfWindow[_Picture]


class KeyframeSelector:
    """Chooses keyframes from the fast path's results, within a budget that is shared fairly.

    Called once a processed frame, in the order of the frames. It looks at nothing but the results: time is the frames' own,
    so a file gives the same keyframes however fast it is read. A time line that jumps back (a file that begins again) starts
    afresh, all but the budget.

    Of the tracks with a reason, the one whose last question (or, before its first, whose coming) lies furthest back goes
    first: with N tracks in view, each has its turn before any other has two, that is after at most N questions.

    Args:
        rules: what makes a face worth a question.
        questions_per_s, burst: the budget, see `QuestionBudget`.

    Raises:
        SettingsError: the budget is out of range.
    """

    def __init__(
        self,
        rules: KeyframeRules | None = None,
        *,
        questions_per_s: float = DEFAULT_QUESTIONS_PER_S,
        burst: int = DEFAULT_BURST,
    ) -> None:
        self._rules = rules or KeyframeRules()
        self._budget = QuestionBudget(questions_per_s=questions_per_s, burst=burst)
        self._tracks: dict[int, _Candidate] = {}
        self._now_s: float | None = None
        self._next_keyframe_id = 0

    def update(self, result: FrameResult, *, now_s: float | None = None) -> tuple[Keyframe, ...]:
        """Take one finished frame; the keyframes it gives rise to, best turn first.

        Args:
            now_s: time of the frame, seconds; by default `Frame.timeline_ns`. Pictures that do not follow each other in
                time are given times far apart, and rules with `settle_s` 0.
        """
        now_s = result.frame.timeline_ns / 1e9 if now_s is None else now_s
        if self._now_s is not None and now_s < self._now_s:
            self._tracks.clear()
        self._now_s = now_s
        for track_id in result.ended_track_ids:
            self._tracks.pop(track_id, None)
        worth_asking: list[tuple[tuple[float, bool], int, KeyframeReason, _Picture]] = []
        for face in result.faces:
            if face.expression is None or face.quality is None:
                continue
            track = self._follow(result.frame, face, face.expression, now_s)
            picture = track.pictures.best(now_s)
            reason = None if picture is None else track.history.reason(picture.quality, now_s)
            if picture is not None and reason is not None:
                worth_asking.append((track.history.turn, face.track.track_id, reason, picture))
        worth_asking.sort(key=lambda entry: entry[:2])
        keyframes = []
        for _, track_id, reason, picture in worth_asking:
            if not self._budget.take(now_s):
                break
            keyframes.append(self._keyframe(track_id, reason, picture, now_s))
        self._forget_unseen(now_s)
        return tuple(keyframes)

    def __len__(self) -> int:
        """Tracks remembered."""
        return len(self._tracks)

    def _follow(self, frame: Frame, face: TrackedExpression, expression: ExpressionEstimate, now_s: float) -> _Candidate:
        rules, track_id = self._rules, face.track.track_id
        track = self._tracks.get(track_id)
        if track is None or track.labels != expression.labels:
            history = TrackHistory(expression.labels, rules, now_s)
            track = self._tracks[track_id] = _Candidate(expression.labels, history, BestOfWindow(rules.window_s))
        if track.history.update(expression.probabilities, now_s):
            track.pictures.clear()
        quality = face.quality
        if quality is None or quality.score < rules.min_quality:
            return track

        def copy() -> _Picture | None:
            copied = copy_face(frame.image_bgr, face.track.bbox_xyxy, margin=rules.margin)
            if copied is None:
                return None
            crop_bgr, face_xyxy = copied
            return _Picture(
                frame_id=frame.frame_id,
                capture_monotonic_ns=frame.capture_monotonic_ns,
                capture_unix_ns=frame.capture_unix_ns,
                captured_s=now_s,
                crop_bgr=crop_bgr,
                face_xyxy=face_xyxy,
                probabilities=expression.probabilities,
                quality=quality.score,
            )

        track.pictures.offer(now_s, picture_merit(quality, face.track), copy)
        return track

    def _keyframe(self, track_id: int, reason: KeyframeReason, picture: _Picture, now_s: float) -> Keyframe:
        track = self._tracks[track_id]
        evidence = track.history.evidence(picture.quality, now_s)
        track.history.ask(picture.quality, now_s)
        crop_rgb, face_xyxy = as_question_picture(picture.crop_bgr, picture.face_xyxy, max_side_px=self._rules.max_side_px)
        keyframe = Keyframe(
            keyframe_id=self._next_keyframe_id,
            track_id=track_id,
            frame_id=picture.frame_id,
            capture_monotonic_ns=picture.capture_monotonic_ns,
            capture_unix_ns=picture.capture_unix_ns,
            captured_s=picture.captured_s,
            decided_s=now_s,
            reason=reason,
            evidence=evidence,
            crop_rgb=crop_rgb,
            face_xyxy=face_xyxy,
            labels=track.labels,
            probabilities=picture.probabilities,
        )
        self._next_keyframe_id += 1
        return keyframe

    def _forget_unseen(self, now_s: float) -> None:
        unseen = [track_id for track_id, track in self._tracks.items() if now_s - track.history.last_seen_s > FORGET_UNSEEN_S]
        for track_id in unseen:
            del self._tracks[track_id]
