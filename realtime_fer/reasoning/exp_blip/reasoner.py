"""A caption of Exp-BLIP as an answer."""

from __future__ import annotations

from collections.abc import Callable

from realtime_fer.networks.exp_blip.captioner import ExpBlipCaptioner
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK, GenerationSettings
from realtime_fer.reasoning.chain_of_affect.face import cut_face
from realtime_fer.reasoning.exp_blip.answer import CAPTION, NAME, caption_answer
from realtime_fer.reasoning.listener import Listener
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.reasoning.telling import Telling


class ExpBlipReasoner:
    """A captioner as a reasoner that can be heard at work (see `listener.SpeakingReasoner`).

    Args:
        captioner: who writes.
        settings: how; with one beam the caption is told token by token, with several only at its end: until then, the beams may
            still change places.
        prompt: what captions go on from; the networks were trained without one.
        version: which weights, for answers.
        face_margin: of the face that is shown to it, as a share of each side of its box; None for the whole crop.
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
        self.name = NAME
        self.version = version
        self.captioner = captioner
        self.settings = settings
        self._prompt = prompt
        self._face_margin = face_margin

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """A caption of a face, and its claims.

        Raises:
            Exception: whatever the network raises.
        """
        return self._answer(request, Telling())

    def reason_aloud(self, request: ReasoningRequest, listener: Listener) -> ReasoningAnswer:
        """The same, telling the step `caption`.

        Raises:
            QuestionCancelledError: the listener no longer wants it; asked between tokens, also with several beams.
            Exception: as `reason`.
        """
        return self._answer(request, Telling(listener))

    def _answer(self, request: ReasoningRequest, telling: Telling) -> ReasoningAnswer:
        face = request.crop_rgb
        if self._face_margin is not None:
            face = cut_face(face, request.face_xyxy, self._face_margin)
        telling.go_on()
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
