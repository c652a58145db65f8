"""Greedy answers of ExpLLM, as its evaluation makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.expllm.config import ExpLlmConfig
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer

try:
    import torch
    from torch import Tensor
    from transformers import GenerationConfig
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

LABEL_TOKENS: Final = 100
DESCRIPTION_TOKENS: Final = 800
"""At most so many for an answer, as published; descriptions of the training have 137 to 280."""


class Generated(NamedTuple):
    """What was written.

    Attributes:
        token_ids: of each row, up to what ends it, that included.
        logits: float32, (B, steps, V): each chose the token of its step.
    """

    token_ids: list[list[int]]
    logits: Tensor


def padded(prompts: Sequence[Sequence[int]], pad_id: int, side: str = "left") -> tuple[Tensor, Tensor]:
    """Prompts of different lengths as one table, and which entries are real: both int64, (B, T).

    Args:
        prompts: ids of each row.
        pad_id: fills up.
        side: "left" to answer, so that all answers begin in one column; "right" to learn.

    Raises:
        ShapeError: there is no prompt, or an empty one.
    """
    if not prompts or not all(prompts):
        raise ShapeError(f"prompts: expected at least one, none empty, found lengths {[len(ids) for ids in prompts]}")
    length = max(map(len, prompts))
    ids = torch.full((len(prompts), length), pad_id)
    mask = torch.zeros(len(prompts), length, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        where = slice(length - len(prompt), length) if side == "left" else slice(len(prompt))
        ids[row, where] = torch.tensor(prompt)
        mask[row, where] = 1
    return ids, mask


def greedy_config(config: ExpLlmConfig, max_new_tokens: int) -> GenerationConfig:
    """Always the likeliest token. Stated in full: Vicuna's own settings would draw at random."""
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        bos_token_id=config.bos_id,
        eos_token_id=config.eos_id,
        pad_token_id=config.pad_id,
        return_dict_in_generate=True,
        output_logits=True,
    )


@torch.inference_mode()
def generate(model: ExpLlm, prompts: Sequence[Sequence[int]], images: Tensor, max_new_tokens: int) -> Generated:
    """Answer each prompt about its picture.

    Args:
        model: in evaluation mode.
        prompts: B rows of ids, any lengths, each with its image ids.
        images: from `ExpLlm.image_embeddings`, (B, P, D).
        max_new_tokens: at most so many a row.

    Raises:
        ShapeError: a prompt has not its image ids, or there is not one picture for each.
    """
    ids, mask = (table.to(images.device) for table in padded(prompts, model.config.pad_id))
    found = model.language.generate(
        inputs_embeds=model.embed(ids, images),
        attention_mask=mask,
        generation_config=greedy_config(model.config, max_new_tokens),
    )
    rows = []
    for row in found.sequences.tolist():
        end = row.index(model.config.eos_id) + 1 if model.config.eos_id in row else len(row)
        rows.append(row[:end])
    return Generated(rows, torch.stack([step.float() for step in found.logits], dim=1))


def write(model: ExpLlm, tokenizer: ExpLlmTokenizer, prompts: Sequence[str], images: Tensor, max_new_tokens: int) -> list[str]:
    """Answers as text, without outer white space; arguments as for `generate`, but the prompts are text."""
    generated = generate(model, [tokenizer.encode(prompt) for prompt in prompts], images, max_new_tokens)
    return [tokenizer.decode(row) for row in generated.token_ids]
