"""The nine word vectors that an Emotion-GCN's graph starts from; no checkpoint holds them.

The authors give them as `emb.pkl`, a tensor written by torch. From a GloVe text file the nine names of the outputs are taken,
in lower case, which is presumably what the authors did. For a training of one's own any text table of word vectors does:
`fitted_to_width` brings them to the 300 numbers that the first graph layer takes.

Source: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, missing_extra
from realtime_fer.networks.torch_archive import refusal

WORDS = {
    "affectnet": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "valence", "arousal"),
    "affwild2": ("neutral", "anger", "disgust", "fear", "happy", "sad", "surprise", "valence", "arousal"),
}
"""Names of the nodes, in the order of each data set's labels."""

WIDTH: Final = 300
SHAPE = (9, WIDTH)
AFFECT_WORDS: Final = ("valence", "arousal")
OTHER_WORDS: Final = {"happiness": "happy", "sadness": "sad"}
"""Labels of ours -> the published nodes' names; every other label is its own word."""

TEXT_SUFFIXES: Final = (".txt", ".vec")
FILE_NAMES = ("emb.pkl", "emb.pt", "emb.npy", "glove.6B.300d.txt")
"""What the embeddings beside a checkpoint may be called."""

Embeddings = npt.NDArray[np.float32]


def find_beside(weights: Path) -> Path | None:
    """The first of `FILE_NAMES` in the folder of a checkpoint, or None."""
    return next((weights.with_name(name) for name in FILE_NAMES if weights.with_name(name).is_file()), None)


def words_of(labels: Sequence[str]) -> tuple[str, ...]:
    """Names of a graph's nodes: E labels of ours in their order, then valence and arousal; E + 2 words."""
    return (*(OTHER_WORDS.get(label, label) for label in labels), *AFFECT_WORDS)


def read_word_embeddings(path: Path, dataset: str = "affectnet", *, words: Sequence[str] | None = None) -> Embeddings:
    """One vector for each output, float32, in their order: shape (9, 300) for the published data sets, else (O, 300).

    Args:
        path: `.npy`; `.txt` or `.vec`, a text table of word vectors (a line "word number number ..." for each, with spaces or
            tabs, as GloVe's are; a first line of two numbers, as word2vec writes it, is passed over), of whatever length, see
            `fitted_to_width`; anything else is read by torch.
        dataset: a key of `WORDS`; decides which words are taken from a text file, in which order.
        words: O names of nodes, instead of those of `dataset`.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelCorruptError: it cannot be read, lacks a word, or a number in it is not finite.
        ModelShapeError: it holds another shape; a leading batch axis (N, 9, 300) is accepted, its first entry used.
        MissingExtraError: a torch file without torch.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: expected the word embeddings of Emotion-GCN, found no file")
    nodes = WORDS[dataset] if words is None else tuple(words)
    shape = (len(nodes), WIDTH)
    if path.suffix in TEXT_SUFFIXES:
        values = fitted_to_width(_from_text(path, nodes))
    elif path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            # numpy's own words would advise loading pickles.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or another kind of file"
            raise ModelCorruptError(
                f"{path}: expected an array of numpy, found none that can be read ({reason}); save it again"
            ) from error
    else:
        values = _from_torch(path)
    if values.ndim == 3 and len(values):
        # The authors' data loader puts one copy a sample into each batch and uses the first.
        values = values[0]
    if values.shape != shape:
        raise ModelShapeError(f"{path}: expected word embeddings of shape {shape}, found {values.shape}")
    if not np.isfinite(values).all():
        raise ModelCorruptError(f"{path}: word embeddings hold a value that is not a finite number")
    return values.astype(np.float32)


def fitted_to_width(vectors: npt.NDArray[np.float32]) -> Embeddings:
    """Word vectors of any length D as vectors of 300 numbers with the same lengths and angles: float32 (O, D) -> (O, 300).

    Shorter ones get zeros; longer ones are turned into the space that they span, which has no more than O axes. 300 stay as
    they are.

    Raises:
        ModelShapeError: more than 300 vectors that are longer than 300.
    """
    count, length = vectors.shape
    if length > WIDTH:
        if count > WIDTH:
            raise ModelShapeError(f"word vectors: {count} of {length} numbers do not fit into {WIDTH}")
        axes, scales, _ = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
        vectors = (axes * scales).astype(np.float32)
    return np.pad(vectors, ((0, 0), (0, WIDTH - vectors.shape[1]))) if vectors.shape[1] < WIDTH else vectors


def _from_torch(path: Path) -> npt.NDArray[np.float32]:
    try:
        import torch
    except ImportError as error:
        raise missing_extra(f"reading {path.name}", "train", error) from error
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle raises whatever it likes
        raise ModelCorruptError(
            f"{path}: torch cannot read it as a plain tensor ({refusal(error)}); save it as .npy instead"
        ) from error
    if not isinstance(saved, torch.Tensor):
        raise ModelCorruptError(f"{path}: expected one tensor of shape {SHAPE}, found {type(saved).__name__}")
    return np.asarray(saved.float().numpy())


def _from_text(path: Path, words: tuple[str, ...]) -> npt.NDArray[np.float32]:
    found: dict[str, npt.NDArray[np.float32]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                word, _, numbers = line.strip().replace("\t", " ").partition(" ")
                if word in words and word not in found:
                    found[word] = np.array([float(number) for number in numbers.split()], np.float32)
                    if len(found) == len(words):
                        break
    except (OSError, ValueError) as error:
        raise ModelCorruptError(f"{path}: not word vectors in the form of GloVe ({error})") from error
    missing = [word for word in words if word not in found]
    if missing:
        raise ModelCorruptError(f"{path}: expected vectors of {', '.join(words)}, found none of {', '.join(missing)}")
    if len({len(vector) for vector in found.values()}) > 1 or not len(found[words[0]]):
        raise ModelShapeError(f"{path}: word vectors of different lengths; is the file cut short?")
    return np.stack([found[word] for word in words])
