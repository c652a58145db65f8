"""What the authors of other systems published: where their weights lie, on which terms, how large, and how to bring them here.

One file of `published/` is one entry. Nothing of it was fetched when it was written; what could not be checked says so.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError

FOLDER: Final = Path(__file__).parent / "published"

_SHA256 = r"^[0-9a-f]{64}$"

Importer = Literal["emotion-gcn", "fmpn", "chain-of-affect", "expllm", "exp-blip", "as-is"]


class _Fixed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedFile(_Fixed):
    """One file with an address of its own."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="under which it is stored; a plain name")
    url: str
    size_bytes: int | None = Field(default=None, gt=0)
    about_bytes: int | None = Field(default=None, gt=0, description="rounded, as the publisher's file list shows it")
    sha256: str | None = Field(default=None, pattern=_SHA256)
    sha256_starts: str | None = Field(default=None, pattern=r"^[0-9a-f]{8,63}$", description="where no more is known")

    @field_validator("url")
    @classmethod
    def _is_secure(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            raise ValueError("expected an https address without user name")
        return url


class Licence(_Fixed):
    """The terms of one part, and what they mean for whoever uses it."""

    of: str
    name: str = Field(description="SPDX identifier, or LicenseRef-...")
    url: str
    means: str


class ByHand(_Fixed):
    """What must be fetched with a browser, and why."""

    why: str
    files: tuple[str, ...] = Field(min_length=1)


class Part(_Fixed):
    """Weights that are stored alike."""

    of: str
    parameters: int = Field(gt=0)
    quantised: bool = Field(default=False, description="large matrices, which 8 and 4 bits are for")
    float32: bool = Field(default=False, description="kept in float32 here, whatever the rest has")


class KvCache(_Fixed):
    """Keys and values that a decoder keeps, for a stated number of tokens."""

    layers: int = Field(gt=0)
    width: int = Field(gt=0, description="key heads times their size")
    tokens: int = Field(gt=0)
    beams: int = Field(default=1, gt=0)
    of: str


class Published(_Fixed):
    """One entry: a set of weights that belong together."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    kind: Literal["classifier", "reasoner", "base", "backbone"]
    importer: Importer
    dataset: Literal["affectnet", "affwild2"] = Field(default="affectnet", description="order of an Emotion-GCN's labels")
    what: str
    pages: tuple[str, ...] = Field(min_length=1)
    licences: tuple[Licence, ...] = Field(min_length=1)
    files: tuple[PublishedFile, ...] = ()
    by_hand: ByHand | None = None
    nothing_published: str | None = None
    needs: tuple[str, ...] = Field(default=(), description="entries without which it does not run")
    also: tuple[str, ...] = Field(default=(), description="entries that some uses of it take")
    size_note: str | None = None
    parts: tuple[Part, ...] = ()
    kv_cache: KvCache | None = None
    import_command: str = Field(alias="import")
    use: str
    train: str | None = None
    sha256_unknown: str | None = Field(default=None, description="why no checksum is known beforehand")
    unverified: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way_to_get_it(self) -> Published:
        ways = (bool(self.files), self.by_hand is not None, self.nothing_published is not None)
        if sum(ways) != 1:
            raise ValueError("expected exactly one of files, by_hand, nothing_published")
        if self.sha256_unknown is None and (not self.files or any(file.sha256 is None for file in self.files)):
            raise ValueError("sha256_unknown: say why no checksum is known")
        return self

    @property
    def size_bytes(self) -> int | None:
        """Of all files together, as far as that is known."""
        sizes = [file.size_bytes or file.about_bytes or 0 for file in self.files]
        return sum(sizes) or None


@cache
def catalogue() -> dict[str, Published]:
    """Every entry, by name.

    Raises:
        ModelCorruptError: a file of this package is broken.
    """
    entries = [_read(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {entry.name: entry for entry in entries}


def find_published(name: str) -> Published:
    """The entry of that name.

    Raises:
        ModelNotFoundError: there is none; the message lists the names there are.
    """
    found = catalogue().get(name)
    if found is None:
        raise ModelNotFoundError(f"{name!r}: expected one of the published weights ({', '.join(catalogue())}), found another")
    return found


def _read(path: Path) -> Published:
    try:
        entry = Published.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ModelCorruptError(f"{path}: is no entry of the catalogue ({error}); reinstall the package") from error
    if entry.name != path.stem:
        raise ModelCorruptError(f"{path}: is the entry of {entry.name!r}; rename one of them")
    return entry
