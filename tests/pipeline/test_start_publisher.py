from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from realtime_fer.clock import SystemClock
from realtime_fer.errors import PublishingError, SecurityError
from realtime_fer.pipeline import start_publisher as room
from realtime_fer.pipeline.start_publisher import start_publisher
from realtime_fer.settings import PublishSettings
from realtime_fer.settings_layers import load_settings


@pytest.fixture
def taken_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An endpoint somebody else listens on, which is the default one during the test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(room, "DEFAULT_ENDPOINT", endpoint)
        yield endpoint


def settings(**values: object) -> PublishSettings:
    return load_settings(flags={"publish": dict(values)}).publish


def test_the_default_endpoint_gives_way_with_a_warning(taken_endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    by_default = settings().model_copy(update={"bind": taken_endpoint})
    by_default.model_fields_set.discard("bind")
    publisher = start_publisher(by_default, SystemClock())
    publisher.close(0)
    assert publisher.endpoint != taken_endpoint
    assert publisher.endpoint.startswith("tcp://127.0.0.1:")
    assert taken_endpoint in caplog.text
    assert publisher.endpoint in caplog.text


def test_an_endpoint_that_was_asked_for_does_not_give_way(taken_endpoint: str) -> None:
    with pytest.raises(PublishingError, match="in use"):
        start_publisher(settings(bind=taken_endpoint), SystemClock())


def test_key_files_are_read_at_the_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = tmp_path_factory.mktemp("keys") / "robot.key_secret"
    with pytest.raises(SecurityError, match="robot"):
        start_publisher(settings(server_key=missing), SystemClock())
