from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import MissingExtraError, PublishingError
from realtime_fer.reasoning.keyframes.plot import MAX_TRACKS, ClipTrace, draw_keyframes, spread
from realtime_fer.reasoning.keyframes.rules import KeyframeRules
from realtime_fer.reasoning.keyframes.selection import KeyframeSelector
from tests.reasoning.keyframes.faces import HAPPY, NEUTRAL, result

figures = pytest.importorskip("matplotlib.figure")


def clip(people: int = 1) -> ClipTrace:
    """So many faces for two seconds; the first smiles in the second one, and is hidden for a while between."""
    selector, trace = KeyframeSelector(KeyframeRules(settle_s=0), questions_per_s=100), ClipTrace()
    for step in range(20):
        shown = dict.fromkeys(range(2, people + 1), NEUTRAL)
        if not 8 <= step < 16:
            shown[1] = HAPPY if step > 10 else NEUTRAL
        seen = result(step / 10, dict(sorted(shown.items())))
        trace.add(seen, selector.update(seen))
    return trace


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures that were to be saved."""
    saved: list[Any] = []
    monkeypatch.setattr(figures.Figure, "savefig", lambda figure, *_, **__: saved.append(figure))
    return saved


def test_a_picture_comes_out(tmp_path: Path) -> None:
    draw_keyframes(clip(), tmp_path / "out.png", title="a clip")
    picture = cv2.imread(str(tmp_path / "out.png"))
    assert picture is not None
    assert picture.shape[1] == 1300
    assert picture.std() > 10


def test_probabilities_and_keyframes_are_where_they_belong(drawn: list[Any]) -> None:
    trace = clip()
    assert [(k.reason.value, k.decided_s) for k in trace.keyframes] == [("new_face", 0.0), ("expression_changed", 1.6)]
    draw_keyframes(trace, Path("unused.png"), title="a clip")
    pictures, lines = drawn[0].axes[:2]
    curves = {line.get_label(): line for line in lines.get_lines()}
    assert curves["happiness"].get_ydata()[-1] == pytest.approx(0.95)
    assert curves["neutral"].get_ydata()[0] == pytest.approx(0.95)
    # The line is broken where the face was hidden.
    assert [str(x) for x in curves["neutral"].get_xdata()[7:10]] == ["0.7", "nan", "1.6"]
    marks = {line.get_xdata()[0] for line in lines.get_lines() if line.get_label().startswith("_")}
    assert marks == {0.0, 1.6}
    assert [text.get_text() for text in pictures.texts if text.get_text()] == [
        "new\nface\n0.0 s",
        "expression\nchanged\n1.6 s",
    ]
    assert drawn[0].get_suptitle() == "a clip"


def test_a_crowd_is_cut_and_the_title_says_so(drawn: list[Any]) -> None:
    draw_keyframes(clip(MAX_TRACKS + 2), Path("unused.png"), title="a crowd")
    rows = [axes.get_ylabel() for axes in drawn[0].axes if axes.get_ylabel()]
    assert len(rows) == MAX_TRACKS
    assert "face 1" not in rows, "it was in view for the shortest time"
    assert drawn[0].get_suptitle() == "a crowd (2 shorter tracks not drawn)"


def test_a_clip_without_faces_is_a_picture_too(drawn: list[Any]) -> None:
    draw_keyframes(ClipTrace(), Path("unused.png"), title="nobody")
    assert [text.get_text() for text in drawn[0].texts] == ["nobody", "no face"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match=r"out\.nothing: the picture cannot be written"):
        draw_keyframes(clip(), tmp_path / "out.nothing", title="x")


def test_without_matplotlib_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"drawing keyframes needs .*realtime-fer\[demo\]"):
        draw_keyframes(ClipTrace(), Path("unused.png"), title="x")


def test_positions_that_are_far_enough_apart_stay() -> None:
    assert spread([1, 3, 9], 1, 0, 10) == [1, 3, 9]
    assert spread([], 1, 0, 10) == []


def test_positions_at_the_edges_move_inwards() -> None:
    assert spread([0, 0.1, 9.9], 1, 0, 10) == [0.5, 1.5, 9.5]
    assert spread([9.8, 9.9, 10], 1, 0, 10) == [7.5, 8.5, 9.5]


@settings(deadline=None)
@given(st.lists(st.floats(0, 10), max_size=30), st.floats(0.1, 3))
def test_pictures_never_overlap_nor_leave_the_axis(positions: list[float], width: float) -> None:
    moved = spread(sorted(positions), width, 0, 10)
    assert len(moved) == len(positions)
    room = min(width, 10 / max(1, len(positions)))
    assert all(b - a >= room - 1e-6 for a, b in pairwise(moved))
    assert all(room / 2 - 1e-6 <= x <= 10 - room / 2 + 1e-6 for x in moved)
