"""From received bytes to typed messages; shared by the subscriber with threads and the one with asyncio."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from realtime_fer.errors import MessageError
from realtime_fer.publishing.encoding import decode, encode_payload, payload_encoding
from realtime_fer.publishing.message import Message
from realtime_fer.publishing.sequence import SequenceTracker

_logger = logging.getLogger(__name__)

OnMalformed = Literal["skip", "raise"]


@dataclass(frozen=True, slots=True)
class Received:
    """A message and the bytes it came in."""

    message: Message
    payload: bytes

    @property
    def json_payload(self) -> bytes:
        """One line of JSON: the bytes as published where they are JSON, else the same message encoded anew."""
        return self.payload if payload_encoding(self.payload) == "json" else encode_payload(self.message, "json")


class MessageReader:
    """Decodes, drops repeats, counts losses, and survives whatever it is given.

    Attributes:
        malformed: messages that could not be read.
        unknown_kinds: messages of kinds that a newer publisher has and this reader does not know.
        sequences: losses, repeats and restarts.
    """

    def __init__(self, on_malformed: OnMalformed = "skip") -> None:
        self._on_malformed = on_malformed
        self.malformed = 0
        self.unknown_kinds = 0
        self.sequences = SequenceTracker()

    def read(self, wire: bytes) -> Received | None:
        """The message in one ZeroMQ frame; None where there is nothing new in it.

        Raises:
            MessageError: it is malformed, and this reader was told to raise. The reader stays usable.
        """
        try:
            message = decode(wire)
        except MessageError as error:
            self.malformed += 1
            if self._on_malformed == "raise":
                raise
            if self.malformed & (self.malformed - 1) == 0:  # the 1st, 2nd, 4th, 8th, ...: never a flood
                _logger.warning("skipped a malformed message (%d so far): %s", self.malformed, error)
            return None
        if message is None:
            self.unknown_kinds += 1
            return None
        return Received(message, wire.partition(b" ")[2]) if self.sequences.observe(message) else None
