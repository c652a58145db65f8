"""What a stage computes, how exactly, and what is told meanwhile; through the whole training, on twelve small faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("accelerate", reason="needs the train extra")

from realtime_fer.errors import ModelError, SettingsError  # noqa: E402
from realtime_fer.training.fmpn import epochs, run  # noqa: E402
from realtime_fer.training.fmpn.run import train_fmpn  # noqa: E402
from realtime_fer.training.fmpn.stages import MaskStage  # noqa: E402
from realtime_fer.training.loop.accelerator import new_accelerator  # noqa: E402
from tests.training.fmpn.pictures import write_folders  # noqa: E402
from tests.training.fmpn.settings import COMPACT, MASKS, SILENT  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]

SHORT: dict[str, Any] = {**SILENT, **MASKS, "epochs": 1}
ONE_CYCLE: dict[str, Any] = {**SILENT, **COMPACT, "stage": "masks", "epochs": 1}


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than training here."""
    monkeypatch.setattr(epochs, "draw_panels", lambda *_: None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("data") / "faces")


def trained(data: Path, out: Path, **settings: Any) -> dict[str, Any]:
    """What the checkpoint holds."""
    saved: dict[str, Any] = torch.load(train_fmpn(data=data, out=out, **settings), weights_only=True)
    return saved


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Types that the generator's first convolution computed in, and whether it was learning."""
    found: list[tuple[Any, Any]] = []
    network = MaskStage.network

    def watched(stage: MaskStage) -> Any:
        net = network(stage)
        net.feature_extractor[0].register_forward_hook(lambda layer, _, output: found.append((layer.training, output.dtype)))
        return net

    monkeypatch.setattr(MaskStage, "network", watched)
    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SHORT, torch.float32),
        ({**SHORT, "mixed_precision": "bf16"}, torch.bfloat16),
        (ONE_CYCLE, torch.bfloat16),
        ({**ONE_CYCLE, "mixed_precision": "no"}, torch.float32),
    ],
    ids=["published", "published in bf16", "one-cycle", "one-cycle in float32"],
)
def test_precision(
    data: Path, tmp_path: Path, computed: list[tuple[Any, Any]], settings: dict[str, Any], expected: Any
) -> None:
    """Held-out figures are those of the weights as they are, and weights are always kept in float32."""
    saved = trained(data, tmp_path, **settings)
    assert {dtype for learning, dtype in computed if learning} == {expected}
    assert {dtype for learning, dtype in computed if not learning} == {torch.float32}
    assert {value.dtype for value in saved["model"].values() if value.is_floating_point()} == {torch.float32}
    assert saved["history"][0]["loss"] > 0
    assert "scaler" not in saved


def test_a_run_in_bf16_is_resumed_in_bf16(data: Path, tmp_path: Path) -> None:
    settings = {**SHORT, "epochs": 2, "mixed_precision": "bf16"}
    whole = trained(data, tmp_path / "whole", **settings)
    trained(data, tmp_path / "parts", stop_after=1, **settings)
    parts = trained(data, tmp_path / "parts", stage="masks", resume=True, **SILENT)
    assert all(torch.equal(value, parts["model"][name]) for name, value in whole["model"].items())
    exact = trained(data, tmp_path / "exact", **{**settings, "mixed_precision": "no"})
    assert not all(torch.equal(value, exact["model"][name]) for name, value in whole["model"].items())


def test_checkpoints_of_earlier_versions_are_resumed(data: Path, tmp_path: Path) -> None:
    """They do not say in which precision they were made."""
    settings = {**ONE_CYCLE, "epochs": 2}
    whole = trained(data, tmp_path / "whole", **settings)
    old = trained(data, tmp_path / "parts", stop_after=1, **settings)
    del old["recipe"]["mixed_precision"]
    torch.save(old, tmp_path / "parts" / "masks" / "last.pt")
    parts = trained(data, tmp_path / "parts", stage="masks", resume=True, **SILENT)
    assert all(torch.equal(value, parts["average"][name]) for name, value in whole["average"].items())


@pytest.fixture
def half_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accelerate wants a GPU for float16; its parts work without."""

    def halved(device: Any, precision: Any) -> Any:
        if precision != "fp16":
            return new_accelerator(device, precision)
        accelerator = new_accelerator("cpu", "bf16")
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10, growth_interval=1)
        accelerator.state._mixed_precision = "fp16"
        return accelerator

    monkeypatch.setattr(run, "new_accelerator", halved)


def test_the_scale_of_float16_losses_is_resumed_and_no_gradient_is_clipped_by_it(
    data: Path, tmp_path: Path, half_on_a_cpu: None, computed: list[tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    norms: list[float] = []
    clip = torch.nn.utils.clip_grad_norm_

    def watched(parameters: Any, largest: float) -> Any:
        norms.append(float(clip(parameters, largest)))

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", watched)
    settings = {**ONE_CYCLE, "epochs": 2, "mixed_precision": "fp16"}
    whole = trained(data, tmp_path / "whole", **settings)
    assert {dtype for learning, dtype in computed if learning} == {torch.float16}
    trained(data, tmp_path / "exact", **{**settings, "mixed_precision": "no"})
    assert norms[0] == pytest.approx(norms[4], rel=0.05)
    trained(data, tmp_path / "parts", stop_after=1, **settings)
    parts = trained(data, tmp_path / "parts", stage="masks", resume=True, **SILENT)
    assert whole["scaler"] == parts["scaler"]
    # Four steps in two epochs, each of which doubles it.
    assert whole["scaler"]["scale"] == 2.0**14
    assert all(torch.equal(value, parts["model"][name]) for name, value in whole["model"].items())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mixed_precision": "bf8"}, "mixed precision: expected no, bf16 or fp16, found 'bf8'"),
        ({"mixed_precision": "fp16"}, "precision float16: needs a GPU, found a CPU"),
        ({"device": "tpu"}, "device: expected auto, cpu or cuda, found 'tpu'"),
    ],
)
def test_what_cannot_be_computed_is_one_error_before_anything_is_written(
    data: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        train_fmpn(data=data, out=tmp_path / "run", **{**SHORT, **settings})
    assert not (tmp_path / "run").exists()


class _Watcher:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []

    def line(self, text: str) -> None:
        pass

    def step(self, what: str, done: int, total: int, figures: str) -> None:
        assert figures.startswith("loss 0.")
        self.steps.append((what, done, total))


def test_progress_counts_steps_of_the_epoch(data: Path, tmp_path: Path) -> None:
    watcher = _Watcher()
    trained(data, tmp_path, **{**SHORT, "epochs": 2, "progress": watcher})
    assert watcher.steps == [("epoch 1/2", 2, 2), ("epoch 2/2", 2, 2)]


def test_a_loss_that_is_no_number(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = MaskStage.losses
    monkeypatch.setattr(MaskStage, "losses", lambda *given: {"loss": losses(*given)["loss"] * float("nan")})
    with pytest.raises(ModelError, match=r"epoch 1, step 2: the loss is nan.*--mixed-precision no"):
        trained(data, tmp_path, **SHORT)
    assert not (tmp_path / "masks" / "last.pt").exists()
