from __future__ import annotations

import select

from realtime_fer.reasoning.supervision.wake_up import WakeUp


def is_awake(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_rung_calmed_and_rung_again() -> None:
    bell = WakeUp()
    descriptor = bell.open()
    assert not is_awake(descriptor)
    bell.ring()
    bell.ring()
    assert is_awake(descriptor)
    bell.calm()
    assert not is_awake(descriptor)
    bell.calm()
    bell.ring()
    assert is_awake(descriptor)
    bell.close()


def test_ringing_never_waits_for_room() -> None:
    bell = WakeUp()
    descriptor = bell.open()
    for _ in range(100_000):
        bell.ring()
    assert is_awake(descriptor)
    bell.close()


def test_a_closed_bell_is_silent() -> None:
    bell = WakeUp()
    bell.ring()
    bell.open()
    bell.close()
    bell.ring()
    bell.close()
    assert bell.descriptor == -1
