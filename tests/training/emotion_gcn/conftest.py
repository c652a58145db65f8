from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def few_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are built small, for small faces."""
    pytest.importorskip("torch")
    from realtime_fer.networks.emotion_gcn import model
    from tests.networks.emotion_gcn.tiny import shrink

    shrink(monkeypatch)
    monkeypatch.setitem(model.INPUT_PX, "densenet121", (64, 32))
    monkeypatch.setitem(model.INPUT_PX, "bregnext50", (32,))
