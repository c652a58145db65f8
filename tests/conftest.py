"""What holds for every test."""

from __future__ import annotations

from realtime_fer.sources.opencv_capture import quieten_opencv

# FFmpeg reads its log level once in a process, when the first video is opened or written: before any test does.
quieten_opencv()
