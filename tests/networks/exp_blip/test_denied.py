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
        ("not only joy", ""),
        ("isn't smiling, sad", "isn't smiling"),
        ("doesn\u2019t raise the brow; sad", "doesn\u2019t raise the brow"),
        ("cannot smile", "cannot smile"),
        ("absence of joy", "absence of joy"),
        ("joy rather than fear", "rather than fear"),
        ("instead of anger, fear", "instead of anger"),
        ("hardly raised", "hardly raised"),
        ("no furrows or lines and the lips are parted", "no furrows or lines "),
    ],
)
def test_how_far_a_denial_reaches(text: str, denied: str) -> None:
    assert "".join(text[start:end] for start, end in denied_spans(text)) == denied


def test_inside_excludes_the_end() -> None:
    assert [inside(position, [(1, 3)]) for position in range(5)] == [False, True, True, False, False]
