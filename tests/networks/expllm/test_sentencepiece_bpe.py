from __future__ import annotations

import struct
from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.expllm.sentencepiece_bpe import SPACE, Piece, SentencePieceBpe

PIECES = [
    Piece("<unk>", 0.0, 2),
    Piece("<s>", 0.0, 3),
    *(Piece(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)),
    Piece("bc", -0.0),
    Piece("ab", -1.0),
    Piece("abc", -2.0),
    Piece("bb", -3.0),
    *(Piece(letter, -9.0) for letter in ("a", "b", "c", SPACE)),
]


def field(number: int, value: bytes | int | float) -> bytes:
    """One field of a protocol-buffer message."""
    if isinstance(value, bytes):
        length, size = len(value), b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + value
    if isinstance(value, float):
        return bytes([number << 3 | 5]) + struct.pack("<f", value)
    return bytes([number << 3, value])


def written(pieces: list[Piece], kind: int = 2, name: bytes = b"identity") -> bytes:
    content = b"".join(
        field(1, field(1, piece.text.encode()) + field(2, piece.score) + field(3, piece.kind)) for piece in pieces
    )
    return content + field(2, field(3, kind)) + field(3, field(1, name))


def test_the_best_score_is_joined_first_and_the_leftmost_of_equals() -> None:
    bpe = SentencePieceBpe(PIECES)
    # "bc" is better than "ab", so that "abc" comes from a + bc.
    assert bpe.pieces("abc") == [SPACE, "abc"]
    assert bpe.pieces("abb") == [SPACE, "ab", "b"]
    assert bpe.pieces("bbb") == [SPACE, "bb", "b"]
    assert bpe.pieces("") == []


def test_ids_and_back() -> None:
    bpe = SentencePieceBpe(PIECES)
    ids = bpe.ids(bpe.pieces("abc \u00e9"))
    assert ids[:2] == [bpe.id_of(SPACE), bpe.id_of("abc")]
    assert [bpe.text_of(token) for token in ids[-2:]] == ["<0xC3>", "<0xA9>"]
    assert bpe.decode([1, *ids, 0]) == "abc \u00e9"
    assert bpe.id_of("nothing") == bpe.unknown_id == 0
    with pytest.raises(ModelShapeError, match="id 999 is not in the vocabulary"):
        bpe.decode([999])


def test_without_bytes_there_is_the_unknown_piece() -> None:
    assert SentencePieceBpe([PIECES[0], Piece("a", 0.0)]).ids(["a", "\u00e9"]) == [1, 0]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(written(PIECES))
    bpe = SentencePieceBpe.from_file(path)
    assert len(bpe) == len(PIECES)
    assert bpe.ids(bpe.pieces("abcabb")) == SentencePieceBpe(PIECES).ids(SentencePieceBpe(PIECES).pieces("abcabb"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    with pytest.raises(ModelNotFoundError, match="no such file"):
        SentencePieceBpe.from_file(path)
    for content in (b"", b"version https://git-lfs", written(PIECES)[:-3]):
        path.write_bytes(content)
        with pytest.raises(ModelCorruptError, match="fetch it again"):
            SentencePieceBpe.from_file(path)
    for content in (written(PIECES, kind=1), written(PIECES, name=b"nmt_nfkc")):
        path.write_bytes(content)
        with pytest.raises(ModelShapeError, match="expected BPE"):
            SentencePieceBpe.from_file(path)
    with pytest.raises(ModelShapeError, match="one piece for unknown text"):
        SentencePieceBpe(PIECES[1:])
