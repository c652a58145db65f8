"""One thread: the networks are tiny, and the machine has others to serve."""

from __future__ import annotations

from tests.networks.conftest import one_thread

__all__ = ["one_thread"]
