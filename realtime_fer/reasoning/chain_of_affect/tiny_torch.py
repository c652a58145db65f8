"""`chain-of-affect-tiny` in transformers: the form it was trained in, for a GPU or for going on from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, missing_extra
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner
from realtime_fer.reasoning.chain_of_affect.tiny import FloatArray, TinyChainModel, TinyFacts, tiny_reasoner
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import find_tiny

try:
    import torch
    from safetensors.torch import load_file
except ImportError as error:
    raise missing_extra("chain-of-affect-tiny in torch", "vlm", error) from error

from realtime_fer.networks.chain_of_affect_tiny.config import ChainOfAffectTinyConfig
from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny


class TorchNetworks:
    """Both networks in torch, float32 (see `tiny.TinyNetworks`)."""

    def __init__(self, model: ChainOfAffectTiny, device: str = "cpu") -> None:
        self._model = model.to(device).eval()
        self._device = device

    @torch.inference_mode()
    def look(self, faces: FloatArray) -> FloatArray:
        """Grey faces (N, 1, S, S), 0..255 -> vectors (N, V, H)."""
        vectors: FloatArray = self._model.look(torch.from_numpy(faces).to(self._device)).cpu().numpy()
        return vectors

    @torch.inference_mode()
    def next_word(self, before_ids: npt.NDArray[np.int64], vectors: FloatArray, after_ids: npt.NDArray[np.int64]) -> FloatArray:
        """Ids (N, A), vectors (N, V, H), ids (N, B) -> logits of the word that comes next (N, W)."""
        before, seen, after = (torch.from_numpy(part).to(self._device) for part in (before_ids, vectors, after_ids))
        logits: FloatArray = self._model.read(before, seen, after)[:, -1].cpu().numpy()
        return logits


def build(
    *,
    model_dir: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    in_words: bool = False,
    second_after_neutral: bool = True,
    min_second_probability: float = 0.0,
) -> ChainReasoner:
    """As `tiny_onnx.build`, on a device as torch names it; answers are the same but for rounding."""
    if threads is not None:
        torch.set_num_threads(threads)
    shelved, manifest = find_tiny(model_dir)
    networks = TorchNetworks(load_network(shelved.folder), device)
    tokenizer = BytePairTokenizer.from_file(shelved.folder / manifest.tokenizer.file)
    model = TinyChainModel(networks, tokenizer, TinyFacts.of(manifest), version=manifest.version, in_words=in_words)
    return tiny_reasoner(model, second_after_neutral=second_after_neutral, min_second_probability=min_second_probability)


def load_network(folder: Path) -> ChainOfAffectTiny:
    """The network of a model folder, float32, in evaluation mode; its file must hold every tensor and no other.

    Raises:
        ModelCorruptError: it does not, or a file is missing or broken.
    """
    try:
        model = ChainOfAffectTiny(ChainOfAffectTinyConfig.from_pretrained(str(folder)))
        tensors = load_file(str(folder / "model.safetensors"))
        model.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in tensors.items()})
    except Exception as error:  # three libraries, no common base
        raise ModelCorruptError(f"{folder}: expected the transformers form of chain-of-affect-tiny ({error})") from error
    return model.eval()
