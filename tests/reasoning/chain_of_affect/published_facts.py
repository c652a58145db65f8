"""What was published of Chain-of-Affect, beside the checkout; absent on most machines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

FACTS = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).parents[4] / "shared" / "data")) / "chain-of-affect/facts.json"


def published_facts() -> dict[str, Any]:
    """Prompts, labels, table and sample records; skips the test where they are absent."""
    if not FACTS.is_file():
        pytest.skip(f"{FACTS} is absent; set REALTIME_FER_DATA")
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return facts
