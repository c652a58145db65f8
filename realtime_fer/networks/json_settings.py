"""The settings that lie beside published weights: config.json and its like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError


def read_settings(path: Path, missing: str = "name a folder that holds the whole checkpoint") -> dict[str, Any]:
    """The object that a JSON file holds.

    Args:
        missing: what to try where there is none, for the message.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it is not JSON, or no object.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"{path}: no such file; {missing}") from error
    except (OSError, ValueError) as error:
        raise ModelCorruptError(f"{path}: cannot be read as JSON ({error}); fetch it again") from error
    if not isinstance(settings, dict):
        raise ModelCorruptError(f"{path}: expected settings by name, found {type(settings).__name__}; fetch it again")
    return settings
