"""Train the YOLOv8n face detector from scratch with ultralytics (AGPL-3.0; the `yolo` extra).

`realtime-fer train detector --data DIR --epochs 60` runs the same code on a CPU and on a GPU: bfloat16
autocast on both, resumable, no selection of weights on the validation split (the last epoch's moving
average is taken, whatever it scores).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from realtime_fer.errors import missing_extra
from realtime_fer.training.camera_degradation import CameraDegradation
from realtime_fer.training.detection.data import letterboxed_batches, prepare_detection_set
from realtime_fer.training.detection.yolov8n_curves import draw_detector_curves
from realtime_fer.training.loop.run_files import CHECKPOINT_NAME, require_checkpoint, require_no_run

try:
    import torch
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.models.yolo.detect import DetectionTrainer
except ImportError as error:  # pragma: no cover - depends on the installation
    raise missing_extra("training a detector", "train", error) from error

from realtime_fer.training.detection.yolov8n_restart import restore_yolov8n

PICTURES_MEASURED = 96
"""How many tell a restored network its statistics."""


class FaceDataset(YOLODataset):  # type: ignore[misc]
    """The ultralytics set with a robot camera's degradations added to its augmentation."""

    def build_transforms(self, hyp: Any = None) -> Any:
        transforms = super().build_transforms(hyp)
        if self.augment:
            # Last but for the conversion to tensors, so that mosaic, perspective and colour came before.
            transforms.insert(len(transforms.transforms) - 1, CameraDegradation())
        return transforms


class FaceDetectorTrainer(DetectionTrainer):  # type: ignore[misc]
    """DetectionTrainer on `FaceDataset`.

    Attributes:
        start_from: an exported ONNX file to go on from; None begins with random weights.
    """

    start_from: Path | None = None

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        if self.start_from is None or weights is not None:
            return super().get_model(cfg, weights, verbose)
        listed = Path(self.data["train"]).read_text(encoding="utf-8").split("\n")
        pictures = [Path(line) for line in listed if line]
        chosen = pictures[:: max(1, len(pictures) // PICTURES_MEASURED)][:PICTURES_MEASURED]
        return restore_yolov8n(self.start_from, letterboxed_batches(chosen, self.args.imgsz, self.args.batch))

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> FaceDataset:
        return FaceDataset(
            img_path=img_path,
            imgsz=self.args.imgsz,
            batch_size=batch,
            augment=mode == "train",
            hyp=self.args,
            rect=mode == "val",
            cache=self.args.cache or None,
            single_cls=True,
            stride=32,
            pad=0.0 if mode == "train" else 0.5,
            prefix=f"{mode}: ",
            task="detect",
            data=self.data,
        )


def train_detector(
    *,
    data: Path,
    out: Path,
    epochs: int,
    image_size: int = 320,
    batch: int = 16,
    workers: int = 1,
    device: str = "cpu",
    seed: int = 0,
    composites: int = 400,
    limit: int | None = None,
    start_from: Path | None = None,
    learning_rate: float = 0.01,
    scale: float = 0.6,
    resume: bool = False,
) -> Path:
    """Train and return the path of the last weights (`.pt`, ultralytics form).

    Args:
        data: folder in YOLO layout, see `data`.
        out: run folder; holds the prepared data, weights, `results.csv` and `curves.png`.
        epochs: of the one schedule; a resumed run keeps the one it was started with.
        image_size: side of the square training picture, pixels, a multiple of 32.
        device: as ultralytics takes it (`cpu`, `0`, `0,1`).
        limit: at most this many training pictures, for a quick trial.
        start_from: an exported ONNX file of this architecture to go on from, as for a few epochs at another image size.
        learning_rate: SGD's, at the top of the schedule.
        scale: pictures are shown at 1 - scale to 1 + scale times their size.
        resume: go on from `out/run/weights/last.pt`, with the settings and pictures it was started with.

    Raises:
        DatasetError: `data` has not the layout, or there is nothing to resume or already a run in `out`.
        ModelCorruptError, ModelShapeError: `start_from` is no export of this architecture.
    """
    last = out / "run" / "weights" / CHECKPOINT_NAME
    data_yaml = out / "data" / "data.yaml"
    if resume:
        require_checkpoint(last)
    else:
        require_no_run(last.parent)
    # A resumed run goes on with the pictures that it was started with, whatever is asked for now.
    if not (resume and data_yaml.is_file()):
        prepare_detection_set(data, out / "data", composites=composites, seed=seed, limit=limit)
    overrides: dict[str, Any] = {
        "model": str(last) if resume else "yolov8n.yaml",
        "resume": str(last) if resume else False,
        "data": str(data_yaml),
        "epochs": epochs,
        "imgsz": image_size,
        "batch": batch,
        "workers": workers,
        "device": device,
        "seed": seed,
        "project": str(out.resolve()),
        "name": "run",
        "exist_ok": True,
        "pretrained": False,
        "single_cls": True,
        "cache": "ram",
        # bfloat16 needs no loss scaling. ultralytics offers it on GPUs alone; `_speed_up` does it on CPUs.
        "amp": False if device == "cpu" else "bf16",
        "optimizer": "SGD",
        "lr0": learning_rate,
        "cos_lr": True,
        # A network that can do something already needs less care at first.
        "warmup_epochs": 1 if start_from else 3,
        "close_mosaic": max(1, epochs // 10),
        "mosaic": 1.0,
        "scale": scale,
        "degrees": 12.0,
        "translate": 0.1,
        "fliplr": 0.5,
        "hsv_h": 0.02,
        "hsv_s": 0.6,
        "hsv_v": 0.45,
        "mixup": 0.05,
        "val": False,
        "plots": True,
    }
    trainer = FaceDetectorTrainer(overrides=overrides)
    trainer.start_from = None if resume else start_from
    # ultralytics loads pictures in the training process itself on CPUs; a process of its own is faster.
    trainer.args.workers = workers
    trainer.add_callback("on_train_start", _speed_up)
    trainer.train()
    draw_detector_curves(out / "run" / "results.csv", out / "run" / "curves.png")
    return last


def _speed_up(trainer: Any) -> None:
    """Channels-last convolutions, and bfloat16 autocast where ultralytics has none (CPU)."""
    trainer.model = trainer.model.to(memory_format=torch.channels_last)
    if trainer.device.type != "cpu":
        return
    # ultralytics keeps one core back and forgets what the user asked for.
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    predict = trainer.model.predict

    def predict_in_bfloat16(images: Any, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            predictions = predict(images, *args, **kwargs)
        # Box losses need more digits than bfloat16 has.
        return _as_float32(predictions)

    # On the live model only: the moving average that is saved was copied before and stays plain.
    trainer.model.predict = predict_in_bfloat16


def _as_float32(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float()
    if isinstance(value, dict):
        return {key: _as_float32(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_as_float32(item) for item in value)
    return value
