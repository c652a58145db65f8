"""Trust on first use: what a file was when it was first fetched, to compare every later one with.

Few publishers name checksums. The first fetch is taken on trust (of the address and its certificate); whatever comes later
under the same name must be the same bytes. The record outlives the files.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from realtime_fer.errors import ModelCorruptError
from realtime_fer.zoo.user_folder import fetched_folder
from realtime_fer.zoo.whole_file import Fetched


class SeenFile(BaseModel):
    """One line of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description='"by hand" where a user brought it')
    size_bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class FirstSeen:
    """The record of one entry.

    Args:
        name: of the entry.

    Raises:
        ModelCorruptError: the record cannot be read.
    """

    def __init__(self, name: str) -> None:
        self.path = fetched_folder(name).with_name(f"{name}.json")
        self.files = self._read()

    def _read(self) -> dict[str, SeenFile]:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(file): SeenFile.model_validate(seen) for file, seen in stored.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, ValidationError) as error:
            raise ModelCorruptError(
                f"{self.path}: the record of what was fetched cannot be read ({str(error).splitlines()[0]}); "
                "remove it to trust the next fetch anew"
            ) from error

    def accept(self, file: str, found: Fetched) -> bool:
        """Compare with the record, or write the file into it.

        Returns:
            Whether it was new.

        Raises:
            ModelCorruptError: other bytes than at first.
        """
        self.files = self._read()  # another process may fetch the same into a folder of its own
        seen = self.files.get(file)
        if seen is None:
            self.files[file] = SeenFile(url=found.url, size_bytes=found.size_bytes, sha256=found.sha256)
            self._write()
            return True
        if seen.sha256 != found.sha256:
            raise ModelCorruptError(other_bytes(file, seen.sha256, found.sha256, self.path))
        return False

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".json.part")
        text = json.dumps({file: seen.model_dump() for file, seen in sorted(self.files.items())}, indent=1)
        draft.write_text(text + "\n", encoding="utf-8")
        os.replace(draft, self.path)


def other_bytes(file: str, first: str, found: str, record: Path) -> str:
    """What to say of a file that is not as it was when it was first fetched."""
    return (
        f"{file}: expected the bytes first fetched (sha256 {first}), found {found}; "
        f"if its publisher replaced it and you trust that, remove {record}"
    )
