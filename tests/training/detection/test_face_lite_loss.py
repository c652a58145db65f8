from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.face_lite import FaceLite, Predictions  # noqa: E402
from realtime_fer.training.detection.face_lite_loss import (  # noqa: E402
    CELLS_PER_FACE,
    assign_cells,
    face_lite_loss,
    paired_iou,
)

pytestmark = pytest.mark.torch


def predictions(boxes: list[list[float]], scores: list[float], cells: int = 8) -> Predictions:
    """One row of cells 8 px wide, whose boxes and scores are given."""
    centres = torch.tensor([[8.0 * i + 4, 4.0] for i in range(cells)])
    return Predictions(torch.logit(torch.tensor([scores])), torch.tensor([boxes]), centres, torch.full((cells,), 8.0))


def test_iou_of_boxes_and_its_generalised_form() -> None:
    a = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 1, 1]])
    b = torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2], [3, 0, 4, 1]])
    iou, generalised = paired_iou(a, b)
    assert torch.allclose(iou, torch.tensor([1.0, 1 / 3, 0.0]))
    # The third pair lies in a hull of area 4 of which 2 belong to neither.
    assert torch.allclose(generalised, torch.tensor([1.0, 1 / 3, -0.5]))


def test_a_face_takes_the_cells_that_predict_it_best() -> None:
    face = [8.0, 0.0, 40.0, 8.0]
    boxes = [[0.0, 0.0, 8.0, 8.0] for _ in range(8)]
    boxes[2], boxes[3] = face, [8.0, 0.0, 32.0, 8.0]
    targets, matched = assign_cells(predictions(boxes, [0.5] * 8), torch.tensor([[face]]), torch.tensor([[True]]))
    assert targets[0].argmax() == 2
    assert targets[0, 2] == pytest.approx(1.0, abs=1e-4)
    assert 0 < targets[0, 3] < 0.5  # its alignment is 0.75 ** 6 of the best
    assert matched[0].tolist() == [0] * 8
    assert (targets[0, 5:] == 0).all()  # their centres are outside


def test_the_target_of_the_best_cell_is_its_overlap() -> None:
    boxes = [[8.0, 0.0, 24.0, 8.0]] * 8
    targets, _ = assign_cells(predictions(boxes, [0.3] * 8), torch.tensor([[[8.0, 0.0, 40.0, 8.0]]]), torch.tensor([[True]]))
    assert targets.max() == pytest.approx(0.5, abs=1e-4)


def test_a_face_too_small_to_hold_a_centre_still_gets_a_cell() -> None:
    face = [6.5, 6.0, 9.5, 9.0]
    targets, _ = assign_cells(predictions([face] * 8, [0.1] * 8), torch.tensor([[face]]), torch.tensor([[True]]))
    assert set(targets[0].nonzero().flatten().tolist()) == {0, 1}


def test_a_face_gets_only_so_many_cells() -> None:
    face = [0.0, 0.0, 320.0, 8.0]
    found = predictions([face] * 40, [0.5] * 40, cells=40)
    targets, _ = assign_cells(found, torch.tensor([[face]]), torch.tensor([[True]]))
    assert int((targets > 0).sum()) == CELLS_PER_FACE


def test_a_cell_wanted_by_two_goes_to_the_one_it_overlaps_more() -> None:
    faces = torch.tensor([[[0.0, 0.0, 24.0, 8.0], [8.0, 0.0, 32.0, 8.0]]])
    targets, matched = assign_cells(predictions([faces[0, 1].tolist()] * 8, [0.5] * 8), faces, torch.tensor([[True, True]]))
    assert matched[0, 1:4].tolist() == [1, 1, 1]
    assert targets[0, 1] == pytest.approx(1.0, abs=1e-4)


def test_padding_is_no_face() -> None:
    found = predictions([[0.0, 0.0, 64.0, 8.0]] * 8, [0.5] * 8)
    targets, _ = assign_cells(found, torch.tensor([[[0.0, 0.0, 64.0, 8.0]]]), torch.tensor([[False]]))
    assert (targets == 0).all()


def test_no_face_at_all_leaves_only_the_scores_to_learn() -> None:
    found = predictions([[0.0, 0.0, 8.0, 8.0]] * 8, [0.5] * 8)
    loss = face_lite_loss(found, torch.zeros(1, 0, 4), torch.zeros(1, 0, dtype=torch.bool))
    assert loss.box == 0
    assert loss.total == pytest.approx(8 * 0.6931, abs=1e-3)


def test_perfect_answers_cost_nothing_and_others_more() -> None:
    face = [0.0, 0.0, 16.0, 8.0]
    perfect = predictions([face] * 8, [1 - 1e-6, 1 - 1e-6] + [1e-6] * 6)
    shifted = predictions([[4.0, 0.0, 20.0, 8.0]] * 8, [1 - 1e-6, 1 - 1e-6] + [1e-6] * 6)
    unsure = predictions([face] * 8, [0.5, 0.5] + [1e-6] * 6)
    losses = [face_lite_loss(f, torch.tensor([[face]]), torch.tensor([[True]])) for f in (perfect, shifted, unsure)]
    assert losses[0].total < 0.01
    assert losses[1].box > 0.3
    assert losses[2].score > 0.5
    assert losses[0].overlap == pytest.approx(1.0)


def test_a_network_can_learn_one_picture() -> None:
    torch.manual_seed(0)
    network = FaceLite().train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    images, face = torch.rand(1, 3, 64, 64) * 0.1, torch.tensor([[[16.0, 16.0, 40.0, 48.0]]])
    images[:, :, 16:48, 16:40] = 1.0
    losses = []
    for _ in range(40):
        loss = face_lite_loss(network(images), face, torch.tensor([[True]]))
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(float(loss.total.detach()))
    assert losses[-1] < 0.25 * losses[0]
    with torch.no_grad():
        found = network(images)
    surest = found.boxes_xyxy[0, found.logits[0].argmax()]
    assert paired_iou(surest, face[0, 0])[0] > 0.7
