from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_fer.errors import MessageError
from realtime_fer.reasoning.supervision.child_frames import MAX_HEADER_BYTES, FrameReader, encode_frame

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
messages = st.lists(st.tuples(st.dictionaries(st.text(), values, max_size=3), st.binary(max_size=50)), max_size=4)


@settings(deadline=None)
@given(messages, st.integers(1, 40))
def test_whatever_the_pieces_the_messages_are_the_same(sent: list[tuple[dict[str, object], bytes]], piece: int) -> None:
    stream = b"".join(encode_frame(header, payload) for header, payload in sent)
    reader, got = FrameReader(), []
    for start in range(0, len(stream), piece):
        got += reader.feed(stream[start : start + piece])
    assert got == sent


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reader = FrameReader(max_payload_bytes=0)
    try:
        for header, payload in reader.feed(data):
            assert isinstance(header, dict)
            assert payload == b""
    except MessageError:
        pass


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Traceback (most recent call last):", "header of 1416782179 bytes, expected at most"),
        (struct.pack(">II", 2, 1) + b"{}x", "payload of 1 bytes, expected at most 0"),
        (struct.pack(">II", 3, 0) + b"[1]", "expected a JSON object, found list"),
        (struct.pack(">II", 4, 0) + b"{'a'", "not JSON"),
        (struct.pack(">II", 0, 0), "not JSON"),
        (struct.pack(">II", 9, 0) + b'{"a":NaN}', "not JSON .NaN is no number here"),
        (struct.pack(">II", 3, 0) + b"\xff\xfe\xfd", "not JSON"),
        (struct.pack(">II", 60000, 0) + b"[" * 60000, "not JSON"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MessageError, match=message):
        FrameReader(max_payload_bytes=0).feed(data)


def test_a_wild_length_is_refused_before_anything_is_collected() -> None:
    with pytest.raises(MessageError, match="header of"):
        FrameReader().feed(struct.pack(">II", MAX_HEADER_BYTES + 1, 0))


@pytest.mark.parametrize("header", [{"x": float("nan")}, {"x": object()}, {"x": "a" * MAX_HEADER_BYTES}])
def test_what_cannot_be_sent_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        encode_frame(header)
