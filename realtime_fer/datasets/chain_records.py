"""The fine-tuning and test files of Chain-of-Affect: a JSON list of one question each, with its picture and its answer.

    {"id": "001_1", "image": "test_001_aligned.jpg", "conversations": [
        {"from": "human", "value": "<image>\\n" + question}, {"from": "gpt", "value": label}]}

Source: RAF-DB/all_ft_valid.json of Joe-Shin/Chain-of-Affect-Compound-FER.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from realtime_fer.datasets.raf_db import RafDbPicture
from realtime_fer.errors import DatasetError
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS, COMPOUND_PAIRS
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, SECOND_QUESTION, second_question

IMAGE_TAG: Final = "<image>"
SHOWN: Final = 3
"""Bad records described in an error; the others are counted."""

_PRIMARY: Final = re.compile(re.escape(SECOND_QUESTION.split("{primary}")[0]) + r"(\w+)\. ")


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """One question about one picture, and the right answer.

    Attributes:
        record_id: unique in its file.
        image: file name, in the folder of pictures.
        question: as it is asked, without the picture's tag.
        answer: one of `BASIC_LABELS`.
    """

    record_id: str
    image: str
    question: str
    answer: str

    @property
    def primary(self) -> str | None:
        """The emotion that the question states as the strongest; None where it asks for that one."""
        match = _PRIMARY.match(self.question)
        return match[1] if match else None

    def conversation(self) -> list[dict[str, str]]:
        """The turns as the file has them."""
        return [
            {"from": "human", "value": f"{IMAGE_TAG}\n{self.question}"},
            {"from": "gpt", "value": self.answer},
        ]


def read_chain_records(path: Path) -> list[ChainRecord]:
    """Read and check a whole file.

    Raises:
        DatasetError: it is missing, is no JSON list, or has bad records; they are named by position (from 0) and id, with what
            is wrong with each.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; `realtime-fer convert raf-db` makes one from RAF-DB") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: expected a JSON list of records, found a file that cannot be read ({error})") from error
    if not isinstance(values, list) or not values:
        raise DatasetError(f"{path}: expected a JSON list of records, found {_kind(values)}")
    records, bad, ids = [], [], set()
    for index, value in enumerate(values):
        try:
            record = _record(value)
            if record.record_id in ids:
                raise _BadRecordError("its id was used before")
        except _BadRecordError as error:
            bad.append(f"record {index}{_named(value)}: {error}")
            continue
        ids.add(record.record_id)
        records.append(record)
    if bad:
        others = f"; and {len(bad) - SHOWN} bad records more" if len(bad) > SHOWN else ""
        raise DatasetError(f"{path}: {'; '.join(bad[:SHOWN])}{others}, of {len(values)}")
    return records


def write_chain_records(path: Path, records: Iterable[ChainRecord]) -> None:
    """Write the published form; the file appears whole or not at all."""
    values = [{"id": record.record_id, "image": record.image, "conversations": record.conversation()} for record in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def basic_records(pictures: Iterable[RafDbPicture]) -> list[ChainRecord]:
    """The first question about each picture with a single label."""
    return [ChainRecord(picture.number, picture.image, FIRST_QUESTION, picture.label) for picture in pictures]


def compound_records(pictures: Iterable[RafDbPicture]) -> list[ChainRecord]:
    """The second question about each picture with a compound label, twice: either emotion is the primary one once."""
    records = []
    for picture in pictures:
        for order, (primary, answer) in enumerate(_both_orders(picture.label), 1):
            records.append(ChainRecord(f"{picture.number}_{order}", picture.image, second_question(primary), answer))
    return records


def find_pictures(records: Sequence[ChainRecord], folders: Sequence[Path], what: str) -> dict[str, Path]:
    """Where each record's picture is.

    Args:
        folders: looked through in this order.
        what: the file the records come from, for errors.

    Returns:
        Paths by `ChainRecord.image`.

    Raises:
        DatasetError: a folder or a picture is missing; it names the record.
    """
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder; expected the pictures that {what} names")
    paths: dict[str, Path] = {}
    missing = []
    for index, record in enumerate(records):
        if record.image in paths:
            continue
        path = next((folder / record.image for folder in folders if (folder / record.image).is_file()), None)
        if path is None:
            missing.append(f"record {index} (id {record.record_id}): no picture {record.image}")
        else:
            paths[record.image] = path
    if missing:
        places = " or ".join(map(str, folders))
        others = f"; and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DatasetError(f"{what}: {missing[0]} in {places}{others}; name every folder of pictures with --images")
    return paths


def records_digest(records: Iterable[ChainRecord]) -> str:
    """A short name for the content of some records, that changes when it does."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps([record.record_id, record.image, record.question, record.answer]).encode())
    return digest.hexdigest()[:12]


class _BadRecordError(Exception):
    """What is wrong with one record; never leaves this module."""


def _record(value: Any) -> ChainRecord:
    if not isinstance(value, Mapping):
        raise _BadRecordError(f"expected an object, found {_kind(value)}")
    for key, kind in (("id", str), ("image", str), ("conversations", list)):
        if key not in value:
            raise _BadRecordError(f"lacks {key!r}")
        if not isinstance(value[key], kind) or not value[key]:
            raise _BadRecordError(f"{key!r} is {_kind(value[key])}, expected a {'list of turns' if kind is list else 'text'}")
    image = PurePosixPath(value["image"])
    if image.is_absolute() or ".." in image.parts:
        raise _BadRecordError(f"image {value['image']!r} leads out of the folder of pictures")
    turns = value["conversations"]
    speakers = [turn.get("from") if isinstance(turn, Mapping) else None for turn in turns]
    if speakers != ["human", "gpt"]:
        raise _BadRecordError(f"expected one turn from 'human' and one from 'gpt', found {speakers}")
    asked, answer = (turn.get("value") for turn in turns)
    if not isinstance(asked, str) or not asked.startswith(f"{IMAGE_TAG}\n") or asked.count(IMAGE_TAG) != 1:
        raise _BadRecordError(f"expected a question that begins with {IMAGE_TAG} and a new line, found {str(asked)[:60]!r}")
    if answer not in BASIC_LABELS:
        raise _BadRecordError(f"expected an answer out of {', '.join(BASIC_LABELS)}, found {str(answer)[:60]!r}")
    return ChainRecord(value["id"], value["image"], asked.removeprefix(f"{IMAGE_TAG}\n"), answer)


def _both_orders(compound: str) -> tuple[tuple[str, str], tuple[str, str]]:
    one, other = COMPOUND_PAIRS[compound]
    return (one, other), (other, one)


def _named(value: Any) -> str:
    return f" (id {value['id']})" if isinstance(value, Mapping) and isinstance(value.get("id"), str) else ""


def _kind(value: Any) -> str:
    if isinstance(value, (list, dict, str)) and not value:
        return f"an empty {type(value).__name__}"
    return f"{type(value).__name__}"
