from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import ModelNotFoundError, ModelShapeError, SettingsError
from realtime_fer.zoo.own_weights import classifier_name
from tests.zoo.test_manifest import EXPRESSION, write


def test_a_shipped_classifier_keeps_its_name_and_takes_no_weights(tmp_path: Path) -> None:
    assert classifier_name("emotion-gcn-ferplus", None) == "emotion-gcn-ferplus"
    with pytest.raises(SettingsError, match="weights of its own"):
        classifier_name("emotion-gcn-ferplus", tmp_path)


@pytest.mark.parametrize("name", ["emotion-gcn", "fmpn"])
def test_published_networks_run_from_a_model_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path, EXPRESSION)
    assert classifier_name(name, tmp_path) == str(tmp_path)
    with pytest.raises(ModelNotFoundError, match="--weights"):
        classifier_name(name, None)
    with pytest.raises(ModelNotFoundError, match="absent"):
        classifier_name(name, tmp_path / "absent" / "x.onnx")


@pytest.mark.parametrize(("asked", "system"), [("emotion-gcn", "fmpn"), ("fmpn", "emotion-gcn")])
def test_weights_of_another_system_are_refused(tmp_path: Path, asked: str, system: str) -> None:
    (tmp_path / "m.onnx").write_bytes(b"net")
    for content in ({**EXPRESSION, "system": system}, {**EXPRESSION, "name": f"{system}-older"}):
        write(tmp_path, content)
        for weights in (tmp_path, tmp_path / "m.onnx"):
            with pytest.raises(
                ModelShapeError, match=f"expected weights of {asked}, found those of {system}; give --classifier"
            ):
                classifier_name(asked, weights)
            assert classifier_name(system, weights) == str(tmp_path)


def test_a_file_beside_the_named_one_is_not_taken_for_it(tmp_path: Path) -> None:
    write(tmp_path, EXPRESSION)
    (tmp_path / "other.onnx").write_bytes(b"net")
    for name in ("emotion-gcn", "fmpn"):
        with pytest.raises(ModelNotFoundError, match=r"other\.onnx: the manifest\.json beside it is that of m\.onnx"):
            classifier_name(name, tmp_path / "other.onnx")
    (tmp_path / "last.pt").write_bytes(b"net")
    for missing in ("absent.onnx", "last.pt"):
        with pytest.raises(ModelNotFoundError, match=rf"{missing}: expected a model folder or the ONNX file in one"):
            classifier_name("fmpn", tmp_path / missing)
