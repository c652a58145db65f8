from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def few_layers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Networks are built small, unless a test asks for `published_layers`."""
    if "published_layers" not in request.fixturenames:
        pytest.importorskip("torch")
        from tests.networks.emotion_gcn.tiny import shrink

        shrink(monkeypatch)


@pytest.fixture
def published_layers() -> None:
    """Networks of the published depth."""
