"""One face to a description that a reader understands as its label, or to the reasons why there is none.

    measured actions -> description -> a label read from it alone -> compared with the annotated one, and with the actions
    -> where something is wrong: what to do better is put into a memory, and the face is described again

Source: the Exp-CoT engine of Lan et al., ExpLLM, IEEE TMM 27 (2025), 3069-3081, as its figure shows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from realtime_fer.networks.expllm.answer import sections_of
from realtime_fer.networks.expllm.prompts import LABELS
from realtime_fer.training.expllm.chain_of_thought.asking import QuestionRefusedError
from realtime_fer.training.expllm.chain_of_thought.face_actions import FaceActions
from realtime_fer.training.expllm.chain_of_thought.journal import Answer
from realtime_fer.training.expllm.chain_of_thought.prompts import Message, describe, infer, refine, reflect
from realtime_fer.training.expllm.chain_of_thought.validation import problems_of


class Asks(Protocol):
    """See `asking.Asker.ask`."""

    def ask(self, face: str, messages: Sequence[Message], *, freely: bool = False) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one face.

    Attributes:
        face: as annotated.
        description: the last one written; None where the server refused.
        problems: what was wrong with each attempt; as long as `attempts`, or shorter by one where the last one is accepted.
        attempts: descriptions asked for.
        accepted: the last description is right.
    """

    face: FaceActions
    description: str | None
    problems: tuple[str, ...]
    attempts: int
    accepted: bool


def make_description(face: FaceActions, asker: Asks, labels: Sequence[str] = LABELS, attempts: int = 3) -> Outcome:
    """Have a face described until the description is right, at most so often.

    Args:
        labels: the reader chooses among; the face's own must be one of them.
        attempts: at least 1.

    Raises:
        ReasoningError: the server does not answer.
    """
    # Two faces with the same actions are two questions: the answers to one must not count for the other.
    name = f"{face.file_name} {face.label}"
    memory: list[tuple[str, str]] = []
    problems: list[str] = []
    text: str | None = None
    for attempt in range(1, attempts + 1):
        try:
            written = asker.ask(name, describe(face, labels, memory), freely=True)
            text = written.text
            read = label_in(asker.ask(name, infer(text, labels)).text, labels)
            if read != face.label:
                problem = f"a reader takes it for {read or 'none of the expressions'}, but the expression is {face.label}"
            else:
                if sections_of(text) is None:
                    text = asker.ask(name, refine(text, labels)).text
                found = ["it was cut off before its end"] if written.cut else problems_of(text, face)
                if not found:
                    return Outcome(face, in_form(text), tuple(problems), attempt, accepted=True)
                problem = "; ".join(found)
            problems.append(problem)
            if attempt < attempts:
                memory.append((text, asker.ask(name, reflect(face, text, f"{problem}.")).text))
        except QuestionRefusedError as error:
            return Outcome(face, text, (*problems, f"the server refused: {error}"), attempt, accepted=False)
    return Outcome(face, text, tuple(problems), attempts, accepted=False)


def label_in(answer: str, labels: Sequence[str]) -> str | None:
    """The one label that an answer names, in any spelling of its letters; None where it names none or several."""
    found = {label for label in labels if re.search(rf"\b{re.escape(label)}\b", answer, re.IGNORECASE)}
    return found.pop() if len(found) == 1 else None


def in_form(description: str) -> str:
    """The three parts under the headings that most of the published data has, one blank line between them.

    Raises:
        ValueError: it has not the three parts.
    """
    sections = sections_of(description)
    if sections is None:
        raise ValueError("expected a description with its three headed parts, found another text")
    headed = (
        ("Key Observations", sections.observations),
        ("Overall Emotional Interpretation", sections.rationale),
        ("Conclusion", sections.conclusion),
    )
    return "\n\n".join(f"**{heading}:** {' '.join(text.split())}" for heading, text in headed)
