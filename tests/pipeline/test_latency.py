from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.pipeline.latency import DurationWindow


def test_percentiles_agree_with_numpy() -> None:
    values = np.random.default_rng(0).gamma(2.0, 5.0, 500)
    window = DurationWindow()
    for value in values:
        window.add(float(value))
    expected = np.percentile(values, (50, 95, 99))
    found = window.percentiles()
    assert found is not None
    assert list(found) == ["p50", "p95", "p99"]
    assert list(found.values()) == pytest.approx(expected, abs=6e-4)
    assert window.mean() == pytest.approx(values.mean())


def test_keeps_only_the_last() -> None:
    window = DurationWindow(window=10)
    for value in [1000.0] * 50 + [1.0] * 10:
        window.add(value)
    assert window.percentiles() == {"p50": 1.0, "p95": 1.0, "p99": 1.0}
    assert len(window) == 10


def test_empty() -> None:
    assert DurationWindow().percentiles() is None
    assert DurationWindow().mean() is None
