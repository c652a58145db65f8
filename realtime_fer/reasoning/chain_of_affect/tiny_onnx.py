"""`chain-of-affect-tiny` in ONNX Runtime: what the core install runs, without torch, transformers or tokenizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelShapeError
from realtime_fer.inference.session import open_session, run_session
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner
from realtime_fer.reasoning.chain_of_affect.tiny import NAME, FloatArray, TinyChainModel, TinyFacts, tiny_reasoner
from realtime_fer.zoo.manifest import ChainManifest
from realtime_fer.zoo.shelf import ShelvedModel, find_model, verify_model


class OnnxNetworks:
    """Both networks as ONNX files (see `tiny.TinyNetworks`).

    Args:
        face_file, language_file: as `training.chain_of_affect_tiny.export` writes them.
        threads: of one run.

    Raises:
        ModelNotFoundError, ModelCorruptError: a file cannot be used.
    """

    def __init__(self, face_file: Path, language_file: Path, threads: int = 1) -> None:
        self._face = open_session(face_file, intra_op_threads=threads)
        self._language = open_session(language_file, intra_op_threads=threads)

    def look(self, faces: FloatArray) -> FloatArray:
        """Grey faces (N, 1, S, S), 0..255 -> vectors (N, V, H)."""
        vectors: FloatArray = run_session(self._face, ["vectors"], {"faces": faces}, "chain-of-affect-tiny, face")[0]
        return vectors

    def next_word(self, before_ids: npt.NDArray[np.int64], vectors: FloatArray, after_ids: npt.NDArray[np.int64]) -> FloatArray:
        """Ids (N, A), vectors (N, V, H), ids (N, B) -> logits of the word that comes next (N, W)."""
        feed = {"before_ids": before_ids, "vectors": vectors, "after_ids": after_ids}
        logits: FloatArray = run_session(self._language, ["logits"], feed, "chain-of-affect-tiny, language")[0]
        return logits


def build(
    *,
    model_dir: str | None = None,
    threads: int = 1,
    in_words: bool = False,
    second_after_neutral: bool = True,
    min_second_probability: float = 0.0,
) -> ChainReasoner:
    """Load the model; for `child_factory`, in a process of its own.

    Args:
        model_dir: its folder; None looks for `chain-of-affect-tiny` where models lie (see `zoo.shelf`).
        threads: of ONNX Runtime.
        in_words, second_after_neutral, min_second_probability: see `tiny.TinyChainModel`, `chain.ChainRules`.

    Raises:
        ModelError: the folder is absent, or something about its files.
    """
    model = load_model(model_dir, threads=threads, in_words=in_words)
    return tiny_reasoner(model, second_after_neutral=second_after_neutral, min_second_probability=min_second_probability)


def load_model(model_dir: str | None = None, *, threads: int = 1, in_words: bool = False) -> TinyChainModel:
    """The model alone, to ask other questions; see `build`."""
    shelved, manifest = find_tiny(model_dir)
    networks = OnnxNetworks(shelved.weights, shelved.folder / manifest.language.file, threads)
    tokenizer = BytePairTokenizer.from_file(shelved.folder / manifest.tokenizer.file)
    return TinyChainModel(networks, tokenizer, TinyFacts.of(manifest), version=manifest.version, in_words=in_words)


def find_tiny(model_dir: str | None) -> tuple[ShelvedModel, ChainManifest]:
    """The model folder, its files compared with its manifest.

    Raises:
        ModelError: it is absent, of another kind, or a file is not what the manifest says.
    """
    shelved = find_model(model_dir or NAME)
    manifest = shelved.manifest
    if not isinstance(manifest, ChainManifest):
        raise ModelShapeError(f"{shelved.folder}: expected a chain-of-affect model, found task {manifest.task!r}")
    verify_model(shelved)
    return shelved, manifest
