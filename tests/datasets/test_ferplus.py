from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from realtime_fer.datasets.ferplus import (
    NOT_COUNTED,
    FerPlus,
    load_ferplus,
    majority_labels,
    majority_targets,
    split_held_out,
    vote_cooccurrence,
    vote_distributions,
    without_outliers,
)
from realtime_fer.errors import DatasetError, ShapeError
from realtime_fer.labels import FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS

DATA = Path(os.environ.get("REALTIME_FER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def votes(*rows: dict[str, int]) -> npt.NDArray[np.uint8]:
    table = np.zeros((len(rows), len(FERPLUS_VOTE_COLUMNS)), np.uint8)
    for row, counts in zip(table, rows, strict=True):
        for name, count in counts.items():
            row[FERPLUS_VOTE_COLUMNS.index(name)] = count
    return table


def label(**counts: int) -> str | None:
    (found,) = majority_labels(votes(counts))
    return None if found == NOT_COUNTED else FERPLUS_LABELS[found]


def test_a_clear_majority_is_the_label() -> None:
    assert label(neutral=2, contempt=8) == "contempt"


def test_exactly_half_is_no_majority() -> None:
    assert label(neutral=5, happiness=5) is None
    assert label(neutral=4, sadness=2, fear=2) is None


def test_single_votes_are_dropped_before_the_majority_is_taken() -> None:
    # Five of ten are no majority, but five of seven are once the three single votes are gone.
    assert label(anger=5, disgust=2, fear=1, neutral=1, surprise=1) == "anger"


def test_unknown_and_not_a_face_count_against_an_emotion() -> None:
    assert label(fear=5, unknown=5) is None
    assert label(not_a_face=9) is None
    assert label(unknown=6, neutral=4) is None


def test_an_image_with_only_single_votes_has_no_label() -> None:
    assert label(**dict.fromkeys(FERPLUS_VOTE_COLUMNS, 1)) is None


def test_outliers_are_single_votes_only() -> None:
    kept = without_outliers(votes({"neutral": 1, "anger": 2, "unknown": 1}))
    assert kept.sum() == 2


def test_distributions_leave_out_outliers_and_weigh_by_the_share_of_emotions() -> None:
    distributions, weights = vote_distributions(votes({"anger": 6, "sadness": 2, "fear": 1, "unknown": 2}, {"not_a_face": 9}))
    assert distributions[0].tolist() == [0, 0, 0, 0.25, 0.75, 0, 0, 0]
    assert weights.tolist() == pytest.approx([0.8, 0])
    assert distributions[1].sum() == 0


def test_majority_targets_are_one_hot_and_leave_out_what_does_not_count() -> None:
    targets, weights = majority_targets(votes({"happiness": 6, "surprise": 4}, {"happiness": 5, "surprise": 5}))
    assert targets[0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert not targets[1].any()
    assert weights.tolist() == [1, 0]


def test_cooccurrence_is_conditional_on_the_row() -> None:
    table = vote_cooccurrence(
        votes({"neutral": 5, "sadness": 5}, {"neutral": 9}, {"neutral": 6, "sadness": 1}, {"neutral": 8, "contempt": 2})
    )
    neutral, sadness, fear = (FERPLUS_LABELS.index(name) for name in ("neutral", "sadness", "fear"))
    assert table[neutral, sadness] == pytest.approx(0.25)
    assert table[sadness, neutral] == pytest.approx(1.0)
    assert table[fear].tolist() == np.eye(8)[fear].tolist()


def test_held_out_rows_are_disjoint_complete_and_the_same_again() -> None:
    train, held_out = split_held_out(100, 0.1, seed=3)
    assert len(held_out) == 10
    assert sorted([*train, *held_out]) == list(range(100))
    assert split_held_out(100, 0.1, seed=3)[1].tolist() == held_out.tolist()
    assert split_held_out(100, 0.1, seed=4)[1].tolist() != held_out.tolist()
    with pytest.raises(ShapeError, match="fraction"):
        split_held_out(100, 1.0, seed=3)


def test_a_written_file_is_read_back(tmp_path: Path) -> None:
    images = np.arange(2 * 48 * 48, dtype=np.uint8).reshape(2, 48, 48)
    table = votes({"fear": 9}, {"anger": 8})
    np.savez(tmp_path / "faces.npz", images=images, votes=table, vote_names=np.array(FERPLUS_VOTE_COLUMNS))
    faces = load_ferplus(tmp_path / "faces.npz")
    assert (faces.images == images).all()
    assert (faces.votes == table).all()
    assert faces.subset(np.array([1])).votes[0, FERPLUS_VOTE_COLUMNS.index("anger")] == 8


def test_unusable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent\.npz"):
        load_ferplus(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(DatasetError, match=r"text\.npz: .*\(damaged, or another kind of file\); make or copy it again"):
        load_ferplus(tmp_path / "text.npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"empty\.npz: expected an npz file of FER\+ faces.*copy it again"):
        load_ferplus(tmp_path / "empty.npz")
    np.savez(tmp_path / "other.npz", pictures=np.zeros(3))
    with pytest.raises(DatasetError, match="pictures"):
        load_ferplus(tmp_path / "other.npz")
    images, table = np.zeros((1, 48, 48), np.uint8), np.zeros((1, 10), np.uint8)
    np.savez(tmp_path / "order.npz", images=images, votes=table, vote_names=np.array(FERPLUS_VOTE_COLUMNS[::-1]))
    with pytest.raises(DatasetError, match="not_a_face"):
        load_ferplus(tmp_path / "order.npz")
    np.savez(tmp_path / "size.npz", images=images[:, :32, :32], votes=table)
    with pytest.raises(DatasetError, match="48"):
        load_ferplus(tmp_path / "size.npz")


FACES = np.random.default_rng(3).integers(0, 256, (2, 48, 48), dtype=np.uint8)
VOTED = np.array([[2, 8, 0, 0, 0, 0, 0, 0, 0, 0], [0] * 10], np.uint8)


@pytest.mark.parametrize(
    "changed",
    [
        {"images": FACES.reshape(2, -1)},
        {"images": FACES[:, None]},
        {"images": FACES[..., None]},
        {"images": FACES.astype(np.float32)},
        {"votes": VOTED.astype(np.int64)},
        {"votes": VOTED.astype(">f8")},
        {"vote_names": np.array([name.encode() for name in FERPLUS_VOTE_COLUMNS])},
        {"vote_names": np.array(["Neutral", *FERPLUS_VOTE_COLUMNS[1:9], "NF"])},
        {"vote_names": np.array([*FERPLUS_VOTE_COLUMNS[:9], "not-a-face"])},
        {"usage": np.array(["PrivateTest"] * 2, object)},
    ],
)
def test_the_same_faces_in_other_forms(tmp_path: Path, changed: dict[str, npt.NDArray[np.generic]]) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {"images": FACES, "votes": VOTED}
    np.savez(tmp_path / "faces.npz", **{**arrays, **changed})  # type: ignore[arg-type]
    faces = load_ferplus(tmp_path / "faces.npz")
    assert (faces.images == FACES).all()
    assert (faces.votes == VOTED).all()
    assert majority_labels(faces.votes).tolist() == [1, NOT_COUNTED]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"votes": VOTED / 10},
            r"votes: expected whole numbers of 0 to 255, found float64 of 0 to 0\.8; write them as they",
        ),
        ({"votes": VOTED.astype(int) - 1}, "votes: expected whole numbers of 0 to 255, found int64 of -1 to 7"),
        ({"votes": np.full((2, 10), np.nan)}, "votes: expected whole numbers of 0 to 255, found float64 of nan to nan"),
        ({"votes": VOTED[:, :8]}, r"expected uint8 \(N, 10\), found uint8 \(2, 8\); is this a FER\+ npz file"),
        ({"votes": VOTED[:1]}, "2 images but 1 rows of votes"),
        ({"images": FACES / 255}, "images: expected whole numbers of 0 to 255, found float64"),
        ({"images": np.zeros((2, 64, 64), np.uint8)}, r"expected uint8 \(N, 48, 48\), found uint8 \(2, 64, 64\)"),
        ({"images": np.array(["a", "b"])}, "images: expected an array of numbers, found <U1"),
        ({"images": np.uint8(3)}, r"images: expected an array of numbers, found uint8 \(\)"),
        ({"vote_names": np.array("x")}, "expected vote columns neutral, .*, found x; put them in this order"),
        ({"vote_names": np.array([b"\xff"])}, "expected vote columns neutral"),
    ],
)
def test_other_numbers_are_refused(tmp_path: Path, changed: dict[str, npt.NDArray[np.generic]], message: str) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {"images": FACES, "votes": VOTED}
    np.savez(tmp_path / "faces.npz", **{**arrays, **changed})  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=rf"faces\.npz: .*{message}"):
        load_ferplus(tmp_path / "faces.npz")


def test_an_array_is_missing(tmp_path: Path) -> None:
    np.savez(tmp_path / "faces.npz", votes=VOTED)
    with pytest.raises(DatasetError, match=r"faces\.npz: expected arrays images and votes, found no images; is this a FER"):
        load_ferplus(tmp_path / "faces.npz")


def test_shapes_are_checked() -> None:
    with pytest.raises(ShapeError, match="2 images but 1"):
        FerPlus(np.zeros((2, 48, 48), np.uint8), np.zeros((1, 10), np.uint8))
    with pytest.raises(ShapeError, match="votes"):
        majority_labels(np.zeros((1, 8), np.uint8))


@pytest.mark.shared_data
def test_the_published_number_of_validation_faces_counts() -> None:
    path = DATA / "ferplus" / "ferplus_valid_votes.npz"
    if not path.is_file():
        pytest.skip(f"{path} is absent; set REALTIME_FER_DATA")
    with np.load(path) as archive:
        labels = majority_labels(archive["votes"])
    counts = np.bincount(labels[labels != NOT_COUNTED], minlength=8)
    assert counts.tolist() == [1182, 865, 415, 351, 287, 24, 62, 13]
