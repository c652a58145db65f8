from __future__ import annotations

import logging

import pytest

from realtime_fer.errors import MessageError
from realtime_fer.publishing.encoding import Encoding, encode
from realtime_fer.publishing.reader import MessageReader
from realtime_fer.publishing.stamping import MessageStamper
from tests.publishing import contents


def test_malformed_messages_are_counted_and_logged_without_a_flood(caplog: pytest.LogCaptureFixture) -> None:
    reader = MessageReader()
    with caplog.at_level(logging.WARNING):
        assert all(reader.read(b"frame garbage") is None for _ in range(100))
    assert reader.malformed == 100
    assert len(caplog.records) == 7
    assert reader.read(encode(MessageStamper().stamp(contents.frame()), "json").wire) is not None


def test_raising_leaves_the_reader_usable() -> None:
    reader = MessageReader("raise")
    with pytest.raises(MessageError):
        reader.read(b"frame garbage")
    assert reader.read(encode(MessageStamper().stamp(contents.frame()), "json").wire) is not None
    assert reader.malformed == 1


def test_repeats_and_unknown_kinds_are_nothing_new() -> None:
    reader = MessageReader()
    encoded = encode(MessageStamper().stamp(contents.frame()), "json")
    assert reader.read(encoded.wire) is not None
    assert reader.read(encoded.wire) is None
    newer = encoded.wire.replace(b'"schema_version":"1.2"', b'"schema_version":"1.9"').replace(
        b'"kind":"frame"', b'"kind":"gaze"'
    )
    assert reader.read(newer) is None
    assert (reader.sequences.duplicates, reader.unknown_kinds, reader.malformed) == (1, 1, 0)


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_the_json_line_is_the_published_bytes_or_the_same_message(encoding: Encoding) -> None:
    message = MessageStamper().stamp(contents.frame())
    received = MessageReader().read(encode(message, encoding).wire)
    assert received is not None
    assert received.json_payload == encode(message, "json").payload
