"""How well captions fit their pictures by themselves: CLIPScore, without references.

    CLIPScore = 2.5 max(cos(picture, "A photo depicts " + caption), 0)

Source: Hessel et al., "CLIPScore: A Reference-free Evaluation Metric for Image Captioning", EMNLP 2021, equation 1. CLIP is
transformers' own; torchmetrics' class of this name (1.9) does not run with transformers 5, and has neither factor nor prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ShapeError, missing_extra

WEIGHT: Final = 2.5
PROMPT: Final = "A photo depicts "
BATCH: Final = 16


def require_clip_folder(model: Path) -> None:
    """Raise ModelNotFoundError where nothing can be a CLIP model; before hours of captions."""
    if not (model / "config.json").is_file():
        raise ModelNotFoundError(f"{model}: expected the folder of a CLIP model with config.json, found none")


def clip_score(pictures: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str], model: Path, device: str = "cpu") -> float:
    """Mean CLIPScore of captions, in [0, 2.5].

    Texts are cut at CLIP's 77 tokens, about 50 words.

    Args:
        pictures: uint8 (H, W, 3), RGB, one for each caption.
        model: folder of a CLIP with its processor, as transformers keeps it; the paper has openai/clip-vit-base-patch32.
        device: as torch names it.

    Raises:
        ShapeError: lengths that differ, or none.
        ModelNotFoundError, ModelCorruptError: no such folder, or it holds something else.
        MissingExtraError: transformers is not installed.
    """
    if len(pictures) != len(captions) or not captions:
        raise ShapeError(f"CLIPScore: expected a picture for each caption, found {len(pictures)} and {len(captions)}")
    require_clip_folder(model)
    try:
        import torch
        from torch.nn import functional
        from transformers import CLIPModel, CLIPProcessor
    except ImportError as error:
        raise missing_extra("CLIPScore", "vlm", error) from error
    try:
        # Any: transformers' classes are typed for nobody.
        network: Any = CLIPModel.from_pretrained(str(model), local_files_only=True).to(torch.device(device)).eval()
        processor: Any = CLIPProcessor.from_pretrained(str(model), local_files_only=True)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ModelCorruptError(f"{model}: expected a CLIP model with its processor ({error})") from error
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(captions), BATCH):
            inputs = processor(
                text=[PROMPT + text for text in captions[start : start + BATCH]],
                images=[np.ascontiguousarray(picture) for picture in pictures[start : start + BATCH]],
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=network.config.text_config.max_position_embeddings,
            ).to(device)
            found = network(**inputs)
            total += float(functional.cosine_similarity(found.image_embeds, found.text_embeds).clamp_min(0).sum())
    return WEIGHT * total / len(captions)
