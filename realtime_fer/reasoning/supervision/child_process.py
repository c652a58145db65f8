"""The parent's hold on a reasoner's process: started, spoken to without ever waiting, and surely ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from realtime_fer.reasoning.supervision.child_frames import FrameReader, encode_frame
from realtime_fer.reasoning.supervision.child_limits import ChildLimits
from realtime_fer.reasoning.supervision.child_replies import Reply, read_reply

START_CODE = "from realtime_fer.reasoning.supervision.child_main import main; main()"

READ_BYTES = 256 * 1024

LAST_WORDS_LINES = 20
LAST_WORDS_BYTES = 4096
"""Kept of what the process writes on stderr, to explain its end."""

EXIT_WAIT_S = 0.3
"""A process that closed its connection is about to end; its own exit code tells more than our signal."""

KILL_WAIT_S = 1.0
"""A killed process is gone at once, except while it hangs in a driver; then it is left to the system."""

LOOK_INTERVAL_S = 0.005


class ChildGoneError(Exception):
    """The process closed its end of the connection."""


class ChildProcess:
    """One running process.

    Args:
        factory, options: what it builds, see `child_factory`; the options must be JSON-able.
        limits: what it may use.

    Raises:
        OSError: the system starts no process.
        MessageError: the options cannot be said in JSON.
    """

    def __init__(self, factory: str, options: Mapping[str, Any], limits: ChildLimits) -> None:
        setup = encode_frame({"kind": "setup", "factory": factory, "options": dict(options), "limits": asdict(limits)})
        self.connection, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - this very interpreter, no shell
                    [sys.executable, "-c", START_CODE, str(theirs.fileno()), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, **limits.environment(), **_import_environment()},
                    # Ctrl-C in a terminal is the parent's to answer, and a whole group can be killed at once.
                    start_new_session=True,
                )
        except BaseException:
            self.connection.close()
            raise
        self.connection.setblocking(False)
        assert self._process.stderr is not None  # noqa: S101 - asked for above
        self.stderr: IO[bytes] = self._process.stderr
        os.set_blocking(self.stderr.fileno(), False)
        self.pid = self._process.pid
        self._reader = FrameReader(max_payload_bytes=0)
        self._outgoing = memoryview(setup)
        self._last_words: deque[bytes] = deque(maxlen=LAST_WORDS_LINES)

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits to be sent."""
        return len(self._outgoing) > 0

    def send(self, message: bytes) -> None:
        """Put a message in line; `write_some` sends it."""
        self._outgoing = memoryview(bytes(self._outgoing) + message)

    def write_some(self) -> None:
        """Send what goes without waiting.

        Raises:
            ChildGoneError: nobody is there to read it.
        """
        try:
            sent = self.connection.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError as error:
            raise ChildGoneError from error
        self._outgoing = self._outgoing[sent:]

    def read_some(self) -> list[Reply]:
        """The replies that are there by now.

        Raises:
            ChildGoneError: the process has closed the connection.
            MessageError: what came is not one of our replies; the connection is useless from here on.
        """
        try:
            data = self.connection.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise ChildGoneError from error
        if not data:
            raise ChildGoneError
        return [read_reply(header) for header, _ in self._reader.feed(data)]

    def read_last_words(self) -> bool:
        """Take some of what is on stderr; False where nothing will follow."""
        return self._read_stderr() != b""

    def await_exit(self, timeout_s: float) -> bool:
        """Wait for the process to end by itself; False where it did not."""
        deadline = time.monotonic() + timeout_s
        while self._process.poll() is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOK_INTERVAL_S)
        return True

    def kill(self) -> None:
        """Kill the process and whatever it started; returns at once."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, grace_s: float = 0.0) -> str:
        """End the process, after `grace_s` by force, and give back everything it cost.

        Returns:
            One line: how it ended, with its last words where it ended by itself.
        """
        self.connection.close()  # by this the process knows that it is over
        by_itself = self.await_exit(grace_s)
        self.kill()
        ended = self.await_exit(KILL_WAIT_S)
        while self._read_stderr():
            pass
        self.stderr.close()
        if not ended:
            return f"process {self.pid} does not end, even killed"
        return describe_exit(self._process.returncode, self.last_words if by_itself else "")

    @property
    def last_words(self) -> str:
        """The last line on stderr."""
        return self._last_words[-1].decode(errors="replace").strip() if self._last_words else ""

    def _read_stderr(self) -> bytes | None:
        """Some of stderr; empty at its end, None where nothing is there now."""
        try:
            data = os.read(self.stderr.fileno(), READ_BYTES)
        except BlockingIOError:
            return None
        lines = data[-LAST_WORDS_BYTES:].splitlines()
        self._last_words.extend(line for line in lines if line.strip())
        return data


def describe_exit(code: int, last_words: str = "") -> str:
    """How a process ended, by its return code, in one line."""
    if code < 0:
        try:
            how = f"ended by {signal.Signals(-code).name}"
        except ValueError:
            how = f"ended by signal {-code}"
    else:
        how = f"ended with exit code {code}"
    return f"{how} ({last_words})" if last_words else how


def _import_environment() -> dict[str, str]:
    """The child finds modules where this process does, and nowhere else first."""
    return {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path), "PYTHONSAFEPATH": "1"}
