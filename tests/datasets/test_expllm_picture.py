from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.datasets.expllm_picture import read_expllm_picture
from realtime_fer.errors import DatasetError

TURNED = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
"""A camera's note that the picture lies on its side."""


def test_pixels_are_rgb_and_not_turned(tmp_path: Path) -> None:
    image = np.zeros((8, 16, 3), np.uint8)
    image[..., 0] = 255  # blue
    cv2.imwrite(str(tmp_path / "a.png"), image)
    assert read_expllm_picture(tmp_path / "a.png")[0, 0].tolist() == [0, 0, 255]
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "tür.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(TURNED) + 2).to_bytes(2, "big") + TURNED + jpeg[2:])
    turned = cv2.imread(str(path))
    assert turned is not None
    assert turned.shape == (16, 8, 3), "another reader would turn it"
    assert read_expllm_picture(path).shape == (8, 16, 3)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.png: expected a picture, found no such file"):
        read_expllm_picture(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(b"text")
    with pytest.raises(DatasetError, match="found a file that is none"):
        read_expllm_picture(tmp_path / "a.png")
