"""What the limits do to a process is seen in test_supervisor.py."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.supervision.child_limits import ChildLimits, die_with_parent


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address_space_bytes": 0}, "address_space_bytes must be at least 1, found 0"),
        ({"niceness": 20}, "niceness must lie in 0 to 19, found 20"),
        ({"niceness": -1}, "niceness must lie in 0 to 19, found -1"),
        ({"threads": 0}, "threads must be at least 1, found 0"),
    ],
)
def test_a_bad_value_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=f"reasoner: {message}"):
        ChildLimits(**settings)


def test_threads_are_said_to_every_library() -> None:
    assert set(ChildLimits(threads=3).environment().values()) == {"3"}
    assert "OMP_NUM_THREADS" in ChildLimits().environment()
    assert ChildLimits(threads=None).environment() == {}


def test_a_child_whose_parent_died_before_it_asked_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(Exception):  # noqa: N818
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(sys, "platform", "another")
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(Ended):
        die_with_parent(4711)
    die_with_parent(1)
