"""A tiny checkpoint and a few generated faces, in folders as a user would have them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from realtime_fer.networks.expllm.config import ExpLlmConfig
from realtime_fer.training.expllm.objective import ExpLlmLoss
from realtime_fer.training.expllm.recipe import ExpLlmRecipe
from realtime_fer.training.expllm.run import TRAINED_KEY, train_expllm
from realtime_fer.training.expllm.start import Start
from tests.networks.expllm.test_sentencepiece_bpe import written
from tests.networks.expllm.tiny import VISION, published_tensors, settings, tiny_config, tiny_vocabulary, write_published
from tests.training.vlm.runs import System

TINY = ExpLlmRecipe(
    epochs=4,
    batch=4,
    micro_batch=2,
    peak_learning_rate=1e-1,
    rank=2,
    alpha=4.0,
    augmentation=False,
    precision="float32",
    gradient_checkpointing=False,
    save_every=1000,
)

SHORT = replace(TINY, batch=2, micro_batch=1, epochs=1, augmentation=True, questions="random")
"""Four steps, with everything that is random."""

FACES = (("Happiness", 20), ("Surprise", 250), ("Happiness", 10), ("Surprise", 240))
"""Label and grey value."""

DESCRIPTION = "**Key Observations:** Raised.\n\n**Overall Emotional Interpretation:** It is so.\n\n**Conclusion:** Fear."


def save_vocabulary(folder: Path) -> None:
    bpe = tiny_vocabulary()
    (folder / "tokenizer.model").write_bytes(written(list(bpe._pieces)))
    (folder / "tokenizer_config.json").write_text('{"legacy": false}')


def save_checkpoint(folder: Path) -> Start:
    """As the published training leaves one."""
    write_published(folder, tiny_config())
    save_vocabulary(folder)
    return Start(folder, vision=VISION)


def save_parts(folder: Path) -> Start:
    """Vicuna's folder and DINOv2's file."""
    config: ExpLlmConfig = tiny_config()
    language = folder / "vicuna"
    language.mkdir(parents=True)
    tensors = {
        name: value for name, value in published_tensors(config).items() if ".lora_" not in name and "lora_A" not in name
    }
    words = {name: value for name, value in tensors.items() if name.startswith(("model.", "lm_head."))}
    vision = {
        name.removeprefix("vision_model."): value
        for name, value in tensors.items()
        if name.startswith("vision_model.") and "lora" not in name
    }
    torch.save(words, language / "pytorch_model.bin")
    torch.save({**vision, "mask_token": torch.zeros(1, 16)}, folder / "dinov2.pth")
    kept = {name: value for name, value in settings(config).items() if "lora" not in name and "patch" not in name}
    (language / "config.json").write_text(json.dumps({**kept, "model_type": "llama"}))
    save_vocabulary(language)
    return Start(language, folder / "dinov2.pth", VISION)


def save_face(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((24, 24, 3), grey, np.uint8))


def save_set(folder: Path) -> Path:
    """A list with two sources: labels twice, and one description."""
    for number, (_, grey) in enumerate(FACES):
        save_face(folder / "faces" / f"{number}.png", grey)
    labels = [{"file_name": f"{number}.png", "emo": label} for number, (label, _) in enumerate(FACES)]
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "described.json").write_text(json.dumps([{**labels[0], "au": [0.5] * 24, "description": DESCRIPTION}]))
    (folder / "train.txt").write_text("labels.json,faces,2\ndescribed.json,faces\n")
    return folder / "train.txt"


def save_all(folder: Path) -> None:
    save_checkpoint(folder / "model")
    (folder / "set").mkdir()
    save_set(folder / "set")


def train(folders: Path, out: Path, recipe: ExpLlmRecipe = SHORT, **options: Any) -> Path:
    data = folders / "set"
    given: dict[str, Any] = {"start": Start(folders / "model", vision=VISION), "device": "cpu", **options}
    return train_expllm(data=data / "train.txt", root=data, out=out, recipe=recipe, **given)


EXPLLM = System(
    SHORT, save_all, train, ExpLlmLoss, TRAINED_KEY, frozenset(("language.model.layers.1", "vision.encoder.layer.0"))
)
