from __future__ import annotations

from realtime_fer.sources.reconnect_policy import ReconnectPolicy


def test_pauses_double_up_to_the_longest() -> None:
    policy = ReconnectPolicy()
    assert [policy.delay_s(n) for n in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_a_week_of_attempts_does_not_overflow() -> None:
    assert ReconnectPolicy().delay_s(10**9) == 10


def test_pauses_can_be_chosen() -> None:
    policy = ReconnectPolicy(first_delay_s=1, factor=3, max_delay_s=20)
    assert [policy.delay_s(n) for n in range(4)] == [1, 3, 9, 20]
