"""Every answer of a run, a line each, so that a run that is stopped asks nothing twice."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from realtime_fer.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one question.

    Attributes:
        text: the answer, or what the server said instead.
        refused: the server would not answer this question.
        cut: the answer ended at its limit.
        prompt_tokens, completion_tokens: as the server counts them; 0 where it does not.
    """

    text: str
    refused: bool = False
    cut: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


def question_key(face: str, request: Mapping[str, Any]) -> str:
    """A name for one question about one face, that changes with anything in it."""
    content = json.dumps([face, request], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:24]


class Journal:
    """Answers by the key of their question; may be used from several threads. See `open_journal`."""

    def __init__(self, file: TextIO, answers: dict[str, Answer]) -> None:
        self._file = file
        self._answers = answers
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str) -> Answer | None:
        """What was answered before."""
        return self._answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer; it is on its way to the disk when this returns."""
        line = json.dumps({"question": key, **asdict(answer)}, ensure_ascii=False)
        with self._lock:
            self._answers[key] = answer
            self._file.write(line + "\n")
            self._file.flush()


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Read a journal, or begin one, and keep it open to be written on.

    A last line that a stopped run left unfinished is taken away.

    Raises:
        DatasetError: another line cannot be read; it is named by number (from 1).
    """
    answers: dict[str, Answer] = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    content = path.read_bytes() if path.is_file() else b""
    whole, _, rest = content.rpartition(b"\n")
    for number, line in enumerate(whole.splitlines() if content else [], 1):
        try:
            value = json.loads(line)
            key = str(value.pop("question"))
            answers[key] = Answer(**value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{path}: line {number}: expected an answer of an earlier run, found another line ({error}); "
                "take the line away, or name another --out"
            ) from error
    if rest:
        with path.open("r+b") as file:
            file.truncate(len(content) - len(rest))
    with path.open("a", encoding="utf-8") as file:
        yield Journal(file, answers)
