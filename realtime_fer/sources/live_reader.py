"""The small contract of a device or stream that may hang: three calls, all made by one thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from realtime_fer.types import ImageBgr


@dataclass(frozen=True, slots=True, eq=False)
class Grabbed:
    """One picture and when it was grabbed.

    Attributes:
        image_bgr: uint8, shape (H, W, 3).
        capture_monotonic_ns, capture_unix_ns: stamped together, between grab and conversion.
    """

    image_bgr: ImageBgr
    capture_monotonic_ns: int
    capture_unix_ns: int


class LiveReader(Protocol):
    """Opens once, grabs until something goes wrong, closes. A new attempt is a new reader.

    Each call may block for as long as the driver or the network likes; `ReaderThread` keeps that away from everybody
    else.
    """

    @property
    def nominal_fps(self) -> float | None:
        """As announced once open; None where unknown."""
        ...

    @property
    def pictures_skipped(self) -> int:
        """Pictures grabbed that could not be decoded."""
        ...

    def open(self) -> None:
        """Raises SourceUnavailableError."""
        ...

    def grab(self) -> Grabbed | None:
        """The next picture; None where the stream has a proper end and it was reached. Raises SourceLostError."""
        ...

    def close(self) -> None:
        """Release the device or connection."""
        ...
