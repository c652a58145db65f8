from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from realtime_fer.datasets import ckplus
from realtime_fer.datasets.ckplus import open_ckplus, read_ckplus
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS
from tests.datasets.miniatures import save_ckplus, save_picture, save_text


def test_labelled_sequences_only(tmp_path: Path) -> None:
    sequences = read_ckplus(save_ckplus(tmp_path))
    assert [(item.name, item.subject, CKPLUS_LABELS[item.label], len(item.frames)) for item in sequences] == [
        ("S005_001", "S005", "disgust", 11),
        ("S010_002", "S010", "surprise", 5),
        ("S010_004", "S010", "contempt", 6),
        ("S999_001", "S999", "happiness", 4),
    ]


def test_a_part_of_the_set_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_ckplus(tmp_path)
    read_ckplus(tmp_path)
    (message,) = caplog.messages
    assert "expected CK+'s 327 labelled sequences, found 4; if you want all of them, unpack" in message
    caplog.clear()
    monkeypatch.setattr(ckplus, "LABELLED_SEQUENCES", 4)
    read_ckplus(tmp_path)
    assert not caplog.messages


def test_the_last_three_frames(tmp_path: Path) -> None:
    opened = open_ckplus(save_ckplus(tmp_path))
    assert opened.labels == CKPLUS_LABELS
    assert len(opened) == 12
    assert [face.picture.name for face in opened.faces[:3]] == [f"S005_001_{n:08d}.png" for n in (9, 10, 11)]
    assert {(face.subject, face.label) for face in opened.faces[:3]} == {("S005", 2)}
    assert opened.read(0).tolist() == np.full((8, 8, 3), 9).tolist()


def test_the_first_frame_as_neutral(tmp_path: Path) -> None:
    opened = open_ckplus(save_ckplus(tmp_path), peak_frames=1, neutral=True)
    assert opened.labels == (*CKPLUS_LABELS, "neutral")
    assert [(face.picture.stem[-2:], opened.labels[face.label]) for face in opened.faces[:4]] == [
        ("01", "neutral"),
        ("11", "disgust"),
        ("01", "neutral"),
        ("05", "surprise"),
    ]


def test_the_inner_folders_alone(tmp_path: Path) -> None:
    save_ckplus(tmp_path)
    (tmp_path / "extended-cohn-kanade-images" / "cohn-kanade-images").rename(tmp_path / "cohn-kanade-images")
    (tmp_path / "Emotion_labels").mkdir()
    (tmp_path / "Emotion").rename(tmp_path / "Emotion_labels" / "Emotion")
    assert len(read_ckplus(tmp_path)) == 4


def test_missing_folders_say_where_to_ask(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DatasetError, match=r"cohn-kanade-images: no such folder.*images\.zip.*jeffcohn\.net"):
            read_ckplus(folder)
    save_ckplus(tmp_path)
    shutil.rmtree(tmp_path / "Emotion")
    with pytest.raises(DatasetError, match=r"Emotion: no such folder.*Emotion_labels\.zip.*jeffcohn\.net"):
        read_ckplus(tmp_path)
    (tmp_path / "Emotion").mkdir()
    with pytest.raises(DatasetError, match=r"Emotion: expected labels such as.*found none"):
        read_ckplus(tmp_path)


def test_half_of_the_pictures(tmp_path: Path) -> None:
    images = save_ckplus(tmp_path) / "extended-cohn-kanade-images" / "cohn-kanade-images"
    shutil.rmtree(images / "S999")
    (images / "S010" / "002" / "S010_002_00000005.png").unlink()
    with pytest.raises(DatasetError, match=r"S010_002_00000005\.png: expected a sequence.*4 frames; it is so with 2 of 4"):
        read_ckplus(tmp_path)


def test_half_of_the_labels(tmp_path: Path) -> None:
    images = save_ckplus(tmp_path) / "extended-cohn-kanade-images" / "cohn-kanade-images"
    for number in range(20, 25):
        save_picture(images / f"S0{number}" / "001" / f"S0{number}_001_00000001.png")
    assert len(read_ckplus(tmp_path)) == 4
    save_picture(images / "S025" / "001" / "S025_001_00000001.png")
    with pytest.raises(DatasetError, match=r"S020: expected labels of all but 5 people, found none of 6 of 9"):
        read_ckplus(tmp_path)


@pytest.mark.parametrize("text", ["0.0000000e+00", "8.0", "2.5", "anger", "", "nan"])
def test_a_bad_label_is_named(tmp_path: Path, text: str) -> None:
    save_ckplus(tmp_path)
    save_text(tmp_path / "Emotion" / "S010" / "002" / "S010_002_00000005_emotion.txt", text)
    with pytest.raises(DatasetError, match=r"S010_002_00000005_emotion\.txt: expected a label of 1 to 7"):
        read_ckplus(tmp_path)
