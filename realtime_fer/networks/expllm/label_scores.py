"""How likely each label is as the whole answer, instead of the one word that greedy decoding gives."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_fer.errors import ShapeError, missing_extra
from realtime_fer.networks.expllm.generation import padded
from realtime_fer.networks.expllm.model import ExpLlm, positions_of
from realtime_fer.networks.expllm.prompts import LABELS, label_prompt
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer

try:
    import torch
    from torch import Tensor
    from transformers import Cache
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error


@torch.inference_mode()
def answer_log_probabilities(model: ExpLlm, prompt: Sequence[int], image: Tensor, answers: Sequence[Sequence[int]]) -> Tensor:
    """Log-probability of each answer after a prompt: the sum over its tokens, what ends it included.

    The prompt is read once; the answers go on from its cache side by side.

    Args:
        model: in evaluation mode.
        prompt: ids, with the image ids.
        image: (1, P, D), from `ExpLlm.image_embeddings`.
        answers: ids of each, none empty.

    Returns:
        float32, shape (len(answers),).

    Raises:
        ShapeError: the prompt has not its image ids, or an answer is empty.
    """
    ids = torch.tensor([list(prompt)], device=image.device)
    mask = torch.ones_like(ids)
    read = model.language(
        inputs_embeds=model.embed(ids, image),
        attention_mask=mask,
        position_ids=positions_of(mask),
        use_cache=True,
        logits_to_keep=1,
    )
    return scores_after(model, mask, read.logits[:, -1], read.past_key_values, answers)[0]


@torch.inference_mode()
def scores_after(model: ExpLlm, mask: Tensor, first_logits: Tensor, cache: Cache, answers: Sequence[Sequence[int]]) -> Tensor:
    """Log-probability of each of A answers after what was read already.

    Args:
        model: in evaluation mode.
        mask: int64 (B, T) of what was read, 0 where a row is filled up.
        first_logits: (B, V), of the token that comes next.
        cache: keys and values of what was read; of no use afterwards.
        answers: ids of each, none empty.

    Returns:
        float32, shape (B, A): sums over the tokens of an answer, what ends it included.

    Raises:
        ShapeError: an answer is empty.
    """
    targets, real = (table.to(first_logits.device) for table in padded(answers, model.config.pad_id, side="right"))
    rows, count = len(mask), len(answers)
    logits = first_logits[:, None].float().repeat_interleave(count, dim=0)
    targets, real = targets.repeat(rows, 1), real.repeat(rows, 1)
    if targets.shape[1] > 1:
        cache.batch_repeat_interleave(count)
        whole = torch.cat([mask.repeat_interleave(count, dim=0), real[:, :-1]], dim=1)
        following = model.language(
            input_ids=targets[:, :-1],
            attention_mask=whole,
            position_ids=positions_of(whole)[:, mask.shape[1] :],
            past_key_values=cache,
            use_cache=True,
        ).logits
        logits = torch.cat([logits, following.float()], dim=1)
    chosen = logits.log_softmax(dim=-1).gather(2, targets[..., None])[..., 0]
    total: Tensor = (chosen * real).sum(dim=1).view(rows, count)
    return total


def label_distribution(
    model: ExpLlm, tokenizer: ExpLlmTokenizer, image: Tensor, labels: Sequence[str] = LABELS
) -> dict[str, float]:
    """Probability of each label, given that the answer is one of them.

    Args:
        model: in evaluation mode.
        tokenizer: of the same checkpoint.
        image: (1, P, D), from `ExpLlm.image_embeddings`.
        labels: the words to compare, each once.

    Returns:
        Shares that add up to 1, by label.

    Raises:
        ShapeError: there is no label, or one twice.
    """
    if not labels or len(set(labels)) != len(labels):
        raise ShapeError(f"labels: expected at least one and each once, found {list(labels)}")
    answers = [tokenizer.answer_ids(label) for label in labels]
    scores = answer_log_probabilities(model, tokenizer.encode(label_prompt()), image, answers)
    return dict(zip(labels, scores.softmax(dim=0).tolist(), strict=True))
