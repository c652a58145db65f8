from __future__ import annotations

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.supervision.restart_policy import RestartPolicy


def test_the_pause_doubles_up_to_its_cap() -> None:
    policy = RestartPolicy(first_delay_s=0.5, factor=2, max_delay_s=3)
    assert [policy.delay_s(failures) for failures in range(1, 6)] == [0.5, 1, 2, 3, 3]
    assert policy.delay_s(100_000) == 3


def test_giving_up() -> None:
    assert [RestartPolicy(max_failures=3).gives_up(failures) for failures in (1, 2, 3, 4)] == [False, False, True, True]
    assert not RestartPolicy(max_failures=None).gives_up(10**9)


@pytest.mark.parametrize(
    "settings",
    [{"first_delay_s": -1}, {"first_delay_s": 9, "max_delay_s": 3}, {"factor": 0.5}, {"stable_s": -1}, {"max_failures": 0}],
)
def test_bad_values_are_named(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="reasoner restarts: "):
        RestartPolicy(**settings)  # type: ignore[arg-type]
