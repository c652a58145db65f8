from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("PIL", reason="needs the vlm extra")

from realtime_fer.datasets.picture_file import read_picture
from realtime_fer.errors import DatasetError


def test_colours_and_grey_come_as_rgb(tmp_path: Path) -> None:
    bgr = np.zeros((4, 6, 3), np.uint8)
    bgr[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), bgr)
    cv2.imwrite(str(tmp_path / "grey.png"), bgr[..., 2])
    assert np.array_equal(read_picture(tmp_path / "red.png"), bgr[..., ::-1])
    assert read_picture(tmp_path / "grey.png").tolist() == np.full((4, 6, 3), 200).tolist()


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.jpg: expected a picture"):
        read_picture(tmp_path / "x.jpg")
