"""Several questions about the same faces, each read on from what was read before.

A later question begins as an earlier one: with the picture, the question for the label and its answer. The keys and values of
everything up to the first differing token are kept, for all faces of a batch; answers are those of separate calls.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.generation import padded
from realtime_fer.networks.expllm.label_scores import scores_after
from realtime_fer.networks.expllm.model import ExpLlm, positions_of

try:
    import torch
    from torch import Tensor
    from transformers import DynamicCache
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

Rows = list[list[int]]
Heard = Callable[[Rows], None]


class Conversation:
    """Questions about B faces.

    Args:
        model: in evaluation mode.
        images: from `ExpLlm.image_embeddings`, (B, P, D).

    Attributes:
        tokens_read: positions computed so far, counted once for all faces; what was read on from is not among them.
    """

    def __init__(self, model: ExpLlm, images: Tensor) -> None:
        self.tokens_read = 0
        self._model = model
        self._images = images
        self._cache = DynamicCache()
        self._mask = torch.zeros(len(images), 0, dtype=torch.long, device=images.device)
        self._known: Rows = [[] for _ in range(len(images))]
        """Ids of the first columns of the cache, up to one that is filled up in some row."""

    def answer(self, prompts: Sequence[Sequence[int]], max_new_tokens: int, heard: Heard | None = None) -> Rows:
        """The likeliest token after the other.

        Args:
            prompts: B rows of ids, each with its image ids.
            max_new_tokens: at most so many a row.
            heard: called after each token with the rows so far; what it raises ends the answer.

        Returns:
            Ids of each row up to what ends it, that included.

        Raises:
            ShapeError: a prompt has not its image ids, or there is not one prompt for each face.
        """
        with torch.inference_mode():
            logits = self._read(prompts)
            end = self._model.config.eos_id
            rows: Rows = [[] for _ in prompts]
            while True:
                for row, token in zip(rows, logits.argmax(dim=-1).tolist(), strict=True):
                    if not row or row[-1] != end:
                        row.append(token)
                if heard is not None:
                    heard(rows)
                if max(map(len, rows)) >= max_new_tokens or all(row[-1] == end for row in rows):
                    return rows
                logits = self._go_on([None if row[-1] == end else row[-1] for row in rows])

    def log_probabilities(self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> Tensor:
        """Log-probability of each whole answer after each prompt: float32 (B, A).

        Args:
            prompts: as for `answer`.
            answers: ids of A answers, none empty.

        Raises:
            ShapeError: as `answer`; or an answer is empty.
        """
        with torch.inference_mode():
            logits = self._read(prompts)
            # The twin's tensors are replaced, never written to, so they may be the same.
            twin = copy.copy(self._cache)
            twin.layers = [copy.copy(layer) for layer in self._cache.layers]
            return scores_after(self._model, self._mask, logits, twin, answers)

    def _read(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Read up to where the answers begin -> logits of their first tokens, (B, V)."""
        shared = self._shared(prompts)
        if self._mask.shape[1] > shared:
            # Counted from the end: releases of the library differ in what a length means here.
            self._cache.crop(shared - self._mask.shape[1])
        self._mask = self._mask[:, :shared]
        self._known = [known[:shared] for known in self._known]
        new = [prompt[shared:] for prompt in prompts]
        ids, mask = (table.to(self._images.device) for table in padded(new, self._model.config.pad_id))
        if len({len(part) for part in new}) == 1:
            self._known = [[*known, *part] for known, part in zip(self._known, new, strict=True)]
        if bool((ids == self._model.config.image_token_id).any()):
            return self._run(self._model.embed(ids, self._images), mask)
        return self._run(self._model.language.model.embed_tokens(ids), mask)

    def _go_on(self, tokens: Sequence[int | None]) -> Tensor:
        """One more token in each row; None in a row that has ended."""
        pad = self._model.config.pad_id
        if None not in tokens and len(self._known[0]) == self._mask.shape[1]:
            for known, token in zip(self._known, tokens, strict=True):
                known.append(int(token or 0))
        ids = torch.tensor([[pad if token is None else token] for token in tokens], device=self._images.device)
        real = torch.tensor([[token is not None] for token in tokens], device=self._images.device).long()
        return self._run(self._model.language.model.embed_tokens(ids), real)

    def _run(self, embeddings: Tensor, real: Tensor) -> Tensor:
        self._mask = torch.cat([self._mask, real], dim=1)
        self.tokens_read += real.shape[1]
        found = self._model.language(
            inputs_embeds=embeddings,
            attention_mask=self._mask,
            position_ids=positions_of(self._mask)[:, -real.shape[1] :],
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = found.logits[:, -1].float()
        return logits

    def _shared(self, prompts: Sequence[Sequence[int]]) -> int:
        """How many columns of the cache these prompts begin with, in every row."""
        # At least one token is read, for its logits, even where the same question comes again.
        length = min(len(self._known[0]), *(len(prompt) - 1 for prompt in prompts))
        for known, prompt in zip(self._known, prompts, strict=False):
            length = next((at for at in range(length) if known[at] != prompt[at]), length)
        # The picture is read in one piece.
        image = self._model.config.image_token_id
        return 0 if any(image in prompt[length:] for prompt in prompts) else length
