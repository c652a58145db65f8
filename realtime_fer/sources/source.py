"""The contract between a source and the thread that captures from it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from realtime_fer.types import Frame


class SourceState(str, Enum):
    """What a source is doing, as health reports it."""

    CONNECTING = "connecting"
    """No frame yet: not opened, or opened and waiting for the first frame."""
    ONLINE = "online"
    """Frames are coming."""
    STALLED = "stalled"
    """Still open, but no frame has come for too long."""
    RECONNECTING = "reconnecting"
    """Lost; waiting for, or making, the next attempt to open it."""
    ENDED = "ended"
    """Nothing more will come, as it should be: the end of the file, or closed."""
    FAILED = "failed"
    """Nothing more will come because of an error that was raised."""


class Source(Protocol):
    """Something that delivers frames, one `read` after the other, from one thread.

    Every frame has the next `frame_id`, counted from 0 over reconnects and repetitions. Where a source itself throws
    frames away (a newer one had come before the last was read), their ids are left out and counted in `frames_skipped`.
    """

    @property
    def name(self) -> str:
        """What the user gave, credentials removed."""
        ...

    @property
    def is_live(self) -> bool:
        """True: the newest frame wins and stale ones are dropped. False: every frame is to be handled."""
        ...

    @property
    def frame_count(self) -> int | None:
        """How many frames there are, as far as the source says so itself; None where unknown or endless."""
        ...

    @property
    def nominal_fps(self) -> float | None:
        """Frames a second as announced, which need not be what comes; None where unknown."""
        ...

    @property
    def state(self) -> SourceState:
        """May be asked from any thread."""
        ...

    @property
    def problem(self) -> str | None:
        """The last thing that went wrong, in one line; None if nothing has, or since it was mended."""
        ...

    @property
    def reconnects(self) -> int:
        """How many times frames came back after the source was lost."""
        ...

    @property
    def frames_skipped(self) -> int:
        """Frames with an id that `read` never returned; the pipeline counts them as dropped at "capture"."""
        ...

    @property
    def pictures_skipped(self) -> int:
        """Pictures that were there but could not be decoded; they have no frame id."""
        ...

    def open(self) -> None:
        """Make ready to read.

        Raises:
            SourceUnavailableError: it cannot be opened.
            SourceFormatError: it holds no readable picture.
        """
        ...

    def read(self) -> Frame | None:
        """Wait for the next frame; None at the end and after `close`.

        Raises:
            SourceLostError: it delivered frames and cannot any more.
            SourceFormatError: no picture in it could be read.
            SourceUnavailableError: `open` has not succeeded.
        """
        ...

    def close(self) -> None:
        """Release everything; a waiting `read` returns None promptly. From any thread, any number of times."""
        ...
