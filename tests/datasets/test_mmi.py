from __future__ import annotations

from pathlib import Path

import pytest

from realtime_fer.datasets import mmi
from realtime_fer.datasets.mmi import open_mmi, read_mmi
from realtime_fer.errors import DatasetError
from realtime_fer.labels import MMI_LABELS
from tests.datasets.miniatures import save_apex, save_mmi_session, save_text


def save_sessions(folder: Path) -> Path:
    annotated = save_mmi_session(folder, 9, "S002-106", 4)
    # Apexes in the middle of frames 4 to 5, 6 and 8 to 9, from 1.
    save_apex(annotated, "S002-106", (4, 6), (6, 7), (8, 10))
    save_mmi_session(folder, 100, "S005-001", 6, frames=7)
    save_mmi_session(folder, 101, "S005-002", 1, view=2)
    save_mmi_session(folder, 102, "S005-003", 9)
    save_mmi_session(folder, 103, "S005-004", None)
    return folder


def test_videos_of_the_six_emotions(tmp_path: Path) -> None:
    videos = read_mmi(save_sessions(tmp_path))
    assert [(item.subject, item.path.name, MMI_LABELS[item.label], item.view, item.peak) for item in videos] == [
        ("S002", "S002-106.avi", "happiness", 0, 5),
        ("S005", "S005-001.avi", "surprise", 0, None),
        ("S005", "S005-002.avi", "anger", 2, None),
    ]
    assert read_mmi(tmp_path / "Sessions") == videos


def test_three_frames_around_the_peak_or_the_middle(tmp_path: Path) -> None:
    opened = open_mmi(save_sessions(tmp_path))
    assert [(face.picture.stem, face.frame, face.subject, face.label) for face in opened.faces] == [
        ("S002-106", 4, "S002", 3),
        ("S002-106", 5, "S002", 3),
        ("S002-106", 6, "S002", 3),
        ("S005-001", 2, "S005", 5),
        ("S005-001", 3, "S005", 5),
        ("S005-001", 4, "S005", 5),
    ]
    assert abs(opened.read(1).mean() - 100) < 2


def test_a_part_of_the_set_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_sessions(tmp_path)
    open_mmi(tmp_path)
    (message,) = caplog.messages
    assert "expected the 31 people of the published folds, found 2 in these views; if you want all of them, download" in message
    caplog.clear()
    monkeypatch.setattr(mmi, "PUBLISHED_PEOPLE", 2)
    open_mmi(tmp_path)
    assert not caplog.messages


def test_views_ends_and_short_videos(tmp_path: Path) -> None:
    session = save_mmi_session(tmp_path, 1, "S001-001", 2, view=2, frames=4)
    save_apex(session, "S001-001", (4, 6))
    assert len(open_mmi(tmp_path)) == 0
    assert [face.frame for face in open_mmi(tmp_path, views=(0, 2)).faces] == [1, 2, 3]
    with pytest.raises(DatasetError, match=r"S001-001\.avi: expected a video of 5 frames or more, found 4"):
        open_mmi(tmp_path, views=(2,), peak_frames=5)


def test_no_sessions(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent: expected MMI's folders.*found no such folder.*mmifacedb\.eu"):
        read_mmi(tmp_path / "absent")
    (tmp_path / "other").mkdir()
    with pytest.raises(DatasetError, match=r"expected MMI's folders of sessions.*found 1 folders, none with.*holds Sessions"):
        read_mmi(tmp_path)
    save_mmi_session(tmp_path, 1, "S001-001", None)
    with pytest.raises(DatasetError, match="found none in 1 sessions"):
        read_mmi(tmp_path)


@pytest.mark.parametrize("name", ["S002-106.avi", "session.xml"])
def test_a_session_that_lacks_a_file(tmp_path: Path, name: str) -> None:
    save_sessions(tmp_path)
    (tmp_path / "Sessions" / "9" / name).unlink()
    with pytest.raises(DatasetError, match=rf"{name}: no such file.*session 9 again.*mmifacedb"):
        read_mmi(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("S002-106.xml", "<Annotation>", r"S002-106\.xml: expected MMI's annotation"),
        ("S002-106.xml", '<A><Metatag Name="Emotion" Value="joy"/></A>', "number of the emotion, found 'joy'"),
        ("S002-106.xml", '<!DOCTYPE a [<!ENTITY b "c">]><A>&b;</A>', "defines entities"),
        ("session.xml", "<session/>", "number of the view of a track, found None"),
        ("S002-106-oao_aucs.xml", '<A><ActionUnit><Marker Type="2"/></ActionUnit></A>', "number of the frame, found None"),
    ],
)
def test_an_annotation_that_cannot_be_read(tmp_path: Path, name: str, text: str, message: str) -> None:
    save_sessions(tmp_path)
    save_text(tmp_path / "Sessions" / "9" / name, text)
    with pytest.raises(DatasetError, match=message):
        read_mmi(tmp_path)
