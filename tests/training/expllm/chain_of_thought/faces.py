"""Faces as they are annotated, and texts about them."""

from __future__ import annotations

from realtime_fer.training.expllm.chain_of_thought.face_actions import ActiveAction, FaceActions

HAPPY = FaceActions(
    "happy.png",
    "Happiness",
    (ActiveAction(12, "left lip corner pull", 0.8), ActiveAction(13, "right lip corner pull", 0.75)),
    tuple(0.8 if number == 12 else 0.75 if number == 13 else 0.0 for number in range(1, 25)),
)
ANGRY = FaceActions(
    "angry.png", "Anger", (ActiveAction("AU4", "brow lowerer", 0.8), ActiveAction("AU7", "lid tightener", None))
)

FILLER = "It is a clear sign, and together with how little else is going on it leaves few other readings open to anyone. "


def text_of(observations: str, conclusion: str) -> str:
    """In the form that is asked for, of about 90 words."""
    return (
        f"**Key Observations:** {observations} {FILLER}\n\n**Overall Emotional Interpretation:** {FILLER}{FILLER}\n\n"
        f"**Conclusion:** {conclusion}"
    )


GOOD = text_of("Both lip corners are strongly pulled up.", "The face shows happiness.")
WRONG_LABEL = text_of("Both lip corners are strongly pulled up.", "The face shows contempt.")
INVENTED = text_of("Both lip corners are strongly pulled up, and the brows are lowered.", "The face shows happiness.")
