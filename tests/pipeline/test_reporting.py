from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.expression.smoothing import ProbabilitySmoother
from realtime_fer.pipeline.assemble import ModelInUse
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.reporting import Reporter, health_content
from realtime_fer.pipeline.service import Service
from realtime_fer.publishing.encoding import EncodedMessage, encode
from realtime_fer.publishing.message import Content, FrameMessage, TrackMessage, TrackReasoningMessage
from realtime_fer.publishing.results_writer import ResultsWriter
from realtime_fer.publishing.stamping import MessageStamper
from realtime_fer.reasoning.supervision.health import ReasonerLedger, ReasonerState
from realtime_fer.types import FaceDetection, FrameResult
from tests.fakes import FakeClassifier, FakeClock, FakeDetector, FakeSource, FakeTracker, box, make_frame
from tests.publishing import contents


class FakePublisher:
    def __init__(self) -> None:
        self.sent: list[EncodedMessage] = []
        self.messages_published = 5
        self.refused_connections = 2
        self._stamper = MessageStamper(publisher_id="test")

    def start(self) -> None: ...

    def publish(self, content: Content) -> EncodedMessage:
        self.sent.append(encode(self._stamper.stamp(content), "json"))
        return self.sent[-1]

    def publish_all(self, contents: Sequence[Content]) -> list[EncodedMessage]:
        return [self.publish(content) for content in contents]

    def close(self, linger_ms: int = 0) -> None: ...


def process(count: int) -> list[FrameResult]:
    """The face is there on all frames but the last."""
    detector = FakeDetector(lambda call: [FaceDetection(box(10, 10, 30, 30), 0.9)] if call < count - 1 else [])
    fast_path = FastPath(detector, FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    return [fast_path.process(make_frame(i)) for i in range(count)]


def test_the_results_file_holds_the_published_frame_messages_byte_for_byte(tmp_path: Path) -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, ResultsWriter(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    for result in process(3):
        reporter.report(result)
    reporter.end()
    frames = [sent for sent in publisher.sent if isinstance(sent.message, FrameMessage)]
    assert (tmp_path / "r.jsonl").read_bytes() == b"".join(sent.payload + b"\n" for sent in frames)
    assert [sent.message.sequence for sent in frames] == [0, 1, 2]
    expression = json.loads(frames[0].payload)["faces"][0]["expression"]
    assert expression["model"] == "fake"
    assert set(expression["probabilities"]) == set(FakeClassifier.labels)


def test_a_face_starts_goes_on_and_ends_on_its_own_topic() -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, None, expression_model="fake", clock=FakeClock())
    for result in process(3):
        reporter.report(result)
    tracks = [sent.message for sent in publisher.sent if isinstance(sent.message, TrackMessage)]
    assert [(t.topic, t.event) for t in tracks] == [("face.1", "started"), ("face.1", "updated"), ("face.1", "ended")]


def test_faces_in_view_at_the_end_are_ended() -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, None, expression_model="fake", clock=FakeClock())
    reporter.report(process(3)[0])
    reporter.end()
    last = publisher.sent[-1].message
    assert isinstance(last, TrackMessage)
    assert last.event == "ended"


def test_without_a_publisher_the_file_numbers_its_own_messages(tmp_path: Path) -> None:
    reporter = Reporter(None, ResultsWriter(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    for result in process(2):
        reporter.report(result)
    reporter.end()
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["sequence"], line["frame_id"]) for line in lines] == [("frame", 0, 0), ("frame", 1, 1)]


def test_reasoning_is_published_and_written_between_the_frames(tmp_path: Path) -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, ResultsWriter(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    first, second, _ = process(3)
    reporter.report(first)
    reporter.report_reasoning(contents.reasoning())
    reporter.report(second)
    reporter.end()
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["frame", "reasoning", "frame"]
    (sent,) = [sent for sent in publisher.sent if sent.message.kind == "reasoning"]
    assert (tmp_path / "r.jsonl").read_bytes().splitlines()[1] == sent.payload


def test_words_are_published_and_not_written(tmp_path: Path) -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, ResultsWriter(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    reporter.report_reasoning(contents.partial())
    reporter.end()
    assert [sent.message.kind for sent in publisher.sent] == ["reasoning_partial"]
    assert (tmp_path / "r.jsonl").read_bytes() == b""
    Reporter(None, None, expression_model="fake", clock=FakeClock()).report_reasoning(contents.partial())


def test_the_last_answer_about_a_face_is_kept_on_a_topic_of_its_own_until_the_face_goes() -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, None, expression_model="fake", clock=FakeClock())
    first, *others = process(3)
    reporter.report_reasoning(contents.reasoning())
    reporter.report(first)
    reporter.report_reasoning(contents.reasoning())
    reporter.report_reasoning(contents.reasoning(error="died"))
    for result in others:
        reporter.report(result)
    reporter.report_reasoning(contents.reasoning())
    told = [sent.message for sent in publisher.sent if isinstance(sent.message, TrackReasoningMessage)]
    assert [(m.topic, m.event, m.sequence) for m in told] == [
        ("reasoning.face.1", "answered", 0),
        ("reasoning.face.1", "ended", 1),
    ]
    assert [sent.message.kind for sent in publisher.sent].count("reasoning") == 4, "all are told on the common topic"


def test_at_the_end_no_answer_is_left() -> None:
    publisher = FakePublisher()
    reporter = Reporter(publisher, None, expression_model="fake", clock=FakeClock())
    reporter.report(process(3)[0])
    reporter.report_reasoning(contents.reasoning())
    reporter.end()
    assert [sent.message.topic for sent in publisher.sent][-2:] == ["face.1", "reasoning.face.1"]


def test_without_a_publisher_reasoning_is_numbered_and_written_too(tmp_path: Path) -> None:
    reporter = Reporter(None, ResultsWriter(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    reporter.report_reasoning(contents.reasoning())
    reporter.report_reasoning(contents.reasoning(error="died"))
    reporter.end()
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["sequence"]) for line in lines] == [("reasoning", 0), ("reasoning", 1)]
    Reporter(None, None, expression_model="fake", clock=FakeClock()).report_reasoning(contents.reasoning())


def test_health_tells_states_counts_models_and_restarts() -> None:
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(fail=lambda call: call == 1), ProbabilitySmoother())
    service = Service(FakeSource([make_frame(i) for i in range(4)]), fast_path, publish=lambda _r: None, every_frame=True)
    assert service.open()
    service.start()
    assert service.wait(20)
    content = health_content(
        service, models=[ModelInUse("m", "1.0", "0" * 64, "MIT")], publisher=FakePublisher(), heartbeat_interval_s=0.5
    )
    unwell = health_content(
        service,
        models=[],
        publisher=FakePublisher(),
        heartbeat_interval_s=0.5,
        reasoner=ReasonerLedger(ReasonerState.FAILED, last_error="cannot start").snapshot(0),
    )
    service.stop()
    assert (content.frames_captured, content.frames_processed, content.frames_dropped) == (4, 3, 1)
    assert content.dropped_by_cause == {"processing-error": 1}
    stages = {stage.name: stage for stage in content.stages}
    assert stages["process"].restarts == 1
    assert stages["process"].last_error == "RuntimeError: the network is broken"
    assert stages["capture"].last_error is None
    assert content.models[0].licence == "MIT"
    assert content.refused_connections == 2
    assert content.heartbeat_interval_ms == 500
    assert content.latency_ms is not None
    assert content.reasoning is None
    assert unwell.reasoning is not None
    assert (unwell.reasoning.state, unwell.reasoning.last_error) == ("failed", "cannot start")
    assert unwell.state == content.state, "the service goes on"


def test_a_full_disk_costs_the_results_file_and_no_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Full(ResultsWriter):
        def write(self, encoded: EncodedMessage) -> None:
            if self.messages_written == 1:
                raise PublishingError("r.jsonl: no room")
            super().write(encoded)

    publisher = FakePublisher()
    reporter = Reporter(publisher, Full(tmp_path / "r.jsonl"), expression_model="fake", clock=FakeClock())
    for result in process(4):
        reporter.report(result)
    reporter.end()
    assert len([sent for sent in publisher.sent if isinstance(sent.message, FrameMessage)]) == 4
    assert len((tmp_path / "r.jsonl").read_bytes().splitlines()) == 1
    assert caplog.messages == ["r.jsonl: no room; nothing more is written there"]
    fast_path = FastPath(FakeDetector(), FakeTracker(), FakeClassifier(), ProbabilitySmoother())
    service = Service(FakeSource([]), fast_path, publish=lambda _r: None)
    content = health_content(
        service, models=[], publisher=publisher, heartbeat_interval_s=1.0, results_error=reporter.results_error
    )
    assert content.stages[-1].name == "results"
    assert (content.stages[-1].state, content.stages[-1].last_error) == ("failed", "PublishingError: r.jsonl: no room")
