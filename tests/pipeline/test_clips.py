"""The service's fast path with the shipped models on real clips (only where the data folder is present)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime_fer.pipeline.assemble import build_fast_path
from realtime_fer.settings_layers import load_settings
from realtime_fer.sources.choose import open_source
from realtime_fer.sources.pictures import PictureSource
from realtime_fer.types import FrameResult

CLIPS = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).parents[3] / "shared" / "data")) / "clips"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no folder {CLIPS}; set REALTIME_FER_DATA"),
]


def process(name: str) -> list[FrameResult]:
    source = open_source(str(CLIPS / name), every_frame=True)
    fast_path, _ = build_fast_path(load_settings(), unrelated_frames=isinstance(source, PictureSource))
    source.open()
    results = []
    while (frame := source.read()) is not None:
        results.append(fast_path.process(frame))
    source.close()
    return results


def labels(results: list[FrameResult]) -> list[str]:
    return [face.expression.label for result in results for face in result.faces if face.expression is not None]


def share(found: list[str], label: str) -> float:
    return found.count(label) / max(1, len(found))


def test_crying_behind_a_hand_then_laughing() -> None:
    results = process("WolfgangLanger_Pexels.mp4")
    assert len(results) == 472
    assert sum(bool(result.faces) for result in results) >= 0.95 * len(results)
    assert len({face.track.track_id for result in results for face in result.faces}) <= 2
    assert share(labels(results[:220]), "happiness") <= 0.1
    assert share(labels(results[60:150]), "sadness") >= 0.8
    assert share(labels(results[290:]), "happiness") >= 0.95


def test_faces_stop_when_the_face_leaves() -> None:
    results = process("face_noface.mov")
    assert sum(bool(result.faces) for result in results[:72]) >= 70
    assert sum(bool(result.faces) for result in results[72:]) <= 1


@pytest.mark.parametrize("name", ["no_face.mp4", "free-mountain-vector-01.jpg"])
def test_cartoons_have_no_face(name: str) -> None:
    results = process(name)
    assert sum(bool(result.faces) for result in results) <= 0.02 * len(results)


def test_five_friends() -> None:
    (result,) = process("multi_face.jpg")
    assert len(result.faces) == 5


def test_a_smile_begins() -> None:
    found = labels(process("single_face.mp4"))
    assert share(found[:5], "neutral") == 1
    assert share(found[-20:], "happiness") >= 0.9
