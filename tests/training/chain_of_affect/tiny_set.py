"""A tiny checkpoint and a set of generated faces, in folders as a user would have them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime_fer.datasets.chain_records import ChainRecord, basic_records, compound_records, write_chain_records
from realtime_fer.datasets.raf_db import RafDbPicture
from realtime_fer.networks.phi3_vision.checkpoint import save_checkpoint
from realtime_fer.training.chain_of_affect.objective import ChainLoss
from realtime_fer.training.chain_of_affect.recipe import ChainRecipe
from realtime_fer.training.chain_of_affect.run import ADAPTER_KEY, train_chain_of_affect
from tests.networks.phi3_vision.tiny import TOWER, config_values, tiny_config, tiny_model, tiny_tokenizer
from tests.training.vlm.runs import System

VOCABULARY = 400

BASIC = (("Surprise", 250), ("Happiness", 20), ("Surprise", 240), ("Happiness", 10))
"""Label and grey value of the face."""
COMPOUND = (("Fearfully Angry", 120), ("Happily Surprised", 60))

TINY = ChainRecipe(
    epochs=4,
    batch=4,
    micro_batch=2,
    peak_learning_rate=2e-2,
    rank=4,
    alpha=4,
    num_crops=1,
    precision="float32",
    gradient_checkpointing=False,
    save_every=1000,
)

SHORT = replace(TINY, batch=2, micro_batch=1, epochs=1)
"""Four steps."""


def save_tiny_checkpoint(folder: Path) -> Path:
    config = tiny_config(VOCABULARY)
    save_checkpoint(tiny_model(config), folder)
    (folder / "config.json").write_text(json.dumps(config_values(config)))
    tiny_tokenizer()._tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def save_face(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((24, 24, 3), grey, np.uint8))


def generated_records() -> list[ChainRecord]:
    basic = [RafDbPicture("train", f"{n:05d}", label, f"train_{n:05d}.png") for n, (label, _) in enumerate(BASIC, 1)]
    compound = [RafDbPicture("train", f"{n:04d}", label, f"train_{n:04d}.png") for n, (label, _) in enumerate(COMPOUND, 1)]
    return [*basic_records(basic), *compound_records(compound)]


def save_set(folder: Path) -> Path:
    """`train.json` and its pictures in `basic/` and `compound/`; 8 records."""
    write_chain_records(folder / "train.json", generated_records())
    for n, (_, grey) in enumerate(BASIC, 1):
        save_face(folder / "basic" / f"train_{n:05d}.png", grey)
    for n, (_, grey) in enumerate(COMPOUND, 1):
        save_face(folder / "compound" / f"train_{n:04d}.png", grey)
    return folder


def save_all(folder: Path) -> None:
    (folder / "model").mkdir()
    save_tiny_checkpoint(folder / "model")
    save_set(folder / "set")


def train(folders: Path, out: Path, recipe: ChainRecipe = SHORT, **options: Any) -> Path:
    data = folders / "set"
    settings: dict[str, Any] = {"images": [data / "basic", data / "compound"], "device": "cpu", "tower": TOWER, **options}
    return train_chain_of_affect(model=folders / "model", data=data / "train.json", out=out, recipe=recipe, **settings)


CHAIN = System(
    SHORT,
    save_all,
    train,
    ChainLoss,
    ADAPTER_KEY,
    frozenset(("model.layers.1", "model.vision_embed_tokens.img_processor.vision_model.encoder.layers.1")),
    2e-4,
)
