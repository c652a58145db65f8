"""A SentencePiece file of the BPE kind, as LLaMA's tokenizer.model: pieces of text and their ids, without other packages.

The file is a protocol-buffer message; only the fields that decide the ids are read. Source: sentencepiece_model.proto and
bpe_model.cc of SentencePiece (Kudo and Richardson, EMNLP 2018) for the fields and the order of merges.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError

SPACE: Final = "\u2581"
"""How a blank is written inside pieces."""

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6
_BPE: Final = 2


class Piece(NamedTuple):
    """One entry of the vocabulary; its id is its place.

    Attributes:
        text: with `SPACE` for blanks; "<0x41>" for single bytes.
        score: of two neighbours, those whose joined piece has the higher score are joined first.
        kind: of the file's enumeration: 1 text, 2 unknown, 3 control, 6 byte.
    """

    text: str
    score: float
    kind: int = _NORMAL


class SentencePieceBpe:
    """Text to ids and back.

    Args:
        pieces: the whole vocabulary in the order of its ids.

    Raises:
        ModelShapeError: there is no piece for unknown text.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = list(pieces)
        self._ids = {piece.text: index for index, piece in enumerate(self._pieces)}
        self._joinable = {piece.text: piece.score for piece in self._pieces if piece.kind in (_NORMAL, _USER_DEFINED)}
        unknown = [index for index, piece in enumerate(self._pieces) if piece.kind == _UNKNOWN]
        if len(unknown) != 1:
            raise ModelShapeError(f"tokenizer: expected one piece for unknown text, found {len(unknown)}")
        self.unknown_id = unknown[0]

    @classmethod
    def from_file(cls, path: Path) -> SentencePieceBpe:
        """Read tokenizer.model.

        Raises:
            ModelNotFoundError: there is no such file.
            ModelCorruptError: it is no SentencePiece file.
            ModelShapeError: it is of another kind than BPE, or changes the text first.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise ModelNotFoundError(f"{path}: no such file; a checkpoint's tokenizer.model is needed") from error
        except OSError as error:
            raise ModelCorruptError(f"{path}: cannot be read ({error})") from error
        try:
            fields = list(_fields(content))
            pieces = [_piece(value) for number, value in fields if number == 1]
            settings = {number: dict(_fields(value)) for number, value in fields if number in (2, 3)}
        except (ValueError, TypeError, IndexError, struct.error) as error:
            raise ModelCorruptError(f"{path}: is no SentencePiece file ({error!r}); fetch it again") from error
        if not pieces:
            raise ModelCorruptError(f"{path}: holds no vocabulary; fetch it again")
        kind, name = settings.get(2, {}).get(3), settings.get(3, {}).get(1)
        if kind != _BPE or name != b"identity":
            raise ModelShapeError(
                f"{path}: kind {kind!r}, normalisation {name!r}; expected BPE ({_BPE}) that leaves the text alone"
            )
        return cls(pieces)

    def __len__(self) -> int:
        return len(self._pieces)

    def text_of(self, token_id: int) -> str:
        """The piece with this id."""
        return self._pieces[token_id].text

    def id_of(self, piece: str) -> int:
        """The id of a piece, or that of unknown text."""
        return self._ids.get(piece, self.unknown_id)

    def pieces(self, text: str) -> list[str]:
        """Cut text into pieces; a blank is put in front of it, as LLaMA's file asks for.

        Neighbours are joined while any joined text is a piece: the best score first, the leftmost among equals.
        """
        symbols: list[str] = list((" " + text).replace(" ", SPACE)) if text else []
        following = [*range(1, len(symbols)), -1] if symbols else []
        previous = list(range(-1, len(symbols) - 1))
        waiting: list[tuple[float, int, str]] = []

        def offer(left: int) -> None:
            right = following[left] if left >= 0 else -1
            if right >= 0:
                joined = symbols[left] + symbols[right]
                score = self._joinable.get(joined)
                if score is not None:
                    heapq.heappush(waiting, (-score, left, joined))

        for index in range(len(symbols)):
            offer(index)
        while waiting:
            _, left, joined = heapq.heappop(waiting)
            right = following[left]
            # An older offer, of which one side has been joined with something else since.
            if not symbols[left] or right < 0 or symbols[left] + symbols[right] != joined:
                continue
            symbols[left], symbols[right] = joined, ""
            following[left] = following[right]
            if following[left] >= 0:
                previous[following[left]] = left
            offer(left)
            offer(previous[left])
        return [symbol for symbol in symbols if symbol]

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """Ids of pieces; what is no piece is spelled in bytes, where the vocabulary has them."""
        ids: list[int] = []
        for piece in pieces:
            if piece in self._ids:
                ids.append(self._ids[piece])
            else:
                spelled = [self._ids.get(f"<0x{byte:02X}>", self.unknown_id) for byte in piece.encode()]
                ids += [self.unknown_id] if self.unknown_id in spelled else spelled
        return ids

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of ids; control and unknown pieces are left out, and so is the blank that was put in front.

        Raises:
            ModelShapeError: an id is beyond the vocabulary.
        """
        content = b""
        for token_id in token_ids:
            if not 0 <= token_id < len(self._pieces):
                raise ModelShapeError(f"tokenizer: id {token_id} is not in the vocabulary of {len(self._pieces)} pieces")
            piece = self._pieces[token_id]
            if piece.kind == _BYTE:
                content += bytes([int(piece.text[3:5], 16)])
            elif piece.kind in (_NORMAL, _USER_DEFINED):
                content += piece.text.replace(SPACE, " ").encode()
        return content.decode("utf-8", errors="replace").removeprefix(" ")


def _fields(message: object) -> Iterator[tuple[int, bytes | int | float]]:
    """Numbers and values of a protocol-buffer message."""
    if not isinstance(message, bytes):
        raise TypeError("expected a nested message")
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        value: bytes | int | float
        if wire == 0:
            value, at = _varint(message, at)
        elif wire == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
            if at > len(message):
                raise ValueError("cut short")
        elif wire == 5:
            (value,), at = struct.unpack_from("<f", message, at), at + 4
        elif wire == 1:
            (value,), at = struct.unpack_from("<d", message, at), at + 8
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("number too long")


def _piece(message: object) -> Piece:
    values = dict(_fields(message))
    text, score, kind = values.get(1, b""), values.get(2, 0.0), values.get(3, _NORMAL)
    if not isinstance(text, bytes) or not isinstance(kind, int):
        raise TypeError("no piece")
    return Piece(text.decode("utf-8"), float(score), kind)  # type: ignore[arg-type]
