from __future__ import annotations

from pathlib import Path

import pytest
import zmq

from realtime_fer.errors import PublishingError
from realtime_fer.publishing.endpoints import parse_endpoint
from realtime_fer.publishing.publisher_sockets import open_sockets


def test_closing_frees_the_endpoint_and_its_file(tmp_path: Path) -> None:
    endpoint = parse_endpoint(f"ipc://{tmp_path / 'a b.ipc'}")
    for _ in range(2):
        sockets = open_sockets(endpoint, high_water_mark=7, curve=None)
        assert sockets.publishing.getsockopt(zmq.SNDHWM) == 7
        assert sockets.zap is None
        assert (tmp_path / "a b.ipc").stat().st_mode & 0o777 == 0o600
        sockets.close(linger_ms=0)
        assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_bound_is_named_and_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[zmq.Context[zmq.Socket[bytes]]] = []

    class Context(zmq.Context[zmq.Socket[bytes]]):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(zmq, "Context", Context)
    with pytest.raises(PublishingError, match="longer than 107 characters"):
        open_sockets(parse_endpoint(f"ipc://{tmp_path / ('x' * 120)}"), high_water_mark=1, curve=None)

    def vanished(_sockets: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("realtime_fer.publishing.publisher_sockets._bind", vanished)
    with pytest.raises(PublishingError, match=r"cannot publish on tcp://127\.0\.0\.1:\*: .*No such file"):
        open_sockets(parse_endpoint("tcp://127.0.0.1:*"), high_water_mark=1, curve=None)
    assert [context.closed for context in made] == [True, True]
