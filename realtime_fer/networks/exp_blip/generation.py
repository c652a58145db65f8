"""Captions written as published: beams by default, sampling on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.exp_blip.model import ExpBlip

try:
    import torch
    from torch import Tensor
    from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How a caption is written; the defaults are those of the authors' `generate`.

    Attributes:
        num_beams: sentences kept side by side; 1 is greedy.
        max_new_tokens: at most so many a caption, its end mark included.
        min_length: at least so many tokens, counted with the ids of the prompt.
        sample: draw tokens instead (their "nucleus" mode), with one beam.
        top_p: share of the probability that is drawn from.
        temperature: divides logits when drawing.
        repetition_penalty: above 1, tokens already written become less likely.
        length_penalty: power of the length that a beam's log-probability is divided by.
        captions: best ones returned for each face.
    """

    num_beams: int = 5
    max_new_tokens: int = 100
    min_length: int = 1
    sample: bool = False
    top_p: float = 0.9
    temperature: float = 1.0
    repetition_penalty: float = 1.0
    length_penalty: float = 1.0
    captions: int = 1

    def __post_init__(self) -> None:
        for name in ("num_beams", "max_new_tokens", "captions"):
            if getattr(self, name) < 1:
                raise ShapeError(f"generation: expected {name} of at least 1, found {getattr(self, name)}")
        if not self.sample and self.captions > self.num_beams:
            raise ShapeError(f"generation: expected at most num_beams = {self.num_beams} captions, found {self.captions}")
        if not 0 < self.top_p <= 1 or self.temperature <= 0:
            raise ShapeError(
                f"generation: expected top_p in (0, 1] and temperature above 0, found {self.top_p} and {self.temperature}"
            )


DEFAULT: Final = GenerationSettings()
CAPTIONING_TASK: Final = GenerationSettings(max_new_tokens=200, min_length=3)
"""Of the captioning evaluation."""


def generate(
    model: ExpBlip,
    pixels: Tensor,
    prompt_ids: Sequence[int] | None = None,
    settings: GenerationSettings = DEFAULT,
    watch: Callable[[list[list[int]]], None] | None = None,
) -> list[list[list[int]]]:
    """Write captions of faces.

    Args:
        model: in evaluation mode.
        pixels: float32 (B, 3, image_px, image_px), normalised.
        prompt_ids: what each caption goes on from, the beginning included; None: the beginning alone, as published.
        settings: how.
        watch: called after each token with the new ids of every row so far, beams of one face side by side; what it raises
            ends the writing.

    Returns:
        For each face its captions, best first, as token ids without prompt, end mark and padding.

    Raises:
        ShapeError: the prompt is empty or too long, or `pixels` has another shape.
    """
    sizes = model.sizes
    prompt = [sizes.opt_begin_id] if prompt_ids is None else list(prompt_ids)
    room = sizes.opt_positions - sizes.queries - settings.max_new_tokens
    if not 1 <= len(prompt) <= room:
        raise ShapeError(
            f"prompt: expected 1 to {room} ids, which leaves room for {settings.max_new_tokens} new ones, found {len(prompt)}"
        )
    with torch.inference_mode():
        embeddings = model.embed(model.look(pixels), torch.tensor([prompt] * len(pixels)))
        # Only embeddings are given, so that a repetition penalty counts new tokens alone and only new ones come back.
        found: Any = model.blip.language_model.generate(
            inputs_embeds=embeddings,
            attention_mask=torch.ones(embeddings.shape[:2], dtype=torch.long, device=embeddings.device),
            generation_config=_in_library_words(model, len(prompt), settings),
            stopping_criteria=None if watch is None else StoppingCriteriaList([_Watched(watch)]),
        )
    rows = [_cut(row, sizes.opt_end_id, sizes.opt_pad_id) for row in found.sequences.tolist()]
    if settings.num_beams == 1 or settings.sample:
        captions = [tokens for tokens, _ in rows]
        return [captions[first : first + settings.captions] for first in range(0, len(rows), settings.captions)]
    scores, beams = found.sequences_scores.tolist(), settings.num_beams
    return [
        _best_first(rows[first : first + beams], scores[first : first + beams], len(prompt), settings)
        for first in range(0, len(rows), beams)
    ]


class _Watched(StoppingCriteria):  # type: ignore[misc]
    """The library's question whether to stop, between tokens; it never stops a row itself."""

    def __init__(self, watch: Callable[[list[list[int]]], None]) -> None:
        self._watch = watch

    def __call__(self, input_ids: Tensor, scores: Tensor, **_others: Any) -> Tensor:
        """New ids (R, n) -> which rows to stop, bool (R,)."""
        self._watch(input_ids.tolist())
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def _in_library_words(model: ExpBlip, prompt_length: int, settings: GenerationSettings) -> GenerationConfig:
    values: dict[str, Any] = {
        "max_new_tokens": settings.max_new_tokens,
        "min_new_tokens": max(0, settings.min_length - prompt_length),
        "num_beams": 1 if settings.sample else settings.num_beams,
        "num_return_sequences": settings.captions if settings.sample else settings.num_beams,
        "do_sample": settings.sample,
        "repetition_penalty": settings.repetition_penalty,
        "eos_token_id": model.sizes.opt_end_id,
        "pad_token_id": model.sizes.opt_pad_id,
        "bos_token_id": model.sizes.opt_begin_id,
        "return_dict_in_generate": True,
    }
    if settings.sample:
        # Nothing but the share is cut off, as published; the library's own default would keep the 50 likeliest.
        values |= {"top_p": settings.top_p, "top_k": 0, "temperature": settings.temperature}
    elif settings.num_beams > 1:
        values |= {"length_penalty": settings.length_penalty, "output_scores": True}
    return GenerationConfig(**values)


def _cut(row: list[int], end_id: int, pad_id: int) -> tuple[list[int], bool]:
    """The caption of a row, and whether it came to its end."""
    if end_id in row:
        return row[: row.index(end_id)], True
    return [token for token in row if token != pad_id], False


def _best_first(
    rows: Sequence[tuple[list[int], bool]], scores: Sequence[float], prompt_length: int, settings: GenerationSettings
) -> list[list[int]]:
    """Rank one face's beams by the rule of the library that the authors used (transformers 4.26).

    It divides by the ids of prompt and caption without the end mark; today's divides by the new tokens with it. The two differ
    for beams that the limit cuts off, and for longer prompts.
    """

    def old_score(beam: int) -> float:
        tokens, ended = rows[beam]
        divisor = (len(tokens) + ended) / max(1, prompt_length + len(tokens))
        return float(scores[beam] * divisor**settings.length_penalty)

    ranked = sorted(range(len(rows)), key=old_score, reverse=True)
    return [rows[beam][0] for beam in ranked[: settings.captions]]
