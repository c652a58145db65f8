"""Where a user's own models and fetched files lie.

$XDG_DATA_HOME/realtime-fer/            (~/.local/share/realtime-fer where that is not set)
    models/NAME/                        imported model folders; on the shelf
    fetched/NAME/                       files as their publishers give them out
    fetched/NAME.json                   what was fetched first, for comparison
"""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder above; it need not be there."""
    named = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: relative paths are to be ignored.
    base = Path(named) if named and Path(named).is_absolute() else Path.home() / ".local" / "share"
    return base / "realtime-fer"


def models_folder() -> Path:
    """Shelf of imported models."""
    return data_folder() / "models"


def fetched_folder(name: str) -> Path:
    """Files of the entry of that name."""
    return data_folder() / "fetched" / name


def as_typed(command: str) -> str:
    """A command of the catalogue with {models} and {fetched} filled in."""
    return command.replace("{models}", str(models_folder())).replace("{fetched}", str(data_folder() / "fetched"))
