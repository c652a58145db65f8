"""Asks a server, again where that may help, and says in one line why there is no answer."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping
from typing import Any, Final

from realtime_fer.clock import Clock
from realtime_fer.reasoning.openai_compatible.address import CHAT_PATH, MODELS_PATH, ServerAddress
from realtime_fer.reasoning.openai_compatible.api_key import ApiKey
from realtime_fer.reasoning.openai_compatible.connection import ExchangeError, HttpReply, ServerConnection
from realtime_fer.reasoning.openai_compatible.refusals import (
    key_refused,
    model_names,
    not_found,
    redirected,
    refused,
    server_words,
    shown,
)
from realtime_fer.reasoning.openai_compatible.retry import RETRIED_STATUSES, RetryPolicy, retry_after_s
from realtime_fer.reasoning.openai_compatible.server_error import ServerError

MODELS_TIMEOUT_S: Final = 3.0
"""For the list of models that only makes an error clearer."""

MAX_ERROR_CHARS: Final = 800


class ServerClient:
    """Posts chat completions to one server.

    Args:
        address, key, connection: of the server.
        timeout_s: for one attempt.
        policy: how often it is tried again; pauses are taken on `clock`.
        chance: of the pauses.
    """

    def __init__(
        self,
        address: ServerAddress,
        key: ApiKey,
        connection: ServerConnection,
        *,
        timeout_s: float,
        policy: RetryPolicy,
        clock: Clock,
        chance: random.Random | None = None,
    ) -> None:
        self.address = address
        self._key = key
        self._connection = connection
        self._timeout_s = timeout_s
        self._policy = policy
        self._clock = clock
        self._chance = chance or random.Random()

    def deadline_ns(self, seconds: float) -> int:
        """The time so many seconds from now, for `chat`."""
        return self._clock.monotonic_ns() + int(seconds * 1e9)

    def chat(self, question: Mapping[str, Any], deadline_ns: int) -> bytes:
        """Post a chat completion.

        Args:
            question: the request, as JSON can say it; its "model" is named in errors.
            deadline_ns: on the clock; attempts and pauses end before it.

        Returns:
            The body of a reply with status 200, at most `connection.MAX_REPLY_BYTES`, not looked into.

        Raises:
            ServerError: there was none.
        """
        body = json.dumps(question).encode()
        failed = 0
        while True:
            left_s = self._left_s(deadline_ns)
            if left_s <= 0.0:
                raise self.error("no time is left for this question; see deadline_s")
            try:
                reply = self._exchange("POST", CHAT_PATH, body, min(self._timeout_s, left_s))
            except ExchangeError as error:
                if not error.may_retry:
                    raise self.error(str(error)) from error
                trouble, status, words, wanted_s = str(error), None, "", 0.0
            else:
                if reply.status == 200:
                    return reply.body
                words = server_words(reply.body, self._key)
                if reply.status not in RETRIED_STATUSES:
                    raise self._refusal(reply, words, str(question["model"]), deadline_ns)
                status, trouble = reply.status, refused(reply.status, words)
                wanted_s = retry_after_s(reply.headers.get("retry-after"), self._clock.unix_ns() / 1e9)
            failed += 1
            if failed > self._policy.retries:
                raise self.error(f"{trouble}; given up after {failed} attempts", status=status, words=words)
            pause_s = max(wanted_s, self._policy.delay_s(failed, self._chance))
            left_s = self._left_s(deadline_ns)
            if pause_s >= left_s:
                what = f"{trouble}; the next attempt would be in {pause_s:.3g} s, {left_s:.3g} s are left of deadline_s"
                raise self.error(what, status=status, words=words)
            self._clock.wait(threading.Event(), pause_s)

    def error(self, what: str, *, status: int | None = None, words: str = "") -> ServerError:
        """An error that names the server."""
        return ServerError(f"{self.address.url}: {shown(what, self._key, MAX_ERROR_CHARS)}", status=status, words=words)

    def _refusal(self, reply: HttpReply, words: str, model: str, deadline_ns: int) -> ServerError:
        status = reply.status
        if 300 <= status < 400:
            what = redirected(reply, self._key)
        elif status in (401, 403):
            what = key_refused(status, words, self._key)
        elif status == 404:
            what = not_found(words, model, self._model_names(deadline_ns))
        else:
            what = refused(status, words)
        return self.error(what, status=status, words=words)

    def _model_names(self, deadline_ns: int) -> list[str] | None:
        timeout_s = min(MODELS_TIMEOUT_S, self._timeout_s, self._left_s(deadline_ns))
        try:
            reply = self._exchange("GET", MODELS_PATH, None, timeout_s)
        except ExchangeError:
            return None
        return model_names(reply.body, self._key) if reply.status == 200 else None

    def _exchange(self, method: str, path: str, body: bytes | None, timeout_s: float) -> HttpReply:
        headers = {"Accept": "application/json", "User-Agent": "realtime-fer", **self._key.headers()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._connection.exchange(method, path, headers, body, timeout_s)

    def _left_s(self, deadline_ns: int) -> float:
        return (deadline_ns - self._clock.monotonic_ns()) / 1e9
