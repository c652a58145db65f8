"""The tiny vision-language model as transformers knows models: one class to save, load and call."""

from __future__ import annotations

from typing import Any

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.chain_of_affect_tiny.config import ChainOfAffectTinyConfig
from realtime_fer.networks.chain_of_affect_tiny.face_tower import FaceTower

try:
    import torch
    from torch import Tensor, nn
    from transformers import LlamaForCausalLM, PreTrainedModel
except ImportError as error:
    raise missing_extra("chain-of-affect-tiny in torch", "vlm", error) from error

MIN_SPREAD = 0.05
"""Least standard deviation that a channel is divided by; some hardly ever speak."""


class FaceProjector(nn.Module):  # type: ignore[misc]
    """What the tower sees, standardised by channel, into the width of the language model; each place has its own address.

    Shapes: N faces, P places, C channels, H width.
    """

    def __init__(self, channels: int, places: int, hidden: int) -> None:
        super().__init__()
        # Apart for the summary (0) and the places (1): their channels live on different scales.
        self.register_buffer("mean", torch.zeros(2, channels))
        self.register_buffer("spread", torch.ones(2, channels))
        self.summary = nn.Linear(channels, hidden)
        self.place = nn.Linear(channels, hidden)
        self.address = nn.Parameter(0.02 * torch.randn(1 + places, hidden))

    def fit(self, seen: Tensor) -> None:
        """Learn mean and standard deviation of the channels from what the tower sees of many faces, (N, 1 + P, C)."""
        for kind, part in enumerate((seen[:, :1], seen[:, 1:])):
            self.mean[kind] = part.mean(dim=(0, 1))
            self.spread[kind] = part.std(dim=(0, 1)).clamp_min(MIN_SPREAD)

    def forward(self, seen: Tensor) -> Tensor:
        """(N, 1 + P, C) -> vectors (N, 1 + P, H)."""
        summary = self.summary((seen[:, :1] - self.mean[0]) / self.spread[0])
        places = self.place((seen[:, 1:] - self.mean[1]) / self.spread[1])
        return torch.cat([summary, places], dim=1) + self.address


class ChainOfAffectTiny(PreTrainedModel):  # type: ignore[misc]
    """A face and a question to the next token.

    Shapes: N faces, V = 1 + P vectors a face, H width, L tokens, W words.
    """

    config_class = ChainOfAffectTinyConfig
    base_model_prefix = ""

    def __init__(self, config: ChainOfAffectTinyConfig) -> None:
        super().__init__(config)
        self.tower = FaceTower(config.stem, config.stages)
        self.projector = FaceProjector(self.tower.channels, self.tower.places, config.hidden_size)
        self.language = LlamaForCausalLM(config.language())
        self.post_init()

    def _init_weights(self, module: Any) -> None:
        """Nothing: each part has drawn its weights when it was made, and loading must not draw again."""

    def look(self, faces: Tensor) -> Tensor:
        """Grey faces (N, 1, S, S), 0..255 -> vectors (N, V, H), the same for every question."""
        vectors: Tensor = self.projector(self.tower(faces))
        return vectors

    def embed(self, before_ids: Tensor, vectors: Tensor, after_ids: Tensor) -> Tensor:
        """Ids (N, A), vectors (N, V, H), ids (N, B) -> (N, A + V + B, H)."""
        words = self.language.get_input_embeddings()
        return torch.cat([words(before_ids), vectors.to(words.weight.dtype), words(after_ids)], dim=1)

    def read(self, before_ids: Tensor, vectors: Tensor, after_ids: Tensor, last: int = 1) -> Tensor:
        """Logits of the words that follow the last `last` tokens, (N, last, W)."""
        embedded = self.embed(before_ids, vectors, after_ids)
        hidden = self.language.model(inputs_embeds=embedded, use_cache=False).last_hidden_state
        logits: Tensor = self.language.lm_head(hidden[:, -last:])
        return logits

    def forward(self, input_ids: Tensor, pixel_values: Tensor) -> Tensor:
        """Token ids (N, L), each row with one image token at the same place, and faces (N, 1, S, S) -> logits (N, 1, W).

        Raises:
            ShapeError: a row has no image token, or another place for it.
        """
        rows, places = torch.nonzero(input_ids == self.config.image_token_id, as_tuple=True)
        if len(rows) != len(input_ids) or len(set(rows.tolist())) != len(rows) or len(set(places.tolist())) != 1:
            raise ShapeError("input_ids: expected one image token a row, at the same place in each")
        place = int(places[0])
        return self.read(input_ids[:, :place], self.look(pixel_values), input_ids[:, place + 1 :])
