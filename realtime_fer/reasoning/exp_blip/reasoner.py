"""A caption of Exp-BLIP as an answer."""

from __future__ import annotations

from collections.abc import Callable

from realtime_fer.networks.exp_blip.captioner import ExpBlipCaptioner
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK, GenerationSettings
from realtime_fer.reasoning.exp_blip.answer import CAPTION, NAME, caption_answer
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.speaking import FaceWriter
from realtime_fer.reasoning.telling import Telling


class ExpBlipReasoner(FaceWriter):
    """A captioner as a reasoner; tells the step `caption`.

    Args:
        captioner: who writes.
        settings: how; with one beam the caption is told token by token, with several only at its end: until then, the beams may
            still change places. It stops between tokens also with several.
        prompt: what captions go on from; the networks were trained without one.
        version: which weights, for answers.
        face_margin: see `FaceWriter`.
    """

    def __init__(
        self,
        captioner: ExpBlipCaptioner,
        *,
        version: str,
        settings: GenerationSettings = CAPTIONING_TASK,
        prompt: str = "",
        face_margin: float | None = 0.0,
    ) -> None:
        super().__init__(NAME, version, face_margin)
        self.captioner = captioner
        self.settings = settings
        self._prompt = prompt

    def _write(self, face: ImageRgb, telling: Telling) -> ReasoningAnswer:
        ((caption, *_),) = self.captioner.describe(
            [face], self.settings, self._prompt, self._watch(telling) if telling.is_heard else None
        )
        telling.tell(CAPTION, caption.text)
        return caption_answer(caption.text, self.captioner.kind, self.version)

    def _watch(self, telling: Telling) -> Callable[[list[list[int]]], None]:
        end, alone = self.captioner.model.sizes.opt_end_id, self.settings.num_beams == 1 or self.settings.sample

        def watch(rows: list[list[int]]) -> None:
            if alone:
                telling.tell(CAPTION, self.captioner.tokenizer.decode(token for token in rows[0] if token != end))
            else:
                telling.go_on()

        return watch
