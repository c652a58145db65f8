"""The one shape in which training and evaluation take any classification set: pictures with a label each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.video_frame import ImageRgb, read_video_frame
from realtime_fer.errors import DatasetError


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One picture and what is known about it.

    Attributes:
        picture: its file; a video where `frame` is given; of faces in one array file, that file.
        label: index into the set's labels.
        subject: who it shows, under the data set's own name; None where nobody says.
        box_xywh: the face's left, top, width, height, pixels of the file.
        left_eye, right_eye: centres as x, y, pixels of the file; left and right in the picture.
        valence, arousal: in [-1, 1].
        frame: which frame of a video, from 0; None where the file is a picture.
    """

    picture: Path
    label: int
    subject: str | None = None
    box_xywh: tuple[int, int, int, int] | None = None
    left_eye: tuple[int, int] | None = None
    right_eye: tuple[int, int] | None = None
    valence: float | None = None
    arousal: float | None = None
    frame: int | None = None


Cutter = Callable[[ImageRgb, LabelledFace], ImageRgb]
"""From the whole picture to the part that its data set is used with."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSet:
    """N faces in one order of labels.

    Attributes:
        name: as in `choose.NAMES`.
        labels: class names of ours, as in `realtime_fer.labels` where it has them.
        faces: N of them.
        cut: what `read` does with a picture; None leaves it whole.
        pixels: grey faces, uint8 (N, H, W), of a set that is one array file; `read` takes them from here.
    """

    name: str
    labels: tuple[str, ...]
    faces: tuple[LabelledFace, ...]
    cut: Cutter | None = None
    pixels: npt.NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        for face in self.faces:
            if not 0 <= face.label < len(self.labels):
                raise DatasetError(
                    f"{face.picture}: expected a label of 0 to {len(self.labels) - 1} ({', '.join(self.labels)}), "
                    f"found {face.label}"
                )
        if self.pixels is not None and len(self.pixels) != len(self.faces):
            raise DatasetError(f"{self.name}: {len(self.faces)} labels but {len(self.pixels)} pictures")

    def __len__(self) -> int:
        return len(self.faces)

    def read(self, index: int) -> ImageRgb:
        """One picture, cut as its data set is used: uint8 (H, W, 3), RGB; sizes may differ from face to face.

        Raises:
            DatasetError: its file is missing or is no picture.
        """
        face = self.faces[index]
        image = self._whole(index)
        return self.cut(image, face) if self.cut is not None else image

    def _whole(self, index: int) -> ImageRgb:
        face = self.faces[index]
        if self.pixels is not None:
            return np.repeat(self.pixels[index][:, :, None], 3, axis=2)
        return read_rgb(face.picture) if face.frame is None else read_video_frame(face.picture, face.frame)

    def targets(self) -> npt.NDArray[np.int64]:
        """Labels of all faces, int64 (N,)."""
        return np.array([face.label for face in self.faces], np.int64)

    def affect(self) -> npt.NDArray[np.float64] | None:
        """Valence and arousal of all faces, float64 (N, 2); None unless every face has both."""
        values = [(face.valence, face.arousal) for face in self.faces]
        if not values or any(value is None for pair in values for value in pair):
            return None
        return np.array(values, np.float64)

    def subset(self, rows: npt.NDArray[np.int64]) -> LabelledSet:
        """The faces of these rows, in this order."""
        pixels = None if self.pixels is None else self.pixels[rows]
        return replace(self, faces=tuple(self.faces[row] for row in rows), pixels=pixels)


def read_rgb(path: Path) -> ImageRgb:
    """A picture file as OpenCV reads it, turned to RGB: uint8 (H, W, 3); grey comes three times.

    Raises:
        DatasetError: it is missing or is no picture.
    """
    try:
        # Not imread: that one prints to the console, and cannot open every path on Windows.
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except (OSError, cv2.error) as error:
        raise DatasetError(f"{path}: expected a picture, found none that can be read ({error})") from error
    if image is None:
        raise DatasetError(f"{path}: expected a picture, found a file that OpenCV cannot read as one; unpack the set again")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
