"""What a language model is asked about a face it cannot see. The words are ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from realtime_fer.training.expllm.chain_of_thought.face_actions import FaceActions

Message = dict[str, str]
"""role and content, as chat completions want them."""

WORDS: Final = 130
"""About so many, as the published descriptions."""

DESCRIBER: Final = (
    "You explain facial expressions to people who cannot see the face. You are given measured facial actions with their "
    "strengths, and nothing else. Every action you mention must be on the list, every strong one must be mentioned, and you "
    "may not say that anything else on the face moves."
)

FORM: Final = f"""Write about {WORDS} words in exactly three paragraphs with one blank line between them:

**Key Observations:** which actions there are, on which side where only one has them, how strong each is in plain words, and \
what each may point to.

**Overall Emotional Interpretation:** what the actions mean when they are weighed against each other.

**Conclusion:** the expression, named by exactly one of these words: {{labels}}.

Write no numbers, no codes of actions, no lists and nothing else."""

READER: Final = (
    "You are given a description of a face and decide which expression it shows, from what is said about the face. Answer with "
    "one word out of: {labels}."
)

CRITIC: Final = (
    "You improve descriptions of faces. You are given measured facial actions, a description made from them, and what is wrong "
    "with it. Say in at most three sentences what the next description should weigh or word differently, using only the "
    "measured actions. Do not write the description."
)

EDITOR: Final = (
    "You bring a text into a fixed form without changing what it says. Keep its statements and its words where you can, add "
    "nothing, and leave nothing out."
)


def measured(face: FaceActions) -> str:
    """The actions in words, strongest first; those of unknown strength come last."""
    if not face.active:
        return "Measured facial actions: none. The face is at rest."
    ordered = sorted(face.active, key=lambda action: -(action.strength or 0.0))
    lines = [
        f"- {action.name}: {action.level}" + ("" if action.strength is None else f" ({action.strength:.2f} of 1)")
        for action in ordered
    ]
    return "Measured facial actions:\n" + "\n".join(lines)


def form(labels: Sequence[str]) -> str:
    """What a description shall look like."""
    return FORM.format(labels=", ".join(labels))


def describe(face: FaceActions, labels: Sequence[str], memory: Sequence[tuple[str, str]]) -> list[Message]:
    """Ask for a description.

    Args:
        labels: it may conclude with.
        memory: earlier descriptions of this face, each with what was learned from it.
    """
    asked = f"{measured(face)}\n\n{form(labels)}"
    messages = [_said("system", DESCRIBER), _said("user", asked)]
    for description, reflection in memory:
        again = f"That description was not right: {reflection}\n\nDescribe the face anew.\n\n{asked}"
        messages += [_said("assistant", description), _said("user", again)]
    return messages


def infer(description: str, labels: Sequence[str]) -> list[Message]:
    """Ask which expression a description is of; the actions and the annotated label are not told."""
    return [_said("system", READER.format(labels=", ".join(labels))), _said("user", description)]


def reflect(face: FaceActions, description: str, problem: str) -> list[Message]:
    """Ask what to do better.

    Args:
        problem: what is wrong with the description, as a sentence.
    """
    return [
        _said("system", CRITIC),
        _said("user", f"{measured(face)}\n\nThe description:\n{description}\n\nWhat is wrong with it: {problem}"),
    ]


def refine(description: str, labels: Sequence[str]) -> list[Message]:
    """Ask for the same in the right form."""
    return [_said("system", EDITOR), _said("user", f"The form:\n{form(labels)}\n\nThe text:\n{description}")]


def _said(role: str, content: str) -> Message:
    return {"role": role, "content": content}
