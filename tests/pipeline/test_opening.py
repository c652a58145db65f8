from __future__ import annotations

import threading

import pytest

from realtime_fer.errors import SourceUnavailableError
from realtime_fer.pipeline.opening import Opening
from realtime_fer.sources.source import SourceState
from tests.fakes import FakeSource

LONG_S = 20.0


class Slow(FakeSource):
    """Opens when it is let."""

    def __init__(self) -> None:
        super().__init__([])
        self.let = threading.Event()

    def open(self) -> None:
        self.let.wait(LONG_S)
        super().open()


def test_an_opening_is_waited_for() -> None:
    source = Slow()
    threading.Timer(0.01, source.let.set).start()
    opening = Opening(source)
    assert not opening.hangs
    assert opening.open()
    assert source.state is SourceState.ONLINE


def test_a_hanging_one_is_given_up_and_left_behind() -> None:
    source, give_up = Slow(), threading.Event()
    give_up.set()
    opening = Opening(source)
    assert not opening.open(give_up)
    assert opening.hangs
    source.let.set()


def test_what_the_source_raises_is_raised_here() -> None:
    class Absent(FakeSource):
        def open(self) -> None:
            raise SourceUnavailableError("camera 7: not there")

    with pytest.raises(SourceUnavailableError, match="camera 7"):
        Opening(Absent([])).open()
