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
    targets, real = (table.to(image.device) for table in padded(answers, model.config.pad_id, side="right"))
    ids = torch.tensor([list(prompt)], device=image.device)
    mask = torch.ones_like(ids)
    read = model.language(
        inputs_embeds=model.embed(ids, image),
        attention_mask=mask,
        position_ids=positions_of(mask),
        use_cache=True,
        logits_to_keep=1,
    )
    first = read.logits[:, -1:].expand(len(answers), -1, -1)
    logits = first
    if targets.shape[1] > 1:
        cache = read.past_key_values
        cache.batch_repeat_interleave(len(answers))
        whole = torch.cat([mask.expand(len(answers), -1), real[:, :-1]], dim=1)
        following = model.language(
            input_ids=targets[:, :-1],
            attention_mask=whole,
            position_ids=positions_of(whole)[:, len(prompt) :],
            past_key_values=cache,
            use_cache=True,
        ).logits
        logits = torch.cat([first, following], dim=1)
    chosen = logits.float().log_softmax(dim=-1).gather(2, targets[..., None])[..., 0]
    total: Tensor = (chosen * real).sum(dim=1)
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
