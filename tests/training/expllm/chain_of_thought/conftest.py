"""Time that does not pass, and no keys or proxies of whoever runs the tests."""

from __future__ import annotations

from tests.reasoning.openai_compatible.conftest import clock, environment

__all__ = ["clock", "environment"]
