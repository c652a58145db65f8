from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.networks.face_lite import PRIOR_SCORE, STRIDES_PX, FaceLite, FaceLiteForExport  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def network() -> FaceLite:
    torch.manual_seed(0)
    return FaceLite().eval()


def test_it_is_small(network: FaceLite) -> None:
    assert 2e5 < sum(p.numel() for p in network.parameters()) < 5e5


def test_one_prediction_a_cell_at_three_strides(network: FaceLite) -> None:
    with torch.no_grad():
        found = network(torch.rand(2, 3, 64, 96))
    cells = 8 * 12 + 4 * 6 + 2 * 3
    assert found.logits.shape == (2, cells)
    assert found.boxes_xyxy.shape == (2, cells, 4)
    assert found.strides_px.tolist() == [8] * 96 + [16] * 24 + [32] * 6
    # The second cell of the first row, the first of the second row, and the first of the coarsest level.
    assert found.centres_xy[1].tolist() == [12, 4]
    assert found.centres_xy[12].tolist() == [4, 12]
    assert found.centres_xy[-6].tolist() == [16, 16]


def test_an_untrained_network_sees_hardly_any_face_and_boxes_two_cells_wide(network: FaceLite) -> None:
    with torch.no_grad():
        found = network(torch.zeros(1, 3, 64, 64))
    assert found.logits.sigmoid().max() < 3 * PRIOR_SCORE
    sides = found.boxes_xyxy[..., 2:] - found.boxes_xyxy[..., :2]
    assert torch.allclose(sides / found.strides_px[:, None], torch.tensor(2.0), atol=0.3)


def test_boxes_follow_the_distances_to_the_four_sides(network: FaceLite) -> None:
    with torch.no_grad():
        for output in network.outputs:
            output.weight.zero_()
            output.bias.copy_(torch.log(torch.tensor([1.0, 1.0, 2.0, 3.0, 4.0])))
        found = network(torch.rand(1, 3, 32, 32))
    x, y = 16, 16  # the one cell of the coarsest level
    assert torch.allclose(found.boxes_xyxy[0, -1], torch.tensor([x - 32.0, y - 64.0, x + 96.0, y + 128.0]))


def test_finite_whatever_the_network_says(network: FaceLite) -> None:
    with torch.no_grad():
        for output in network.outputs:
            output.bias.fill_(1e4)
        assert torch.isfinite(network(torch.rand(1, 3, 32, 32)).boxes_xyxy).all()


def test_the_export_layout_holds_centre_size_and_score(network: FaceLite) -> None:
    images = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        found = network(images)
        output = FaceLiteForExport(network)(images)
    assert output.shape == (2, 5, found.logits.shape[1])
    centre, size = output[:, :2].transpose(1, 2), output[:, 2:4].transpose(1, 2)
    assert torch.allclose(torch.cat([centre - size / 2, centre + size / 2], dim=2), found.boxes_xyxy, atol=1e-4)
    assert torch.allclose(output[:, 4], found.logits.sigmoid())


@pytest.mark.parametrize("level", range(3))
def test_every_level_learns(network: FaceLite, level: int) -> None:
    found = network.train()(torch.rand(1, 3, 64, 64))
    found.logits[:, found.strides_px == STRIDES_PX[level]].sum().backward()
    assert network.stem[0][0].weight.grad.abs().sum() > 0
