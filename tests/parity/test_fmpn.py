"""FMPN-FER against recordings of the original code: every file and every case of the folder.

All quantities are compared at the tolerances of the README beside the recordings.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
image = pytest.importorskip("PIL.Image", reason="needs the train extra")

from realtime_fer.networks.fmpn.checkpoint import classifier_from, fusion_from, generator_from  # noqa: E402
from realtime_fer.networks.fmpn.model import Fmpn  # noqa: E402
from realtime_fer.networks.fmpn.motion_mask_generator import MotionMaskGenerator  # noqa: E402
from realtime_fer.training.fmpn.losses import PAPER_MASK_WEIGHT, joint_loss, mask_loss  # noqa: E402
from realtime_fer.training.fmpn.optimisation import joint_optimizer, mask_optimizer  # noqa: E402
from realtime_fer.training.fmpn.schedule import learning_rate_factor  # noqa: E402
from realtime_fer.training.fmpn.transform import View, shown  # noqa: E402
from tests.parity import fmpn_recordings as recordings  # noqa: E402
from tests.parity.fmpn_recordings import NET_SEED_OFFSETS, grey_of, pictures, read_arrays, read_json  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

# The networks are of the published size; on a busy machine a step of all three takes long.
pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]

TOLERANCE = 1e-4
LOSS_TOLERANCE = 1e-5
SCHEDULE_TOLERANCE = 1e-12
TRAINED_MASK_TOLERANCE = 5e-3
TRAINED_SUM_TOLERANCE = 1e-2
"""Of sums over a tensor after two steps, for which the README gives none."""
JOINT_LOSS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 0.03
SECOND_STEP_TOLERANCE = 0.05
PIXEL_TOLERANCE = 1 / 255 + 1e-6
COUNT = 2
"""Pictures of every forward case and training batch."""

KINDS = ("forward", "losses", "schedule", "train2steps", "transform")

ran: Counter[str] = Counter()
"""Cases that were run, by kind; the last test counts them."""

FORM = {"resface": generator_from, "fusion": fusion_from, "cls": classifier_from}


@pytest.fixture(scope="module", autouse=True)
def folder(parity_folder: Callable[[str], Path]) -> Iterator[Path]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield parity_folder(recordings.SYSTEM)
    torch.set_num_threads(threads)
    for made in (made_state, generated):
        made.cache_clear()


def cases(kind: str) -> list[dict[str, Any]]:
    return [case for case in read_json("index.json").get("cases", []) if case["kind"] == kind]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every entry of the index, whatever it is called."""
    for kind in KINDS:
        if kind in metafunc.fixturenames:
            found = cases(kind)
            names = [case.get("variant") or case.get("file") or kind for case in found]
            metafunc.parametrize(kind, found, ids=[str(name) for name in names])


def close(found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# Weights and pictures, made by the rules.


def size_of(variant: str) -> int:
    """The side of the faces, which stands in a variant's name: fmg_even_96, res_cls_299_6cls."""
    (size,) = re.findall(r"_(\d+)(?=_|$)", variant)
    return int(size)


@cache
def made_state(seed: int, names_and_shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(recordings.weight(seed, name, shape))) for name, shape in names_and_shapes}


def state_of(variant: str, net: str, seed: int) -> dict[str, Tensor]:
    about = read_json("weights.json")[variant][net]
    return made_state(seed, tuple((name, tuple(entry["shape"])) for name, entry in about.items()))


def net_of(variant: str, net: str, seed: int) -> Any:
    more = {"size_px": size_of(variant)} if net == "resface" else {}
    return FORM[net](state_of(variant, net, seed), f"{variant} {net}", **more)


def faces(seed: int, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    rgb = pictures(seed, "input_image", COUNT, 3, size, size)
    return rgb, grey_of(rgb)


def statistics(values: Tensor, first: int) -> Tensor:
    """(..., 4): mean, deviation, least and largest over the dimensions from `first` on."""
    flat = values.double().flatten(first)
    return torch.stack([flat.mean(-1), flat.std(-1, correction=0), flat.amin(-1), flat.amax(-1)], -1)


def thinned(values: Tensor, recorded: npt.NDArray[Any]) -> Tensor:
    step = -(-values.shape[-1] // recorded.shape[-1])
    return values[:, :, ::step, ::step]


@pytest.mark.parametrize("variant", list(read_json("weights.json")))
def test_weights_are_made_by_the_rule_and_each_has_its_place(variant: str) -> None:
    (case,) = [case for case in cases("forward") if case["variant"] == variant]
    for net, about in read_json("weights.json")[variant].items():
        state = state_of(variant, net, case["net_seeds"][net])
        for name, entry in about.items():
            value = state[name]
            assert (list(value.shape), str(value.dtype)) == (entry["shape"], f"torch.{entry['dtype']}")
            numbers = value.double()
            sums = numbers.sum(), numbers.square().sum()
            np.testing.assert_allclose(sums, [entry["sum"], entry["sumsq"]], rtol=1e-6, atol=1e-3)
            recordings.opened["weights.json"].add(f"{variant}.{net}.{name}")
            ran["tensors"] += 1
        assert recordings.sha256_of({name: value.numpy() for name, value in state.items()}) == case["weights_sha256"][net]
        assert net_of(variant, net, case["net_seeds"][net]).state_dict().keys() == about.keys()


# The networks.


@cache
def generated(variant_state: str, size: int, seed: int, variant: str) -> tuple[Tensor, Tensor]:
    """Mask and features; variants with the same weights (their hash is the first argument) share them."""
    with torch.inference_mode():
        mask, features = net_of(variant, "resface", seed)(torch.from_numpy(faces(seed, size)[1]))
        means = features.double().mean(dim=(2, 3)), features.double().std(dim=(2, 3), correction=0)
    return mask, torch.stack(means)


first_of: dict[tuple[str, int], str] = {}
"""Which variant first had these weights at this size."""


def test_forward(forward: dict[str, Any]) -> None:
    variant, seed, size = forward["variant"], forward["seed"], size_of(forward["variant"])
    recorded = read_arrays(forward["file"])
    assert {name: list(recorded[name].shape) for name in forward["outputs"]} == forward["outputs"]
    assert forward["tolerance_max_abs"] == TOLERANCE
    rgb, grey = faces(seed, size)
    for name, made in (("rgb", rgb), ("gray", grey)):
        assert hashlib.sha256(made.tobytes()).hexdigest() == forward["inputs"][f"{name}_sha256"]
        assert float(made.sum(dtype=np.float64)) == pytest.approx(forward["inputs"][f"{name}_sum"], rel=1e-9)

    shared = forward["weights_sha256"]["resface"], size
    mask, channels = generated(*shared, seed, first_of.setdefault(shared, variant))
    found = {"mask_sub": thinned(mask, recorded["mask_sub"]), "mask_stats": statistics(mask, 1)}
    found |= {"embed_channel_mean": channels[0], "embed_channel_std": channels[1]}
    if "cls" in forward["net_seeds"]:
        fusion, classifier = (net_of(variant, net, forward["net_seeds"][net]) for net in ("fusion", "cls"))
        whole, pooled = Fmpn(Mock(return_value=(mask, None)), fusion, classifier), list[Any]()
        last = next(layer for layer in reversed(list(classifier.modules())) if isinstance(layer, torch.nn.Linear))
        last.register_forward_pre_hook(lambda _layer, inputs: pooled.append(inputs[0]))
        with torch.inference_mode():
            output = whole(torch.from_numpy(rgb), torch.from_numpy(grey))
        found |= {"focus_sub": thinned(output.focus, recorded["focus_sub"]), "logits": output.logits}
        found |= {"fusion_sub": thinned(output.fused, recorded["fusion_sub"]), "fusion_stats": statistics(output.fused, 2)}
        found["cls_pooled"] = pooled[0]
    assert found.keys() == set(recorded)
    for name, values in found.items():
        close(values, recorded[name])
    ran["forward"] += 1


# Training.


def test_losses(losses: dict[str, Any]) -> None:
    recorded = read_arrays(losses["file"])
    logits, labels, mask, target = (torch.from_numpy(recorded[n]) for n in ("logits", "labels", "mask_pred", "mask_true"))
    own, paper = joint_loss(logits, labels, mask, target), joint_loss(logits, labels, mask, target, PAPER_MASK_WEIGHT)
    assert losses["tolerance_max_abs"] == LOSS_TOLERANCE
    found = {"ce": own.cross_entropy, "mse": own.mask_error, "total_code": own.total, "total_paper": paper.total}
    for name, value in found.items():
        close(value, recorded[name], LOSS_TOLERANCE)
    values = {"ce": own.cross_entropy, "mse": mask_loss(mask, target)}
    values |= {"total_code_1_0p1": own.total, "total_paper_1_10": paper.total}
    assert {name: float(value) for name, value in values.items()} == pytest.approx(losses["values"], abs=LOSS_TOLERANCE)
    ran["losses"] += 1


def test_schedule(schedule: dict[str, Any]) -> None:
    about = read_json(schedule["file"])
    runs = {**about["lr_used_in_epoch"], **about["readme_runs"]}
    for name, rates in runs.items():
        match = re.fullmatch(r"(\d+)\+(\d+)@([\d.e-]+)(?: epochs ([\d,]+))?", name)
        assert match is not None
        steady, decay = int(match[1]), int(match[2])
        epochs = [int(e) for e in match[4].split(",")] if match[4] else range(1, steady + decay + 1)
        found = [float(match[3]) * learning_rate_factor(epoch, steady + decay, decay) for epoch in epochs]
        close(found, rates, SCHEDULE_TOLERANCE)
        ran["schedule runs"] += 1
    assert about.keys() == {"lr_used_in_epoch", "readme_runs"}
    ran["schedule"] += 1


def variant_with(about: dict[str, Any]) -> str:
    """The variant whose weights a training case begins with: its own, or one of the same kind at another size."""
    known, kind = read_json("weights.json"), re.split(r"_\d+", about["variant"])[0]
    if about["variant"] in known:
        return str(about["variant"])
    return next(name for name in known if re.split(r"_\d+", name)[0] == kind)


def fresh(about: dict[str, Any], net: str, size: int) -> Any:
    state = state_of(variant_with(about), net, about["weights_seed"] + NET_SEED_OFFSETS[net])
    more = {"size_px": size} if net == "resface" else {}
    return FORM[net](state, net, **more).train()


def test_train2steps(train2steps: dict[str, Any]) -> None:
    if train2steps["variant"].startswith("fmg"):
        _train_generator(train2steps)
    else:
        _train_all(train2steps)
    ran["train2steps"] += 1


def _train_generator(about: dict[str, Any]) -> None:
    size, recorded = size_of(about["variant"]), read_arrays(about["file"])
    net: MotionMaskGenerator = fresh(about, "resface", size)
    optimizer = mask_optimizer(net)
    found = []
    for step in range(len(about["losses_before_each_step"])):
        grey, target = (
            torch.from_numpy(pictures(about["data_seed"], f"fmg_{what}_{step}", COUNT, 1, size, size))
            for what in ("train", "mask")
        )
        loss = mask_loss(net(grey)[0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    close(found, about["losses_before_each_step"], LOSS_TOLERANCE)
    close(found, recorded["losses"], LOSS_TOLERANCE)
    with torch.inference_mode():
        shown_face = torch.from_numpy(pictures(about["weights_seed"], "input_image", COUNT, 1, size, size))
        mask = net.eval()(shown_face)[0]
    close(mask[:, :, ::5, ::5], recorded["mask_after_sub5"], TRAINED_MASK_TOLERANCE)
    state = net.state_dict()
    for name, sums in about["params_after_sum_sumsq"].items():
        value = state[name].double()
        close([value.sum(), value.square().sum()], sums, TRAINED_SUM_TOLERANCE)


def _train_all(about: dict[str, Any]) -> None:
    size = size_of(about["variant"])
    model = Fmpn(*(fresh(about, net, size) for net in ("resface", "fusion", "cls")))
    model.net_cls.dropout.p = 0.0
    optimizer = joint_optimizer(model)
    for step, labels in enumerate(about["labels"]):
        rgb = pictures(about["data_seed"], f"cls_train_{step}", COUNT, 3, size, size)
        target = torch.from_numpy(pictures(about["data_seed"], f"cls_mask_{step}", COUNT, 1, size, size))
        output = model(torch.from_numpy(rgb), torch.from_numpy(grey_of(rgb)))
        loss = joint_loss(output.logits, torch.tensor(labels), output.mask, target)
        optimizer.zero_grad(set_to_none=True)
        found, expected = [float(part.detach()) for part in loss], about["losses_before_each_step"][step]
        if step == 0:
            close(found, expected, JOINT_LOSS_TOLERANCE)
            loss.total.backward()
            norms = {
                net: float(torch.cat([p.grad.flatten() for p in getattr(model, f"net_{net}").parameters()]).norm())
                for net in FORM
            }
            assert norms == pytest.approx(about["first_step_grad_l2_norm"], rel=GRADIENT_TOLERANCE)
            optimizer.step()
        else:
            np.testing.assert_allclose(found, expected, rtol=SECOND_STEP_TOLERANCE)


# Pictures.


def test_transform(transform: dict[str, Any], folder: Path) -> None:
    expected = read_arrays(next(name for name in transform["files"] if name.endswith(".npz")))
    samples = read_json("index.json")["transform_samples"]
    for name, shape in transform["arrays"].items():
        match = re.fullmatch(r"([A-Za-z]+)_(?:nc(\d)_crop(\d)_flip(\d)|test)_img_(res_tensor|tensor_gray|tensor)", name)
        assert match is not None, name
        about = samples[match[1]]
        recordings.opened.setdefault(about["file"], set())
        view = View() if match[3] is None else View(int(match[3]), match[4] == "1")
        if match[5] == "res_tensor":
            path = recordings.published_masks(match[1], about["mask_file"])
            assert path is not None, f"{match[1]}/{about['mask_file']}: the mask that belongs to the recordings is missing"
            picture = image.open(path).convert("L")
        else:
            picture = image.open(folder / about["file"]).convert("RGB")
            if match[5] == "tensor_gray" or match[2] == "1":
                picture = picture.convert("L")
        found = shown(picture, view)[:, ::13, ::13]
        assert list(found.shape) == shape
        close(found, expected[name], PIXEL_TOLERANCE)
        ran["transformed pictures"] += 1
    ran["transform"] += 1


# Nothing left out.


def test_every_recording_was_used(folder: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    functions = {getattr(item, "originalname", item.name) for item in own}
    wanted = {name for name, value in globals().items() if name.startswith("test_") and callable(value)}
    if functions != wanted:
        pytest.skip("only a part of this file was asked for")
    index = read_json("index.json")
    assert index, "index.json is missing"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - {"README.md"} - recordings.opened.keys() == set(), "recordings that no test opens"
    for name in sorted(recordings.opened):
        if name.endswith(".npz"):
            unread = set(read_arrays(name)) - recordings.opened[name]
            assert not unread, f"{name}: arrays that no test compares: {sorted(unread)}"
    by_kind = Counter(case["kind"] for case in index["cases"])
    assert by_kind.keys() <= set(KINDS), f"cases of a kind that no test runs: {sorted(by_kind.keys() - set(KINDS))}"
    assert {kind: ran[kind] for kind in by_kind} == by_kind
    tensors = sum(len(net) for variant in read_json("weights.json").values() for net in variant.values())
    arrays = sum(len(case["arrays"]) for case in cases("transform"))
    assert (ran["tensors"], ran["transformed pictures"]) == (tensors, arrays)
    with capsys.disabled():
        print(
            f"\nfmpn: {sum(by_kind.values())} recorded cases ran ({', '.join(f'{n} {kind}' for kind, n in by_kind.items())}), "
            f"with {tensors} tensors by the rule, {arrays} transformed pictures, {ran['schedule runs']} schedules"
        )
