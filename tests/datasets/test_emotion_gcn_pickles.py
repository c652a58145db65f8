from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from realtime_fer.datasets.affectnet import read_affectnet
from realtime_fer.datasets.affwild2 import AffWild2Frame
from realtime_fer.datasets.emotion_gcn_pickles import read_affectnet_pickle, read_affwild2_pickle
from realtime_fer.errors import DatasetError
from tests.datasets.hostile_pickles import RunsCode
from tests.datasets.miniatures import affectnet_row, save_affectnet


@pytest.fixture
def authors_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What their program is called and what it keeps; there while pickles are made, gone while they are read."""
    module = ModuleType("dataloading")
    for name in ("AffectNet_annotation", "Affwild2_annotation"):
        setattr(module, name, type(name, (), {"__module__": "dataloading"}))
    monkeypatch.setitem(sys.modules, "dataloading", module)
    return module


def pickled(folder: Path, module: ModuleType, kind: str, train: list[dict[str, Any]], val: list[dict[str, Any]]) -> Path:
    def record(fields: dict[str, Any]) -> Any:
        made = getattr(module, kind)()
        vars(made).update(fields)
        return made

    content = {"train": [record(fields) for fields in train], "val": [record(fields) for fields in val]}
    (folder / "data.pkl").write_bytes(pickle.dumps(content))
    del sys.modules["dataloading"]
    return folder / "data.pkl"


def annotation(picture: str, expression: int) -> dict[str, Any]:
    """As their program makes one from a row of the list."""
    cells = affectnet_row(picture, expression).split(",")
    points = np.array([float(value) for value in cells[5].split(";")]).reshape(-1, 2)
    box = dict(zip(("face_x", "face_y", "face_width", "face_height"), map(int, cells[1:5]), strict=True))
    eyes = {
        "left_eye": points[36:42].mean(axis=0).astype("int"),
        "right_eye": points[42:48].mean(axis=0).astype("int"),
    }
    return {"image_path": picture, **box, "expression": expression, "valence": 0.5, "arousal": -0.25, **eyes}


def test_the_same_faces_as_from_the_list(tmp_path: Path, authors_module: ModuleType) -> None:
    rows = [("1/a.jpg", 6), ("2/b.jpg", 0)]
    listed = read_affectnet(save_affectnet(tmp_path, rows) / "Manually_Annotated_file_lists" / "training.csv")
    path = pickled(tmp_path, authors_module, "AffectNet_annotation", [annotation(*row) for row in rows], [])
    assert read_affectnet_pickle(path, "train") == listed
    assert read_affectnet_pickle(path, "val") == []
    assert "dataloading" not in sys.modules


def test_frames_of_affwild2(tmp_path: Path, authors_module: ModuleType) -> None:
    fields = {"expression": np.int64(3), "valence": np.float64(0.5), "arousal": np.float64(-1)}
    frames = [{"frame_path": "/data/aff/cropped_aligned/video_left/00012.jpg", **fields}]
    path = pickled(tmp_path, authors_module, "Affwild2_annotation", [], frames)
    assert read_affwild2_pickle(path, "val") == [AffWild2Frame("video_left/00012.jpg", 3, 0.5, -1.0)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expression": 7}, "expected an expression of 0 to 6, found 7"),
        ({"image_path": 5}, "expected a path, found int"),
        ({"left_eye": np.zeros(3)}, "too many values"),
        ({"valence": None}, "NoneType"),
    ],
)
def test_a_bad_face_is_named(tmp_path: Path, authors_module: ModuleType, change: dict[str, Any], message: str) -> None:
    faces = [annotation("1/a.jpg", 0), {**annotation("1/b.jpg", 1), **change}]
    path = pickled(tmp_path, authors_module, "AffectNet_annotation", faces, [])
    with pytest.raises(DatasetError, match=rf"data\.pkl: face 1 of train: .*{message}"):
        read_affectnet_pickle(path, "train")


def test_a_face_that_lacks_something(tmp_path: Path, authors_module: ModuleType) -> None:
    path = pickled(tmp_path, authors_module, "AffectNet_annotation", [{"image_path": "a"}], [])
    with pytest.raises(DatasetError, match="face 0 of train: lacks 'expression'"):
        read_affectnet_pickle(path, "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found list"),
        ({"train": 5}, r"found keys \['train'\]"),
        ({"train": [5]}, "expected a AffectNet_annotation, found int"),
    ],
)
def test_another_pickle(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "data.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DatasetError, match=message):
        read_affectnet_pickle(tmp_path / "data.pkl", "train")


def test_a_hostile_pickle_runs_nothing(tmp_path: Path, authors_module: ModuleType) -> None:
    faces = [{**annotation("1/a.jpg", 0), "valence": RunsCode(tmp_path / "was here")}]
    path = pickled(tmp_path, authors_module, "AffectNet_annotation", faces, [])
    for read in (read_affectnet_pickle, read_affwild2_pickle):
        with pytest.raises(DatasetError, match="was not opened: it asks for"):
            read(path, "train")
    assert not (tmp_path / "was here").exists()
