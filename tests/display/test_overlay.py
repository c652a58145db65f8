from __future__ import annotations

import numpy as np
import pytest

from realtime_fer.display.overlay import LABEL_COLOURS, draw
from realtime_fer.display.remark import Remark
from realtime_fer.labels import EXPRESSION_LABELS, FERPLUS_LABELS
from realtime_fer.types import ExpressionEstimate, FaceTrack, FrameResult, TrackedExpression
from tests.fakes import box, make_frame


def face(
    track_id: int = 1,
    *,
    where: tuple[float, float, float, float] = (200, 100, 300, 220),
    label: str = "happiness",
    detected: bool = True,
) -> TrackedExpression:
    p = np.full(8, 0.02, np.float32)
    p[1] = 0.86
    track = FaceTrack(track_id, box(*where), 0.9, detected, 3, 0 if detected else 1)
    return TrackedExpression(track, ExpressionEstimate(FERPLUS_LABELS, p, p, label))


def result(*faces: TrackedExpression, width: int = 640, height: int = 480) -> FrameResult:
    return FrameResult(make_frame(width=width, height=height, value=0), faces)


def test_the_frame_stays_clean_and_the_copy_shows_the_face() -> None:
    given = result(face())
    canvas = draw(given)
    assert (given.frame.image_bgr == 0).all()
    assert canvas.shape == given.frame.image_bgr.shape
    np.testing.assert_array_equal(canvas[160, 200], LABEL_COLOURS["happiness"])
    assert (canvas[110:200, 210:290] == 0).all(), "the face itself is not painted over"


def test_the_name_can_be_read_where_the_face_fills_the_picture() -> None:
    assert draw(result(face(where=(200, 2, 440, 479))))[8:30, 210:300].max() > 150
    # With room below it stands there, and not on the face.
    below = draw(result(face(where=(200, 2, 440, 300))))
    assert not below[8:30, 210:300].any()
    assert below[304:326, 210:300].max() > 150


@pytest.mark.parametrize("left", [-60, 600])
def test_the_name_of_a_face_at_the_edge_is_whole(left: int) -> None:
    def name_width(at: int) -> int:
        columns = np.flatnonzero(draw(result(face(where=(at, 100, at + 100, 220))))[70:99].max(axis=(0, 2)) > 150)
        return int(columns.max() - columns.min())

    assert name_width(left) == pytest.approx(name_width(300), abs=2)


def test_every_label_has_a_colour() -> None:
    assert set(LABEL_COLOURS) == set(EXPRESSION_LABELS)
    assert len(set(LABEL_COLOURS.values())) == len(LABEL_COLOURS)


def test_a_predicted_box_is_drawn_as_corners_only() -> None:
    canvas = draw(result(face(detected=False)))
    np.testing.assert_array_equal(canvas[101, 201], LABEL_COLOURS["happiness"])
    assert (canvas[160, 198:203] == 0).all()


def test_bars_go_where_there_is_room_and_never_over_a_face() -> None:
    right = draw(result(face()))
    assert right[140:230, 310:420].any()
    left = draw(result(face(where=(520, 100, 630, 220))))
    assert left[140:200, 390:500].any()
    neighbours = draw(
        result(face(1, where=(100, 100, 200, 220)), face(2, where=(230, 100, 330, 220)), face(3, where=(360, 100, 460, 220)))
    )
    assert (neighbours[110:200, 240:320] == 0).all(), "the face between two others is covered"


def test_a_status_line_stands_at_the_bottom() -> None:
    assert draw(result(), "30 fps")[450:].any()
    assert not draw(result())[450:].any()


def changed_rows(remarks: dict[int, Remark], *faces: TrackedExpression) -> list[int]:
    difference = (draw(result(*faces), remarks=remarks) != draw(result(*faces))).any(axis=(1, 2))
    return [int(row) for row in np.flatnonzero(difference)]


def test_a_remark_stands_under_its_own_face() -> None:
    both = (face(1, where=(20, 100, 140, 220)), face(2, where=(420, 250, 540, 370)))
    rows = changed_rows({2: Remark("The face looks happy.")}, *both)
    assert 370 <= min(rows) <= max(rows) < 420
    assert changed_rows({}, *both) == []
    assert changed_rows({7: Remark("Somebody who is not here.")}, *both) == []


def test_a_name_below_its_box_pushes_the_remark_down() -> None:
    rows = changed_rows({1: Remark("The face looks happy.")}, face(where=(200, 5, 300, 120)))
    assert min(rows) > 120 + int(0.8 * 20), "the name stands there"


def test_remarks_leave_the_status_line_alone() -> None:
    low = result(face(where=(20, 28, 300, 475)))
    said = draw(low, "30 fps", {1: Remark("The face looks happy.")})
    difference = (said != draw(low, "30 fps")).any(axis=(1, 2))
    assert difference.any()
    assert not difference[480 - 22 :].any()


@pytest.mark.parametrize(
    "where", [(-50, -50, 20, 20), (600, 440, 900, 900), (5, 5, 5, 5), (float("nan"), 0, 1, 1), (1e9, 0, 2e9, 1)]
)
def test_boxes_over_the_border_do_not_break(where: tuple[float, float, float, float]) -> None:
    draw(result(face(where=where)))


def test_a_face_without_expression_and_a_tiny_frame() -> None:
    without = TrackedExpression(face().track, None)
    draw(result(without, width=1, height=1))
    draw(result(without, width=33, height=17))
