from __future__ import annotations

import sys
from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("platform", "variables", "available"),
    [("linux", {}, False), ("linux", {"DISPLAY": ":0"}, True), ("linux", {"WAYLAND_DISPLAY": "w"}, True), ("darwin", {}, True)],
)
def test_a_display_is_needed_on_linux(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], available: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert display_available() is available
