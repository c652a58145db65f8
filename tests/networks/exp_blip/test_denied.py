from __future__ import annotations

import pytest

from realtime_fer.networks.exp_blip.denied import denied_spans, inside


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("not raised or furrowed.", "not raised or furrowed"),
        ("no fear, but joy", "no fear"),
        ("without fear but with joy", "without fear "),
        ("notable joy", ""),
    ],
)
def test_how_far_a_denial_reaches(text: str, denied: str) -> None:
    assert "".join(text[start:end] for start, end in denied_spans(text)) == denied


def test_inside_excludes_the_end() -> None:
    assert [inside(position, [(1, 3)]) for position in range(5)] == [False, True, True, False, False]
