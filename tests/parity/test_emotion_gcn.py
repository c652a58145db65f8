"""Emotion-GCN against recordings of the original code: every file and every case of the folder.

All quantities are compared at the tolerances of the README beside the recordings.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.datasets.affectnet import AffectNetFace, cut_levelled, level, levelling, read_affectnet  # noqa: E402
from realtime_fer.datasets.affwild2 import SPLIT_FOLDERS, Split, read_affwild2  # noqa: E402
from realtime_fer.networks.emotion_gcn.checkpoint import load_network, recognise  # noqa: E402
from realtime_fer.networks.emotion_gcn.graph_head import GraphClassifier  # noqa: E402
from realtime_fer.networks.emotion_gcn.label_graph import label_adjacency, label_correlations  # noqa: E402
from realtime_fer.networks.emotion_gcn.model import BackboneName, EmotionNetwork, Kind, Outputs, build_network  # noqa: E402
from realtime_fer.networks.emotion_gcn.preprocessing import MEAN_RGB, STD_RGB, network_input  # noqa: E402
from realtime_fer.training.emotion_gcn.losses import (  # noqa: E402
    AFFECTNET_COUNTS,
    affect_loss,
    class_weights,
    concordances,
    emotion_losses,
)
from realtime_fer.training.emotion_gcn.step import published_optimiser, training_step  # noqa: E402
from tests.parity import emotion_gcn_recordings as recordings  # noqa: E402
from tests.parity.emotion_gcn_recordings import cases, read_arrays, read_json  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

BACKBONES: dict[str, BackboneName] = {"densenet": "densenet121", "bregnext": "bregnext50"}
KINDS: dict[str, Kind] = {"emotion_gcn": "emotion-gcn", "multi_task": "multi-task", "single_task": "single-task"}

EXACT = 1e-6
TENSOR_TOLERANCE = 1e-5
LOSS_TOLERANCE = 1e-5
SAME_WARP = cv2.__version__.startswith("5.")
"""The recordings were made with OpenCV 5, whose warpAffine interpolates differently."""
OTHER_WARP_GREY = (0.5, 8)
OTHER_WARP_TENSOR = (0.01, 0.12)
"""Mean and largest difference with OpenCV 4."""

ran: Counter[str] = Counter()
"""Cases that were run, by kind; the last test counts them."""


@pytest.fixture(scope="module", autouse=True)
def folder(parity_folder: Callable[[str], Path]) -> Iterator[Path]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield parity_folder(recordings.SYSTEM)
    torch.set_num_threads(threads)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every case of the index, whatever its file is called."""
    names = {
        "forward": cases("forward"),
        "losses": cases("losses"),
        "steps": cases("train2steps"),
        "weights": list(read_json("weights.json")),
        "merge": cases("affwild2_merge"),
    }
    for name, values in names.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=lambda v: v if isinstance(v, str) else Path(v["file"]).stem)


def close(found: Any, expected: Any, tolerance: float) -> None:
    if isinstance(found, torch.Tensor):
        found = found.detach().numpy()
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=tolerance)


def parts_of(variant: str) -> tuple[BackboneName, Kind, int]:
    """`densenet_emotion_gcn_227` -> backbone, heads, side of the picture."""
    name, _, side = variant.rpartition("_")
    backbone, _, kind = name.partition("_")
    return BACKBONES[backbone], KINDS[kind], int(side)


def state_by_rule(backbone: BackboneName, kind: Kind, seed: int, perturbed: bool) -> dict[str, Tensor]:
    embeddings = torch.zeros(9, 300) if kind == "emotion-gcn" else None
    with torch.device("meta"):
        shapes = {
            name: tuple(value.shape)
            for name, value in build_network(backbone, kind, word_embeddings=embeddings).state_dict().items()
        }
    return {name: torch.from_numpy(recordings.weight(seed, name, shape, perturbed)) for name, shape in shapes.items()}


def network_by_rule(backbone: BackboneName, kind: Kind, seed: int, perturbed: bool) -> EmotionNetwork:
    state = state_by_rule(backbone, kind, seed, perturbed)
    found = recognise(state, "rule")
    assert (found.backbone, found.kind) == (backbone, kind)
    embeddings = torch.from_numpy(recordings.word_embeddings(seed)) if kind == "emotion-gcn" else None
    return load_network(state, "rule", backbone, kind, embeddings)


def normalised(pictures: npt.NDArray[np.float32]) -> Tensor:
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN_RGB, STD_RGB))
    return torch.from_numpy((pictures - mean) / std)


# Weights.


def test_weights(weights: str) -> None:
    expected = read_json("weights.json")[weights]
    variant, _, seed = weights.rpartition("_seed")
    about = [case for case in cases("forward") if case["weights"] == weights]
    backbone, kind, _ = parts_of(f"{variant}_0")
    perturbed = any("+" in (case["A"] or "") for case in about) or not _is_plain(expected.get("A"))
    state = state_by_rule(backbone, kind, int(seed), perturbed)
    assert {name: list(value.shape) for name, value in state.items()} == {k: v["shape"] for k, v in expected.items()}
    digest = hashlib.sha256()
    for name in sorted(state):
        assert str(state[name].dtype).removeprefix("torch.") == expected[name]["dtype"], name
        values = state[name].double()
        wanted = [expected[name]["sum"], expected[name]["sumsq"]]
        np.testing.assert_allclose([values.sum(), values.square().sum()], wanted, rtol=1e-9, atol=1e-6)
        digest.update(state[name].numpy().tobytes())
        ran["tensors"] += 1
    assert {case["weights_sha256"] for case in about} <= {digest.hexdigest()}
    ran["weights"] += 1


def _is_plain(about: Any) -> bool:
    return about is None or abs(about["sum"] - recordings.recorded_adjacency().sum()) < 1e-3


# Networks.


@torch.inference_mode()
def test_forward(forward: dict[str, Any]) -> None:
    backbone, kind, side = parts_of(forward["variant"])
    seed, tolerance = forward["seed"], forward["tolerance_max_abs"]
    network = network_by_rule(backbone, kind, seed, "+" in (forward["A"] or ""))
    pictures = recordings.image(seed, "input_image", 2, side, side)
    images = normalised(pictures)
    inputs = forward["inputs"]
    assert hashlib.sha256(pictures.tobytes()).hexdigest() == inputs["input_image_sha256"]
    assert float(pictures.astype(np.float64).sum()) == pytest.approx(inputs["input_image_sum"], abs=1e-3)
    assert float(images.double().sum()) == pytest.approx(inputs["network_input_sum"], rel=1e-6)
    outputs = network(images)
    found: dict[str, Any] = {"cat": outputs.logits, "pooled": network.pooled(images)}
    if outputs.valence_arousal is not None:
        found["cont"] = outputs.valence_arousal
    if isinstance(network, GraphClassifier):
        assert hashlib.sha256(network.word_embeddings.numpy().tobytes()).hexdigest() == inputs["emb_sha256"]
        assert float(network.word_embeddings.double().sum()) == pytest.approx(inputs["emb_sum"], abs=1e-3)
        found |= {"A": network.A, "adj": network.normalised_adjacency()}
        found |= {"gcn_hidden": network.hidden(), "classifiers": network.classifiers()}
    recorded = read_arrays(forward["file"])
    assert set(recorded) == set(forward["outputs"]) == set(found)
    for name, expected in forward["outputs"].items():
        assert list(recorded[name].shape) == expected
        close(found[name], recorded[name], tolerance)
        ran["arrays"] += 1
    ran["forwards"] += 1


def test_steps(steps: dict[str, Any]) -> None:
    backbone, kind, side = parts_of(steps["variant"])
    seed, recorded, tolerance = steps["weights_seed"], read_arrays(steps["file"]), steps["tolerance"]
    network = network_by_rule(backbone, kind, seed, "+" in (steps.get("A") or "")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = published_optimiser(network, steps["lr"], steps["momentum"], steps["weight_decay"])
    assert steps["loss_columns"] == ["total", "cat", "cont"]
    for number, (labels, affect) in enumerate(zip(recorded["labels"], recorded["cont_true"], strict=True)):
        pictures = recordings.image(steps["data_seed"], f"train_image_{number}", len(labels), side, side)
        losses, outputs = training_step(
            network,
            optimiser,
            images=normalised(pictures),
            labels=torch.from_numpy(labels),
            affect=torch.from_numpy(affect),
            weights=class_weights(AFFECTNET_COUNTS),
        )
        assert losses.affect is not None
        found = [float(losses.total), float(losses.expression), float(losses.affect)]
        for expected in (recorded["losses"][number], steps["losses"][number]):
            np.testing.assert_allclose(found, expected, rtol=tolerance["losses_rel"])
        assert outputs.logits.argmax(dim=1).tolist() == recorded["preds"][number].tolist()
        ran["training steps"] += 1
    network.eval()
    with torch.inference_mode():
        after = network(normalised(recordings.image(seed, "input_image", 2, side, side)))
    close(after.logits, recorded["cat_after"], tolerance["after_max_abs"])
    close(after.valence_arousal, recorded["cont_after"], tolerance["after_max_abs"])
    state = network.state_dict()
    for name, expected in steps["params_after"].items():
        values = state[name].double()
        close([values.sum(), values.square().sum()], [expected["sum"], expected["sumsq"]], tolerance["params_sum_abs"])
        ran["parameters after"] += 1
    for name in state:
        # What the graph never trains, and the head that nothing uses.
        untouched = name == "A" or name.startswith("model._fc0.") or state[name].dtype == torch.int64
        assert untouched or not torch.equal(state[name], before[name]), name
        assert name.endswith("num_batches_tracked") or untouched == torch.equal(state[name], before[name]), name


# Losses.


def test_losses(losses: dict[str, Any]) -> None:
    recorded, tolerance = read_arrays(losses["file"]), losses["tolerance_max_abs"]
    outputs = Outputs(torch.from_numpy(recorded["logits"]), torch.from_numpy(recorded["cont_pred"]))
    labels, affect = torch.from_numpy(recorded["labels"]), torch.from_numpy(recorded["cont_true"])
    weights = class_weights(AFFECTNET_COUNTS)
    close(weights, recorded["affectnet_class_weights"], 1e-7)
    assert outputs.valence_arousal is not None
    weighted, plain = emotion_losses(outputs, labels, affect, weights), emotion_losses(outputs, labels, affect)
    metric = concordances(outputs.valence_arousal, affect)
    found = {
        "ce_weighted_affectnet": weighted.expression,
        "ce_unweighted": plain.expression,
        "ccc_loss": affect_loss(outputs.valence_arousal, affect),
        "total_affectnet": weighted.total,
        "total_affwild2": plain.total,
        "ccc_metric_valence_arousal": metric,
        "accuracy": (outputs.logits.argmax(dim=1) == labels).double().mean(),
        "ccc_valence": metric[0],
        "ccc_arousal": metric[1],
    }
    inputs = {"logits", "labels", "cont_pred", "cont_true", "affectnet_class_weights"}
    assert set(recorded) - inputs <= set(found)
    for name in set(recorded) - inputs:
        close(found[name], recorded[name], tolerance)
        ran["losses"] += 1
    for name, value in losses["values"].items():
        close(found[name], value, tolerance)


# The graph.


def test_adjacency() -> None:
    recorded = read_json("adjacency.json")
    if not recorded:
        pytest.skip("not part of this set")
    adjacency = label_adjacency(np.array(recorded["spearman"]))
    close(adjacency, recorded["A"], 1e-6)
    network = build_network(
        "bregnext50", "emotion-gcn", word_embeddings=torch.zeros(9, 300), adjacency=torch.from_numpy(adjacency)
    )
    assert isinstance(network, GraphClassifier)
    (normal,) = [value for name, value in recorded.items() if name not in ("order", "spearman", "A") and np.ndim(value) == 2]
    close(network.normalised_adjacency(), normal, 1e-6)
    ran["adjacency"] += 1


def test_correlations_of_expressions_follow_from_how_often_each_occurs() -> None:
    """The part of the recorded matrix that can be known without AffectNet."""
    recorded = read_json("adjacency.json")
    if not recorded:
        pytest.skip("not part of this set")
    expressions = np.repeat(np.arange(7), AFFECTNET_COUNTS)
    affect = np.stack([expressions * 0.1, expressions * -0.1], axis=1)
    close(label_correlations(expressions, affect)[:7, :7], np.array(recorded["spearman"])[:7, :7], 1e-9)


# Data.


@cache
def faces(split: str) -> list[AffectNetFace]:
    name = f"preprocess/{'training' if split == 'train' else 'validation'}.csv"
    recordings.opened.setdefault(name, set())
    return read_affectnet(recordings.FOLDER / name)


def test_annotations() -> None:
    for split, expected in read_json("preprocess/annotations_expected.json").items():
        found = [
            {
                "image_path": face.picture,
                **dict(zip(("face_x", "face_y", "face_width", "face_height"), face.box_xywh, strict=True)),
                "expression": face.expression,
                "valence": face.valence,
                "arousal": face.arousal,
                "left_eye": list(face.left_eye),
                "right_eye": list(face.right_eye),
            }
            for face in faces(split)
        ]
        assert found == expected
        ran["annotations"] += len(found)


def near_grey(found: npt.NDArray[np.uint8], expected: npt.NDArray[np.uint8]) -> None:
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected)
    mean, largest = (0, 0) if SAME_WARP else OTHER_WARP_GREY
    assert difference.mean() <= mean
    assert difference.max() <= largest


def test_pictures() -> None:
    expected_cases = cases("preprocess")
    for about in expected_cases:
        (arrays,) = [name for name in about["files"] if name.endswith(".npz")]
        recorded = read_arrays(arrays)
        assert set(recorded) == set(about["arrays"])
        by_name = {Path(face.picture).stem: face for face in (*faces("train"), *faces("val"))}
        for name, face in by_name.items():
            file = f"{Path(arrays).parent}/{face.picture}"
            recordings.opened.setdefault(file, set())
            image_bgr = cv2.imread(str(recordings.FOLDER / file))
            assert image_bgr is not None
            levelled = level(np.asarray(image_bgr, np.uint8), face)
            close(levelling(face), recorded[f"{name}_M"], EXACT)
            near_grey(levelled, recorded[f"{name}_aligned"])
            # The cut from the recorded picture, and the network's input from the recorded cut, are exact.
            np.testing.assert_array_equal(cut_levelled(recorded[f"{name}_aligned"], face), recorded[f"{name}_crop"])
            cut = cut_levelled(levelled, face)
            near_grey(cut, recorded[f"{name}_crop"])
            assert recorded[f"{name}_label"].tolist() == [face.expression]
            assert recorded[f"{name}_cont"].tolist() == [face.valence, face.arousal]
            for key in [key for key in recorded if key.startswith(f"{name}_tensor")]:
                side, expected = int(key.rpartition("tensor")[2]), recorded[key]
                close(network_input(recorded[f"{name}_crop"], side)[:, ::5, ::5], expected, TENSOR_TOLERANCE)
                difference = np.abs(network_input(cut, side)[:, ::5, ::5] - expected)
                mean, largest = (TENSOR_TOLERANCE, TENSOR_TOLERANCE) if SAME_WARP else OTHER_WARP_TENSOR
                assert difference.mean() <= mean
                assert difference.max() <= largest
            ran["pictures"] += 1


def test_merge(merge: dict[str, Any], tmp_path: Path) -> None:
    recorded = read_json(merge["file"])
    for video, about in recorded["videos"].items():
        (tmp_path / "frames" / video).mkdir(parents=True)
        for number in about["frames"]:
            (tmp_path / "frames" / video / f"{number:05d}.jpg").touch()
        for task in ("EXPR", "VA"):
            for split in SPLIT_FOLDERS.values():
                (tmp_path / f"{task}_Set" / split).mkdir(parents=True, exist_ok=True)
            if task in about:
                split, lines = about[task]
                text = "\n".join(["header", *(str(v) if task == "EXPR" else ",".join(map(str, v)) for v in lines)])
                (tmp_path / f"{task}_Set" / split / f"{video}.txt").write_text(text + "\n")
    splits: dict[str, Split] = {"train": "train", "val": "validation"}
    for key, split_name in splits.items():
        found = read_affwild2(tmp_path, tmp_path / "frames", split_name)
        assert [[f.frame, f.expression, f.valence, f.arousal] for f in found] == recorded["expected"][key]
        assert len(found) == merge["counts"][key]
        ran["merged frames"] += len(found)


# Nothing left out.


def test_every_recording_was_used(folder: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    functions = {getattr(item, "originalname", item.name) for item in own}
    if functions != {name for name, value in globals().items() if name.startswith("test_") and callable(value)}:
        pytest.skip("only a part of this file was asked for")
    index = read_json("index.json")
    known = {"forward", "losses", "train2steps", "preprocess", "affwild2_merge"}
    assert {case["kind"] for case in index["cases"]} <= known, "kinds of case that no test runs"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - {"README.md"} - recordings.opened.keys() == set(), "recordings that no test opens"
    for name in sorted(recordings.opened):
        if name.endswith(".npz"):
            unread = set(read_arrays(name)) - recordings.opened[name]
            assert not unread, f"{name}: arrays that no test compares: {sorted(unread)}"
    weights, annotations = read_json("weights.json"), read_json("preprocess/annotations_expected.json")
    expected = {
        "forwards": len(cases("forward")),
        "arrays": sum(len(case["outputs"]) for case in cases("forward")),
        "weights": len(weights),
        "tensors": sum(len(tensors) for tensors in weights.values()),
        "losses": sum(len(set(read_arrays(case["file"]))) - 5 for case in cases("losses")),
        "adjacency": int(bool(read_json("adjacency.json"))),
        "training steps": sum(len(case["losses"]) for case in cases("train2steps")),
        "parameters after": sum(len(case["params_after"]) for case in cases("train2steps")),
        "annotations": sum(len(rows) for rows in annotations.values()),
        "pictures": sum(1 for case in cases("preprocess") for name in case["arrays"] if name.endswith("_M")),
        "merged frames": sum(sum(case["counts"].values()) for case in cases("affwild2_merge")),
    }
    assert {name: ran[name] for name in expected} == expected
    with capsys.disabled():
        print(
            f"\nemotion-gcn: {len(index['cases'])} recorded cases ran: "
            f"{', '.join(f'{n} {name}' for name, n in expected.items())}"
        )
