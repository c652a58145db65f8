"""Stand-ins of this room's tests: clocks that tests advance, scripted readers, an OpenCV capture, little video files."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.clock import Clock
from realtime_fer.errors import SourceLostError
from realtime_fer.sources.live_reader import Grabbed
from realtime_fer.sources.source import Source, SourceState
from realtime_fer.types import Frame

FACE_CASCADE = str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")

GENEROUS_S = 30.0
"""For waits that end at once unless something is broken."""


def state_of(source: Source) -> SourceState:
    """The state now; a call, so that the type checker does not take it for a constant."""
    return source.state


def media_times(frames: Sequence[Frame]) -> npt.NDArray[np.float64]:
    """Seconds, nan where a frame has none."""
    return np.array([np.nan if frame.media_time_s is None else frame.media_time_s for frame in frames], np.float64)


class SteppingClock:
    """Stands still; waiting advances it by what was asked for."""

    def __init__(self) -> None:
        self.now_ns = 5_000_000_000
        self.waits_s: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def unix_ns(self) -> int:
        return 1_700_000_000_000_000_000 + self.now_ns

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        if event.is_set():
            return True
        self.waits_s.append(timeout_s)
        self.advance(timeout_s)
        return False

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


class FrozenClock(SteppingClock):
    """Time never passes: a wait ends by its event alone (or fails the test)."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Event()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.waiting.set()
        return event.wait(GENEROUS_S)


OPENED = "opened"
"""A first step that only says that the opening succeeds."""

FOREVER = "forever"
"""A last step that gives pictures without permit and without end, one a millisecond."""

HANG = "hang"
"""A step at which a reader blocks until the script's `release` is set."""

Step = int | Exception | str | None


class Script:
    """What a series of readers does: one list of steps a reader, the first of them in `open` if it is not a picture.

    An int is a picture of that brightness, given out only when the test has called `permit`; an exception is raised; `HANG`
    blocks; None is the proper end. A reader whose steps are used up is lost.
    """

    def __init__(self, *attempts: Sequence[Step], name: str = "camera", clock: Clock | None = None) -> None:
        self.name = name
        self.clock: Clock = clock if clock is not None else SteppingClock()
        self.readers: list[ScriptedReader] = []
        self.release = threading.Event()
        self.hanging = 0
        self.hung = threading.Event()
        self._attempts = list(attempts)
        self._permits = threading.Semaphore(0)
        self._lock = threading.Lock()

    def make_reader(self) -> ScriptedReader:
        steps = self._attempts[len(self.readers)] if len(self.readers) < len(self._attempts) else [HANG]
        self.readers.append(ScriptedReader(self, list(steps)))
        return self.readers[-1]

    def permit(self, pictures: int = 1) -> None:
        self._permits.release(pictures)

    def wait_for_permit(self) -> None:
        assert self._permits.acquire(timeout=GENEROUS_S)

    def hang(self) -> None:
        with self._lock:
            self.hanging += 1
        self.hung.set()
        self.release.wait(GENEROUS_S)
        with self._lock:
            self.hanging -= 1

    def nothing_will_happen(self) -> bool:
        """Every reader thread that is alive hangs."""
        alive = sum(thread.name == f"source-{self.name}" for thread in threading.enumerate())
        return alive == self.hanging


class ScriptedReader:
    """One attempt of a `Script`."""

    nominal_fps: float | None = 25.0

    def __init__(self, script: Script, steps: list[Step]) -> None:
        self.pictures_skipped = 0
        self.closed = threading.Event()
        self._script = script
        self._steps = steps

    def open(self) -> None:
        if self._steps and isinstance(self._steps[0], (Exception, str)):
            self._play(self._steps.pop(0))

    def grab(self) -> Grabbed | None:
        if not self._steps:
            raise SourceLostError(f"{self._script.name}: unplugged")
        if self._steps[0] == FOREVER:
            self._script.release.wait(0.001)
            return Grabbed(np.zeros((4, 6, 3), np.uint8), self._script.clock.monotonic_ns(), self._script.clock.unix_ns())
        return self._play(self._steps.pop(0))

    def close(self) -> None:
        self.closed.set()

    def _play(self, step: Step) -> Grabbed | None:
        if isinstance(step, Exception):
            raise step
        if step == HANG:
            self._script.hang()
            return None
        if isinstance(step, int):
            self._script.wait_for_permit()
            clock = self._script.clock
            return Grabbed(np.full((4, 6, 3), step, np.uint8), clock.monotonic_ns(), clock.unix_ns())
        return None


class PatientClock(SteppingClock):
    """Lets time pass in a wait only when nothing else can happen any more, so that threads never race with it."""

    def __init__(self) -> None:
        super().__init__()
        self.script: Script | None = None
        self.time_passes = threading.Event()
        self.time_passes.set()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        while not event.wait(0.001):
            idle = self.script is None or self.script.nothing_will_happen()
            if idle and self.time_passes.is_set() and not event.is_set():
                self.waits_s.append(timeout_s)
                self.advance(timeout_s)
                return False
        return True


class FakeCapture:
    """A `cv2.VideoCapture` that gives the pictures it was made with: an array, None (undecodable), or an error to raise."""

    def __init__(
        self, pictures: Sequence[npt.NDArray[np.generic] | Exception | None], properties: dict[int, float] | None = None
    ) -> None:
        self.properties = dict(properties or {})
        self.released = False
        self.settings: list[tuple[int, float]] = []
        self._pictures = list(pictures)
        self._position = -1

    def grab(self) -> bool:
        self._position += 1
        return self._position < len(self._pictures)

    def retrieve(self) -> tuple[bool, npt.NDArray[np.generic] | None]:
        picture = self._pictures[self._position]
        if isinstance(picture, Exception):
            raise picture
        return picture is not None, picture

    def get(self, setting: int) -> float:
        return self.properties.get(setting, 0.0)

    def set(self, setting: int, value: float) -> bool:
        self.settings.append((setting, value))
        return True

    def release(self) -> None:
        self.released = True


def grey_level(index: int) -> int:
    """Brightness of frame `index` in `write_video`."""
    return 20 + 7 * (index % 30)


def write_video(path: Path, frames: int = 20, *, fps: float = 10.0, size: tuple[int, int] = (64, 48)) -> Path:
    """A clip whose frames are flat greys, so that each can be told by its brightness. MJPG in AVI or MKV is exact enough."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*("mp4v" if path.suffix == ".mp4" else "MJPG")), fps, size)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), grey_level(index), np.uint8))
    writer.release()
    return path
