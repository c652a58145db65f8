from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from realtime_fer.commands.export.command import export
from realtime_fer.commands.models.command import models
from realtime_fer.errors import ModelCorruptError, ModelNotFoundError
from realtime_fer.zoo import catalogue as module
from realtime_fer.zoo.catalogue import Published, PublishedFile, catalogue, find_published
from realtime_fer.zoo.import_published import IMPORTERS

ENTRY: dict[str, Any] = {
    "name": "some",
    "title": "Some weights",
    "kind": "base",
    "importer": "as-is",
    "what": "For tests.",
    "pages": ["https://example.org"],
    "licences": [{"of": "weights", "name": "MIT", "url": "https://example.org/l", "means": "Free."}],
    "files": [{"name": "w.bin", "url": "https://example.org/w.bin"}],
    "import": "realtime-fer models import some --weights w.bin",
    "use": "nothing",
    "sha256_unknown": "Nobody knows.",
}


def test_every_published_system_has_an_entry() -> None:
    assert {"emotion-gcn", "emotion-gcn-affwild2", "fmpn", "chain-of-affect", "expllm", "exp-blip"} <= set(catalogue())
    assert {"phi-3.5-vision-instruct", "opt-6.7b", "densenet121-imagenet", "inception-v3-imagenet"} <= set(catalogue())


@pytest.mark.parametrize("name", list(catalogue()))
def test_an_entry_is_complete(name: str) -> None:
    entry = find_published(name)
    assert entry.name == name
    assert all(other in catalogue() for other in (*entry.needs, *entry.also))
    assert all(licence.means.endswith(".") for licence in entry.licences)
    assert entry.unverified, "nothing here was fetched; something must be unverified"
    assert entry.importer == "as-is" or entry.importer in IMPORTERS
    assert not ({"{", "}"} & set(entry.use.replace("{models}", "").replace("{fetched}", "")))


@pytest.mark.parametrize("name", list(catalogue()))
def test_the_import_command_is_one_that_exists(name: str) -> None:
    words = shlex.split(find_published(name).import_command)
    assert words[:4] == ["realtime-fer", "models", "import", name]
    options = {option for parameter in models.commands["import"].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    assert "emotion-gcn" in export.commands, "which the import stands on"


def test_parameters_are_those_of_the_published_configurations() -> None:
    totals = {name: sum(part.parameters for part in entry.parts) for name, entry in catalogue().items()}
    assert totals["phi-3.5-vision-instruct"] == totals["chain-of-affect"] == 4_146_621_440
    assert totals["expllm"] == 7_068_744_704
    assert totals["exp-blip"] == totals["au-blip"] == 985_894_528 + 2_816 + 105_137_664 + 24_576 + 3_149_824 + 6_658_473_984
    assert totals["emotion-gcn"] == 7_631_825
    assert totals["fmpn"] == 6_040_968 + 377 + 21_799_911
    assert totals["opt-6.7b"] == 6_658_473_984


def test_where_the_authors_published_nothing_the_entry_says_how_to_train() -> None:
    fmpn = find_published("fmpn")
    assert fmpn.nothing_published is not None
    assert fmpn.train is not None
    assert "train fmpn" in fmpn.train


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelNotFoundError, match=r"'nobody': .*chain-of-affect.* found another"):
        find_published("nobody")


@pytest.mark.parametrize(
    "url", ["http://example.org/w", "ftp://example.org/w", "file:///etc/passwd", "https:w", "https://a:b@c/w"]
)
def test_only_secure_addresses_are_entered(url: str) -> None:
    with pytest.raises(ValidationError, match="https address"):
        PublishedFile(name="w", url=url)


@pytest.mark.parametrize("name", ["../w", "a/b", ".hidden", "", "a b"])
def test_only_plain_names_are_stored(name: str) -> None:
    with pytest.raises(ValidationError):
        PublishedFile(name=name, url="https://example.org/w")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"files": []}, "exactly one of files, by_hand, nothing_published"),
        ({"nothing_published": "None."}, "exactly one of"),
        ({"sha256_unknown": None}, "say why no checksum is known"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_an_entry_that_contradicts_itself(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Published.model_validate({**ENTRY, **change})


@pytest.mark.parametrize("text", ["{", "name: some", "[1]"])
def test_a_broken_file_of_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "some.yaml").write_text(text)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ModelCorruptError, match=re.escape("some.yaml: is no entry")):
        catalogue.__wrapped__()


def test_a_file_under_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.yaml").write_text(str(ENTRY))
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ModelCorruptError, match="entry of 'some'"):
        catalogue.__wrapped__()
