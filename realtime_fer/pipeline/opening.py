"""Opening a source that may hang in native code for many seconds, without deafening the process."""

from __future__ import annotations

import queue
import threading

from realtime_fer.sources.source import Source

LOOK_INTERVAL_S = 0.05
"""How often a waiting `open` looks whether it is to give up."""


class Opening:
    """Opens in a thread of its own: Python answers signals only while its main thread is not in native code."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._thread: threading.Thread | None = None

    @property
    def hangs(self) -> bool:
        """Whether an opening is still under way."""
        return self._thread is not None and self._thread.is_alive()

    def open(self, give_up: threading.Event | None = None) -> bool:
        """Open the source and wait for it.

        Args:
            give_up: ends the waiting; the opening itself is left behind.

        Returns:
            False where it was given up.

        Raises:
            SourceError: the source cannot be opened.
        """
        outcome: queue.Queue[BaseException | None] = queue.Queue()

        def open_source() -> None:
            try:
                self._source.open()
            except BaseException as error:  # handed to the waiting thread
                outcome.put(error)
            else:
                outcome.put(None)

        self._thread = threading.Thread(target=open_source, name="realtime-fer-open", daemon=True)
        self._thread.start()
        while give_up is None or not give_up.is_set():
            try:
                error = outcome.get(timeout=LOOK_INTERVAL_S)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            return True
        return False
