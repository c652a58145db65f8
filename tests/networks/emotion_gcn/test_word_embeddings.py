from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.emotion_gcn.word_embeddings import WORDS, find_beside, read_word_embeddings

VECTORS = np.random.default_rng(0).normal(size=(9, 300)).astype(np.float32)


def write_glove(path: Path, words: tuple[str, ...]) -> Path:
    rows = ["the " + " ".join(["0.5"] * 300)]
    rows += [f"{word} " + " ".join(map(str, vector)) for word, vector in zip(words, VECTORS, strict=False)]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_words_are_taken_by_name_in_the_order_of_the_labels(tmp_path: Path) -> None:
    path = write_glove(tmp_path / "glove.txt", WORDS["affectnet"])
    np.testing.assert_array_equal(read_word_embeddings(path), VECTORS)
    wild = read_word_embeddings(path, "affwild2")
    np.testing.assert_array_equal(wild[1], VECTORS[WORDS["affectnet"].index("anger")])


def test_an_array_with_or_without_a_batch_axis(tmp_path: Path) -> None:
    for array in (VECTORS, np.stack([VECTORS, VECTORS + 1])):
        np.save(tmp_path / "emb.npy", array)
        np.testing.assert_array_equal(read_word_embeddings(tmp_path / "emb.npy"), VECTORS)


@pytest.mark.torch
def test_the_authors_form(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.from_numpy(VECTORS), tmp_path / "emb.pkl")
    np.testing.assert_array_equal(read_word_embeddings(tmp_path / "emb.pkl"), VECTORS)
    torch.save({"a": 1}, tmp_path / "emb.pkl")
    with pytest.raises(ModelCorruptError, match="expected one tensor"):
        read_word_embeddings(tmp_path / "emb.pkl")
    (tmp_path / "emb.pkl").write_text("none")
    with pytest.raises(ModelCorruptError, match=r"emb\.pkl"):
        read_word_embeddings(tmp_path / "emb.pkl")


def test_unusable_files(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="absent"):
        read_word_embeddings(tmp_path / "absent.npy")
    np.save(tmp_path / "a.npy", VECTORS[:7])
    with pytest.raises(ModelShapeError, match=r"expected word embeddings of shape \(9, 300\), found \(7, 300\)"):
        read_word_embeddings(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.where(VECTORS > 2, np.nan, VECTORS))
    with pytest.raises(ModelCorruptError, match="not a finite number"):
        read_word_embeddings(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_text("none")
    with pytest.raises(ModelCorruptError, match=r"a\.npy"):
        read_word_embeddings(tmp_path / "a.npy")
    with pytest.raises(ModelCorruptError, match="found none of valence, arousal"):
        read_word_embeddings(write_glove(tmp_path / "g.txt", WORDS["affectnet"][:7]))


def test_the_first_known_name_beside_the_weights(tmp_path: Path) -> None:
    assert find_beside(tmp_path / "w.pt") is None
    (tmp_path / "emb.npy").touch()
    assert find_beside(tmp_path / "w.pt") == tmp_path / "emb.npy"
    (tmp_path / "emb.pkl").touch()
    assert find_beside(tmp_path / "w.pt") == tmp_path / "emb.pkl"
