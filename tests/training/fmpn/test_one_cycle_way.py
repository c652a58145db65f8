from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.training.emotion_gcn_ferplus.task import WARM_UP_FRACTION  # noqa: E402
from realtime_fer.training.fmpn.faces import LabelledFaces, load_faces  # noqa: E402
from realtime_fer.training.fmpn.one_cycle_way import OneCycleWay, grey_faces  # noqa: E402
from realtime_fer.training.fmpn.recipe import FmpnRecipe  # noqa: E402
from realtime_fer.training.fmpn.way import Lessons  # noqa: E402
from realtime_fer.training.loop.accelerator import ALONE, Share  # noqa: E402
from realtime_fer.training.loop.run_loop import one_cycle  # noqa: E402
from tests.training.fmpn.pictures import LABELS, write_folders  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = FmpnRecipe(
    stage="classifier",
    epochs=4,
    decay_epochs=2,
    batch=4,
    peak_learning_rate=1e-3,
    generator_learning_rate=1e-4,
    weight_decay=0.1,
    mask_weight=0.1,
    size_px=48,
    channels=4,
    blocks=1,
    norm="batch",
    width=1.0,
    neutral="neutral",
    without_neutral=False,
    masks=None,
    people_in_names=False,
    held_out=0.0,
    seed=3,
    limit=None,
    classifier="compact",
    schedule="one-cycle",
    camera_share=0.0,
)


@pytest.fixture
def faces(tmp_path: Path) -> LabelledFaces:
    return load_faces(write_folders(tmp_path / "faces"))


def way_of(
    faces: LabelledFaces, masks: np.ndarray | None = None, *, colour: bool = True, share: Share = ALONE, **changes: object
) -> OneCycleWay:
    if masks is None:
        masks = np.zeros((len(faces.labels), 48, 48), np.uint8)
    recipe = replace(RECIPE, **changes)  # type: ignore[arg-type]
    return OneCycleWay(Lessons(recipe, faces, faces.subset(np.arange(2, 5)), masks, colour, share))


def test_masks_are_moved_as_their_faces_are() -> None:
    """Masks that are the faces themselves must lie on them wherever neither light nor a cover changed the face."""
    pictures = np.random.default_rng(0).integers(0, 2, (8, 6, 6)).astype(np.uint8).repeat(8, 1).repeat(8, 2) * 200 + 20
    faces = LabelledFaces(tuple("abcdefgh"), np.arange(8), pictures.astype(np.uint8))
    way = way_of(faces, pictures.astype(np.uint8), batch=8)
    batch = next(iter(way.batches(0)))
    apart = (batch["grey"] - batch["mask"]).abs().flatten(1).median(dim=1).values
    # Two fifths are relit, and their greys are others; the rest is the same but for rounding.
    assert (apart < 0.01).sum() >= 3
    still = torch.from_numpy(pictures[batch["class"].numpy()]).unsqueeze(1) / 255
    assert ((batch["mask"] - still).abs().flatten(1).mean(dim=1) > 0.05).all()


def test_an_epoch_is_the_same_however_it_is_come_to(faces: LabelledFaces) -> None:
    first, again = (list(way_of(faces).batches(1)) for _ in range(2))
    other = list(way_of(faces).batches(2))
    assert len(first) == 3
    assert all(torch.equal(a[name], b[name]) for a, b in zip(first, again, strict=True) for name in a)
    assert not torch.equal(first[0]["grey"], other[0]["grey"])
    assert sorted(torch.cat([batch["class"] for batch in first]).tolist()) == sorted(faces.classes.tolist())
    assert torch.equal(first[0]["rgb"][:, 1:2], first[0]["grey"])
    assert first[0]["rgb"].shape == (4, 3, 48, 48)
    assert "rgb" not in next(iter(way_of(faces, colour=False).batches(0)))


def test_processes_share_each_batch_and_spoil_it_differently(faces: LabelledFaces) -> None:
    # Every face its own class, so that the classes say which are shown.
    named = replace(faces, labels=tuple(map(str, range(12))), classes=np.arange(12))
    whole, *parts = (list(way_of(named, share=share, batch=5).batches(1)) for share in (ALONE, Share(0, 2), Share(1, 2)))
    for step, batch in enumerate(whole):
        found = [part[step]["class"].tolist() for part in parts]
        assert [len(shown) for shown in found] == [3, 2]
        assert sorted(found[0] + found[1]) == sorted(batch["class"].tolist())
    assert [len(batch["class"]) for batch in whole] == way_of(named, batch=5).batch_sizes() == [5, 5]
    alike = replace(named, pictures=np.full((12, 48, 48), 99, np.uint8))
    first, second = (next(iter(way_of(alike, share=Share(index, 2), batch=12).batches(0)))["grey"] for index in (0, 1))
    assert not torch.equal(first, second)


def test_rare_classes_are_repeated(faces: LabelledFaces) -> None:
    rare = replace(faces, labels=("disgust", "neutral", "fear"))
    way = way_of(rare, batch=1)
    shown = np.bincount([int(batch["class"]) for batch in way.batches(0)])
    assert shown.tolist() == [12, 4, 8]
    assert way.batch_sizes() == [1] * 24


def test_held_out_faces_are_shown_as_they_are(faces: LabelledFaces) -> None:
    found = list(way_of(faces, batch=2).held_out_batches())
    assert [len(batch["class"]) for batch in found] == [2, 1]
    pixels = torch.cat([batch["grey"] for batch in found])[:, 0] * 255
    assert (pixels.round().numpy() == grey_faces(faces, 48)[2:5]).all()


def test_grey_faces_are_taken_as_they_are_or_made(faces: LabelledFaces) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    assert (grey_faces(LabelledFaces(LABELS, np.arange(3), pixels), 48) == pixels).all()
    made = grey_faces(faces, 40)
    assert (made[1] == np.asarray(faces.picture(1).convert("L"))).all()


def test_the_rate_is_that_of_our_other_trainings(faces: LabelledFaces) -> None:
    way = way_of(faces)
    found = [way.rate_factor(epoch, step) for epoch in range(4) for step in range(3)]
    assert found == [one_cycle(step, 12, 1.0, WARM_UP_FRACTION) for step in range(12)]


def test_each_net_has_its_rate_and_only_matrices_decay(faces: LabelledFaces) -> None:
    net, slow = torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)
    optimizer = way_of(faces).optimizer([(net, 1e-2), (slow, 1e-3), (torch.nn.Identity(), 1.0)])
    found = {id(p): (g["initial_lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    assert found == {
        id(net.weight): (1e-2, 0.1),
        id(net.bias): (1e-2, 0.0),
        id(slow.weight): (1e-3, 0.1),
        id(slow.bias): (1e-3, 0.0),
    }
