from __future__ import annotations

import pytest

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.freshness import FreshMessages
from realtime_fer.publishing.stamping import MessageStamper
from tests.fakes import FakeClock
from tests.publishing import contents

FRAME_CAPTURED_NS = 5_000_000_000


def test_a_frame_ages_from_its_capture_on_the_monotonic_clock() -> None:
    clock = FakeClock(FRAME_CAPTURED_NS)
    fresh = FreshMessages("tcp://127.0.0.1:1", clock=clock)
    message = MessageStamper(clock=clock).stamp(contents.frame())
    fresh.put(message)
    clock.advance(0.4)
    assert fresh.age_ms(message) == pytest.approx(400)
    assert fresh.get("frame", 500) is message
    clock.advance(0.212)
    with pytest.raises(PublishingError, match=r"frame: newest message is 612 ms old \(max_age_ms=500\)"):
        fresh.get("frame", 500)


def test_health_ages_from_its_publishing() -> None:
    clock = FakeClock(77)
    fresh = FreshMessages("ipc:///x", clock=clock)
    fresh.put(MessageStamper(clock=clock).stamp(contents.health()))
    clock.advance(1)
    assert fresh.get("health", 1001)
    with pytest.raises(PublishingError, match="1000 ms old"):
        fresh.get("health", 999)


@pytest.mark.parametrize(("endpoint", "same_machine"), [("tcp://robot.local:1", None), ("tcp://127.0.0.1:1", False)])
def test_from_another_machine_the_unix_clocks_count(endpoint: str, same_machine: bool | None) -> None:
    clock = FakeClock(10)  # a monotonic clock that has nothing to do with the publisher's
    fresh = FreshMessages(endpoint, same_machine=same_machine, clock=clock)
    message = MessageStamper(clock=FakeClock(FRAME_CAPTURED_NS)).stamp(contents.frame(5))
    assert fresh.age_ms(message) == pytest.approx((clock.unix_ns() - message.capture_unix_ns) / 1e6)  # type: ignore[union-attr]
    fresh.put(message)
    clock.advance(60)
    with pytest.raises(PublishingError, match="do the clocks of both machines agree"):
        fresh.get("frame", 100)


def test_a_clock_ahead_does_not_make_an_old_message_fresh_for_ever() -> None:
    clock = FakeClock(FRAME_CAPTURED_NS)
    fresh = FreshMessages("tcp://robot.local:1", clock=clock)
    message = MessageStamper(clock=clock).stamp(contents.frame())
    fresh.put(message)
    clock.advance(-0.08 - fresh.age_ms(message) / 1000)  # now it is dated 80 ms ahead
    assert fresh.get("frame", 100) is message, "a little disagreement is usual"
    clock.advance(-3600)
    with pytest.raises(PublishingError, match=r"is dated 3600080 ms in the future .* do the clocks of both machines agree"):
        fresh.get("frame", 100)


def test_what_never_came_or_has_ended_is_not_given_out() -> None:
    fresh = FreshMessages("tcp://127.0.0.1:1", clock=FakeClock(FRAME_CAPTURED_NS))
    with pytest.raises(PublishingError, match="no message yet"):
        fresh.get("frame", 1e9)
    stamper = MessageStamper()
    fresh.put(stamper.stamp(contents.turn("started")))
    assert fresh.has("face.1")
    fresh.put(stamper.stamp(contents.turn("ended")))
    assert not fresh.has("face.1")


def test_a_restart_forgets_the_faces_of_the_run_before() -> None:
    fresh = FreshMessages("tcp://127.0.0.1:1", clock=FakeClock(FRAME_CAPTURED_NS))
    fresh.put(MessageStamper().stamp(contents.turn("started")))
    fresh.put(MessageStamper().stamp(contents.frame()))
    assert not fresh.has("face.1")
    assert fresh.has("frame")
