"""Which of our expression labels a reasoner means by its own word for it."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "neutral": "neutral neutrality neutrally calm calmness calmly expressionless",
    "happiness": "happiness happy happily joy joyful joyfully amusement amused delight delighted",
    "surprise": "surprise surprised surprisingly surprisedly astonishment astonished amazement amazed",
    "sadness": "sadness sad sadly sorrow sorrowful unhappiness unhappy",
    "anger": "anger angry angrily rage enraged",
    "disgust": "disgust disgusted disgustedly disgustingly revulsion",
    "fear": "fear fearful fearfully afraid scared fright frightened",
    "contempt": "contempt contemptuous contemptuously scorn scornful scornfully",
}
"""By label of ours: nouns, adjectives and adverbs, as answers of the published systems and of people use them.

For a word that stands alone. In a sentence, "smile" and "worried" tell of an expression too: `exp_blip.emotion_mentions`.
"""

LABEL_OF_WORD: Final = {word: label for label, words in _WORDS.items() for word in words.split()}


def expression_of(word: str) -> str | None:
    """Our label for a word such as "Happily" or "joy"; None for any other word and for several."""
    return LABEL_OF_WORD.get(word.strip(" \t\r\n.,;:!\"'").lower())
