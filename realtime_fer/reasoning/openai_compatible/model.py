"""A model on a server as the model of a chain."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.openai_compatible.client import ServerClient
from realtime_fer.reasoning.openai_compatible.completion import Completion, read_completion
from realtime_fer.reasoning.openai_compatible.label_shares import label_shares
from realtime_fer.reasoning.openai_compatible.picture import PictureForm, data_url
from realtime_fer.reasoning.openai_compatible.question import QuestionForm
from realtime_fer.reasoning.openai_compatible.retry import RETRIED_STATUSES
from realtime_fer.reasoning.openai_compatible.server_error import ServerError

log = logging.getLogger(__name__)

PERHAPS_LOGPROBS: Final = frozenset({400, 422, 501})
"""Statuses of a request that asks for more than a server can do; those of others count where their words say "logprobs"."""


class ServerPicture:
    """One face that a server can be asked about (see `chain_of_affect.model.Picture`). Its time runs from its making."""

    def __init__(self, owner: ServerChainModel, url: str, deadline_ns: int) -> None:
        self._owner = owner
        self._url = url
        self._deadline_ns = deadline_ns

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        """The answer in words, and the distribution over the labels where the server gives probabilities.

        Raises:
            ServerError: there is none.
        """
        return self._owner.ask(self._url, question, options, self._deadline_ns)


class ServerChainModel:
    """Asks one model on one server (see `chain_of_affect.model.ChainModel`).

    Args:
        client: reaches the server.
        question_form, picture_form: how it is asked.
        deadline_s: for all questions about one face, attempts and pauses included.
        min_label_mass: a distribution is given where the labels had at least this much of the probability; with less, what the
            model wanted to say was no label. Not asked for where answers are constrained.
        version: which weights, for answers; a server does not tell.
    """

    def __init__(
        self,
        client: ServerClient,
        question_form: QuestionForm,
        picture_form: PictureForm,
        *,
        deadline_s: float,
        min_label_mass: float,
        version: str,
    ) -> None:
        self.name = question_form.model
        self.version = version
        self._client = client
        self._question_form = question_form
        self._picture_form = picture_form
        self._deadline_s = deadline_s
        self._min_label_mass = 0.0 if question_form.constrain else min_label_mass
        self._logprobs = question_form.top_logprobs > 0
        self._logprobs_worked = False

    def look(self, face_rgb: ImageRgb) -> ServerPicture:
        """Encode a face, uint8 (H, W, 3), once for all questions.

        Raises:
            ShapeError: it is no such picture.
        """
        return ServerPicture(self, data_url(face_rgb, self._picture_form), self._client.deadline_ns(self._deadline_s))

    def ask(self, picture_url: str, question: str, options: Sequence[str], deadline_ns: int) -> Reply:
        """Ask about an encoded picture (see `ServerPicture.ask`)."""
        body = self._chat(picture_url, question, options, deadline_ns)
        try:
            completion = read_completion(body)
        except MessageError as error:
            raise self._client.error(str(error)) from error
        return Reply(completion.text, self._distribution(completion))

    def _chat(self, picture_url: str, question: str, options: Sequence[str], deadline_ns: int) -> bytes:
        def chat(with_logprobs: bool) -> bytes:
            request = self._question_form.request(picture_url, question, options, with_logprobs)
            return self._client.chat(request, deadline_ns)

        if not self._logprobs:
            return chat(False)
        try:
            body = chat(True)
        except ServerError as error:
            if not self._may_be_about_logprobs(error):
                raise
            body = chat(False)
            # It answers without them: asking again would only be refused again.
            self._logprobs = False
            log.warning("%s: gives no logprobs (%s); answers carry no distributions", self._client.address.url, error.words)
            return body
        self._logprobs_worked = True
        return body

    def _may_be_about_logprobs(self, error: ServerError) -> bool:
        if error.status is None or error.status in RETRIED_STATUSES:
            return False
        if "logprob" in error.words.lower():
            return True
        return error.status in PERHAPS_LOGPROBS and not self._logprobs_worked

    def _distribution(self, completion: Completion) -> dict[str, float] | None:
        if completion.steps is None:
            return None
        shares = label_shares(completion.steps)
        log.debug("%.3f of the probability was on labels", shares.mass)
        return shares.distribution if shares.mass >= self._min_label_mass else None
