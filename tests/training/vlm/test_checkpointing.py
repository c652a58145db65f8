from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from realtime_fer.training.vlm.checkpointing import checkpoint_activations


@pytest.mark.parametrize("name", ["gradient_checkpointing_enable", "activation_checkpointing_enable"])
def test_either_name_of_the_switch(name: str) -> None:
    told: list[Any] = []
    checkpoint_activations(SimpleNamespace(**{name: told.append}))
    assert told == [{"use_reentrant": False}]
