"""What holds for every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from realtime_fer.sources.opencv_capture import quieten_opencv

# FFmpeg reads its log level once in a process, when the first video is opened or written: before any test does.
quieten_opencv()

# A shell starts what it runs in the background with SIGINT ignored, and the programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_models_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What whoever runs the tests has imported or fetched is not there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield
