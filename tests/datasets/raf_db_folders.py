"""Miniatures of RAF-DB, laid out and named as its owners do."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

BASIC = ("train_00001.jpg 5", "train_00002.jpg 7", "test_0001.jpg 1", "test_0002.jpg 4")
COMPOUND = ("train_0001.jpg 3", "test_001.jpg 11", "test_002.jpg 1")


def save_part(folder: Path, lines: tuple[str, ...]) -> Path:
    (folder / "EmoLabel").mkdir(parents=True)
    # The owners' file ends its lines as Windows does.
    (folder / "EmoLabel" / "list_patition_label.txt").write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    for kind in ("aligned", "original"):
        (folder / "Image" / kind).mkdir(parents=True)
        for number, line in enumerate(lines):
            name = line.split()[0].replace(".jpg", "_aligned.jpg" if kind == "aligned" else ".jpg")
            picture = np.full((100, 100, 3), 20 + 40 * number, np.uint8)
            assert cv2.imwrite(str(folder / "Image" / kind / name), picture)
    return folder
