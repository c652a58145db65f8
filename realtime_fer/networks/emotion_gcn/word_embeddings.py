"""The nine word vectors that an Emotion-GCN's graph starts from; no checkpoint holds them.

The authors give them as `emb.pkl`, a tensor written by torch. From a GloVe text file the nine names of the outputs are taken,
in lower case, which is presumably what the authors did.

Source: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra

WORDS = {
    "affectnet": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "valence", "arousal"),
    "affwild2": ("neutral", "anger", "disgust", "fear", "happy", "sad", "surprise", "valence", "arousal"),
}
"""Names of the nodes, in the order of each data set's labels."""

SHAPE = (9, 300)
FILE_NAMES = ("emb.pkl", "emb.pt", "emb.npy", "glove.6B.300d.txt")
"""What the embeddings beside a checkpoint may be called."""

Embeddings = npt.NDArray[np.float32]


def find_beside(weights: Path) -> Path | None:
    """The first of `FILE_NAMES` in the folder of a checkpoint, or None."""
    return next((weights.with_name(name) for name in FILE_NAMES if weights.with_name(name).is_file()), None)


def read_word_embeddings(path: Path, dataset: str = "affectnet") -> Embeddings:
    """Nine vectors, float32, shape (9, 300), in the order of the outputs.

    Args:
        path: `.npy`; `.txt` in the form of GloVe ("word number number ..."); anything else is read by torch.
        dataset: a key of `WORDS`; decides the order in which words are taken from a text file.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it cannot be read, lacks a word, or a number in it is not finite.
        ModelShapeError: it holds another shape; a leading batch axis (N, 9, 300) is accepted, its first entry used.
        MissingExtraError: a torch file without torch.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected the word embeddings of Emotion-GCN, found no file")
    if path.suffix == ".txt":
        values = _from_text(path, WORDS[dataset])
    elif path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ModelCorruptError(f"{path}: expected an array of numpy, found none that can be read ({error})") from error
    else:
        values = _from_torch(path)
    if values.ndim == 3 and len(values):
        # The authors' data loader puts one copy a sample into each batch and uses the first.
        values = values[0]
    if values.shape != SHAPE:
        raise ModelShapeError(f"{path}: expected word embeddings of shape {SHAPE}, found {values.shape}")
    if not np.isfinite(values).all():
        raise ModelCorruptError(f"{path}: word embeddings hold a value that is not a finite number")
    return values.astype(np.float32)


def _from_torch(path: Path) -> npt.NDArray[np.float32]:
    try:
        import torch
    except ImportError as error:
        raise missing_extra(f"reading {path.name}", "train", error) from error
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises whatever it likes
        cause = " ".join(str(error).split())[:200]
        raise ModelCorruptError(f"{path}: torch cannot read it as a plain tensor ({cause}); save it as .npy instead") from error
    if not isinstance(saved, torch.Tensor):
        raise ModelCorruptError(f"{path}: expected one tensor of shape {SHAPE}, found {type(saved).__name__}")
    return np.asarray(saved.float().numpy())


def _from_text(path: Path, words: tuple[str, ...]) -> npt.NDArray[np.float32]:
    found: dict[str, npt.NDArray[np.float32]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                word, _, numbers = line.partition(" ")
                if word in words and word not in found:
                    found[word] = np.array([float(number) for number in numbers.split()], np.float32)
                    if len(found) == len(words):
                        break
    except (OSError, ValueError) as error:
        raise ModelCorruptError(f"{path}: not word vectors in the form of GloVe ({error})") from error
    missing = [word for word in words if word not in found]
    if missing:
        raise ModelCorruptError(f"{path}: expected vectors of {', '.join(words)}, found none of {', '.join(missing)}")
    if len({len(vector) for vector in found.values()}) > 1:
        raise ModelShapeError(f"{path}: word vectors of different lengths; is the file cut short?")
    return np.stack([found[word] for word in words])
