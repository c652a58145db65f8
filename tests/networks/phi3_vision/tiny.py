"""A Phi-3.5-vision of a few thousand weights, and a tokenizer that knows seven labels and single letters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tokenizers
import torch
from tokenizers import AddedToken, decoders, normalizers, processors

from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig, VisionTowerSizes
from realtime_fer.networks.phi3_vision.image_processor import TiledPictures, tile_pictures
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS

TOWER = VisionTowerSizes(hidden_size=16, intermediate_size=32, layers=3, heads=2)

SPECIAL = ("<unk>", "<s>", "</s>", "<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
LETTERS = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,':;?<>|_/0123456789"
PAD_ID = SPECIAL.index("<|endoftext|>")


def tiny_tokenizer() -> Phi3VisionTokenizer:
    """Of the published kind: BPE with bytes for the rest, a mark instead of a space, one more in front of each stretch."""
    vocabulary = {token: number for number, token in enumerate(SPECIAL)}
    for token in [*(f"<0x{byte:02X}>" for byte in range(256)), *LETTERS]:
        vocabulary[token] = len(vocabulary)
    merges = []
    for label in BASIC_LABELS:
        word = "▁"
        for letter in label:
            if word + letter not in vocabulary:
                vocabulary[word + letter] = len(vocabulary)
                merges.append((word, letter))
            word += letter
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair=None, special_tokens=[("<s>", 1)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    # As published: the end of the prompt swallows the white space after it.
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, rstrip=token == "<|assistant|>") for token in SPECIAL])
    return Phi3VisionTokenizer(tokenizer)


def tiny_config(vocab_size: int = 320, original_max_positions: int = 1024) -> Phi3VisionConfig:
    return Phi3VisionConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=48,
        layers=2,
        heads=2,
        kv_heads=2,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        short_factor=(1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.2, 2.6),
        long_factor=(1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0),
        original_max_positions=original_max_positions,
        max_positions=4 * original_max_positions,
        bos_id=1,
        pad_id=PAD_ID,
        tower=TOWER,
    )


def tiny_model(config: Phi3VisionConfig | None = None, attention: str = "sdpa") -> Phi3Vision:
    """With weights large enough that every part of the input tells."""
    model = Phi3Vision(config or tiny_config(), attention).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                value.copy_(1 + 0.1 * noise)
            elif value.ndim == 2 and "embed" not in name:
                value.copy_(1.5 * noise / value.shape[1] ** 0.5)
            else:
                value.copy_(0.5 * noise)
    return model


def config_values(config: Phi3VisionConfig) -> dict[str, object]:
    """The config.json of such a model."""
    return {
        "model_type": "phi3_v",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "hidden_act": "silu",
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": {
            "type": "su",
            "short_factor": list(config.short_factor),
            "long_factor": list(config.long_factor),
        },
        "original_max_position_embeddings": config.original_max_positions,
        "max_position_embeddings": config.max_positions,
        "sliding_window": 262144,
        "tie_word_embeddings": False,
        "bos_token_id": config.bos_id,
        "pad_token_id": config.pad_id,
        "img_processor": {
            "name": "clip_vision_model",
            "model_name": "openai/clip-vit-large-patch14-336",
            "image_dim_out": config.tower.hidden_size,
            "num_img_tokens": 144,
        },
        "embd_layer": {
            "hd_transform_order": "sub_glb",
            "projection_cls": "mlp",
            "use_hd_transform": True,
            "with_learnable_separator": True,
        },
    }


def face(seed: int = 0, height: int = 40, width: int = 40) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def tiled(seed: int = 0, num_crops: int = 1) -> TiledPictures:
    return tile_pictures([face(seed)], num_crops)
