"""One attempt to read a device or stream that may hang, in a thread that can be left behind."""

from __future__ import annotations

import logging
import threading

from realtime_fer.clock import Clock
from realtime_fer.errors import SourceError, SourceLostError
from realtime_fer.sources.live_reader import Grabbed, LiveReader

logger = logging.getLogger(__name__)


class ReaderThread:
    """Opens a reader, keeps its newest picture in one slot, and closes it; all in a daemon thread.

    Python cannot stop a thread that hangs in a driver. `abandon` lets go of it instead: whenever the call it hangs in
    returns, the thread closes its reader and ends, and nobody sees what it still brought.

    Args:
        reader: used by this thread alone.
        clock: tells when the reader last got somewhere.
        wake: set at every piece of news (opened, picture, failed, ended).
        name: of the thread.
    """

    def __init__(self, reader: LiveReader, clock: Clock, wake: threading.Event, name: str) -> None:
        self._reader = reader
        self._clock = clock
        self._wake = wake
        self._name = name
        self._lock = threading.Lock()  # guards the fields below
        self._slot: Grabbed | None = None
        self._overwritten = 0
        self._opened = False
        self._finished = False
        self._failure: SourceError | None = None
        self._progress_ns = clock.monotonic_ns()
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def opened(self) -> bool:
        """True from the moment the reader's `open` succeeded."""
        with self._lock:
            return self._opened

    @property
    def finished(self) -> bool:
        """True once nothing more will come; `failure` says why, None meaning a proper end."""
        with self._lock:
            return self._finished

    @property
    def failure(self) -> SourceError | None:
        with self._lock:
            return self._failure

    @property
    def progress_ns(self) -> int:
        """Monotonic time of the start, the opening or the last picture, whichever came last."""
        with self._lock:
            return self._progress_ns

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def nominal_fps(self) -> float | None:
        return self._reader.nominal_fps

    @property
    def pictures_skipped(self) -> int:
        return self._reader.pictures_skipped

    def take(self) -> tuple[Grabbed | None, int]:
        """The newest picture not yet taken, and how many older ones it replaced since the last call."""
        with self._lock:
            taken = self._slot, self._overwritten
            self._slot, self._overwritten = None, 0
            return taken

    def abandon(self) -> None:
        """Let go of the thread; its reader is closed as soon as the call it is in returns."""
        self._abandoned.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread to end; False if it did not."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        failure: SourceError | None = None
        try:
            self._reader.open()
            self._note_opened()
            while not self._abandoned.is_set():
                grabbed = self._reader.grab()
                if grabbed is None:
                    break
                self._put(grabbed)
        except SourceError as error:
            failure = error
        except Exception as error:  # a thread that dies unseen is the worst of all outcomes
            logger.exception("%s: the reader raised something unexpected", self._name)
            failure = SourceLostError(f"{self._name}: reading failed with {type(error).__name__}: {error}")
            failure.__cause__ = error
        try:
            self._reader.close()
        except Exception:
            logger.exception("%s: closing failed", self._name)
        with self._lock:
            self._failure = failure
            self._finished = True
        self._wake.set()

    def _note_opened(self) -> None:
        with self._lock:
            self._opened = True
            self._progress_ns = self._clock.monotonic_ns()
        self._wake.set()

    def _put(self, grabbed: Grabbed) -> None:
        with self._lock:
            if self._slot is not None:
                self._overwritten += 1
            self._slot = grabbed
            self._progress_ns = self._clock.monotonic_ns()
        self._wake.set()
