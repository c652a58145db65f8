"""ExpLLM asked about faces: the label and the description, in either order, one face or several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, NamedTuple

from realtime_fer.errors import ModelShapeError, missing_extra
from realtime_fer.networks.expllm.action_mentions import action_mentions
from realtime_fer.networks.expllm.analysis import FaceAnalysis
from realtime_fer.networks.expllm.answer import label_of, sections_of
from realtime_fer.networks.expllm.generation import DESCRIPTION_TOKENS, LABEL_TOKENS
from realtime_fer.networks.expllm.image_processor import ImageRgb, pixel_values
from realtime_fer.networks.expllm.model import ExpLlm
from realtime_fer.networks.expllm.prompts import DESCRIPTION, EXPRESSION, LABELS, Task, Turn, conversation_text
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer
from realtime_fer.reasoning.expllm.conversation import Conversation

try:
    import torch
except ImportError as error:
    raise missing_extra("ExpLLM", "vlm", error) from error

LABEL: Final = "label"
DESCRIBED: Final = "description"

Told = Callable[[str, str], None]
"""Called with a step and its text so far."""


class Order(str, Enum):
    """Which question comes first; its answer stands in the history of the other.

    Members: `LABEL_FIRST` as in the published evaluation; `DESCRIPTION_FIRST` as in the training's turns on RAF-DB.
    """

    LABEL_FIRST = "label-first"
    DESCRIPTION_FIRST = "description-first"

    @property
    def tasks(self) -> tuple[Task, Task]:
        """What is asked, in turn."""
        return (EXPRESSION, DESCRIPTION) if self is Order.LABEL_FIRST else (DESCRIPTION, EXPRESSION)

    @property
    def steps(self) -> tuple[str, str]:
        """Names of the answers, in turn."""
        return (LABEL, DESCRIBED) if self is Order.LABEL_FIRST else (DESCRIBED, LABEL)


class FaceReading(NamedTuple):
    """What was written about one face.

    Attributes:
        analysis: label, description and what is in it.
        distribution: probability of each label as the whole answer, given that it is one of them; sums to 1.
    """

    analysis: FaceAnalysis
    distribution: dict[str, float]


class ExpLlmAnalyst:
    """A loaded network that answers both questions.

    Args:
        model, tokenizer: of one checkpoint.
        order: which comes first.
        labels: that the distribution is over; RAF-DB's weights know no Contempt.
        label_tokens, description_tokens: at most so many for each answer.

    Raises:
        ModelShapeError: the tokenizer's id of a patch is not that of the model.
    """

    def __init__(
        self,
        model: ExpLlm,
        tokenizer: ExpLlmTokenizer,
        *,
        order: Order = Order.LABEL_FIRST,
        labels: Sequence[str] = LABELS,
        label_tokens: int = LABEL_TOKENS,
        description_tokens: int = DESCRIPTION_TOKENS,
    ) -> None:
        if tokenizer.image_id != model.config.image_token_id:
            raise ModelShapeError(
                f"tokenizer: expected {model.config.image_token_id} pieces, as config.json says, found {tokenizer.image_id}; "
                "is tokenizer.model of this checkpoint?"
            )
        self.model = model
        self.tokenizer = tokenizer
        self.order = order
        self.labels = tuple(labels)
        self._limits = {EXPRESSION: label_tokens, DESCRIPTION: description_tokens}
        self._label_answers = [tokenizer.answer_ids(label) for label in self.labels]

    def read(self, pictures: Sequence[ImageRgb], told: Told | None = None) -> list[FaceReading]:
        """Label and describe faces; each as if it were alone.

        Args:
            pictures: B >= 1 face crops, uint8 (H, W, 3), RGB, any sizes.
            told: hears the first face's answers as they grow, after every token; what it raises ends the reading.

        Raises:
            ShapeError: there is no picture, or one is not uint8 (H, W, 3).
        """
        encoder = next(self.model.vision.parameters()).device
        with torch.inference_mode():
            images = self.model.image_embeddings(pixel_values(pictures).to(encoder))
        conversation = Conversation(self.model, images.to(self.model.language.model.embed_tokens.weight.device))
        histories: list[list[Turn]] = [[] for _ in pictures]
        found: dict[Task, list[str]] = {}
        shares: list[list[float]] = []
        for task in self.order.tasks:
            prompts = [self.tokenizer.encode(conversation_text([*turns, Turn(task)])) for turns in histories]
            if task is EXPRESSION:
                shares = conversation.log_probabilities(prompts, self._label_answers).softmax(dim=1).tolist()
            found[task] = self._ask(conversation, prompts, task, told)
            for turns, answer in zip(histories, found[task], strict=True):
                turns.append(Turn(task, answer))
        return [
            FaceReading(_analysis(answer, text), dict(zip(self.labels, row, strict=True)))
            for answer, text, row in zip(found[EXPRESSION], found[DESCRIPTION], shares, strict=True)
        ]

    def _ask(self, conversation: Conversation, prompts: Sequence[Sequence[int]], task: Task, told: Told | None) -> list[str]:
        step = LABEL if task is EXPRESSION else DESCRIBED

        def heard(rows: list[list[int]]) -> None:
            if told is not None:
                told(step, self.tokenizer.decode(rows[0]))

        return [self.tokenizer.decode(row) for row in conversation.answer(prompts, self._limits[task], heard)]


def _analysis(answer: str, text: str) -> FaceAnalysis:
    sections = sections_of(text)
    return FaceAnalysis(answer, label_of(answer), text, sections, action_mentions(sections.observations if sections else text))
