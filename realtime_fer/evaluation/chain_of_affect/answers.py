"""A chain's answers on disk as they come, see `kept_answers`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from realtime_fer.evaluation.chain_of_affect.protocol import ChainAnswers, ChainCase
from realtime_fer.evaluation.kept_answers import KeptAnswers


class AnswerFile:
    """A file of both answers to each picture, opened for more. A context manager; arguments and errors as of `KeptAnswers`."""

    def __init__(self, path: Path, test: Mapping[str, Any]) -> None:
        self._kept = KeptAnswers(path, test, ("first", "second"))

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        self._kept.__exit__(kind, value, traceback)

    def of(self, case: ChainCase) -> ChainAnswers | None:
        """The answers about a picture; None where it has not been asked about."""
        found = self._kept.of(case.image)
        return None if found is None else ChainAnswers(found["first"], found["second"])

    def add(self, case: ChainCase, answers: ChainAnswers) -> None:
        """Keep answers, on disk before this returns."""
        self._kept.add(case.image, {"truth": case.truth, "first": answers.first, "second": answers.second})
