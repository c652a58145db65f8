"""Recorded inputs and outputs of the original systems, compared with ours.

The recordings are not part of the project: `REALTIME_FER_PARITY` names their folder (default `../shared/parity`
beside the checkout). Without it everything here is skipped; with it, a system whose folder is there must run every case,
but for tokenisation with vocabularies that are their owners' (`REALTIME_FER_LLAMA_TOKENIZER`, `REALTIME_FER_OPT_TOKENIZER`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

PARITY = Path(os.environ.get("REALTIME_FER_PARITY") or Path(__file__).parents[3] / "shared" / "parity")


@pytest.fixture(scope="session")
def parity_folder() -> Callable[[str], Path]:
    """The folder of one system's recordings; skips the test where there are none."""

    def folder_of(system: str) -> Path:
        if not (PARITY / system).is_dir():
            pytest.skip(f"{PARITY / system}: no recordings; REALTIME_FER_PARITY names their folder")
        return PARITY / system

    return folder_of
