"""Exp-BLIP on a server that speaks OpenAI's API; for `child_factory`, as "realtime_fer.reasoning.exp_blip.server:build".

Needs the core install only. The server gets the folder that `realtime-fer models convert exp-blip-hub` writes.
"""

from __future__ import annotations

from typing import Any, Final

from realtime_fer.clock import SystemClock
from realtime_fer.errors import SettingsError
from realtime_fer.reasoning.chain_of_affect.face import cut_face
from realtime_fer.reasoning.chain_of_affect.model import ChainModel
from realtime_fer.reasoning.exp_blip.answer import KINDS, NAME, caption_answer
from realtime_fer.reasoning.openai_compatible.factory import chain_model
from realtime_fer.reasoning.openai_compatible.options import ServerOptions
from realtime_fer.reasoning.outcome import ReasoningAnswer
from realtime_fer.reasoning.request import ReasoningRequest

PRESET: Final = {"max_tokens": 200, "top_logprobs": 0, "image_side": 224}
"""As published, where the options say nothing else; pictures are not sent larger than they are looked at."""

STOP: Final = {"stop": ["\n"]}
"""A line feed ends a caption; OPT's own end of text does not."""

NO_PROMPT: Final = ""


class ServerCaptionReasoner:
    """A captioner on a server as a reasoner (see `reasoner.Reasoner`).

    Args:
        model: who is asked; without words, as the network was trained.
        kind: name in `KINDS`, of the weights that are served.
        face_margin: of the face that is sent, as a share of each side of its box; None for the whole crop.
    """

    def __init__(self, model: ChainModel, kind: str, face_margin: float | None = 0.0) -> None:
        self.name = NAME
        self.version = f"{KINDS[kind].published_name} {model.version}, {model.name} on a server"
        self._model = model
        self._kind = KINDS[kind]
        self._face_margin = face_margin

    def reason(self, request: ReasoningRequest) -> ReasoningAnswer:
        """A caption of a face, and its claims.

        Raises:
            ServerError: there was none.
        """
        face = request.crop_rgb
        if self._face_margin is not None:
            face = cut_face(face, request.face_xyxy, self._face_margin)
        return caption_answer(self._model.look(face).ask(NO_PROMPT, ()).text, self._kind, self.version)


def build(*, kind: str = "exp", **options: Any) -> ServerCaptionReasoner:
    """Exp-BLIP asked of a server, which is not contacted yet.

    Args:
        kind: name in `KINDS`.
        options: those of `ServerOptions`; base_url and model are needed.

    Raises:
        SettingsError: an option, the key's variable or the proxy's cannot be used.
    """
    if kind not in KINDS:
        raise SettingsError(f"kind: expected one of {', '.join(KINDS)}, found {kind!r}")
    given = {**PRESET, **options}
    extra = given.get("extra_body", {})
    checked = ServerOptions.of({**given, "extra_body": {**STOP, **extra} if isinstance(extra, dict) else extra})
    return ServerCaptionReasoner(chain_model(checked, SystemClock()), kind, checked.face_margin)
