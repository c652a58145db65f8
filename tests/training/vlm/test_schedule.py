from __future__ import annotations

import pytest

from realtime_fer.training.vlm.schedule import full_batches, warm_up_then_cosine


def test_up_and_down() -> None:
    assert [warm_up_then_cosine(step, 20, 0.1) for step in (0, 1, 2)] == [0, 0.5, 1]
    assert warm_up_then_cosine(11, 20, 0.1) == pytest.approx(0.5)
    assert warm_up_then_cosine(20, 20, 0.1) == pytest.approx(0, abs=1e-12)
    assert warm_up_then_cosine(0, 20, 0.0) == 1


def test_steps() -> None:
    assert full_batches(3, 7, 4) == 5
    assert full_batches(1, 3, 4) == 1
