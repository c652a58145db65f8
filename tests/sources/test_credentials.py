from __future__ import annotations

import pytest

from realtime_fer.sources.credentials import is_url, without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://user:secret@host:554/live", "rtsp://user:***@host:554/live"),
        ("rtsp://user:@host/live", "rtsp://user:***@host/live"),
        ("https://s3cr3t@host/live", "https://***@host/live"),
        ("rtsp://user:s@cr@t@host/live", "rtsp://user:***@host/live"),
        ("rtsp://user:sec/ret@host/live", "rtsp://user:***@host/live"),
        ("rtsp://user:12/secret@host/live", "rtsp://user:***@host/live"),
        ("rtsp://user:se?c#ret@host/live", "rtsp://user:***@host/live"),
        ("http://host/v.mjpg?token=secret&size=2", "http://host/v.mjpg?token=***&size=2"),
        ("http://host/v?user=a&PassWord=secret", "http://host/v?user=a&PassWord=***"),
        ("http://host/v?api_key=secret#top", "http://host/v?api_key=***#top"),
        ("rtsp://u:secret@[fe80::1]:554/x", "rtsp://u:***@[fe80::1]:554/x"),
    ],
)
def test_secrets_are_masked(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
    assert "sec" not in without_credentials(address)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://host/live",
        "http://host:8080/picture.jpg?size=2",
        "http://host/logo@2x.png",
        "http://host:8080/v?mail=a@b",
        "http://[fe80::1]:80/a@b",
        "/home/a:b@c/clip.mp4",
        "0",
        "demo",
    ],
)
def test_everything_else_is_unchanged(address: str) -> None:
    assert without_credentials(address) == address


def test_urls_are_told_by_their_scheme() -> None:
    assert is_url("rtsp://host/x")
    assert is_url("HTTP://host")
    assert not is_url("/dev/video0")
    assert not is_url("clip.mp4")
    assert not is_url("://x")
