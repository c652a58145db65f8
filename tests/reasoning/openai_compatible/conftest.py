"""Reasoners that ask a server of the test, with time that does not pass."""

from __future__ import annotations

import os

import pytest

from tests.fakes import FakeClock


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and proxies of whoever runs the tests stay out of them."""
    for name in list(os.environ):
        if name == "OPENAI_API_KEY" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
