"""A tiny chain model whose networks are scripted; tokenizer and wording are the shipped ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime_fer.reasoning.chain_of_affect.label_set import CROWD_LABELS
from realtime_fer.reasoning.chain_of_affect.tiny import FloatArray, TinyChainModel, TinyFacts
from tests.networks.chain_of_affect_tiny.shipped import shipped_tokenizer

FACTS = TinyFacts(CROWD_LABELS, (0.5, 2.0), 48, 0.0, 80)


class ScriptedNetworks:
    """Says these words, one call after the other, each with a logit of 4; notes what it saw and read."""

    def __init__(self, words: Sequence[str]) -> None:
        self.tokenizer = shipped_tokenizer()
        self.words = [self.tokenizer.encode(word)[0] for word in words]
        self.seen: list[FloatArray] = []
        self.read: list[str] = []

    def look(self, faces: FloatArray) -> FloatArray:
        self.seen.append(faces)
        return np.zeros((1, 10, 4), np.float32)

    def next_word(self, before_ids: np.ndarray, vectors: FloatArray, after_ids: np.ndarray) -> FloatArray:
        assert vectors.shape == (1, 10, 4)
        self.read.append(self.tokenizer.decode([*before_ids[0].tolist(), *after_ids[0].tolist()]))
        logits = np.zeros((1, 600), np.float32)
        logits[0, self.words[len(self.read) - 1]] = 4
        return logits


def scripted(*words: str, in_words: bool = False) -> tuple[TinyChainModel, ScriptedNetworks]:
    """A model that says these words."""
    networks = ScriptedNetworks(words)
    return TinyChainModel(networks, networks.tokenizer, FACTS, version="9", in_words=in_words), networks
