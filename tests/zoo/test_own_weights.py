from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.errors import ModelNotFoundError, SettingsError
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
