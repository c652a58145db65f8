"""Which emotions a caption names.

The authors published no such rule; this is ours. It looks for words, leaves out what a caption denies, and draws no conclusion
from facial actions: "the lips curl upward" names no emotion.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from realtime_fer.networks.exp_blip.denied import denied_spans, inside

_WORDS: Final = {
    "neutral": "neutral neutrality expressionless calm calmness",
    "happiness": "happiness happy happily joy joyful joyous delight delighted cheerful cheerfulness amusement amused pleased "
    "pleasure contentment smile smiles smiling laugh laughs laughing laughter",
    "surprise": "surprise surprised astonishment astonished amazement amazed shock shocked",
    "sadness": "sadness sad sadly sorrow sorrowful grief unhappiness unhappy depression depressed despair cry cries crying "
    "melancholy misery",
    "anger": "anger angry angrily rage furious fury irritation irritated annoyance annoyed frustration frustrated",
    "disgust": "disgust disgusted revulsion distaste aversion",
    "fear": "fear fearful afraid scared terror terrified horror anxiety anxious worry worried panic",
    "contempt": "contempt contemptuous disdain disdainful scorn scornful",
}

EMOTION_WORDS: Final = {label: tuple(words.split()) for label, words in _WORDS.items()}
"""Words for each of the eight classes that the project has. Of FaceME's 85 labels those without a class are left out."""

_CLASS_OF: Final = {word: label for label, words in EMOTION_WORDS.items() for word in words}
_WORD: Final = re.compile(rf"\b(?:{'|'.join(sorted(_CLASS_OF, key=len, reverse=True))})\b")


class EmotionMention(NamedTuple):
    """One word of a caption.

    Attributes:
        label: class, as in `realtime_fer.labels`.
        word: as it stands there, in lower case.
        start: of the word in the caption, characters.
    """

    label: str
    word: str
    start: int


def emotion_mentions(caption: str) -> tuple[EmotionMention, ...]:
    """Every word that names an emotion and is not denied, in order."""
    text = caption.lower()
    denied = denied_spans(text)
    return tuple(
        EmotionMention(_CLASS_OF[found[0]], found[0], found.start())
        for found in _WORD.finditer(text)
        if not inside(found.start(), denied)
    )


def named_emotions(caption: str) -> tuple[str, ...]:
    """The classes a caption names, each once, in order of their first words."""
    return tuple(dict.fromkeys(mention.label for mention in emotion_mentions(caption)))
