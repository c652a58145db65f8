"""Messages to bytes and back: `topic SP payload`, payload JSON or MessagePack.

One ZeroMQ frame a message, so that a conflating subscriber keeps the topic. The payload tells its own encoding:
JSON starts with `{`, a MessagePack map with 0x80-0x8f, 0xde or 0xdf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgpack
from pydantic import ValidationError
from pydantic_core import from_json

from realtime_fer.errors import MessageError
from realtime_fer.publishing.message import MESSAGE_KINDS, SCHEMA_VERSION, Message

Encoding = Literal["json", "msgpack"]

_SHOWN_CHARACTERS = 200
"""How much of a foreign value an error message repeats."""


@dataclass(frozen=True, slots=True)
class EncodedMessage:
    """A message as it was published.

    Attributes:
        message: with its envelope.
        payload: the bytes after the topic, in `encoding`.
    """

    message: Message
    payload: bytes
    encoding: Encoding

    @property
    def wire(self) -> bytes:
        """The whole ZeroMQ frame: `topic SP payload`."""
        return self.message.topic.encode() + b" " + self.payload

    @property
    def json_payload(self) -> bytes:
        """The JSON payload, without a line end; the published bytes themselves where they are JSON."""
        return self.payload if self.encoding == "json" else encode_payload(self.message, "json")


def encode_payload(message: Message, encoding: Encoding) -> bytes:
    """The payload of a message, without its topic."""
    if encoding == "json":
        return type(message).__pydantic_serializer__.to_json(message)
    packed: bytes = msgpack.packb(message.model_dump(mode="python"), use_bin_type=True)
    return packed


def encode(message: Message, encoding: Encoding) -> EncodedMessage:
    """A message ready to be sent or written."""
    return EncodedMessage(message=message, payload=encode_payload(message, encoding), encoding=encoding)


def payload_encoding(payload: bytes) -> Encoding:
    """Which encoding a payload is in, by its first byte.

    Raises:
        MessageError: neither a JSON object nor a MessagePack map.
    """
    first = payload[0] if payload else -1
    if first == ord("{"):
        return "json"
    if 0x80 <= first <= 0x8F or first in {0xDE, 0xDF}:
        return "msgpack"
    raise MessageError(f"payload: expected a JSON object or a MessagePack map, found {_shown(payload)}")


def decode(wire: bytes) -> Message | None:
    """The message in one ZeroMQ frame.

    Args:
        wire: `topic SP payload`, as received.

    Returns:
        The message; None for a kind that a newer minor version of the schema added.

    Raises:
        MessageError: not one of ours, of another major version, or with a field that is missing or wrong.
    """
    topic, space, payload = wire.partition(b" ")
    if not space:
        raise MessageError(f"message: expected 'topic SP payload', found {_shown(wire)}")
    fields = _parse(payload)
    _require_known_major(fields)
    kind = fields.get("kind")
    model = MESSAGE_KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        if isinstance(kind, str) and fields["schema_version"] != SCHEMA_VERSION:
            return None
        raise MessageError(f"message: expected kind {', '.join(MESSAGE_KINDS)}, found {_shown(kind)}")
    try:
        message = model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MessageError(f"{kind} message: {where}: {first['msg']}; is the publisher of the same schema?") from error
    if message.topic.encode() != topic:
        raise MessageError(f"{kind} message: sent on topic {_shown(topic)} but says {_shown(message.topic)}")
    return message


def _parse(payload: bytes) -> dict[str, Any]:
    """The payload as a mapping; nothing in it is trusted yet."""
    encoding = payload_encoding(payload)
    try:
        if encoding == "json":
            fields: Any = from_json(payload, allow_inf_nan=False)
        else:
            fields = msgpack.unpackb(payload, raw=False, strict_map_key=True)
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise MessageError(f"payload: cannot be read as {encoding}: {_shown(str(error))}") from error
    if not isinstance(fields, dict):  # from_json of "{" is a dict; this guards the other reader
        raise MessageError(f"payload: expected a mapping, found {type(fields).__name__}")
    return fields


def _require_known_major(fields: dict[str, Any]) -> None:
    found = fields.get("schema_version")
    major = SCHEMA_VERSION.partition(".")[0]
    if not isinstance(found, str) or found.partition(".")[0] != major:
        raise MessageError(
            f"message: expected schema_version {major}.x, found {_shown(found)}; "
            "is this a realtime-fer publisher, and of the same generation as this reader?"
        )


def _shown(value: object) -> str:
    """A foreign value, shortened for one line."""
    text = repr(value[:_SHOWN_CHARACTERS] if isinstance(value, (bytes, str)) else value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
