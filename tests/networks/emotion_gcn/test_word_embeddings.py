from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError
from realtime_fer.networks.emotion_gcn.word_embeddings import (
    WORDS,
    find_beside,
    fitted_to_width,
    read_word_embeddings,
    words_of,
)

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


def test_words_of_other_labels(tmp_path: Path) -> None:
    assert words_of(("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")) == WORDS["affectnet"]
    assert words_of(("contempt", "sadness")) == ("contempt", "sad", "valence", "arousal")
    path = write_glove(tmp_path / "glove.txt", WORDS["affectnet"])
    found = read_word_embeddings(path, words=("anger", "happy", "valence", "arousal"))
    np.testing.assert_array_equal(found, VECTORS[[6, 1, 7, 8]])


@pytest.mark.parametrize("length", [50, 299, 301, 768])
def test_vectors_of_another_length_keep_lengths_and_angles(tmp_path: Path, length: int) -> None:
    vectors = np.random.default_rng(length).normal(size=(9, length)).astype(np.float32)
    rows = ["9 " + str(length)]
    rows += [word + "\t" + "\t".join(map(repr, row.tolist())) for word, row in zip(WORDS["affectnet"], vectors, strict=True)]
    (tmp_path / "table.vec").write_text("\n".join(rows) + "\n\n", encoding="utf-8")
    found = read_word_embeddings(tmp_path / "table.vec")
    assert found.shape == (9, 300)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found @ found.T, vectors @ vectors.T, atol=1e-3)
    with pytest.raises(ModelShapeError, match="400 of 301 numbers do not fit into 300"):
        fitted_to_width(np.zeros((400, 301), np.float32))


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
    with pytest.raises(ModelCorruptError, match=r"emb\.pkl") as raised:
        read_word_embeddings(tmp_path / "emb.pkl")
    assert "weights_only" not in str(raised.value)


def test_unusable_files(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="absent"):
        read_word_embeddings(tmp_path / "absent.npy")
    np.save(tmp_path / "a.npy", VECTORS[:7])
    with pytest.raises(ModelShapeError, match=r"expected word embeddings of shape \(9, 300\), found \(7, 300\)"):
        read_word_embeddings(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.where(VECTORS > 2, np.nan, VECTORS))
    with pytest.raises(ModelCorruptError, match="not a finite number"):
        read_word_embeddings(tmp_path / "a.npy")
    for content in (b"none", b""):
        (tmp_path / "a.npy").write_bytes(content)
        with pytest.raises(ModelCorruptError, match=r"a\.npy: .*\(damaged, or another kind of file\); save it again"):
            read_word_embeddings(tmp_path / "a.npy")
    with pytest.raises(ModelCorruptError, match="found none of valence, arousal"):
        read_word_embeddings(write_glove(tmp_path / "g.txt", WORDS["affectnet"][:7]))


def test_the_first_known_name_beside_the_weights(tmp_path: Path) -> None:
    assert find_beside(tmp_path / "w.pt") is None
    (tmp_path / "emb.npy").touch()
    assert find_beside(tmp_path / "w.pt") == tmp_path / "emb.npy"
    (tmp_path / "emb.pkl").touch()
    assert find_beside(tmp_path / "w.pt") == tmp_path / "emb.pkl"
