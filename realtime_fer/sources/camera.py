"""A camera on this machine, through OpenCV (V4L2 on Linux)."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import cv2

from realtime_fer.clock import Clock, SystemClock
from realtime_fer.errors import SourceLostError, SourceUnavailableError
from realtime_fer.sources.camera_list import DEV_ROOT, CameraInfo, describe_cameras, list_cameras
from realtime_fer.sources.live_reader import Grabbed
from realtime_fer.sources.opencv_capture import PictureGrabber, announced_fps, open_capture

__all__ = ["CameraInfo", "CameraReader", "list_cameras"]

logger = logging.getLogger(__name__)

BUFFERED_FRAMES = 1
"""Each further frame in the driver's queue would be one frame interval of age."""

UNCOMPRESSED_PIXELS = 640 * 480
"""Larger pictures do not fit uncompressed through USB 2 at 30 fps: for them the camera is asked for MJPG."""


class CameraReader:
    """Reads one camera; made to run in a `ReaderThread`.

    Args:
        device: index, or path such as /dev/video2 or /dev/v4l/by-id/...
        width, height: pixels asked for; the camera may give others, which is logged.
        fps: frames a second asked for.
        clock: stamps the frames.
        dev_root: where device nodes are.
    """

    def __init__(
        self,
        device: int | str,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
        clock: Clock | None = None,
        dev_root: Path = DEV_ROOT,
    ) -> None:
        self.name = str(device)
        self.nominal_fps: float | None = None
        self._device = device
        self._wanted = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: fps,
        }
        self._wants_compressed = (width or 0) * (height or 0) > UNCOMPRESSED_PIXELS
        self._clock = clock if clock is not None else SystemClock()
        self._dev_root = dev_root
        self._capture: cv2.VideoCapture | None = None
        self._grabber: PictureGrabber | None = None

    @property
    def pictures_skipped(self) -> int:
        return self._grabber.pictures_skipped if self._grabber is not None else 0

    def open(self) -> None:
        """Open the device and ask for size and rate.

        Raises:
            SourceUnavailableError: no such device, no permission, or it does not open.
        """
        on_linux = sys.platform.startswith("linux")
        if on_linux:
            self._check_node()
        capture = open_capture(self._device, cv2.CAP_V4L2 if on_linux else cv2.CAP_ANY)
        if capture is None:
            raise SourceUnavailableError(
                f"camera {self.name}: it exists but does not open; cameras found: {self._cameras_found()}; does another "
                f"process hold it (fuser -v {self._node()}), or is it a node without pictures (v4l2-ctl --list-devices)?"
            )
        capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERED_FRAMES)
        if self._wants_compressed:
            capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        for setting, value in self._wanted.items():
            if value is not None:
                capture.set(setting, float(value))
        self._report_differences(capture)
        self.nominal_fps = announced_fps(capture)
        self._capture = capture
        self._grabber = PictureGrabber(capture, f"camera {self.name}", self._clock)

    def grab(self) -> Grabbed:
        """Wait for the next picture.

        Raises:
            SourceLostError: the driver gives none (unplugged, or its own time limit).
        """
        if self._grabber is None:
            raise SourceLostError(f"camera {self.name}: is not open")
        grabbed = self._grabber.grab()
        if grabbed is None:
            raise SourceLostError(f"camera {self.name}: the driver gave no picture; was the camera unplugged?")
        return grabbed

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = self._grabber = None

    def _node(self) -> Path:
        return self._dev_root / f"video{self._device}" if isinstance(self._device, int) else Path(self._device)

    def _cameras_found(self) -> str:
        return describe_cameras(list_cameras(self._dev_root))

    def _check_node(self) -> None:
        """Two causes that OpenCV does not tell apart from "busy"."""
        node = self._node()
        if not node.exists():
            raise SourceUnavailableError(
                f"camera {self.name}: {node} does not exist; cameras found: {self._cameras_found()}; is it plugged in, and "
                "given to this container or virtual machine? try v4l2-ctl --list-devices"
            )
        if not os.access(node, os.R_OK | os.W_OK):
            raise SourceUnavailableError(
                f"camera {self.name}: no permission to use {node}; cameras found: {self._cameras_found()}; "
                "try: sudo usermod -aG video $USER, then log in again"
            )

    def _report_differences(self, capture: cv2.VideoCapture) -> None:
        wanted = {"width": cv2.CAP_PROP_FRAME_WIDTH, "height": cv2.CAP_PROP_FRAME_HEIGHT, "fps": cv2.CAP_PROP_FPS}
        for word, setting in wanted.items():
            value, got = self._wanted[setting], capture.get(setting)
            if value is not None and abs(got - value) > 0.5:
                logger.warning(
                    "camera %s: asked for %s %g, it gives %g; try v4l2-ctl --list-formats-ext", self.name, word, value, got
                )
