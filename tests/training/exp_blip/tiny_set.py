"""Tiny files of both stages, a tiny OPT, and a few generated faces, in folders as a user would have them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from tokenizers import pre_tokenizers

from realtime_fer.networks.exp_blip.checkpoint_names import OPT_PREFIX
from realtime_fer.networks.exp_blip.tokenizer import SPECIAL
from realtime_fer.training.exp_blip.objective import CaptionLoss
from realtime_fer.training.exp_blip.recipe import ExpBlipRecipe
from realtime_fer.training.exp_blip.run import TRAINED_KEY, train_exp_blip
from realtime_fer.training.exp_blip.start import Start
from tests.networks.exp_blip.tiny import SIZES as NETWORK
from tests.networks.exp_blip.tiny import empty_captioner, empty_stage_one, published_state, tiny_tokenizer
from tests.training.vlm.runs import System

SIZES = replace(NETWORK, opt_end_id=tiny_tokenizer().end_id)
"""With the end mark of the tokenizer that is saved here."""

TINY = ExpBlipRecipe(
    epochs=4,
    batch=2,
    micro_batch=2,
    peak_learning_rate=1e-2,
    warm_up_steps=2,
    warm_up_learning_rate=1e-4,
    augmentation=False,
    gradient_checkpointing=False,
    save_every=1000,
)

SHORT = replace(TINY, epochs=2, micro_batch=1, augmentation=True)
"""Four steps, with everything that is random."""

FACES = (("The face shows happiness.", 20), ("Surprise!", 250), ("The face shows happiness.", 10), ("Surprise", 240))
"""Caption and grey value."""


def save_opt(folder: Path) -> None:
    folder.mkdir(parents=True)
    state = {name: value for name, value in published_state(empty_captioner()).items() if name.startswith(OPT_PREFIX)}
    torch.save({name.removeprefix(OPT_PREFIX): value for name, value in state.items()}, folder / "pytorch_model.bin")
    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")


def save_checkpoints(folder: Path) -> Start:
    """stage2.pth, stage1.pth and opt/."""
    save_opt(folder / "opt")
    second = {name: value for name, value in published_state(empty_captioner()).items() if not name.startswith(OPT_PREFIX)}
    torch.save({"model": second}, folder / "stage2.pth")
    first = published_state(empty_stage_one())
    torch.save({"model": first}, folder / "stage1.pth")
    return Start(folder / "stage2.pth", folder / "opt", SIZES)


def save_set(folder: Path) -> Path:
    for number, (_, grey) in enumerate(FACES):
        path = folder / "faces" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.full((40, 30, 3), grey, np.uint8))
    records = [{"image": f"{number}.png", "caption": text, "image_id": number} for number, (text, _) in enumerate(FACES)]
    (folder / "captions.json").write_text(json.dumps(records))
    return folder / "captions.json"


def save_all(folder: Path) -> None:
    save_checkpoints(folder / "model")
    (folder / "set").mkdir()
    save_set(folder / "set")


def start_of(folders: Path, name: str = "stage2.pth") -> Start:
    return Start(folders / "model" / name, folders / "model" / "opt", SIZES)


def train(folders: Path, out: Path, recipe: ExpBlipRecipe = SHORT, **options: Any) -> Path:
    data = folders / "set"
    given: dict[str, Any] = {"start": start_of(folders), "device": "cpu", **options}
    return train_exp_blip(data=[data / "captions.json"], images=[data / "faces"], out=out, recipe=recipe, **given)


EXP_BLIP = System(SHORT, save_all, train, CaptionLoss, TRAINED_KEY, frozenset(("blip.vision_model.encoder.layers.1",)))
