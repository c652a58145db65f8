"""How parent and child cut their byte stream into messages.

    4 bytes   length of the header, big endian
    4 bytes   length of the payload, big endian
    header    one JSON object, UTF-8
    payload   raw bytes (pixels); only towards the child

JSON and lengths, no pickle: whatever comes from the child is data, and a broken child can do no more than be refused.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, NoReturn

from realtime_fer.errors import MessageError

_LENGTHS = struct.Struct(">II")

MAX_HEADER_BYTES = 256 * 1024
"""A long answer with its distributions has a few kilobytes."""

MAX_PAYLOAD_BYTES = 64 * 1024 * 1024
"""A crop of 4096 x 4096 pixels has 48 MiB."""

Header = dict[str, Any]


def encode_frame(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """One message as bytes.

    Raises:
        MessageError: the header cannot be said in JSON (a not-a-number, a strange type), or a part is too long.
    """
    try:
        text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(f"message to another process: cannot be written as JSON ({error})") from error
    _require_length("header", len(text), MAX_HEADER_BYTES)
    _require_length("payload", len(payload), MAX_PAYLOAD_BYTES)
    return _LENGTHS.pack(len(text), len(payload)) + text + payload


class FrameReader:
    """Puts messages together from the pieces that arrive.

    After an error the stream is useless: where the next message begins is not known.

    Args:
        max_payload_bytes: 0 where no payload is expected.
    """

    def __init__(self, *, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Header, bytes]]:
        """Take some more bytes; the messages complete by now, header and payload each.

        Raises:
            MessageError: a length beyond its limit, or a header that is no JSON object.
        """
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> tuple[Header, bytes] | None:
        if len(self._buffer) < _LENGTHS.size:
            return None
        header_length, payload_length = _LENGTHS.unpack_from(self._buffer)
        # Before anything is waited for: a wild length must not make us collect gigabytes.
        _require_length("header", header_length, MAX_HEADER_BYTES)
        _require_length("payload", payload_length, self._max_payload_bytes)
        header_end = _LENGTHS.size + header_length
        end = header_end + payload_length
        if len(self._buffer) < end:
            return None
        header = _read_header(bytes(self._buffer[_LENGTHS.size : header_end]))
        payload = bytes(self._buffer[header_end:end])
        del self._buffer[:end]
        return header, payload


def _read_header(text: bytes) -> Header:
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise MessageError(f"message from another process: not JSON ({error})") from error
    if not isinstance(header, dict):
        raise MessageError(f"message from another process: expected a JSON object, found {type(header).__name__}")
    return header


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number here")


def _require_length(what: str, length: int, limit: int) -> None:
    if length > limit:
        raise MessageError(f"message between processes: {what} of {length} bytes, expected at most {limit}")
