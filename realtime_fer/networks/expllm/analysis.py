"""A face read by ExpLLM: its label, and the chain of thought behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from realtime_fer.errors import missing_extra
from realtime_fer.networks.expllm.action_mentions import ActionMention, action_mentions
from realtime_fer.networks.expllm.answer import Sections, label_of, sections_of
from realtime_fer.networks.expllm.generation import DESCRIPTION_TOKENS, LABEL_TOKENS, write
from realtime_fer.networks.expllm.image_processor import ImageRgb, pixel_values
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.prompts import description_prompt, label_prompt
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer

try:
    import torch
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error


class FaceAnalysis(NamedTuple):
    """What was written about one face.

    Attributes:
        answer: to the question for the label, as written.
        label: one of `prompts.LABELS`, or None where the answer is none of them.
        description: the chain of thought, as written.
        sections: its three parts, or None where it has not that form.
        actions: facial actions its observations (the whole text where it has no parts) speak of.
    """

    answer: str
    label: str | None
    description: str
    sections: Sections | None
    actions: tuple[ActionMention, ...]


@torch.inference_mode()
def analyse(
    model: ExpLlm,
    tokenizer: ExpLlmTokenizer,
    pictures: Sequence[ImageRgb],
    *,
    label_tokens: int = LABEL_TOKENS,
    description_tokens: int = DESCRIPTION_TOKENS,
) -> list[FaceAnalysis]:
    """Label and describe faces, as the published evaluation does: the label first, and with it in the history, the description.

    Args:
        model: in evaluation mode.
        tokenizer: of the same checkpoint.
        pictures: B >= 1 face crops, uint8 (H, W, 3), RGB, any sizes.
        label_tokens, description_tokens: at most so many for each answer.

    Raises:
        ShapeError: there is no picture, or one is not uint8 (H, W, 3).
    """
    device = model.language.model.embed_tokens.weight.device
    images = model.image_embeddings(pixel_values(pictures).to(device))
    answers = write(model, tokenizer, [label_prompt()] * len(pictures), images, label_tokens)
    texts = write(model, tokenizer, [description_prompt(answer) for answer in answers], images, description_tokens)
    read = []
    for answer, text in zip(answers, texts, strict=True):
        sections = sections_of(text)
        actions = action_mentions(sections.observations if sections else text)
        read.append(FaceAnalysis(answer, label_of(answer), text, sections, actions))
    return read
