from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.class_folders import open_class_folders
from realtime_fer.errors import DatasetError
from tests.datasets.miniatures import save_picture, save_text


def test_our_order_and_names(tmp_path: Path) -> None:
    for name in ("surprised/b.png", "Happy/a.JPG", "bored/c.webp", "Angry/d.jpeg", "joy/e.bmp"):
        save_picture(tmp_path / name)
    save_text(tmp_path / "Angry" / "notes.txt", "")
    (tmp_path / "empty").mkdir()
    for left_by_a_macintosh in ("Angry/._d.jpeg", "__MACOSX/._d.jpeg"):
        save_text(tmp_path / left_by_a_macintosh, "")
    opened = open_class_folders(tmp_path)
    assert opened.labels == ("happiness", "surprise", "anger", "bored")
    assert [(face.picture.name, face.label) for face in opened.faces] == [
        ("a.JPG", 0),
        ("e.bmp", 0),
        ("b.png", 1),
        ("d.jpeg", 2),
        ("c.webp", 3),
    ]
    assert opened.read(0).shape == (8, 8, 3)


def test_other_folders(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent: expected a folder with a sub-folder.*found no folder; name"):
        open_class_folders(tmp_path / "absent")
    save_picture(tmp_path / "anger" / "a.png")
    save_picture(tmp_path / "b.png")
    with pytest.raises(DatasetError, match="found pictures of 1 classes"):
        open_class_folders(tmp_path)
