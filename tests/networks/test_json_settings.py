from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.networks.json_settings import read_settings


def test_settings_are_read_or_it_is_said_why_not(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(ModelNotFoundError, match=r"config\.json: no such file; name a folder that holds the whole checkpoint"):
        read_settings(path)
    with pytest.raises(ModelNotFoundError, match="no such file; look elsewhere"):
        read_settings(path, "look elsewhere")
    for content in (b"{", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(ModelCorruptError, match=r"config\.json: cannot be read as JSON \(.*fetch it again"):
            read_settings(path)
    path.write_text("[]")
    with pytest.raises(ModelCorruptError, match=r"config\.json: expected settings by name, found list; fetch it again"):
        read_settings(path)
    path.write_text('{"a": [1]}')
    assert read_settings(path) == {"a": [1]}
