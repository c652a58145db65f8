from __future__ import annotations

import random

import pytest

from realtime_fer.reasoning.openai_compatible.retry import RetryPolicy, retry_after_s

NOW_S = 1_700_000_000.0


def test_pauses_double_up_to_a_limit_with_chance_in_their_upper_half() -> None:
    policy = RetryPolicy(first_delay_s=1.0, max_delay_s=5.0)
    chance = random.Random(1)
    for failed, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (100_000, 5.0)):
        pauses = [policy.delay_s(failed, chance) for _ in range(200)]
        assert longest / 2 <= min(pauses) < longest * 0.6
        assert longest * 0.9 < max(pauses) <= longest


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, 0.0),
        ("3", 3.0),
        (" 2.5 ", 2.5),
        ("-4", 0.0),
        ("nan", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Tue, 99 Nov 2023 22:13:00 GMT", 0.0),
        ("inf", float("inf")),
    ],
)
def test_retry_after(value: str | None, wanted: float) -> None:
    assert retry_after_s(value, NOW_S) == wanted
