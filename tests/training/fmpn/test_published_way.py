from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.fmpn.faces import LabelledFaces, load_faces  # noqa: E402
from realtime_fer.training.fmpn.published_way import PublishedWay  # noqa: E402
from realtime_fer.training.fmpn.way import Lessons  # noqa: E402
from realtime_fer.training.loop.accelerator import ALONE, Share  # noqa: E402
from tests.training.fmpn.pictures import write_folders  # noqa: E402
from tests.training.fmpn.test_one_cycle_way import RECIPE  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def faces(tmp_path: Path) -> LabelledFaces:
    """Every face has a class of its own, which says who is shown."""
    found = load_faces(write_folders(tmp_path / "faces"))
    return replace(found, labels=tuple(map(str, range(12))), classes=np.arange(12))


def way_of(faces: LabelledFaces, share: Share = ALONE, **changes: Any) -> PublishedWay:
    recipe = replace(RECIPE, schedule="published", size_px=16, **changes)
    lessons = Lessons(recipe, faces, faces.subset(np.arange(3)), np.zeros((12, 48, 48), np.uint8), colour=False, share=share)
    return PublishedWay(lessons)


def test_processes_share_each_batch_without_overlap(faces: LabelledFaces) -> None:
    shares = [Share(index, 2) for index in (0, 1)]
    parts = [[batch["class"].tolist() for batch in way_of(faces, share, batch=5).batches(2)] for share in shares]
    # Two would be left over, too few for two processes.
    assert [[len(batch) for batch in part] for part in parts] == [[3, 4], [2, 3]]
    assert way_of(faces, shares[1], batch=5).batch_sizes() == [5, 7]
    assert sorted(face for part in parts for batch in part for face in batch) == list(range(12))


def test_a_face_looks_the_same_whoever_shows_it(faces: LabelledFaces) -> None:
    def shown(share: Share) -> dict[int, Any]:
        batches = way_of(faces, share).batches(1)
        return {int(index): grey for batch in batches for index, grey in zip(batch["class"], batch["grey"], strict=True)}

    whole, part = shown(ALONE), shown(Share(1, 2))
    assert len(part) == 6
    assert all(torch.equal(grey, whole[index]) for index, grey in part.items())


def test_held_out_faces_are_not_shared(faces: LabelledFaces) -> None:
    found = [batch["class"].tolist() for batch in way_of(faces, Share(0, 2), batch=2).held_out_batches()]
    assert found == [[0, 1, 2]]


def test_the_rate_is_set_once_an_epoch(faces: LabelledFaces) -> None:
    way = way_of(faces)
    factors = [[way.rate_factor(epoch, step) for step in (0, 9)] for epoch in range(4)]
    assert factors == [[pytest.approx(factor)] * 2 for factor in (1, 2 / 3, 1 / 3, 0)]
