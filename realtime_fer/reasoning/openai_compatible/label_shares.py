"""How likely each label was, from the probabilities of the first tokens of an answer.

An answer is a path through tokens; at each step the server names the likeliest ones. What each of them could become is seen by
comparing letters: a token counts for the labels that begin with it, or that it begins with.

- It fits one label alone: its probability is that label's. The rest of a token that was not chosen is not known; the one that
  was must go on to the whole label, or it counts for none ("An" for "An odd face" is not Anger).
- It fits several, and was chosen: the next token decides among them, and so on. What was not chosen is shared evenly.
- It fits none, or is not among those named: that probability is dropped, and so is that of a token without letters, as a quote
  or a space, unless it was chosen; then the next token is looked at.

What remains is divided by its sum, `mass`. Upper and lower case, and quotes, stops and spaces in front, make no difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.openai_compatible.completion import TokenChoice, TokenStep

_IN_FRONT: Final = " \t\r\n\"'`*([{_\u2581\u0120\u010a\u201c\u2018"
"""Also what tokenizers write for a space and a new line, where a server shows tokens raw."""


@dataclass(frozen=True, slots=True)
class LabelShares:
    """What the first tokens say about the labels.

    Attributes:
        distribution: probability by label, summing to 1; None where no token fits a label.
        mass: the probability, in [0, 1], that was on labels at all.
    """

    distribution: dict[str, float] | None
    mass: float


def label_shares(steps: Sequence[TokenStep], labels: Sequence[str] = BASIC_LABELS) -> LabelShares:
    """Compare the tokens of an answer with labels (the rules are at the top of this module)."""
    shares = dict.fromkeys(labels, 0.0)
    answer = _word("".join(step.token for step in steps))
    left, path, weight = tuple(labels), "", 1.0
    for step in steps:
        for other in _not_chosen(step):
            if _word(path + other.token) != _word(path):
                _share(shares, _fitting(path + other.token, left), weight * math.exp(other.logprob))
        path += step.token
        weight *= math.exp(step.logprob)
        left = _fitting(path, left)
        if len(left) <= 1:
            break
    _share(shares, left if _word(path) and _fitting(answer, left) else (), weight)
    mass = sum(shares.values())
    if mass <= 0.0:
        return LabelShares(None, 0.0)
    return LabelShares({label: share / mass for label, share in shares.items()}, min(1.0, mass))


def _not_chosen(step: TokenStep) -> list[TokenChoice]:
    """The alternatives without the token itself; another token that reads the same stays."""
    others = list(step.top_logprobs or ())
    same = [index for index, other in enumerate(others) if other.token == step.token]
    if same:
        del others[min(same, key=lambda index: abs(others[index].logprob - step.logprob))]
    return others


def _share(shares: dict[str, float], labels: Sequence[str], probability: float) -> None:
    for label in labels:
        shares[label] += probability / len(labels)


def _word(text: str) -> str:
    return text.lstrip(_IN_FRONT).lower()


def _fitting(text: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that begin with this text, or that it begins with, as a word of its own."""
    word = _word(text)
    return tuple(label for label in labels if label.lower().startswith(word) or _begins_with(word, label.lower()))


def _begins_with(word: str, label: str) -> bool:
    return word.startswith(label) and not word[len(label)].isalpha()
