"""A byte-level byte-pair tokenizer in plain Python, read from the `tokenizer.json` of the tokenizers library.

Equal to that library for the one make of tokenizer that `training.chain_of_affect_tiny.vocabulary` builds; another make is
refused. Any text has tokens: what no merge covers stays single bytes.

Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", ACL 2016; bytes as in GPT-2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError

PIECES: Final = r" ?[A-Za-z]+| ?[0-9]+| ?[^ \t\r\nA-Za-z0-9]+|[ \t\r\n]+"
"""How text is cut before pairs are merged. Only ASCII classes: every engine of regular expressions agrees on them."""

_EXPECTED: Final[dict[str, Any]] = {
    "normalizer": None,
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": PIECES}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        ],
    },
    "post_processor": None,
}


def _printable_bytes() -> dict[int, str]:
    """The character that stands for each byte in a byte-level vocabulary: itself where it prints, else one from U+0100 on."""
    prints = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in prints]
    return {byte: chr(byte) for byte in prints} | {byte: chr(0x100 + place) for place, byte in enumerate(others)}


_CHARACTER_OF: Final = _printable_bytes()
_BYTE_OF: Final = {character: byte for byte, character in _CHARACTER_OF.items()}


class BytePairTokenizer:
    """Text to token ids and back.

    Args:
        content: of tokenizer.json.
        where: for messages.

    Raises:
        ModelShapeError: it describes another make of tokenizer.
    """

    def __init__(self, content: dict[str, Any], where: str = "tokenizer.json") -> None:
        model = content.get("model") or {}
        if model.get("type") != "BPE" or any(content.get(key) != value for key, value in _EXPECTED.items()):
            raise ModelShapeError(f"{where}: expected a byte-level BPE tokenizer as chain-of-affect-tiny's, found another make")
        self._ids: dict[str, int] = model["vocab"]
        pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"])
        self._ranks = {(left, right): rank for rank, (left, right) in enumerate(pairs)}
        self._special = {token["content"]: int(token["id"]) for token in content["added_tokens"]}
        self._token_of = {number: token for token, number in self._ids.items() if token not in self._special}
        self._known: dict[str, list[int]] = {}
        self._cut = re.compile(PIECES)
        self._at_special = re.compile("|".join(map(re.escape, self._special)) or r"(?!)")

    @classmethod
    def from_file(cls, path: Path) -> BytePairTokenizer:
        """Read tokenizer.json.

        Raises:
            ModelNotFoundError: there is no such file.
            ModelCorruptError: it cannot be read.
            ModelShapeError: it describes another make of tokenizer.
        """
        try:
            return cls(json.loads(path.read_text(encoding="utf-8")), str(path))
        except FileNotFoundError as error:
            raise ModelNotFoundError(f"{path}: no such file; restore the whole model folder") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, ModelShapeError):
                raise
            raise ModelCorruptError(f"{path}: cannot be read as a tokenizer ({error}); restore the file") from error

    def encode(self, text: str) -> list[int]:
        """Token ids of a text; special tokens in it are recognised."""
        ids: list[int] = []
        start = 0
        for match in self._at_special.finditer(text):
            ids += self._encode_plain(text[start : match.start()])
            ids.append(self._special[match.group()])
            start = match.end()
        return ids + self._encode_plain(text[start:])

    def decode(self, token_ids: Iterable[int]) -> str:
        """Text of token ids; special tokens are left out, bytes that are no text become U+FFFD."""
        characters = "".join(self._token_of.get(number, "") for number in token_ids)
        return bytes(_BYTE_OF[character] for character in characters).decode("utf-8", errors="replace")

    def special_id(self, token: str) -> int:
        """The id of a special token.

        Raises:
            ModelShapeError: there is none of that name.
        """
        if token not in self._special:
            raise ModelShapeError(f"tokenizer: expected a special token {token}, found {', '.join(self._special)}")
        return self._special[token]

    def _encode_plain(self, text: str) -> list[int]:
        return [number for piece in self._cut.findall(text) for number in self._piece(piece)]

    def _piece(self, piece: str) -> list[int]:
        known = self._known.get(piece)
        if known is None:
            parts = [_CHARACTER_OF[byte] for byte in piece.encode("utf-8", errors="replace")]
            known = [self._ids[part] for part in self._merged(parts)]
            # Questions repeat themselves; what a stranger writes must not fill the memory.
            if len(self._known) < 4096:
                self._known[piece] = known
        return known

    def _merged(self, parts: list[str]) -> list[str]:
        while len(parts) > 1:
            ranked = [(self._ranks.get(pair, len(self._ranks)), place) for place, pair in enumerate(pairwise(parts))]
            rank, place = min(ranked)
            if rank == len(self._ranks):
                break
            parts = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]
        return parts
