"""ExpLLM's files: lists of sources, and JSON annotations of faces with their labels and descriptions.

    rafdb_train.txt     one source a line: annotations.json,folder of pictures[,repeat]
    annotations.json    [{"file_name": "train_00001_aligned.jpg", "emo": "Sadness", "au": [24 numbers], "description": "..."}]

`au` and `description` may be absent; `emo` may where there is a description. What the files hold for other tasks (boxes,
landmarks, attributes, head pose, age) is passed over.

Source: datasets/facetask.py and data_list/ of starhiking/ExpLLM-TMM.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from realtime_fer.datasets.json_list import BadRecordError, kind_of, picture_name, read_json_list
from realtime_fer.errors import DatasetError
from realtime_fer.networks.expllm.action_units import ACTION_UNITS
from realtime_fer.networks.expllm.prompts import LABELS

OTHER_TASKS: Final = ("bbox", "landmark", "attr", "headpose", "age_gender_race")
"""Fields of the original's first training stage."""


@dataclass(frozen=True, slots=True)
class ExpLlmRecord:
    """One face.

    Attributes:
        file_name: of its picture, in the folder of pictures.
        label: one of `prompts.LABELS`; None where only the description is known.
        description: the chain of thought; None where there is none.
        au_intensities: of `ACTION_UNITS`, each in [0, 1]; None where unknown.
    """

    file_name: str
    label: str | None
    description: str | None = None
    au_intensities: tuple[float, ...] | None = None


class ExpLlmFace(NamedTuple):
    """A record and where its picture is."""

    record: ExpLlmRecord
    picture: Path


class ExpLlmSource(NamedTuple):
    """A line of a list.

    Attributes:
        annotations: JSON file.
        pictures: folder.
        repeat: from 1: how often each record comes (whole number); below: the share of them that is drawn.
    """

    annotations: Path
    pictures: Path
    repeat: float = 1.0


def read_expllm_records(path: Path) -> list[ExpLlmRecord]:
    """Read and check an annotation file.

    Raises:
        DatasetError: it is missing, is no JSON list, or has bad records; they are named by position.
    """
    return read_json_list(path, _record)


def write_expllm_records(path: Path, records: Iterable[ExpLlmRecord]) -> None:
    """Write the published form; the file appears whole or not at all."""
    values = []
    for record in records:
        value: dict[str, Any] = {"file_name": record.file_name}
        if record.label is not None:
            value["emo"] = record.label
        if record.au_intensities is not None:
            value["au"] = [round(intensity, 4) for intensity in record.au_intensities]
        if record.description is not None:
            value["description"] = record.description
        values.append(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def read_expllm_list(path: Path, root: Path | None = None) -> list[ExpLlmSource]:
    """Read a list of sources.

    Args:
        root: where relative paths in it start; None for the working folder, as published.

    Raises:
        DatasetError: it is missing or empty, or a line is none; it is named by number (from 1).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: expected a list of sources, found a file that cannot be read ({error})") from error
    start = root or Path()
    sources = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split(",")]
        if len(parts) not in (2, 3) or not all(parts):
            raise DatasetError(f"{path}: line {number}: expected annotations.json,folder[,repeat], found {line.strip()!r}")
        source = ExpLlmSource(start / parts[0], start / parts[1], _repeat(path, number, parts[2]) if parts[2:] else 1.0)
        for what, found in (("annotations", source.annotations.is_file()), ("folder of pictures", source.pictures.is_dir())):
            if not found:
                where = source.annotations if what == "annotations" else source.pictures
                raise DatasetError(
                    f"{path}: line {number}: no {what} at {where}; relative paths start at {start.resolve()}, see --root"
                )
        sources.append(source)
    if not sources:
        raise DatasetError(f"{path}: expected lines of annotations.json,folder[,repeat], found none")
    return sources


def expllm_faces(sources: Sequence[ExpLlmSource], seed: int) -> list[ExpLlmFace]:
    """All faces of an epoch, source by source, repeated or drawn as the list says.

    Args:
        seed: of what is drawn where a source's repeat is below 1.

    Raises:
        DatasetError: annotations are bad, a picture is missing, or nothing is left.
    """
    faces: list[ExpLlmFace] = []
    for number, source in enumerate(sources):
        found = [ExpLlmFace(record, source.pictures / record.file_name) for record in read_expllm_records(source.annotations)]
        missing = [face.picture for face in found if not face.picture.is_file()]
        if missing:
            others = f"; and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise DatasetError(f"{source.annotations}: no picture {missing[0]}{others}, of {len(found)}")
        if source.repeat < 1:
            chance = np.random.default_rng([seed, number])
            drawn = chance.permutation(len(found))[: int(len(found) * source.repeat)]
            faces += [found[index] for index in drawn]
        else:
            faces += found * int(source.repeat)
    if not faces:
        raise DatasetError("list of sources: its shares leave no record; expected at least one")
    return faces


def _repeat(path: Path, number: int, text: str) -> float:
    try:
        repeat = float(text)
    except ValueError:
        repeat = math.nan
    if not 0 < repeat < math.inf:
        raise DatasetError(f"{path}: line {number}: expected a number above 0 as repeat, found {text!r}")
    return repeat


def _record(value: Mapping[str, Any]) -> ExpLlmRecord:
    name = picture_name(value, "file_name")
    label, description, intensities = (value.get(key) for key in ("emo", "description", "au"))
    if label is None and description is None:
        others = [key for key in OTHER_TASKS if key in value]
        hint = f"; {', '.join(others)} belong to tasks that are not trained here" if others else ""
        raise BadRecordError(f"({name}) has neither 'emo' nor 'description'{hint}")
    if label is not None and label not in LABELS:
        raise BadRecordError(f"({name}) expected 'emo' out of {', '.join(LABELS)}, found {str(label)[:40]!r}")
    if description is not None and (not isinstance(description, str) or not description.strip()):
        raise BadRecordError(f"({name}) expected a text as 'description', found {kind_of(description)}")
    return ExpLlmRecord(name, label, description, None if intensities is None else _intensities(name, intensities))


def _intensities(name: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != len(ACTION_UNITS):
        found = f"{len(values)} values" if isinstance(values, list) else kind_of(values)
        raise BadRecordError(f"({name}) expected {len(ACTION_UNITS)} values as 'au', found {found}")
    for number, intensity in enumerate(values, 1):
        if isinstance(intensity, bool) or not isinstance(intensity, (int, float)) or not 0 <= intensity <= 1:
            raise BadRecordError(f"({name}) expected 'au' value {number} in [0, 1], found {str(intensity)[:20]}")
    return tuple(map(float, values))
