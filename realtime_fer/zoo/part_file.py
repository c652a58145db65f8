"""A file that is still coming: NAME.part, and NAME.part.json with what it is a part of."""

from __future__ import annotations

import json
import os
from email.message import Message
from pathlib import Path


class PartFile:
    """What is here of a file, and how a server knows it again.

    Args:
        target: the name it gets when it is whole.
        url: where it comes from; what another address began is thrown away.

    Attributes:
        validator: strong ETag or Last-Modified of the bytes here; None where the server gave neither.
        total: bytes of the whole file; None where the server did not say.
    """

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path = target.with_name(target.name + ".part")
        self.about = target.with_name(target.name + ".part.json")
        self.validator: str | None = None
        self.total: int | None = None
        self.sha256: str | None = None
        try:
            known = json.loads(self.about.read_text(encoding="utf-8"))
            if known["url"] == url:
                self.validator, self.total, self.sha256 = known["validator"], known["total"], known["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing begun, or not known of what: begun anew
        if self.validator is None:
            self.path.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def begin(self, headers: Message[str, str], sha256: str | None) -> None:
        """Forget what is here; the whole file comes, as these headers say."""
        self.path.unlink(missing_ok=True)
        self.validator, self.total, self.sha256 = validator_of(headers), whole_number(headers.get("Content-Length")), sha256
        known = {"url": self.url, "validator": self.validator, "total": self.total, "sha256": self.sha256}
        self.about.write_text(json.dumps(known) + "\n", encoding="utf-8")

    def clear(self) -> None:
        """Forget everything."""
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)
        self.validator = self.total = self.sha256 = None

    def finish(self) -> None:
        """Give it its name; the caller knows that it is whole."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.path, self.target)
        self.about.unlink(missing_ok=True)


def validator_of(headers: Message[str, str]) -> str | None:
    """What If-Range takes: a strong ETag, else the date of the last change (RFC 9110, 13.1.5)."""
    etag = headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return headers.get("Last-Modified")


def whole_number(text: str | None) -> int | None:
    """A number in a header; None where there is none."""
    return int(text) if text is not None and text.strip().isdecimal() else None
