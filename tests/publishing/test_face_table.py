from __future__ import annotations

import pytest
from rich.console import Console

from realtime_fer.publishing.face_table import FaceTable
from tests.publishing import contents


def drawn(width: int, faces: int = 2) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(FaceTable(contents.frame(faces=faces).faces))
    return capture.get().splitlines()


@pytest.mark.parametrize(
    ("width", "last"),
    [(120, "age"), (90, "seen"), (80, "box x, y, w x h"), (60, "arousal"), (40, "probability"), (20, "expression")],
)
def test_a_narrow_terminal_gets_fewer_columns_and_every_one_whole(width: int, last: str) -> None:
    lines = drawn(width)
    assert lines[0].startswith("id ┃ expression")
    assert lines[0].rstrip().endswith(last)
    assert len(lines) == 4
    assert not any("…" in line for line in lines)


def test_no_face_is_said() -> None:
    assert "no face" in drawn(80, faces=0)[2]


def test_a_label_does_not_steer_the_terminal() -> None:
    face = contents.frame(faces=1).faces[0]
    assert face.expression is not None
    spoilt = face.model_copy(update={"expression": face.expression.model_copy(update={"label": "a\x1b[2J"})})
    console = Console(width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(FaceTable([spoilt]))
    assert "\x1b" not in capture.get()
    assert "a [2J" in capture.get()
