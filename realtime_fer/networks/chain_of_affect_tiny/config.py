"""Sizes of the tiny vision-language model, as its `config.json` says them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime_fer.errors import missing_extra

try:
    from transformers import LlamaConfig, PretrainedConfig
except ImportError as error:
    raise missing_extra("chain-of-affect-tiny in torch", "vlm", error) from error


class ChainOfAffectTinyConfig(PretrainedConfig):  # type: ignore[misc]
    """Sizes and tokens.

    Args:
        stem, stages: of the face tower, see `compact_emotion_gcn.Backbone`.
        vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, max_position_embeddings: of the
            Llama.
        image_token_id: stands for the face in a text, once.
        eos_token_id: ends an answer.
        labels: words that answers are made of, the one for "nothing else" last.
        answer_token_ids: the token of each label at the beginning of an answer.
        temperatures: of the label distributions of the first and the second question.
    """

    model_type = "chain_of_affect_tiny"

    def __init__(
        self,
        *,
        stem: int = 24,
        stages: Sequence[Sequence[int]] = ((48, 2), (48, 1), (96, 2), (96, 1), (192, 2), (192, 1), (256, 2)),
        vocab_size: int = 512,
        hidden_size: int = 128,
        intermediate_size: int = 384,
        num_hidden_layers: int = 3,
        num_attention_heads: int = 4,
        max_position_embeddings: int = 256,
        image_token_id: int = 4,
        eos_token_id: int = 3,
        labels: Sequence[str] = (),
        answer_token_ids: Sequence[int] = (),
        temperatures: Sequence[float] = (1.0, 1.0),
        **others: Any,
    ) -> None:
        super().__init__(eos_token_id=eos_token_id, **others)
        self.stem = stem
        # Lists all the way down, as they come back from JSON.
        self.stages = [list(stage) for stage in stages]
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.max_position_embeddings = max_position_embeddings
        self.image_token_id = image_token_id
        self.labels = list(labels)
        self.answer_token_ids = list(answer_token_ids)
        self.temperatures = list(temperatures)

    def language(self) -> LlamaConfig:
        """The same, as the Llama wants it."""
        return LlamaConfig(
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            num_key_value_heads=self.num_attention_heads,
            max_position_embeddings=self.max_position_embeddings,
            bos_token_id=None,
            eos_token_id=self.eos_token_id,
            pad_token_id=0,
            tie_word_embeddings=False,
        )
