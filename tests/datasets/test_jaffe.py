from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets.jaffe import PICTURES, open_jaffe
from realtime_fer.errors import DatasetError
from realtime_fer.labels import JAFFE_LABELS
from tests.datasets.miniatures import save_jaffe, save_picture


def test_people_and_expressions_are_in_the_names(tmp_path: Path) -> None:
    save_jaffe(tmp_path / "jaffe")
    opened = open_jaffe(tmp_path)
    assert opened.labels == JAFFE_LABELS
    assert len(opened) == PICTURES
    assert len({face.subject for face in opened.faces}) == 10
    first = opened.faces[0]
    assert (first.picture.name, first.subject, opened.labels[first.label]) == ("KA.AN1.1.tiff", "KA", "anger")
    names = {face.picture.name.split(".")[1][:2]: opened.labels[face.label] for face in opened.faces}
    assert names == {
        "AN": "anger",
        "DI": "disgust",
        "FE": "fear",
        "HA": "happiness",
        "NE": "neutral",
        "SA": "sadness",
        "SU": "surprise",
    }
    assert opened.read(0).shape == (8, 8, 3)


def test_half_of_the_pictures(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent: expected JAFFE's 213 pictures.*found no such folder.*zenodo"):
        open_jaffe(tmp_path / "absent")
    save_picture(tmp_path / "KA.AN1.39.tiff")
    save_picture(tmp_path / "YM.NE1.49.tiff")
    with pytest.raises(DatasetError, match=r"expected JAFFE's 213 pictures such as KA\.AN1\.39\.tiff, found 2;.*zenodo"):
        open_jaffe(tmp_path)
    assert len(open_jaffe(tmp_path, pictures=2)) == 2
    (tmp_path / "KA.AN1.39.tiff").rename(tmp_path / "KA.AN1.39.TIFF")
    assert len(open_jaffe(tmp_path, pictures=2)) == 2


@pytest.mark.parametrize("name", ["KA.XX1.39.tiff", "KAAN139.tiff", "KA.AN1.tiff"])
def test_another_name(tmp_path: Path, name: str) -> None:
    save_picture(tmp_path / name)
    with pytest.raises(DatasetError, match=r"expected a name such as KA\.AN1\.39\.tiff"):
        open_jaffe(tmp_path, pictures=1)
