from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtime_fer.errors import MessageError
from realtime_fer.publishing.encoding import Encoding, decode, encode, payload_encoding
from realtime_fer.publishing.message import Content, HealthMessage, ReasoningMessage
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents

ENCODINGS: list[Encoding] = ["json", "msgpack"]


def wire_of(**changes: Any) -> bytes:
    fields = {**MessageStamper().stamp(contents.frame()).model_dump(mode="json"), **changes}
    return b"frame " + json.dumps(fields).encode()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "content",
    [
        contents.frame(3, faces=3),
        contents.turn(),
        contents.turn("ended"),
        contents.reasoning(),
        contents.reasoning(error="timed_out"),
        contents.partial(),
        contents.track_reasoning(),
        contents.track_reasoning("ended"),
        contents.health(),
        contents.health().model_copy(update={"reasoning": contents.reasoner_health()}),
    ],
)
def test_what_is_encoded_is_decoded_to_the_same(content: Content, encoding: Encoding) -> None:
    message = MessageStamper().stamp(content)
    encoded = encode(message, encoding)
    assert encoded.wire == message.topic.encode() + b" " + encoded.payload
    assert payload_encoding(encoded.payload) == encoding
    assert decode(encoded.wire) == message
    assert json.loads(encoded.json_payload) == message.model_dump(mode="json")


def test_a_msgpack_payload_is_one_map_of_plain_values() -> None:
    encoded = encode(MessageStamper().stamp(contents.frame()), "msgpack")
    fields = msgpack.unpackb(encoded.payload)
    assert fields["faces"][0]["bbox_xyxy"] == [10.12, 20.0, 50.5, 60.25]
    assert fields["capture_unix_ns"] == 1_700_000_000_000_000_000


def test_a_newer_minor_version_with_new_fields_is_read() -> None:
    message = decode(wire_of(schema_version="1.7", pupil_mm=3.5))
    assert message is not None
    assert message.schema_version == "1.7"


def test_health_of_an_older_minor_version_says_nothing_of_a_reasoner() -> None:
    fields = MessageStamper().stamp(contents.health()).model_dump(mode="json")
    del fields["reasoning"]
    message = decode(b"health " + json.dumps({**fields, "schema_version": "1.0"}).encode())
    assert isinstance(message, HealthMessage)
    assert message.reasoning is None


def test_an_answer_of_an_older_minor_version_claims_nothing() -> None:
    fields = MessageStamper().stamp(contents.reasoning()).model_dump(mode="json")
    del fields["answer"]["claims"]
    message = decode(b"reasoning " + json.dumps({**fields, "schema_version": "1.1"}).encode())
    assert isinstance(message, ReasoningMessage)
    assert message.answer is not None
    assert message.answer.claims == ()


def test_a_kind_of_a_newer_minor_version_is_nothing_to_this_reader() -> None:
    assert decode(wire_of(schema_version="1.7", kind="gaze")) is None


@pytest.mark.parametrize(
    ("wire", "says"),
    [
        (wire_of(schema_version="2.0"), r"expected schema_version 1\.x, found '2\.0'"),
        (wire_of(schema_version=1), "schema_version"),
        (wire_of(schema_version="10.0"), "schema_version"),
        (wire_of(kind="gaze"), "expected kind frame, track, reasoning, reasoning_partial, track_reasoning, health"),
        (wire_of(kind=["frame"]), "kind"),
        (wire_of(faces=[{"track_id": 1}]), r"faces\.0\.bbox_xyxy: Field required"),
        (wire_of(topic="health"), "sent on topic b'frame' but says 'health'"),
        (wire_of(frame_id=float("nan")), "cannot be read as json"),
        (b"", "topic SP payload"),
        (b"frame", "topic SP payload"),
        (b"frame ", "JSON object or a MessagePack map"),
        (b"frame [1, 2]", "JSON object or a MessagePack map"),
        (b"frame {", "cannot be read as json"),
        (b"frame {}", "schema_version"),
        (b'frame {"schema_version": "1.0", "kind": "\xff"}', "cannot be read as json"),
        (b"frame " + b'{"a":' * 100_000, "cannot be read as json"),
        (b"frame \x81" + b"\xa1a\x81" * 100_000, "cannot be read as msgpack"),
        (b"frame \x81\xa1a", "cannot be read as msgpack"),
        (b"frame \xdf\xff\xff\xff\xff", "cannot be read as msgpack"),
        (b"frame \x81\x01\x01", "cannot be read as msgpack"),
        (b"frame \x80trailing", "cannot be read as msgpack"),
        (b"frame \x80\x05cpickle", "cannot be read as msgpack"),
    ],
)
def test_what_is_not_ours_says_why_in_one_line(wire: bytes, says: str) -> None:
    with pytest.raises(MessageError, match=says) as caught:
        decode(wire)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@given(st.binary(max_size=200))
@example(b"frame \xc7\x00\x00")
@example(b"frame \x81\xa1a\xd7\xff" + b"\xff" * 8)
def test_no_bytes_raise_anything_else(noise: bytes) -> None:
    for wire in (noise, b"frame " + noise, b"frame {" + noise, b"frame \x81" + noise):
        with pytest.raises(MessageError):
            decode(wire)
