"""Data sets of a few pictures, laid out and named as their owners do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.affectnet import COLUMNS
from realtime_fer.datasets.jaffe import CODES

Grey = npt.NDArray[np.uint8]


def save_picture(path: Path, level: int = 90, size: tuple[int, int] = (8, 8)) -> Path:
    """A picture of one grey level, width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((size[1], size[0]), level, np.uint8))
    return path


def save_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


CKPLUS_SEQUENCES = (("S005", "001", 11, 3), ("S010", "002", 5, 7), ("S010", "004", 6, 2), ("S999", "001", 4, 5))
"""Subject, sequence, number of frames, label as in its file."""


def save_ckplus(folder: Path, sequences: Sequence[tuple[str, str, int, int]] = CKPLUS_SEQUENCES) -> Path:
    images = folder / "extended-cohn-kanade-images" / "cohn-kanade-images"
    for subject, sequence, frames, label in sequences:
        name = f"{subject}_{sequence}"
        for frame in range(1, frames + 1):
            save_picture(images / subject / sequence / f"{name}_{frame:08d}.png", frame)
        save_text(folder / "Emotion" / subject / sequence / f"{name}_{frames:08d}_emotion.txt", f"   {label:.7e}\n")
    # What else the archives hold: a sequence without a label, whose folder is empty, and a Macintosh's leavings.
    save_picture(images / "S005" / "002" / "S005_002_00000001.png")
    (folder / "Emotion" / "S005" / "002").mkdir(parents=True)
    save_text(images / "S005" / ".DS_Store", "")
    return folder


def save_landmarks(folder: Path, points: npt.NDArray[np.float64], picture: str) -> Path:
    subject, sequence, _ = picture.split("_")
    lines = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in points)
    return save_text(folder / "Landmarks" / subject / sequence / f"{picture}_landmarks.txt", lines)


def save_jaffe(folder: Path) -> Path:
    people = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
    takes = [(person, code, take) for person in people for code in CODES for take in (1, 2, 3)]
    takes += [(person, "FE", 4) for person in people[:3]]
    for number, (person, code, take) in enumerate(takes, 1):
        save_picture(folder / f"{person}.{code}{take}.{number}.tiff")
    save_text(folder / "README.txt", "")
    return folder


def save_video(path: Path, frames: int) -> Path:
    """Frame n is of grey level 20 n, from 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 24, (64, 48))
    assert writer.isOpened()
    for frame in range(frames):
        writer.write(np.full((48, 64, 3), 20 * frame, np.uint8))
    writer.release()
    return path


def save_mmi_session(folder: Path, number: int, video: str, emotion: int | None, *, view: int = 0, frames: int = 9) -> Path:
    session = folder / "Sessions" / str(number)
    save_video(session / f"{video}.avi", frames)
    save_text(
        session / "session.xml",
        f'<?xml version="1.0"?><session sessionId="{number}"><subject id="2"/><track view="{view}" filename="{video}.avi">'
        f'<annotation filename="{video}.xml"/></track></session>',
    )
    tag = "" if emotion is None else f'<Metatag Name="Emotion" Value="{emotion}"/>'
    save_text(session / f"{video}.xml", f'<?xml version="1.0"?><Annotation>{tag}<Metatag Name="AU" Value="12"/></Annotation>')
    return session


def save_apex(session: Path, video: str, *apexes: tuple[int, int]) -> Path:
    """Action units whose apex begins and ends at these frames, from 1."""
    units = "".join(
        f'<ActionUnit Number="{number}"><Marker Frame="1" Type="0"/><Marker Frame="2" Type="1"/>'
        f'<Marker Frame="{begin}" Type="2"/><Marker Frame="{end}" Type="3"/></ActionUnit>'
        for number, (begin, end) in enumerate(apexes, 1)
    )
    return save_text(session / f"{video}-oao_aucs.xml", f"<Annotation>{units}</Annotation>")


FERPLUS_PARTS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}


def save_ferplus_pictures(folder: Path, images: Grey, votes: Grey, usage: str = "Training") -> Path:
    place = folder / FERPLUS_PARTS[usage]
    place.mkdir(parents=True)
    rows = []
    for number, (image, row) in enumerate(zip(images, votes, strict=True)):
        assert cv2.imwrite(str(place / f"fer{number:07d}.png"), image)
        rows.append(f'fer{number:07d}.png,"(0, 0, 48, 48)",{",".join(map(str, row))}\r\n')
    (place / "label.csv").write_bytes("".join(rows).encode())
    return place


def save_ferplus_tables(folder: Path, images: Grey, votes: Grey, usages: Sequence[str]) -> Path:
    """A face without a name, which does not count, goes first."""
    blank = " ".join(["0"] * 48 * 48)
    faces, rows = [f"3,{blank},Training"], ["Training,,0,0,0,0,0,0,0,0,0,10"]
    for number, (image, row, usage) in enumerate(zip(images, votes, usages, strict=True), 1):
        faces.append(f"0,{' '.join(map(str, image.reshape(-1)))},{usage}")
        rows.append(f"{usage},fer{number:07d}.png,{','.join(map(str, row))}")
    columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    save_text(folder / "fer2013.csv", "\n".join(["emotion,pixels,Usage", *faces]) + "\n")
    save_text(folder / "fer2013new.csv", "\n".join([f"Usage,Image name,{columns}", *rows]) + "\n")
    return folder


def affectnet_row(picture: str, expression: int) -> str:
    """Eyes level, at x of 13 and 33."""
    landmarks = ";".join(f"{10 + point % 6 + (20 if point >= 42 else 0)}.9;30.5" for point in range(68))
    return f"{picture},10,5,20,21,{landmarks},{expression},0.5,-0.25"


def save_affectnet(folder: Path, rows: Sequence[tuple[str, int]], name: str = "training.csv") -> Path:
    lines = [",".join(COLUMNS), *(affectnet_row(picture, expression) for picture, expression in rows)]
    save_text(folder / "Manually_Annotated_file_lists" / name, "\n".join(lines))
    for number, (picture, _) in enumerate(rows):
        save_picture(folder / "Manually_Annotated_Images" / picture, 10 * number, (50, 50))
    return folder


def save_affectnet_arrays(folder: Path, expressions: Sequence[int], part: str = "train_set") -> Path:
    (folder / part / "annotations").mkdir(parents=True)
    landmarks = np.array([[10 + point % 6 + (20 if point >= 42 else 0) + 0.9, 30.5] for point in range(68)])
    for number, expression in enumerate(expressions):
        save_picture(folder / part / "images" / f"{number}.jpg", 10 * number, (32, 32))
        stem = str(folder / part / "annotations" / str(number))
        # The owners' own files hold text; some copies have numbers.
        np.save(f"{stem}_exp.npy", np.array(str(expression)) if number % 2 else np.array(expression))
        np.save(f"{stem}_val.npy", np.array(str(number / 16)) if number % 2 else np.array(number / 16))
        np.save(f"{stem}_aro.npy", np.array(-0.5))
        np.save(f"{stem}_lnd.npy", landmarks.reshape(-1))
    return folder


def save_affwild2(folder: Path) -> Path:
    for split, video in (("Train_Set", "a"), ("Validation_Set", "b")):
        save_text(folder / "annotations" / "EXPR_Set" / split / f"{video}.txt", "Neutral,Anger\n3\n-1\n2\n")
        save_text(folder / "annotations" / "VA_Set" / split / f"{video}.txt", "valence,arousal\n0.5,-0.25\n0,0\n1,-1\n")
        for frame in (1, 2, 3):
            save_picture(folder / "cropped_aligned" / video / f"{frame:05d}.jpg", frame)
    return folder


def save_fmpn(folder: Path, labels: dict[str, float], folds: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Path:
    """Lists as given, by file name, for training and for testing; a picture for each name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "emotion_labels.json").write_text(json.dumps(labels))
    for fold, lists in enumerate(folds):
        for name, files in zip(("train_ids", "test_ids"), lists, strict=True):
            (folder / f"{name}_{fold}.csv").write_text("\n".join(files))
            for file in files:
                save_picture(folder / "imgs" / file)
    return folder
