"""The frames of a picture, a folder or a film that are described, with the faces the fast path finds on them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceError, SourceFormatError, SourceUnavailableError
from realtime_fer.fingerprint import files_fingerprint
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.sources.choose import open_source
from realtime_fer.sources.pictures import is_picture_path, natural_order, read_picture
from realtime_fer.sources.source import Source
from realtime_fer.types import Frame, FrameResult

MomentKey = tuple[str, int, str]
"""Name of the picture or film, number of its frame (0 for a picture), and fingerprint of what the file held."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame to describe.

    Attributes:
        name: file name of the picture or film; demo:N as it is.
        frame_id: of the film, from 0; 0 for a picture.
        fingerprint: of the file, which changes when it does; empty for what is no file.
        time_s: position in the film, seconds; None for a picture.
        result: the fast path's; None where the picture cannot be read or was described before.
        problem: why it cannot be read, one line; None where it can.
    """

    name: str
    frame_id: int
    fingerprint: str
    time_s: float | None
    result: FrameResult | None
    problem: str | None = None

    @property
    def key(self) -> MomentKey:
        """By which it is found again in a log."""
        return self.name, self.frame_id, self.fingerprint


@dataclass(frozen=True, slots=True)
class Moments:
    """What there is to describe.

    Attributes:
        count: how many, as far as that is known; None where the film does not say.
        iterate: gives them in order; moments whose key is in the argument come without a result. Call it once.
    """

    count: int | None
    iterate: Callable[[Container[MomentKey]], Iterator[Moment]]


def moments(
    path: str, build_fast_path: Callable[[bool], FastPath], *, every_s: float = 1.0, clock: Clock | None = None
) -> Moments:
    """What `path` holds: a picture, a folder of pictures (sub-folders are not entered), a film, or demo:N.

    Args:
        build_fast_path: given whether the frames have nothing to do with each other.
        every_s: of a film, one frame in so many seconds, the middle one; at least one. Every frame is looked at, so that
            faces are followed.

    Raises:
        SourceUnavailableError: nothing there, or a camera.
        SourceFormatError: a folder without a picture.
    """
    used_clock: Clock = clock if clock is not None else SystemClock()
    place = Path(path).expanduser()
    if path and place.is_dir():
        pictures = sorted((file for file in place.iterdir() if file.is_file() and is_picture_path(file)), key=natural_order)
        if not pictures:
            raise SourceFormatError(f"{path}: expected a folder with pictures, found none; sub-folders are not entered")
    elif path and place.is_file() and is_picture_path(place):
        read_picture(place)  # one that cannot be read is bad input, not a line of a log
        pictures = [place]
    else:
        return _film_moments(path, build_fast_path, every_s)
    return Moments(len(pictures), lambda done: _picture_moments(pictures, build_fast_path(True), used_clock, done))


def _picture_moments(pictures: list[Path], fast_path: FastPath, clock: Clock, done: Container[MomentKey]) -> Iterator[Moment]:
    for number, file in enumerate(pictures):
        key = file.name, 0, _fingerprint(file)
        if key in done:
            yield Moment(*key, None, None)
            continue
        stamps = clock.monotonic_ns(), clock.unix_ns()
        try:
            image_bgr = read_picture(file)
        except SourceError as error:
            yield Moment(*key, None, None, str(error))
            continue
        frame = Frame(number, image_bgr, *stamps, source_name=file.name)
        yield Moment(*key, None, fast_path.process(frame))


def _fingerprint(file: Path) -> str:
    try:
        return files_fingerprint([file])
    except OSError:  # whoever reads the picture says why
        return ""


def _film_moments(path: str, build_fast_path: Callable[[bool], FastPath], every_s: float) -> Moments:
    film = open_source(path, every_frame=True)
    if film.is_live:
        raise SourceUnavailableError(
            f"{path}: expected a picture, a folder of pictures or a recording, found a camera or stream; "
            "record it first (realtime-fer webcam --record)"
        )
    film.open()
    frames, fps = film.frame_count, film.nominal_fps
    count = None if frames is None or not fps else max(1, int(frames / fps / every_s + 0.5))
    file = Path(path).expanduser()
    name, fingerprint = (file.name, _fingerprint(file)) if file.is_file() else (film.name, "")

    def iterate(done: Container[MomentKey]) -> Iterator[Moment]:
        for time_s, result in _frames_due(film, build_fast_path(False), every_s):
            key = name, result.frame.frame_id, fingerprint
            yield Moment(*key, time_s, None if key in done else result)

    return Moments(count, iterate)


def _frames_due(film: Source, fast_path: FastPath, every_s: float) -> Iterator[tuple[float, FrameResult]]:
    """Positions in seconds and results of the frames that are described; the film is closed at the end."""
    taken = 0
    last: tuple[float, FrameResult] | None = None
    try:
        while (frame := film.read()) is not None:
            result = fast_path.process(frame)
            time_s = frame.media_time_s or 0.0
            last = time_s, result
            # The middle of an interval: on the first frames of a film nobody has been looked at often enough to be believed.
            if time_s >= (taken + 0.5) * every_s:
                taken = int(time_s / every_s + 0.5)
                yield last
    finally:
        film.close()
    if not taken and last is not None:
        yield last
