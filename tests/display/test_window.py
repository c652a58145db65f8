from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.display.window import Window, display_available


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """OpenCV's window functions, recorded instead of shown."""
    recorded: list[tuple[object, ...]] = []

    def record(name: str) -> Callable[..., None]:
        return lambda *arguments: recorded.append((name, *(arguments[:1] if name == "imshow" else arguments)))

    for name in ("namedWindow", "resizeWindow", "imshow", "destroyWindow"):
        monkeypatch.setattr(cv2, name, record(name))
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
    monkeypatch.setattr(cv2, "waitKey", lambda _ms: -1)
    return recorded


def test_first_picture_sets_the_size(calls: list[tuple[object, ...]]) -> None:
    shown = Window("t")
    shown.show(np.zeros((48, 64, 3), np.uint8))
    shown.show(np.zeros((48, 64, 3), np.uint8))
    shown.close()
    assert [call[0] for call in calls] == ["namedWindow", "resizeWindow", "imshow", "imshow", "destroyWindow"]
    assert calls[1] == ("resizeWindow", "t", 64, 48)


@pytest.mark.parametrize(("key", "quits"), [(ord("q"), True), (27, True), (ord("a"), False), (-1, False)])
def test_q_and_escape_quit(calls: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, key: int, quits: bool) -> None:
    monkeypatch.setattr(cv2, "waitKey", lambda _ms: key)
    assert Window().quit_asked() is quits


def test_closing_the_window_quits(calls: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Window()
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: -1.0)
    assert not shown.quit_asked(), "before the first picture there is no window to close"
    shown.show(np.zeros((4, 4, 3), np.uint8))
    assert shown.quit_asked()


@pytest.fixture
def x_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Something that listens where X server 7 would."""
    monkeypatch.setattr("realtime_fer.display.window.X_SOCKETS", f"{tmp_path}/X")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/X7")
        listening.listen()
        yield ":7"


@pytest.mark.parametrize(
    ("display", "answers"), [(":7", True), (":7.0", True), ("unix:7", True), (":8", False), ("", False), (":x", False)]
)
def test_on_linux_an_x_server_must_answer(monkeypatch: pytest.MonkeyPatch, x_server: str, display: str, answers: bool) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", display)
    assert display_available() is answers


def test_a_display_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr("realtime_fer.display.window.X_FIRST_PORT", listening.getsockname()[1] - 3)
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("DISPLAY", "127.0.0.1:3.0")
        assert display_available()
    assert not display_available()


def test_elsewhere_there_is_always_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert display_available()
