"""Descriptions for all faces of a file.

calls.jsonl      every answer, see `journal`; the same command goes on from it
records.json     accepted descriptions, in the form that `train expllm` reads
rejected.json    the other faces, each with its last description and what was wrong
summary.json     counts, tokens and cost
"""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from realtime_fer.datasets.expllm_records import ExpLlmRecord, write_expllm_records
from realtime_fer.errors import DatasetError, SettingsError
from realtime_fer.networks.expllm.prompts import LABELS
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.training.expllm.chain_of_thought.asking import Asker, Counts, Form
from realtime_fer.training.expllm.chain_of_thought.engine import Outcome, make_description
from realtime_fer.training.expllm.chain_of_thought.face_actions import FaceActions
from realtime_fer.training.expllm.chain_of_thought.journal import open_journal

CALLS_FILE: Final = "calls.jsonl"
RECORDS_FILE: Final = "records.json"
REJECTED_FILE: Final = "rejected.json"
SUMMARY_FILE: Final = "summary.json"

TOLD_EVERY: Final = 20
"""Faces."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens, in any currency; None where they are not known."""

    prompt: float | None = None
    completion: float | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """None where a price is missing."""
        if self.prompt is None or self.completion is None:
            return None
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def generate_descriptions(
    faces: Sequence[FaceActions],
    out: Path,
    connect: Callable[[], ServerClient],
    form: Form,
    *,
    labels: Sequence[str] = LABELS,
    attempts: int = 3,
    parallel: int = 1,
    deadline_s: float = 600.0,
    prices: Prices = Prices(),
    progress: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Describe faces, and write what came of it.

    Args:
        faces: from `read_face_actions`; no file name twice with the same label.
        out: folder of the run; made where it is missing.
        connect: makes a client; one is made for each of the faces that are worked on at a time.
        form: how the model is asked.
        labels: the reader chooses among.
        attempts: descriptions of one face, at most.
        parallel: faces worked on at a time.
        deadline_s: for one question, with attempts and pauses: time enough for a rate limit to pass.
        prices: for the cost.
        progress: told a line every few faces.

    Returns:
        What summary.json holds.

    Raises:
        DatasetError: a face has another label, or comes twice, or the journal cannot be read.
        SettingsError: `attempts` or `parallel` is below 1.
        ReasoningError: the server does not answer; the files are written of what is done, and another call goes on.
    """
    _require_usable(faces, labels, attempts, parallel)
    counts = Counts()
    outcomes: list[Outcome] = []
    with open_journal(out / CALLS_FILE) as journal:
        askers: queue.SimpleQueue[Asker] = queue.SimpleQueue()
        for _ in range(parallel):
            askers.put(Asker(connect(), form, journal, counts, deadline_s))

        def describe_one(face: FaceActions) -> Outcome:
            asker = askers.get()
            try:
                return make_description(face, asker, labels, attempts)
            finally:
                askers.put(asker)

        try:
            with _workers(parallel) as workers:
                for outcome in workers.map(describe_one, faces):
                    outcomes.append(outcome)
                    if len(outcomes) % TOLD_EVERY == 0 or len(outcomes) == len(faces):
                        progress(_told(outcomes, len(faces), counts, prices))
        finally:
            summary = _summary(outcomes, len(faces), counts, prices, form.model)
            _write(out, outcomes, summary)
    return summary


@contextmanager
def _workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that start nothing new once something went wrong."""
    workers = ThreadPoolExecutor(count, thread_name_prefix="describe")
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


def _require_usable(faces: Sequence[FaceActions], labels: Sequence[str], attempts: int, parallel: int) -> None:
    for name, value in (("attempts", attempts), ("parallel", parallel)):
        if value < 1:
            raise SettingsError(f"{name}: expected a whole number from 1, found {value}")
    other = sorted({face.label for face in faces} - set(labels))
    if other:
        raise DatasetError(f"labels: expected faces of {', '.join(labels)}, found {', '.join(other)}; name those labels too")
    seen: set[tuple[str, str]] = set()
    for index, face in enumerate(faces):
        if (face.file_name, face.label) in seen:
            raise DatasetError(f"record {index}: {face.file_name} ({face.label}) comes a second time; expected each face once")
        seen.add((face.file_name, face.label))


def _summary(outcomes: Sequence[Outcome], faces: int, counts: Counts, prices: Prices, model: str) -> dict[str, Any]:
    accepted = [outcome for outcome in outcomes if outcome.accepted]
    by_label = {
        label: {
            "faces": sum(outcome.face.label == label for outcome in outcomes),
            "accepted": sum(outcome.face.label == label for outcome in accepted),
        }
        for label in LABELS
        if any(outcome.face.label == label for outcome in outcomes)
    }
    return {
        "model": model,
        "faces": faces,
        "done": len(outcomes),
        "accepted": len(accepted),
        # Later attempts were told the label, so that reading it back proves little.
        "accepted_at_first": sum(outcome.attempts == 1 for outcome in accepted),
        "rejected": len(outcomes) - len(accepted),
        "by_label": by_label,
        "questions": {"asked_in_this_run": counts.asked, "of_earlier_runs": counts.remembered},
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "cost": prices.cost(counts.prompt_tokens, counts.completion_tokens),
        "cost_of_this_run": prices.cost(counts.asked_prompt_tokens, counts.asked_completion_tokens),
    }


def _told(outcomes: Sequence[Outcome], faces: int, counts: Counts, prices: Prices) -> str:
    accepted = sum(outcome.accepted for outcome in outcomes)
    cost = prices.cost(counts.prompt_tokens, counts.completion_tokens)
    return (
        f"{len(outcomes)}/{faces} faces, {accepted} accepted; {counts.asked} questions asked, {counts.remembered} known; "
        f"{counts.prompt_tokens} + {counts.completion_tokens} tokens" + ("" if cost is None else f", cost {cost:.4f}")
    )


def _write(out: Path, outcomes: Sequence[Outcome], summary: dict[str, Any]) -> None:
    write_expllm_records(
        out / RECORDS_FILE,
        (
            ExpLlmRecord(outcome.face.file_name, outcome.face.label, outcome.description, outcome.face.au_intensities)
            for outcome in outcomes
            if outcome.accepted
        ),
    )
    rejected = [
        {
            "file_name": outcome.face.file_name,
            "emo": outcome.face.label,
            "attempts": outcome.attempts,
            "problems": list(outcome.problems),
            "description": outcome.description,
        }
        for outcome in outcomes
        if not outcome.accepted
    ]
    for name, content in ((REJECTED_FILE, rejected), (SUMMARY_FILE, summary)):
        partial = out / f"{name}.partial"
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(out / name)
