"""Exp-BLIP's caption files: a JSON list with a picture and a caption each.

    [{"image": "train/0001.jpg", "caption": "The face shows happiness.", "image_id": "0001"}]

Source: caption data set of Yujianyuan/Exp-BLIP (as in LAVIS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from realtime_fer.datasets.json_list import BadRecordError, kind_of, picture_name, read_json_list
from realtime_fer.errors import DatasetError


@dataclass(frozen=True, slots=True)
class CaptionRecord:
    """One picture with one caption; several records may have the same picture.

    Attributes:
        image: its file, in a folder of pictures.
        caption: as annotated, before any processing.
        image_id: names the picture.
    """

    image: str
    caption: str
    image_id: str


class CaptionedFace(NamedTuple):
    """A record and where its picture is."""

    record: CaptionRecord
    picture: Path


def read_captions(path: Path) -> list[CaptionRecord]:
    """Read and check a file.

    Raises:
        DatasetError: it is missing, is no JSON list, or has bad records; they are named by position.
    """
    return read_json_list(path, _record)


def captioned_faces(files: Sequence[Path], folders: Sequence[Path]) -> list[CaptionedFace]:
    """All records of some files, one after the other, with their pictures.

    Args:
        files: caption files.
        folders: of pictures, looked through in this order.

    Raises:
        DatasetError: a file or folder cannot be used, or a picture is missing.
    """
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: expected a folder of pictures, found none")
    faces = []
    for path in files:
        missing = []
        for index, record in enumerate(read_captions(path)):
            picture = next((folder / record.image for folder in folders if (folder / record.image).is_file()), None)
            if picture is None:
                missing.append(f"record {index}: no picture {record.image}")
            else:
                faces.append(CaptionedFace(record, picture))
        if missing:
            others = f"; and {len(missing) - 1} more" if len(missing) > 1 else ""
            places = " or ".join(map(str, folders))
            raise DatasetError(f"{path}: {missing[0]} in {places}{others}; name every folder of pictures with --images")
    return faces


def _record(value: Mapping[str, Any]) -> CaptionRecord:
    image, caption = picture_name(value, "image"), value.get("caption")
    if not isinstance(caption, str) or not caption.strip():
        raise BadRecordError(f"({image}) expected a text as 'caption', found {kind_of(caption)}")
    number = value.get("image_id", image)
    if isinstance(number, bool) or not isinstance(number, (str, int)):
        raise BadRecordError(f"({image}) expected a text or a number as 'image_id', found {kind_of(number)}")
    return CaptionRecord(image, caption, str(number))
