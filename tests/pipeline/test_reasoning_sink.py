from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from realtime_fer.display.remark import Remark
from realtime_fer.errors import PublishingError
from realtime_fer.pipeline import reasoning_sink
from realtime_fer.pipeline.reasoning_sink import ReasoningSink
from realtime_fer.publishing.reasoning_message import ReasoningContent, ReasoningPartialContent
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.keyframes.selection import KeyframeSelector
from realtime_fer.reasoning.outcome import (
    AskedRequest,
    ChainStep,
    FailureKind,
    ReasoningAnswer,
    ReasoningFailure,
    ReasoningOutcome,
)
from realtime_fer.reasoning.partial_answer import PartialAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerLedger
from realtime_fer.types import FrameResult
from tests.reasoning.keyframes.faces import HAPPY, NEUTRAL, result

ANSWER = ReasoningAnswer((ChainStep("primary", "Happiness"),), None, "The face shows happiness alone.", "chain", "0.1")
OnOutcome = Callable[[ReasoningOutcome], None]
OnSaying = Callable[[PartialAnswer], None]
Published = ReasoningContent | ReasoningPartialContent


class FakeSupervisor:
    """Notes what it is asked; `say` and `end` answer, when the test says so."""

    def __init__(self, on_outcome: OnOutcome, on_saying: OnSaying) -> None:
        self.calls: list[str] = []
        self.requests: list[ReasoningRequest] = []
        self.ledger = ReasonerLedger()
        self.stops_in_time = True
        self._on_outcome = on_outcome
        self._on_saying = on_saying

    def start(self) -> None:
        self.calls.append("start")

    def submit(self, request: ReasoningRequest) -> bool:
        self.calls.append(f"submit {request.track_id}")
        self.requests.append(request)
        self.ledger.asked += 1
        return True

    def cancel(self, track_id: int) -> None:
        self.calls.append(f"cancel {track_id}")

    def health(self) -> ReasonerHealth:
        return self.ledger.snapshot(0)

    def stop(self, timeout_s: float) -> bool:
        self.calls.append(f"stop {timeout_s}")
        return self.stops_in_time

    def say(self, request: ReasoningRequest, text: str, part: int = 0) -> None:
        self._on_saying(PartialAnswer.to(request, step="primary", text=text, part=part))

    def end(self, request: ReasoningRequest, how: ReasoningAnswer | ReasoningFailure = ANSWER) -> None:
        self.ledger.answered += 1
        self._on_outcome(AskedRequest(request, 10, 20).ended(how, monotonic_ns=30, unix_ns=40))


class Desk:
    """A sink with what it asks and what it publishes."""

    def __init__(
        self, *, unrelated_frames: bool = False, rules: KeyframeRules | None = None, per_s: float = 100.0, burst: int = 100
    ) -> None:
        self.published: list[ReasoningContent] = []
        self.words: list[ReasoningPartialContent] = []
        made: list[FakeSupervisor] = []

        def supervise(on_outcome: OnOutcome, on_saying: OnSaying) -> FakeSupervisor:
            made.append(FakeSupervisor(on_outcome, on_saying))
            return made[0]

        def publish(content: Published) -> None:
            if isinstance(content, ReasoningPartialContent):
                self.words.append(content)
            else:
                self.published.append(content)

        self.sink = ReasoningSink(
            KeyframeSelector(rules, questions_per_s=per_s, burst=burst),
            supervise,
            publish,
            stale_after_s=5.0,
            unrelated_frames=unrelated_frames,
        )
        self.supervisor = made[0]

    def watch(self, *results: FrameResult) -> Desk:
        for one in results:
            self.sink.put(one)
        return self


def happy(*times_s: float) -> list[FrameResult]:
    return [result(time_s, {1: HAPPY}) for time_s in times_s]


def test_a_keyframe_becomes_a_question() -> None:
    desk = Desk().watch(*happy(0.0, 0.2, 0.5))
    (request,) = desk.supervisor.requests
    assert request.track_id == 1
    assert request.reason.value == "new_face"
    assert request.crop_rgb.shape[2] == 3
    assert request.probabilities["happiness"] == pytest.approx(0.95)


def test_an_answer_is_published_with_the_numbers_behind_the_question() -> None:
    named = [replace(one, frame=replace(one.frame, source_name="camera 0")) for one in happy(0.0, 0.2, 0.5)]
    desk = Desk().watch(*named)
    desk.supervisor.end(desk.supervisor.requests[0])
    (content,) = desk.published
    assert content.source == "camera 0"
    assert content.keyframe_id == desk.supervisor.requests[0].request_id
    assert content.answer is not None
    assert content.evidence is not None
    assert (content.evidence.settled_s, content.evidence.best_label) == (0.5, "happiness")


def test_a_failure_is_published_and_written_under_no_face() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    desk.supervisor.end(desk.supervisor.requests[0], ReasoningFailure(FailureKind.DIED, "gone"))
    assert desk.published[0].error is not None
    assert desk.sink.remarks(happy(0.6)[0]) == {}


def test_questions_about_faces_that_have_gone_are_cancelled_before_others_are_asked() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    desk.watch(result(0.6, {2: HAPPY}, ended=(1,)), result(1.2, {2: HAPPY}))
    assert desk.supervisor.calls == ["submit 1", "cancel 1", "submit 2"]


def test_the_last_answer_is_written_under_its_face_until_that_goes() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    desk.supervisor.end(desk.supervisor.requests[0])
    assert desk.sink.remarks(happy(0.6)[0])[1].text == ANSWER.text
    assert not desk.sink.remarks(happy(0.6)[0])[1].stale
    assert desk.sink.remarks(result(0.7, {1: NEUTRAL}))[1].stale
    assert desk.sink.remarks(happy(6.0)[0])[1].stale
    desk.watch(result(0.8, {}, ended=(1,)))
    assert desk.sink.remarks(happy(0.9)[0]) == {}


def test_words_are_published_and_written_under_their_face_as_they_come() -> None:
    named = [replace(one, frame=replace(one.frame, source_name="camera 0")) for one in happy(0.0, 0.5)]
    desk = Desk().watch(*named)
    (request,) = desk.supervisor.requests
    for part, text in enumerate(("The", "The face")):
        desk.supervisor.say(request, text, part)
        assert desk.sink.remarks(happy(0.6)[0]) == {1: Remark(text, is_open=True)}
    assert [(said.source, said.keyframe_id, said.text, said.part) for said in desk.words] == [
        ("camera 0", request.request_id, "The", 0),
        ("camera 0", request.request_id, "The face", 1),
    ]
    desk.supervisor.end(request)
    assert desk.sink.remarks(happy(0.6)[0]) == {1: Remark(ANSWER.text)}


def test_words_that_come_to_nothing_are_not_left_standing() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    (request,) = desk.supervisor.requests
    desk.supervisor.say(request, "The")
    desk.supervisor.end(request, ReasoningFailure(FailureKind.DIED, "gone"))
    assert desk.sink.remarks(happy(0.6)[0]) == {}


def test_words_about_pictures_that_stand_alone_are_only_published() -> None:
    desk = Desk(unrelated_frames=True, rules=KeyframeRules(settle_s=0.0))
    desk.watch(result(0.0, {1: HAPPY}, frame_id=0))
    desk.supervisor.say(desk.supervisor.requests[0], "The")
    assert len(desk.words) == 1
    assert desk.sink.remarks(result(0.0, {1: HAPPY}, frame_id=0)) == {}


def test_pictures_that_stand_alone_are_each_asked_about_and_never_cancelled() -> None:
    desk = Desk(unrelated_frames=True, rules=KeyframeRules(settle_s=0.0), per_s=0.1, burst=1)
    desk.watch(result(0.0, {1: HAPPY}, frame_id=0), result(0.0, {2: HAPPY}, frame_id=1, ended=(1,)))
    assert desk.supervisor.calls == ["submit 1", "submit 2"]
    desk.supervisor.end(desk.supervisor.requests[0])
    assert len(desk.published) == 1


def test_what_goes_wrong_is_logged_without_a_flood_and_never_raised(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the selector is broken")

    monkeypatch.setattr(KeyframeSelector, "update", fail)
    with caplog.at_level(logging.ERROR):
        desk.watch(*happy(*(i / 10 for i in range(20))))
    assert len(caplog.records) == 5, "the 1st, 2nd, 4th, 8th and 16th"
    assert "the selector is broken" in caplog.text


def test_forgotten_numbers_are_null_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasoning_sink, "REMEMBERED_KEYFRAMES", 2)
    desk = Desk(rules=KeyframeRules(min_interval_s=0.1, refresh_s=0.1)).watch(*happy(*(i / 2 for i in range(5))))
    first, *_, last = desk.supervisor.requests
    desk.supervisor.end(first)
    desk.supervisor.end(last)
    assert [content.evidence is None for content in desk.published] == [True, False]


def test_start_and_close_are_the_supervisors(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.sink.start()
    desk.sink.close()
    assert desk.supervisor.calls == ["start", "stop 0.5"]
    assert caplog.text == ""
    desk.supervisor.stops_in_time = False
    desk.sink.close()
    assert "left behind" in caplog.text


def test_after_the_end_nothing_is_published_any_more() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    desk.sink.close()
    desk.supervisor.say(desk.supervisor.requests[0], "The")
    desk.supervisor.end(desk.supervisor.requests[0])
    assert desk.published == []
    assert desk.words == []


def test_what_ends_while_the_supervisor_stops_is_still_published() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))

    def stop(timeout_s: float) -> bool:
        desk.supervisor.end(desk.supervisor.requests[0])
        return True

    desk.supervisor.stop = stop  # type: ignore[method-assign]
    desk.sink.close()
    assert len(desk.published) == 1


def test_finishing_waits_for_open_questions_only() -> None:
    desk = Desk()
    never = threading.Event()
    assert desk.sink.finish(60.0, never)
    desk.watch(*happy(0.0, 0.5))
    assert not desk.sink.finish(0.0, never)
    answering = threading.Timer(0.05, desk.supervisor.end, [desk.supervisor.requests[0]])
    answering.start()
    assert desk.sink.finish(60.0, never)
    answering.join()


def test_finishing_gives_up_when_told() -> None:
    desk = Desk().watch(*happy(0.0, 0.5))
    told = threading.Event()
    told.set()
    assert not desk.sink.finish(60.0, told)


def test_a_publisher_that_is_broken_is_the_supervisors_to_log() -> None:
    def broken(_content: Published) -> None:
        raise PublishingError("broken")

    made: list[FakeSupervisor] = []

    def supervise(on_outcome: OnOutcome, on_saying: OnSaying) -> FakeSupervisor:
        made.append(FakeSupervisor(on_outcome, on_saying))
        return made[0]

    sink = ReasoningSink(KeyframeSelector(), supervise, broken, stale_after_s=5.0)
    for one in happy(0.0, 0.5):
        sink.put(one)
    with pytest.raises(PublishingError):
        made[0].end(made[0].requests[0])
    assert sink.remarks(happy(0.6)[0]), "what was said is shown all the same"
