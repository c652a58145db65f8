from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_fer.zoo.shelf import MODELS_VARIABLE
from tests.zoo.weight_server import Behaviour, weight_server

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def server(no_proxy: None) -> Iterator[tuple[str, Behaviour]]:
    with weight_server(CONTENT) as running:
        yield running


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder of its own -> its path."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    return tmp_path / "data" / "realtime-fer"
