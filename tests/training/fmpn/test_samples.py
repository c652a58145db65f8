from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.fmpn.faces import LabelledFaces, load_faces  # noqa: E402
from realtime_fer.training.fmpn.pseudo_masks import make_masks  # noqa: E402
from realtime_fer.training.fmpn.samples import FaceSamples, batches, cut, shuffled  # noqa: E402
from realtime_fer.training.fmpn.transform import View, random_view, shown  # noqa: E402
from tests.training.fmpn.pictures import write_folders  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def faces(tmp_path: Path) -> LabelledFaces:
    return load_faces(write_folders(tmp_path / "faces"))


def test_face_grey_and_mask_are_cut_alike(faces: LabelledFaces) -> None:
    # Masks that are pictures of the class's first face: they must be shown as that face's grey is.
    first = [faces.picture(row).convert("L") for row in (0, 4, 8)]
    samples = FaceSamples(faces, np.stack([np.asarray(face) for face in first]), size_px=16, colour=True, seed=3, epoch=5)
    for row in (0, 4, 8):
        sample = samples[row]
        assert torch.equal(sample["grey"], sample["mask"])
        view = random_view(np.random.default_rng((3, 5, row)))
        assert (sample["rgb"].numpy() == shown(faces.picture(row), view, 16)).all()
        assert sample["class"] == row // 4
    assert len(samples) == 12
    assert {str(samples[row]["grey"].sum()) for row in range(4)} != {str(samples[0]["grey"].sum())}


def test_without_an_epoch_the_centre_is_shown_and_colour_only_on_demand(faces: LabelledFaces) -> None:
    samples = FaceSamples(faces, make_masks(faces, "neutral"), size_px=16, colour=False)
    sample = samples[3]
    assert set(sample) == {"grey", "mask", "class"}
    assert (sample["grey"].numpy() == shown(faces.picture(3).convert("L"), View(), 16)).all()


def test_every_face_is_in_one_batch_of_the_order(faces: LabelledFaces) -> None:
    samples = FaceSamples(faces, make_masks(faces, "neutral"), size_px=16, colour=True)
    order = shuffled(12, 1, 0)
    found = list(batches(samples, cut(order, 5)))
    assert [len(batch["class"]) for batch in found] == [5, 5, 2]
    assert torch.cat([batch["class"] for batch in found]).tolist() == faces.classes[order].tolist()
    assert found[0]["rgb"].shape == (5, 3, 16, 16)
    assert torch.equal(found[0]["grey"][2], samples[order[2]]["grey"])


def test_left_over_faces_join_the_batch_before() -> None:
    def sizes(count: int, batch: int, processes: int = 1) -> list[int]:
        found = cut(np.arange(count), batch, processes)
        assert np.concatenate(found).tolist() == list(range(count))
        return [len(rows) for rows in found]

    assert sizes(12, 5) == [5, 5, 2]
    assert sizes(11, 5) == [5, 6]
    assert sizes(1, 5) == [1]
    # On two processes four are the least that gives each of them two.
    assert sizes(13, 5, 2) == [5, 8]
    assert sizes(14, 5, 2) == [5, 5, 4]


def test_orders_depend_on_seed_and_epoch() -> None:
    assert sorted(shuffled(20, 0, 0)) == list(range(20))
    assert shuffled(20, 0, 0).tolist() == shuffled(20, 0, 0).tolist()
    assert shuffled(20, 0, 0).tolist() != shuffled(20, 0, 1).tolist()
    assert shuffled(20, 0, 0).tolist() != shuffled(20, 1, 0).tolist()
