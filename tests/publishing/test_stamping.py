from __future__ import annotations

from realtime_fer.publishing.message import Content, FrameMessage
from realtime_fer.publishing.stamping import MessageStamper
from tests.fakes import FakeClock
from tests.publishing import contents


def test_each_topic_counts_from_zero_on_its_own() -> None:
    stamper = MessageStamper()
    sent: list[Content] = [contents.frame(), contents.health(), contents.frame(), contents.turn(track_id=2)]
    sent += [contents.reasoning(track_id=2), contents.partial(), contents.partial(), contents.track_reasoning(track_id=2)]
    messages = [stamper.stamp(content) for content in sent]
    assert [(m.topic, m.kind, m.sequence) for m in messages] == [
        ("frame", "frame", 0),
        ("health", "health", 0),
        ("frame", "frame", 1),
        ("face.2", "track", 0),
        ("reasoning", "reasoning", 0),
        ("reasoning.partial", "reasoning_partial", 0),
        ("reasoning.partial", "reasoning_partial", 1),
        ("reasoning.face.2", "track_reasoning", 0),
    ]


def test_the_envelope_carries_publisher_and_time() -> None:
    clock = FakeClock(5_000)
    message = MessageStamper(publisher_id="abc", clock=clock).stamp(contents.health())
    assert (message.publisher_id, message.schema_version) == ("abc", "1.2")
    assert message.published_monotonic_ns == 5_000
    assert message.published_unix_ns == clock.unix_ns()


def test_two_runs_have_different_ids() -> None:
    assert MessageStamper().publisher_id != MessageStamper().publisher_id


def test_a_stamped_message_is_valid_in_every_part() -> None:
    message = MessageStamper().stamp(contents.frame(faces=3))
    assert FrameMessage.model_validate_json(message.model_dump_json()) == message


def test_ended_tracks_are_not_collected() -> None:
    stamper = MessageStamper()
    for track_id in range(1, 50):
        stamper.stamp(contents.turn("started", track_id=track_id))
        assert stamper.stamp(contents.turn("ended", track_id=track_id)).sequence == 1
        stamper.stamp(contents.track_reasoning(track_id=track_id))
        assert stamper.stamp(contents.track_reasoning("ended", track_id=track_id)).sequence == 1
    assert stamper._next_sequence == {}
