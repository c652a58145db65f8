"""Pickles that would run code if they were opened the usual way."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any


class RunsCode:
    """Unpickled by the usual way, it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def hostile_streams(marker: Path) -> dict[str, bytes]:
    """By how the function is named: each asks for os.mkdir in another way."""
    path = str(marker).encode()
    dotted = b"AffectNet_annotation.__init__.__globals__"
    call = b"X" + len(path).to_bytes(4, "little") + path + b"\x85R"
    return {
        "protocol 0": pickle.dumps({"S005_001": RunsCode(marker)}, 0),
        "protocol 2": pickle.dumps({"S005_001": RunsCode(marker)}, 2),
        "protocol 4": pickle.dumps({"train": [RunsCode(marker)]}, 4),
        "inst": b"(S'" + path + b"'\nios\nmkdir\n.",
        "through numpy": b"\x80\x04\x8c\x05numpy\x8c\x08os.mkdir\x93" + call + b".",
        "through a builtin": b'c__builtin__\neval\n(S\'__import__("os").mkdir("' + path + b"\")'\ntR.",
        "attribute of a known class": b"\x80\x04\x8c\x0bdataloading\x8c" + bytes([len(dotted)]) + dotted + b"\x93.",
    }
