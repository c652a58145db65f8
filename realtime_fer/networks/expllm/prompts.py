"""What ExpLLM is asked, word for word as it was trained; misspellings are the original's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from realtime_fer.errors import ShapeError
from realtime_fer.networks.expllm.config import PATCH_COUNT

SYSTEM: Final = "You are a helpful face analysis assistant. "
IMAGE_TOKEN: Final = "<im_patch>"  # noqa: S105  (a word of the vocabulary)
END_OF_ANSWER: Final = "</s>"

LABELS: Final = ("Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
"""The words the network answers with, in the order of its evaluation; RAF-DB has no Contempt."""


class Task(NamedTuple):
    """What a turn is about, and what it asks."""

    name: str
    description: str
    question: str


EXPRESSION: Final = Task(
    "emo_estim",
    "Expression recognition involves identifying the emotional state of a person in a given image.",
    "What is the expression of the person in the image? Please provide the expression label.",
)
DESCRIPTION: Final = Task(
    "emo_analysis",
    # The blank at the end belongs to it: it is a token of its own.
    "Expression analysis involves providing a detailed analysis of the face. ",
    "Can you analysis the facial expression step-by-step in the provided image? Provide a detailed description.",
)
FACE_BOX: Final = Task(
    "face_detect",
    "Face detection aims to automatically identify and locate human faces within digital images. It returns the bounding box "
    "of the face in the image, which includes the left-top coordiante, box width and box height. The bounding box coordinates "
    "ranges from 0 to 1, normalized relative to the image size. The output argument form is defined as follows: [x, y, width, "
    "height]",
    "Where is the face located in the image? Please provide the top-left coordinate, width, and height of the bounding box.",
)


class Turn(NamedTuple):
    """A question, and its answer where there is one already."""

    task: Task
    answer: str | None = None


def conversation_text(turns: Sequence[Turn]) -> str:
    """The text of a conversation about one picture.

    Args:
        turns: at least one; only the last may be open (without answer), and then the text ends where the answer begins.

    Raises:
        ShapeError: no turn, or an open one that is not the last.
    """
    if not turns or any(turn.answer is None for turn in turns[:-1]):
        raise ShapeError(f"conversation: expected turns of which only the last is open, found {len(turns)} turns")
    text = f"{SYSTEM}\nImage: {IMAGE_TOKEN * PATCH_COUNT}\n"
    for turn in turns:
        # The next turn follows the end of an answer directly, without a new line.
        text += opening(turn.task)
        if turn.answer is not None:
            text += f" {turn.answer}{END_OF_ANSWER}"
    return text


def opening(task: Task) -> str:
    """One turn up to where its answer begins."""
    return f"TASK: {task.description}\nUSER: {task.question}\nASSISTANT:"


def label_prompt() -> str:
    """The question for the label."""
    return conversation_text([Turn(EXPRESSION)])


def description_prompt(label: str) -> str:
    """The question for the chain of thought, after the label has been answered.

    Args:
        label: the network's own answer to `label_prompt`, as it wrote it.
    """
    return conversation_text([Turn(EXPRESSION, label), Turn(DESCRIPTION)])
