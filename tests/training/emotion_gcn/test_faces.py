from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from realtime_fer.errors import DatasetError  # noqa: E402
from realtime_fer.labels import AFFECTNET_LABELS, AFFWILD2_LABELS  # noqa: E402
from realtime_fer.networks.emotion_gcn.label_graph import label_adjacency, label_correlations  # noqa: E402
from realtime_fer.networks.emotion_gcn.word_embeddings import read_word_embeddings  # noqa: E402
from realtime_fer.training.emotion_gcn.faces import (  # noqa: E402
    chosen_faces,
    graph_of,
    label_digest,
    split_rows,
    weights_of_classes,
)
from tests.training.emotion_gcn.miniature import labelled_set, save_glove, tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch


def test_whole_people_are_held_out() -> None:
    people: list[str | None] = [f"p{row % 7}" for row in range(70)]
    rest, held_out = split_rows(people, 0.25, seed=0)
    assert sorted([*rest, *held_out]) == list(range(70))
    assert not {people[row] for row in rest} & {people[row] for row in held_out}
    assert len(held_out) == 20
    assert split_rows(people, 0.25, seed=0)[1].tolist() == held_out.tolist() != split_rows(people, 0.25, seed=1)[1].tolist()
    rest, held_out = split_rows([None] * 40, 0.1, seed=0)
    assert (len(rest), len(held_out)) == (36, 4)
    assert len(split_rows([None] * 40, 0.0, seed=0)[1]) == 0


def test_a_limit_leaves_what_labels_are_counted_on() -> None:
    chosen = chosen_faces(labelled_set(), tiny_recipe(limit=5))
    assert (len(chosen.rows), len(chosen.counted), len(chosen.held_out)) == (5, 42, 14)
    assert set(chosen.rows) <= set(chosen.counted)
    assert not set(chosen.counted) & set(chosen.held_out)


@pytest.mark.parametrize("model", ["emotion_gcn", "multi_task"])
def test_a_set_without_valence_and_arousal(model: str) -> None:
    faces = labelled_set(affect=False)
    with pytest.raises(DatasetError, match=rf"ferplus: --model {model} learns valence and arousal.*single_task"):
        chosen_faces(faces, tiny_recipe(model=model))
    assert len(chosen_faces(faces, tiny_recipe(model="single_task")).rows) == 42


def test_nothing_left_to_learn_from() -> None:
    faces = labelled_set(1)
    with pytest.raises(DatasetError, match="at least 2 faces"):
        chosen_faces(faces, tiny_recipe(held_out=0.99))


def test_class_weights() -> None:
    faces = labelled_set()
    rare = faces.subset(np.array([row for row in range(56) if row % 7 != 2 or row < 28]))
    found = weights_of_classes(chosen_faces(rare, tiny_recipe(held_out=0.0)), tiny_recipe())
    assert found is not None
    assert found.tolist() == [0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5]
    chosen = chosen_faces(faces, tiny_recipe())
    assert weights_of_classes(chosen, tiny_recipe(class_weights="none")) is None
    published = weights_of_classes(chosen, tiny_recipe(class_weights="affectnet"))
    assert published is not None
    assert published.tolist() == pytest.approx([3803 / count for count in (74874, 134415, 25459, 14090, 6378, 3803, 24882)])
    with pytest.raises(DatasetError, match="--class-weights counts"):
        weights_of_classes(chosen, tiny_recipe(class_weights="affectnet", dataset="affwild2"))
    with pytest.raises(DatasetError, match=r"none of disgust, anger among the 5 to learn from; take --class-weights none"):
        weights_of_classes(chosen_faces(faces.subset(np.arange(5)), tiny_recipe(held_out=0.0)), tiny_recipe())


def test_the_graph_is_that_of_the_faces_learned_from(tmp_path: Path) -> None:
    chosen = chosen_faces(labelled_set(), tiny_recipe())
    words, adjacency = graph_of(chosen, save_glove(tmp_path / "glove.txt"))
    affect = chosen.faces.affect()
    assert affect is not None
    rows = chosen.counted
    expected = label_adjacency(label_correlations(chosen.faces.targets()[rows], affect[rows]))
    np.testing.assert_allclose(adjacency, expected, atol=1e-7)
    np.testing.assert_array_equal(words, read_word_embeddings(tmp_path / "glove.txt", "affectnet"))


def test_words_and_edges_follow_the_order_of_the_set(tmp_path: Path) -> None:
    faces = labelled_set()
    place = [AFFWILD2_LABELS.index(label) for label in AFFECTNET_LABELS]
    wild = replace(faces, labels=AFFWILD2_LABELS, faces=tuple(replace(face, label=place[face.label]) for face in faces.faces))
    glove = save_glove(tmp_path / "glove.txt")
    words, adjacency = graph_of(chosen_faces(faces, tiny_recipe()), glove)
    other_words, other_adjacency = graph_of(chosen_faces(wild, tiny_recipe()), glove)
    order = [*place, 7, 8]
    assert torch.equal(other_adjacency[order][:, order], adjacency)
    np.testing.assert_array_equal(other_words[order], words)


def test_a_graph_without_words() -> None:
    with pytest.raises(DatasetError, match=r"give --embeddings FILE.*neutral, happy, sad.*arousal"):
        graph_of(chosen_faces(labelled_set(), tiny_recipe()), None)


def test_the_digest_knows_labels_from_others() -> None:
    faces = labelled_set()
    assert label_digest(faces) == label_digest(labelled_set())
    assert label_digest(faces) != label_digest(faces.subset(np.arange(55)))
    assert label_digest(faces) != label_digest(replace(faces, labels=AFFWILD2_LABELS))
    assert label_digest(faces) != label_digest(labelled_set(affect=False))
