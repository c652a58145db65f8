"""The network of the first training stage: how well a text fits a face, and texts written word by word."""

from __future__ import annotations

from typing import Any, Final

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.exp_blip.model import Float32LayerNorm, blip2_config
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
    from transformers import BertConfig, Blip2ForImageTextRetrieval
    from transformers.models.bert.modeling_bert import BertLMPredictionHead
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

FIRST_TEMPERATURE: Final = 0.07
MATCH: Final = 1
"""Of the two classes of `match_logits`: the text belongs to the face."""


class ExpBlipStageOne(nn.Module):  # type: ignore[misc]
    """Faces and texts compared in three ways.

    Args:
        sizes: those of the language model are not used.
        attention: "sdpa" or "eager".

    Shapes: B faces of T image tokens, Q queries, C texts of L BERT ids, filled up with `sizes.bert_pad_id`. Text passes the
    same self-attention as the queries, and feed-forward layers of its own.
    """

    def __init__(self, sizes: ExpBlipSizes = PUBLISHED, attention: str = "sdpa") -> None:
        super().__init__()
        self.sizes = sizes
        self.blip: Any = Blip2ForImageTextRetrieval(blip2_config(sizes, attention, text_input=True))
        self.blip.vision_model.post_layernorm = Float32LayerNorm(sizes.vision_hidden, eps=sizes.ln_vision_eps)
        self.writing_head: Any = BertLMPredictionHead(
            BertConfig(vocab_size=sizes.bert_words, hidden_size=sizes.qformer_hidden, layer_norm_eps=sizes.qformer_norm_eps)
        )
        self.writing_head.decoder.weight = self.blip.embeddings.word_embeddings.weight
        self.writing_head.decoder.bias = self.writing_head.bias
        self.temperature = nn.Parameter(torch.tensor(FIRST_TEMPERATURE))

    def image_embeddings(self, pixels: Tensor) -> Tensor:
        """Normalised pixels (B, 3, image_px, image_px) -> (B, T, vision_hidden)."""
        embeddings: Tensor = self.blip.vision_model(pixel_values=pixels).last_hidden_state
        return embeddings

    def image_features(self, image: Tensor) -> Tensor:
        """Image embeddings (B, T, vision_hidden) -> unit vectors (B, Q, matching_hidden)."""
        queries = self.blip.query_tokens.expand(len(image), -1, -1)
        seen = self.blip.qformer(query_embeds=queries, encoder_hidden_states=image).last_hidden_state
        return functional.normalize(self.blip.vision_projection(seen), dim=-1)

    def text_features(self, text_ids: Tensor) -> Tensor:
        """Texts (C, L) -> unit vectors (C, matching_hidden), from their first token."""
        hidden = self.blip.qformer(
            query_embeds=self.blip.embeddings(input_ids=text_ids),
            query_length=0,
            attention_mask=(text_ids != self.sizes.bert_pad_id).long(),
        ).last_hidden_state
        return functional.normalize(self.blip.text_projection(hidden[:, 0]), dim=-1)

    def similarity(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """Cosine of the query that fits a text best: (B, Q, M), (C, M) -> (B, C)."""
        cosines: Tensor = torch.einsum("bqm,cm->bcq", image_features, text_features)
        return cosines.amax(dim=-1)

    def match_logits(self, image: Tensor, text_ids: Tensor) -> Tensor:
        """No match and match, for pairs: image embeddings (B, T, vision_hidden), texts (B, L) -> (B, 2).

        Raises:
            ShapeError: there are not as many texts as faces.
        """
        real = (text_ids != self.sizes.bert_pad_id).long()
        seen = torch.cat([real.new_ones(len(real), self.sizes.queries), real], dim=1)
        hidden = self._read_both(image, text_ids, seen)
        logits: Tensor = self.blip.itm_head(hidden[:, : self.sizes.queries])
        return logits.mean(dim=1)

    def writing_logits(self, image: Tensor, text_ids: Tensor) -> Tensor:
        """Logits of the token after each, for pairs: (B, T, vision_hidden), texts (B, L) -> (B, L, bert_words).

        The first id of each text is replaced by the one that begins a text to be written. A token sees the queries, the tokens
        before it and itself; the queries see no text.

        Raises:
            ShapeError: there are not as many texts as faces.
        """
        begun = text_ids.clone()
        begun[:, 0] = self.sizes.bert_decode_id
        queries, length = self.sizes.queries, text_ids.shape[1]
        seen = torch.ones(queries + length, queries + length, dtype=torch.bool, device=text_ids.device).tril()
        seen[:queries, :queries] = True
        real = torch.cat([seen.new_ones(len(begun), queries), text_ids != self.sizes.bert_pad_id], dim=1)
        allowed = seen[None, None] & real[:, None, None, :]
        # Added to the scores, which both kinds of attention understand.
        mask = torch.zeros(allowed.shape, device=image.device).masked_fill(~allowed, torch.finfo(torch.float32).min)
        hidden = self._read_both(image, begun, mask)
        logits: Tensor = self.writing_head(hidden[:, queries:])
        return logits

    def _read_both(self, image: Tensor, text_ids: Tensor, mask: Tensor) -> Tensor:
        """Queries and text in one sequence: (B, Q + L, qformer_hidden)."""
        if len(image) != len(text_ids):
            raise ShapeError(f"pairs: expected as many texts as faces, found {len(text_ids)} and {len(image)}")
        queries = self.blip.query_tokens.expand(len(image), -1, -1)
        hidden: Tensor = self.blip.qformer(
            query_embeds=self.blip.embeddings(input_ids=text_ids, query_embeds=queries),
            query_length=self.sizes.queries,
            attention_mask=mask,
            encoder_hidden_states=image,
        ).last_hidden_state
        return hidden
