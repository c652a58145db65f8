from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError  # noqa: E402
from realtime_fer.networks.fmpn.checkpoint import (  # noqa: E402
    classifier_from,
    fmpn_from,
    fusion_from,
    generator_from,
    load_fmpn,
    save_fmpn,
    save_generator,
)
from realtime_fer.networks.fmpn.dense_classifier import DenseClassifier  # noqa: E402
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator, Norm  # noqa: E402
from realtime_fer.networks.fmpn.residual_classifier import RESNET152_BLOCKS, ResidualClassifier  # noqa: E402
from realtime_fer.networks.fmpn.weight_files import NETS  # noqa: E402
from tests.networks.fmpn.tiny import SIZE_PX, shaken, tiny_fmpn  # noqa: E402

pytestmark = pytest.mark.torch


def same(a: Any, b: Any) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_what_is_written_comes_back_whole(tmp_path: Path, norm: Norm) -> None:
    model = tiny_fmpn(norm=norm)
    files = save_fmpn(model, tmp_path / "new", "20")
    assert [path.name for path in files.values()] == [f"20_net_{net}.pth" for net in NETS]
    back = load_fmpn(tmp_path / "new", size_px=SIZE_PX)
    assert same(back, model)
    assert not back.training
    raw = torch.load(files["cls"], weights_only=True)
    assert "Mixed_5b.branch1x1.conv.weight" in raw


def test_any_of_the_files_names_the_three_and_the_last_epoch_wins(tmp_path: Path) -> None:
    early, late = tiny_fmpn(), tiny_fmpn(classes=6)
    save_fmpn(early, tmp_path, "9")
    save_fmpn(late, tmp_path, "100")
    save_generator(early.net_resface, tmp_path, "200")
    assert same(load_fmpn(tmp_path, size_px=SIZE_PX), late)
    assert same(load_fmpn(tmp_path / "9_net_fusion.pth", size_px=SIZE_PX), early)
    assert same(load_fmpn(tmp_path, epoch="9", size_px=SIZE_PX), early)
    with pytest.raises(ModelNotFoundError, match=r"epoch 200.*none of fusion, cls; whole epochs there: 100, 9"):
        load_fmpn(tmp_path, epoch="200")
    with pytest.raises(ShapeError, match="98"):
        load_fmpn(tmp_path, size_px=98)


@pytest.mark.parametrize(("dropout", "norm"), [(True, "batch"), (True, "none"), (False, "instance"), (True, "instance")])
def test_the_make_of_a_generator_is_read_from_its_tensors(dropout: bool, norm: Norm) -> None:
    made = shaken(MotionMaskGenerator(16, channels=6, blocks=2, norm=norm, dropout=dropout))
    assert same(generator_from(made.state_dict(), "it", 16), made)


def test_other_classifiers_are_known_by_their_names() -> None:
    with torch.device("meta"):
        nets: list[Any] = [ResidualClassifier(5), ResidualClassifier(4, RESNET152_BLOCKS), DenseClassifier(3)]
    for net, last in zip(nets, ("fc", "fc", "classifier"), strict=True):
        with torch.device("meta"):
            found = classifier_from(net.state_dict(), "it")
        assert type(found) is type(net)
        assert getattr(found, last).weight.shape == getattr(net, last).weight.shape
        assert len(found.state_dict()) == len(net.state_dict())
    with pytest.raises(ModelCorruptError, match=r"it: expected an Inception v3.*found a\.weight"):
        classifier_from({"a.weight": torch.zeros(1)}, "it")


def test_files_older_than_the_counters_of_norms_load() -> None:
    fusion = tiny_fmpn().net_fusion
    old = {name: value for name, value in fusion.state_dict().items() if not name.endswith("num_batches_tracked")}
    assert len(old) < len(fusion.state_dict())
    assert same(fusion_from(old, "it"), fusion)
    old["process_a.1.num_batches_tracked"] = torch.tensor(0)
    with pytest.raises(ModelCorruptError, match=r"3 missing \(model\.0\.conv_block\.1\.num_batches_tracked"):
        fusion_from(old, "it")


def test_missing_unexpected_and_misshapen_tensors_are_named() -> None:
    state = dict(tiny_fmpn().net_fusion.state_dict())
    weight = state.pop("model.1.weight")
    with pytest.raises(ModelCorruptError, match=r"^it: of 27 expected tensors, 1 missing \(model\.1\.weight\);"):
        fusion_from(state, "it")
    with pytest.raises(ModelCorruptError, match=r"missing \(model\.1\.weight\) and 1 unexpected \(module\.x\)"):
        fusion_from({**state, "module.x": weight}, "it")
    with pytest.raises(
        ModelShapeError, match=r"it: 1 of 27 tensors have another form: model\.1\.weight is \(3, 3\) float32, expected"
    ):
        fusion_from({**state, "model.1.weight": torch.zeros(3, 3)}, "it")
    with pytest.raises(ModelCorruptError, match=r"expected a tensor feature_extractor\.0\.weight.*another net"):
        generator_from(state, "it")
    with pytest.raises(ModelCorruptError, match=r"of 27 expected tensors"):
        fusion_from(tiny_fmpn().net_resface.state_dict(), "it")


def test_the_parts_of_a_model_are_told_apart_in_errors() -> None:
    states = {net: getattr(tiny_fmpn(), f"net_{net}").state_dict() for net in NETS}
    states["fusion"] = {}
    with pytest.raises(ModelCorruptError, match=r"^second: of 27 expected tensors, 23 missing"):
        fmpn_from(states, dict(zip(NETS, ("first", "second", "third"), strict=True)), SIZE_PX)
