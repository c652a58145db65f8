from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import pre_tokenizers  # noqa: E402

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ShapeError  # noqa: E402
from realtime_fer.evaluation.exp_blip.clip_score import PROMPT, clip_score  # noqa: E402

pytestmark = pytest.mark.torch

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, single letters, pictures of 32 pixels."""
    folder = tmp_path_factory.mktemp("clip")
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    text = {**sizes, "vocab_size": len(words), "max_position_embeddings": 77, "bos_token_id": 0, "eos_token_id": 1}
    config = transformers.CLIPConfig(
        text_config=text, vision_config={**sizes, "image_size": 32, "patch_size": 16}, projection_dim=8
    )
    torch.manual_seed(5)
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer = transformers.CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[])
    pictures = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    transformers.CLIPProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def pictures(count: int) -> list[Picture]:
    return [np.random.default_rng(seed).integers(0, 255, (40, 30, 3), dtype=np.uint8) for seed in range(count)]


def by_hand(folder: Path, picture: Picture, caption: str) -> float:
    """The paper's equation on the two towers, each by itself."""
    network: Any = transformers.CLIPModel.from_pretrained(folder).eval()
    processor: Any = transformers.CLIPProcessor.from_pretrained(folder)
    with torch.inference_mode():
        seen = network.visual_projection(
            network.vision_model(**processor(images=[picture], return_tensors="pt")).pooler_output
        )[0]
        ids = processor(text=[PROMPT + caption], return_tensors="pt", truncation=True, max_length=77)
        read = network.text_projection(network.text_model(**ids).pooler_output)[0]
    return 2.5 * max(0.0, float(seen @ read / (seen.norm() * read.norm())))


def test_it_is_the_papers_equation(tiny_clip: Path) -> None:
    shown, captions = pictures(3), ["a smile", "lips pressed", "very long " * 60]
    expected = [by_hand(tiny_clip, picture, caption) for picture, caption in zip(shown, captions, strict=True)]
    assert max(expected) > 0.01, "or the test shows nothing"
    assert clip_score(shown, captions, tiny_clip) == pytest.approx(float(np.mean(expected)), abs=1e-5)


def test_unusable_input_is_named(tiny_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="expected a picture for each caption, found 1 and 2"):
        clip_score(pictures(1), ["a", "b"], tiny_clip)
    with pytest.raises(ModelNotFoundError, match=r"expected the folder of a CLIP model with config\.json"):
        clip_score(pictures(1), ["a"], tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelCorruptError, match="expected a CLIP model"):
        clip_score(pictures(1), ["a"], tmp_path)
