"""Single pictures and folders of them, as a source that is not live."""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path

import cv2
import numpy as np

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import ShapeError, SourceFormatError, SourceUnavailableError
from realtime_fer.sources.bgr import to_bgr
from realtime_fer.sources.opencv_capture import quieten_opencv
from realtime_fer.sources.source import SourceState
from realtime_fer.types import Frame, ImageBgr

logger = logging.getLogger(__name__)

PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"})
"""Formats that every OpenCV build reads."""


def is_picture_path(path: Path) -> bool:
    """Judged by the name alone."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def natural_order(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key by which "9.png" comes before "10.png"."""
    parts = re.findall(r"\d+|\D+", path.name.casefold())
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def read_picture(path: Path) -> ImageBgr:
    """Decode one picture file; orientation tags of cameras are obeyed, paths may hold any characters.

    Returns:
        uint8, shape (H, W, 3).

    Raises:
        SourceUnavailableError: the file cannot be read.
        SourceFormatError: it holds no picture that OpenCV can decode.
    """
    quieten_opencv()
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise SourceUnavailableError(f"{path}: cannot be read: {error.strerror}") from error
    if content.size == 0:
        raise SourceFormatError(f"{path}: expected a picture, found an empty file (0 bytes)")
    try:
        # Any depth, so that to_bgr and not OpenCV decides how 16 bits and floats become 8.
        image = cv2.imdecode(content, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
        if image is not None:
            return to_bgr(image, str(path))
    except ShapeError as error:
        raise SourceFormatError(str(error)) from error
    except cv2.error as error:
        raise SourceFormatError(f"{path}: cannot be used as a picture: {' '.join(str(error).split())}") from error
    raise SourceFormatError(
        f"{path}: expected a complete picture ({', '.join(sorted(PICTURE_SUFFIXES))}), found {content.size} bytes that begin "
        f"with {bytes(content[:8])!r} and do not decode"
    )


class PictureSource:
    """One picture, or the pictures of a folder in natural order; every one is handled, as fast as they are asked for.

    Args:
        path: a file, or a folder (sub-folders are not entered; files without a picture's suffix are left out).
        loop: True: after the last comes the first again, without end.
        fps: gives the pictures media times, as if they were frames of a film; None: they have none.
        clock: stamps each frame just before its file is read.
    """

    is_live = False
    reconnects = 0
    frames_skipped = 0

    def __init__(self, path: str | Path, *, loop: bool = False, fps: float | None = None, clock: Clock | None = None) -> None:
        self.name = str(path)
        self.frame_count: int | None = None
        self.nominal_fps = fps
        self.problem: str | None = None
        self.pictures_skipped = 0
        self._path = Path(path)
        self._loop = loop
        self._clock = clock if clock is not None else SystemClock()
        self._state = SourceState.CONNECTING
        self._closed = threading.Event()
        self._paths: list[Path] = []
        self._position = 0
        self._pictures_passed = -1  # the one being read is not counted
        self._next_frame_id = 0
        self._readable_in_pass = 0

    @property
    def state(self) -> SourceState:
        if self._closed.is_set() and self._state is not SourceState.FAILED:
            return SourceState.ENDED
        return self._state

    def open(self) -> None:
        """List the folder, or try the single picture.

        Raises:
            SourceUnavailableError: nothing there, no permission, or the source was closed.
            SourceFormatError: no picture in the folder, or the single picture cannot be decoded.
        """
        if self._closed.is_set():
            raise SourceUnavailableError(f"{self.name}: the source was closed")
        try:
            if self._path.is_dir():
                self._paths = self._list_folder()
            else:
                read_picture(self._path)
                self._paths = [self._path]
        except (SourceUnavailableError, SourceFormatError) as error:
            self._state, self.problem = SourceState.FAILED, str(error)
            raise
        self.frame_count = None if self._loop else len(self._paths)
        self._state = SourceState.ONLINE

    def read(self) -> Frame | None:
        """The next readable picture; unreadable ones are skipped with a warning and counted.

        Raises:
            SourceFormatError: the end came and none was readable.
            SourceUnavailableError: `open` has not succeeded.
        """
        while not self._closed.is_set() and self._state is not SourceState.ENDED:
            if self._state is not SourceState.ONLINE:
                raise SourceUnavailableError(self.problem or f"{self.name}: open() has not been called")
            if self._position == len(self._paths):
                self._end_pass()
                continue
            path = self._paths[self._position]
            self._position += 1
            self._pictures_passed += 1
            monotonic_ns, unix_ns = self._clock.monotonic_ns(), self._clock.unix_ns()
            try:
                image_bgr = read_picture(path)
            except (SourceUnavailableError, SourceFormatError) as error:
                self.pictures_skipped += 1
                self.problem = str(error)
                logger.warning("%s (skipped)", error)
                continue
            return self._frame(image_bgr, monotonic_ns, unix_ns)
        return None

    def close(self) -> None:
        """Stop; there is nothing to release."""
        self._closed.set()

    def _frame(self, image_bgr: ImageBgr, monotonic_ns: int, unix_ns: int) -> Frame:
        frame = Frame(
            frame_id=self._next_frame_id,
            image_bgr=image_bgr,
            capture_monotonic_ns=monotonic_ns,
            capture_unix_ns=unix_ns,
            media_time_s=self._pictures_passed / self.nominal_fps if self.nominal_fps else None,
            source_name=self.name,
        )
        self._next_frame_id += 1
        self._readable_in_pass += 1
        return frame

    def _end_pass(self) -> None:
        if self._readable_in_pass == 0:
            self._state = SourceState.FAILED
            self.problem = f"{self.name}: none of its {len(self._paths)} pictures could be read"
            raise SourceFormatError(self.problem)
        self._position = self._readable_in_pass = 0
        if not self._loop:
            self._state = SourceState.ENDED

    def _list_folder(self) -> list[Path]:
        try:
            files = [path for path in self._path.iterdir() if path.is_file()]
        except OSError as error:
            raise SourceUnavailableError(f"{self.name}: the folder cannot be listed: {error.strerror}") from error
        paths = sorted((path for path in files if is_picture_path(path)), key=natural_order)
        others = len(files) - len(paths)
        if not paths:
            raise SourceFormatError(
                f"{self.name}: expected a folder with pictures ({', '.join(sorted(PICTURE_SUFFIXES))}), found {others} other "
                "files; sub-folders are not entered"
            )
        if others:
            logger.info("%s: %d pictures; %d other files are left out", self.name, len(paths), others)
        return paths
