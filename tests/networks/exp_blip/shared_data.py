"""Where the authors' phrases and published captions lie, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def exp_blip_data() -> Path:
    """The folder; skips the test where it is absent."""
    data = os.environ.get("REALTIME_FER_DATA")
    folder = (Path(data) if data else Path(__file__).parents[4] / "shared" / "data") / "exp-blip"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder
