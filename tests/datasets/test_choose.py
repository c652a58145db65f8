from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_fer.datasets.choose import FOLD_COUNTS, NAMES, Part, open_labelled
from realtime_fer.datasets.ferplus_files import read_ferplus
from realtime_fer.datasets.labelled_faces import LabelledSet
from realtime_fer.errors import DatasetError
from realtime_fer.labels import CKPLUS_LABELS, FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS, MMI_LABELS
from tests.datasets.miniatures import (
    save_affectnet,
    save_affectnet_arrays,
    save_affwild2,
    save_ckplus,
    save_ferplus_pictures,
    save_ferplus_tables,
    save_fmpn,
    save_jaffe,
    save_mmi_session,
    save_picture,
)
from tests.datasets.raf_db_folders import BASIC, save_part

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 48, 48), dtype=np.uint8)
VOTES = np.zeros((3, 10), np.uint8)
VOTES[0, 1], VOTES[1, :2], VOTES[2, 7] = 9, 5, 8
PEOPLE = [f"S{number:03d}" for number in range(10, 20)]


def save_npz(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "valid"):
        np.savez(folder / f"ferplus_{part}.npz", images=IMAGES, votes=VOTES, vote_names=np.array(FERPLUS_VOTE_COLUMNS))
    return folder


def save_ten_people(folder: Path) -> Path:
    return save_ckplus(folder, [(subject, "001", 4, 1 + number % 7) for number, subject in enumerate(PEOPLE)])


def save_mmi(folder: Path) -> Path:
    for number, subject in enumerate(PEOPLE):
        save_mmi_session(folder, number, f"{subject}-001", 1 + number % 6, frames=3)
    return folder


def save_fmpn_ckplus(folder: Path) -> Path:
    names = [f"{subject}_001_00000004.png" for subject in PEOPLE]
    folds = [(names[: 9 - fold] + names[10 - fold :], [names[9 - fold]]) for fold in range(10)]
    return save_fmpn(folder, {f"{subject}_001": 1 + number % 5 for number, subject in enumerate(PEOPLE)}, folds)


def save_classes(folder: Path) -> Path:
    for name in ("happy/a.png", "sad/b.png"):
        save_picture(folder / name)
    return folder


MINIATURES: dict[str, Callable[[Path], Path]] = {
    "affectnet": lambda folder: save_affectnet(folder, [("1/a.jpg", 6), ("1/b.jpg", 0)]),
    "affwild2": save_affwild2,
    "raf-db": lambda folder: save_part(folder / "basic", BASIC).parent,
    "ckplus": save_ten_people,
    "mmi": save_mmi,
    "jaffe": save_jaffe,
    "ferplus": save_npz,
    "fmpn-ckplus": save_fmpn_ckplus,
    "fmpn-mmi": save_fmpn_ckplus,
    "folders": save_classes,
}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_opens_its_miniature(tmp_path: Path, name: str) -> None:
    opened = open_labelled(name, MINIATURES[name](tmp_path), "train")
    assert opened.name == name
    assert set(opened.labels) <= set(FERPLUS_LABELS)
    assert len(set(opened.labels)) == len(opened.labels)
    assert opened.targets().shape == (len(opened),)
    first = opened.read(0)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3


@pytest.mark.parametrize("name", NAMES)
def test_every_name_says_what_an_empty_folder_lacks(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DatasetError) as caught:
            open_labelled(name, folder, "test")
        message = str(caught.value)
        assert str(folder) in message
        assert "expected" in message
        assert "\n" not in message
        assert name == "folders" or "http" in message


@pytest.mark.parametrize("name", sorted(FOLD_COUNTS))
def test_folds_test_every_face_once_and_nobody_trained_on(tmp_path: Path, name: str) -> None:
    folder = MINIATURES[name](tmp_path)
    whole = open_labelled(name, folder, "test")
    tested: list[tuple[Path, int | None]] = []
    for fold in range(FOLD_COUNTS[name]):
        train, test = (open_labelled(name, folder, part, fold=fold) for part in _parts())
        assert {face.subject for face in train.faces} & {face.subject for face in test.faces} == set()
        assert len(train) + len(test) == len(whole)
        tested += [(face.picture, face.frame) for face in test.faces]
    key = lambda item: (str(item[0]), item[1] or 0)  # noqa: E731
    assert sorted(tested, key=key) == sorted(((face.picture, face.frame) for face in whole.faces), key=key)


def _parts() -> tuple[Part, Part]:
    return "train", "test"


def test_fold_0_tests_the_last_people(tmp_path: Path) -> None:
    opened = open_labelled("ckplus", save_ten_people(tmp_path), "test", fold=0)
    assert {face.subject for face in opened.faces} == {"S019"}
    assert len(opened) == 3
    assert opened.labels == CKPLUS_LABELS


def test_splits_of_their_own(tmp_path: Path) -> None:
    save_part(tmp_path / "basic", BASIC)
    train, test = (open_labelled("raf-db", tmp_path / "basic", part) for part in _parts())
    assert [face.picture.name for face in test.faces] == ["test_0001_aligned.jpg", "test_0002_aligned.jpg"]
    assert [train.labels[face.label] for face in train.faces] == ["sadness", "neutral"]
    save_affectnet_arrays(tmp_path, [3, 4], "val_set")
    assert open_labelled("affectnet", tmp_path, "test").targets().tolist() == [3, 4]
    for half in ("train", "test"):
        shutil.copytree(save_classes(tmp_path / half / "made"), tmp_path / "halves" / half)
    assert open_labelled("folders", tmp_path / "halves", "test").faces[0].picture.parts[-3:] == ("test", "happy", "a.png")


def test_all_forms_of_ferplus_are_one_set(tmp_path: Path) -> None:
    save_npz(tmp_path / "npz")
    save_ferplus_pictures(tmp_path / "png" / "data", IMAGES, VOTES)
    save_ferplus_tables(tmp_path / "csv", IMAGES, VOTES, ["Training"] * 3)
    opened: list[LabelledSet] = [open_labelled("ferplus", tmp_path / form, "train") for form in ("npz", "png", "csv")]
    # The second face has no majority.
    assert [one.targets().tolist() for one in opened] == [[1, 7]] * 3
    for one in opened:
        assert one.read(1).tolist() == np.repeat(IMAGES[2][..., None], 3, axis=2).tolist()
    file = tmp_path / "npz" / "ferplus_valid.npz"
    assert len(open_labelled("ferplus", file, "test")) == 2
    with pytest.raises(DatasetError, match=r"ferplus_test\.npz.*to take another part, name its file: ferplus_train\.npz, ferp"):
        read_ferplus(tmp_path / "npz", "test")


def test_frames_of_mmi_named_as_fmpn_has_them(tmp_path: Path) -> None:
    save_fmpn(tmp_path, {f"{subject}_100": 0 for subject in PEOPLE}, [])
    for subject in PEOPLE:
        save_picture(tmp_path / "imgs" / f"{subject}_100_040.png")
        save_picture(tmp_path / "imgs" / f"._{subject}_100_040.png")
    opened = open_labelled("mmi", tmp_path, "test", fold=9)
    assert opened.labels == MMI_LABELS
    assert [face.picture.name for face in opened.faces] == ["S010_100_040.png"]


def test_names_parts_and_folds_are_checked(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"'fer': unknown; expected one of affectnet, affwild2, raf-db"):
        open_labelled("fer", tmp_path, "train")
    with pytest.raises(DatasetError, match=r"ferplus: has a split of its own and no folds, found fold=1"):
        open_labelled("ferplus", tmp_path, "train", fold=1)
    with pytest.raises(DatasetError, match=r"ckplus: expected a fold of 0 to 9, found 10"):
        open_labelled("ckplus", tmp_path, "train", fold=10)
    with pytest.raises(DatasetError, match=r"expected part train or test, found 'valid'"):
        open_labelled("ckplus", tmp_path, "valid")  # type: ignore[arg-type]


def test_a_part_without_faces(tmp_path: Path) -> None:
    save_part(tmp_path, BASIC[:2])
    with pytest.raises(DatasetError, match="expected labelled faces for test, found none; unpack all of raf-db"):
        open_labelled("raf-db", tmp_path, "test")


def test_a_picture_that_went_bad(tmp_path: Path) -> None:
    save_classes(tmp_path)
    opened = open_labelled("folders", tmp_path, "train")
    (tmp_path / "happy" / "a.png").write_bytes(cv2.imencode(".png", IMAGES[0])[1].tobytes()[:40])
    with pytest.raises(DatasetError, match=r"a\.png: expected a picture"):
        opened.read(0)


@pytest.mark.parametrize("name", NAMES)
def test_slips_of_unpacking_are_pointed_out(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "outer" / "Inner"
    inner.mkdir(parents=True)
    MINIATURES[name](inner)
    with pytest.raises(DatasetError, match=r"expected .*; .*Inner looks like the set's folder: name that one$"):
        open_labelled(name, tmp_path / "outer", "train")
    with pytest.raises(DatasetError, match=r"; there is no folder .*absent$"):
        open_labelled(name, tmp_path / "absent", "train")
    packed = Path(shutil.make_archive(str(tmp_path / "packed" / "set"), "zip", inner))
    with pytest.raises(DatasetError, match="name a folder, not a file; an archive has to be unpacked"):
        open_labelled(name, packed, "train")
    with pytest.raises(DatasetError, match=r"set\.zip is there but not unpacked$"):
        open_labelled(name, packed.parent, "train")


@pytest.mark.parametrize("name", NAMES)
def test_what_other_systems_leave_beside_the_files(tmp_path: Path, name: str) -> None:
    clean = open_labelled(name, MINIATURES[name](tmp_path), "train")
    for path in [*tmp_path.rglob("*")]:
        if path.is_file():
            path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
        else:
            (path / "Thumbs.db").write_bytes(b"")
            (path / "__MACOSX").mkdir()
            (path / "loop").symlink_to(path)
    assert open_labelled(name, tmp_path, "train").faces == clean.faces


@pytest.mark.parametrize("name", NAMES)
def test_texts_that_an_editor_has_saved(tmp_path: Path, name: str) -> None:
    clean = open_labelled(name, MINIATURES[name](tmp_path), "train")
    for path in tmp_path.rglob("*"):
        if path.suffix in {".csv", ".json", ".txt", ".xml"}:
            path.write_bytes("\r\n".join(path.read_text().splitlines()).encode("utf-8-sig"))
    assert open_labelled(name, tmp_path, "train").faces == clean.faces


def test_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    save_classes(tmp_path)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DatasetError, match=rf"{tmp_path.name}: expected the files of folders, .* may not .*permissions"):
        open_labelled("folders", tmp_path, "train")


def test_ferplus_without_a_majority(tmp_path: Path) -> None:
    np.savez(tmp_path / "faces.npz", images=IMAGES, votes=VOTES * 0)
    with pytest.raises(DatasetError, match=r"faces\.npz: expected faces on which most taggers agree, found none among 3"):
        open_labelled("ferplus", tmp_path / "faces.npz", "test")
