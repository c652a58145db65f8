"""A face to a sentence, and to the action units and emotions that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from realtime_fer.errors import ModelShapeError
from realtime_fer.networks.exp_blip.action_mentions import named_actions
from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind
from realtime_fer.networks.exp_blip.emotion_mentions import named_emotions
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK, GenerationSettings, generate
from realtime_fer.networks.exp_blip.model import ExpBlip
from realtime_fer.networks.exp_blip.preprocessing import ImageRgb, pixel_values
from realtime_fer.networks.exp_blip.tokenizer import OptTokenizer


class FaceCaption(NamedTuple):
    """What a network wrote about a face.

    Attributes:
        text: in lower case, as the networks write.
        action_units: that it names, in order of number; empty for captions about emotions alone.
        emotions: classes that it names, in order of mention; empty for captions about actions alone.
    """

    text: str
    action_units: tuple[str, ...]
    emotions: tuple[str, ...]


class ExpBlipCaptioner:
    """One of the three trainings with its tokenizer.

    Args:
        model: in evaluation mode.
        tokenizer: of OPT.
        kind: which training the weights are of; nothing in a file tells.

    Raises:
        ModelShapeError: the tokenizer's ids are not those the model was made for.
    """

    def __init__(self, model: ExpBlip, tokenizer: OptTokenizer, kind: CaptionKind = CaptionKind.EXPRESSION) -> None:
        sizes = model.sizes
        expected = (sizes.opt_begin_id, sizes.opt_pad_id, sizes.opt_end_id)
        found = (tokenizer.begin_id, tokenizer.pad_id, tokenizer.end_id)
        if found != expected:
            raise ModelShapeError(f"tokenizer: expected begin, pad and end ids {expected}, found {found}; is it OPT's?")
        self.model = model
        self.tokenizer = tokenizer
        self.kind = kind

    def describe(
        self,
        pictures: Sequence[ImageRgb],
        settings: GenerationSettings = CAPTIONING_TASK,
        prompt: str = "",
        watch: Callable[[list[list[int]]], None] | None = None,
    ) -> list[list[FaceCaption]]:
        """Write about faces.

        Args:
            pictures: uint8 (H, W, 3), RGB, one face each, any sizes.
            settings: how captions are written.
            prompt: what they go on from; the networks were trained without one.
            watch: see `generation.generate`.

        Returns:
            For each face its captions, best first.

        Raises:
            ShapeError: there is no picture, one is not uint8 (H, W, 3), or the prompt is too long.
        """
        pixels = pixel_values(pictures, self.model.sizes.image_px)
        found = generate(self.model, pixels, self.tokenizer.prompt_ids(prompt), settings, watch)
        return [[self.read(self.tokenizer.decode(ids)) for ids in captions] for captions in found]

    def read(self, text: str) -> FaceCaption:
        """A caption with what its kind can name."""
        actions = named_actions(text) if self.kind.tells_actions else ()
        emotions = named_emotions(text) if self.kind.tells_emotions else ()
        return FaceCaption(text, actions, emotions)
