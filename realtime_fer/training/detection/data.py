"""The training set of the face detector: pictures, weights and composites, laid out for ultralytics.

Input is a folder in YOLO layout (`train/images`, `train/labels`, `val/...`, `negatives/`). Nothing is
written there: pictures are copied to a working folder, faces are pasted on pictures that have none
(so that every size occurs against every background), and `train.txt` repeats the sources that are rare.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.errors import DatasetError

ImageBgr = npt.NDArray[np.uint8]

# How often a picture of a source appears in one epoch. Crowds (`lz`) are scarce; grey portraits (`th`) and
# masked faces (`mk`) are plenty already. An unknown prefix counts once.
SOURCE_REPEATS = {"lz": 4, "rf": 2, "os": 2, "in": 2, "bs": 2, "hm": 2, "jt": 2, "th": 1, "mk": 1}

# A pasted face keeps some of its own surroundings, blended out towards the rim, so that the network cannot
# learn the seam instead of the face.
PASTE_MARGIN = 0.35
PASTE_MIN_SIDE_PX = 14
PASTE_MAX_SIDE_PX = 300
PASTE_SOURCE_MIN_SIDE_PX = 48


PADDING_GREY = 114
"""What ultralytics pads with, in training and after it."""


@dataclass(frozen=True)
class DetectionSet:
    """Where the prepared data lies."""

    data_yaml: Path
    training_pictures: int
    composites: int


def prepare_detection_set(
    source: Path,
    work: Path,
    *,
    composites: int,
    seed: int,
    limit: int | None = None,
    prefixes: Collection[str] | None = None,
) -> DetectionSet:
    """Copy the pictures, make the composites and write `data.yaml`.

    Args:
        source: the data folder in the layout above; it is only read.
        work: a folder for the copies; what it holds of an earlier choice is not learned from.
        composites: how many pictures to make by pasting faces on pictures without faces.
        seed: of the composites.
        limit: at most this many training pictures, for a quick trial.
        prefixes: take only these sources (what stands before the first `_` of a file's name) for training, pictures
            without faces among them; None takes all.

    Raises:
        DatasetError: `source` lacks `train/images` or `val/images`, or holds nothing of these prefixes.
    """
    for needed in ("train/images", "val/images"):
        if not (source / needed).is_dir():
            raise DatasetError(
                f"{source}: no folder {needed}/; expected YOLO layout (train/images, train/labels, val/images, ...)"
            )

    def chosen(folder: Path) -> list[str]:
        """Names of the pictures of one folder of `source` that are wanted."""
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        return [name for name in names if prefixes is None or source_of(name) in prefixes]

    def of_other_sources(_folder: str, names: list[str]) -> list[str]:
        return [] if prefixes is None else [name for name in names if source_of(name) not in prefixes]

    pictures = [work / "train" / "images" / name for name in chosen(source / "train" / "images")]
    if not pictures:
        wanted = "" if prefixes is None else f" whose names begin with {', '.join(f'{name}_' for name in sorted(prefixes))}"
        raise DatasetError(f"{source / 'train' / 'images'}: expected pictures{wanted}, found none; name other data or sources")
    for part in ("images", "labels"):
        shutil.copytree(source / "train" / part, work / "train" / part, dirs_exist_ok=True, ignore=of_other_sources)
        shutil.copytree(source / "val" / part, work / "val" / part, dirs_exist_ok=True)
    if (source / "negatives").is_dir():
        shutil.copytree(source / "negatives", work / "negatives" / "images", dirs_exist_ok=True, ignore=of_other_sources)
    empty = [work / "negatives" / "images" / name for name in chosen(source / "negatives") if "." in name]
    made = _make_composites(work, pictures, empty, composites, seed)
    listed: list[str] = []
    for path in pictures[:limit]:
        listed += [str(path.resolve())] * SOURCE_REPEATS.get(source_of(path.name), 1)
    listed += [str(path.resolve()) for path in [*made, *empty][:limit]]
    (work / "train.txt").write_text("\n".join(listed) + "\n")
    data_yaml = work / "data.yaml"
    data_yaml.write_text(f"path: {work.resolve()}\ntrain: train.txt\nval: val/images\nnames:\n  0: face\n")
    return DetectionSet(data_yaml=data_yaml, training_pictures=len(listed), composites=len(made))


def letterboxed_batches(pictures: Sequence[Path], side: int, batch: int) -> Iterator[npt.NDArray[np.float32]]:
    """Pictures as a detector takes them: (batch, 3, side, side), RGB in [0, 1], with grey below or to the right.

    Raises:
        DatasetError: a picture cannot be read.
    """
    for start in range(0, len(pictures), batch):
        chosen = pictures[start : start + batch]
        shown = np.full((len(chosen), side, side, 3), PADDING_GREY, np.uint8)
        for slot, path in zip(shown, chosen, strict=True):
            picture = _read_picture(path)
            scale = side / max(picture.shape[:2])
            width, height = (max(1, round(length * scale)) for length in picture.shape[1::-1])
            shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            slot[:height, :width] = cv2.resize(picture, (width, height), interpolation=shrinking)
        yield np.ascontiguousarray(shown[..., ::-1].transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def source_of(file_name: str) -> str:
    """The source a file comes from: what stands before the first `_` of its name."""
    return file_name.split("_", maxsplit=1)[0]


def read_boxes(label_file: Path, width: int, height: int) -> npt.NDArray[np.float32]:
    """Boxes of one YOLO label file as `xyxy` pixels, shape (N, 4); a missing file means no face."""
    if not label_file.is_file():
        return np.zeros((0, 4), np.float32)
    rows = [line.split()[:5] for line in label_file.read_text().splitlines() if line.strip()]
    if not rows:
        return np.zeros((0, 4), np.float32)
    _, cx, cy, w, h = np.asarray(rows, np.float32).T
    return np.stack([(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height], axis=1)


def _read_picture(path: Path) -> ImageBgr:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DatasetError(f"{path}: expected a picture, found something OpenCV cannot read; remove or replace it")
    return np.asarray(picture, np.uint8)


def _make_composites(work: Path, pictures: list[Path], backgrounds: list[Path], count: int, seed: int) -> list[Path]:
    """Paste one to four faces of `pictures` on each of `count` backgrounds -> the new pictures."""
    images, labels = work / "composites" / "images", work / "composites" / "labels"
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    if not backgrounds or count == 0:
        return []
    rng = np.random.default_rng(seed)
    donors = _donor_faces(pictures)
    if not donors:
        return []
    made = []
    for number in range(count):
        picture = _read_picture(backgrounds[number % len(backgrounds)])
        boxes: list[npt.NDArray[np.float64]] = []
        for _ in range(int(rng.integers(1, 5))):
            path, box = donors[int(rng.integers(len(donors)))]
            pasted = _paste_face(picture, _read_picture(path), box, boxes, rng)
            if pasted is not None:
                boxes.append(pasted)
        height, width = picture.shape[:2]
        lines = [_yolo_line(box, width, height) for box in boxes]
        made.append(images / f"cp_{number:05d}.jpg")
        cv2.imwrite(str(made[-1]), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        (labels / f"cp_{number:05d}.txt").write_text("\n".join(lines) + "\n")
    return made


def _yolo_line(box_xyxy: npt.NDArray[np.float64], width: int, height: int) -> str:
    """`class cx cy w h`, as shares of the picture."""
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    centre = f"{(x0 + x1) / 2 / width:.6f} {(y0 + y1) / 2 / height:.6f}"
    return f"0 {centre} {(x1 - x0) / width:.6f} {(y1 - y0) / height:.6f}"


def _donor_faces(pictures: list[Path]) -> list[tuple[Path, npt.NDArray[np.float32]]]:
    donors: list[tuple[Path, npt.NDArray[np.float32]]] = []
    for path in pictures:
        picture = _read_picture(path)
        height, width = picture.shape[:2]
        boxes = read_boxes(path.parents[1] / "labels" / f"{path.stem}.txt", width, height)
        donors.extend((path, box) for box in boxes if min(box[2:] - box[:2]) >= PASTE_SOURCE_MIN_SIDE_PX)
    return donors


def _paste_face(
    picture: ImageBgr,
    donor: ImageBgr,
    box: npt.NDArray[np.float32],
    taken: list[npt.NDArray[np.float64]],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64] | None:
    """Blend one face into `picture` in place; None when it would cover a face pasted before."""
    margin = PASTE_MARGIN * (box[2:] - box[:2])
    low = np.maximum(np.floor(box[:2] - margin), 0).astype(int)
    high = np.minimum(np.ceil(box[2:] + margin), [donor.shape[1], donor.shape[0]]).astype(int)
    patch = donor[low[1] : high[1], low[0] : high[0]]
    height, width = picture.shape[:2]
    largest = min(PASTE_MAX_SIDE_PX, 0.7 * min(height, width))
    side = float(np.exp(rng.uniform(np.log(PASTE_MIN_SIDE_PX), np.log(largest))))
    scale = side / float(max(box[2] - box[0], box[3] - box[1]))
    new_w, new_h = max(2, round(patch.shape[1] * scale)), max(2, round(patch.shape[0] * scale))
    if new_w >= width or new_h >= height:
        return None
    x, y = int(rng.integers(0, width - new_w)), int(rng.integers(0, height - new_h))
    inner = np.array([*(box[:2] - low), *(box[2:] - low)]) * scale + [x, y, x, y]
    if any(inner[0] < t[2] and t[0] < inner[2] and inner[1] < t[3] and t[1] < inner[3] for t in taken):
        return None
    resized = cv2.resize(patch, (new_w, new_h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        resized = resized[:, ::-1]
        inner = np.array([2 * x + new_w - inner[2], inner[1], 2 * x + new_w - inner[0], inner[3]])
    yy, xx = np.mgrid[0:new_h, 0:new_w]
    rim = np.minimum.reduce([xx + 0.5, yy + 0.5, new_w - xx - 0.5, new_h - yy - 0.5])
    alpha = np.clip(rim / max(1.0, 0.12 * min(new_w, new_h)), 0, 1)[..., None]
    region = picture[y : y + new_h, x : x + new_w]
    region[:] = (alpha * resized + (1 - alpha) * region).astype(np.uint8)
    return inner
