"""The MMI Facial Expression Database as its web site hands it out: one folder for each session.

    Sessions/<number>/session.xml             <track view="0" ...>: 0 frontal, 1 from the side, 2 both beside each other
    Sessions/<number>/S002-106.avi            subject and video
    Sessions/<number>/S002-106.xml            <Metatag Name="Emotion" Value="4"/>: 1 anger .. 6 surprise; above, others
    Sessions/<number>/S002-106-oao_aucs.xml   optional: <ActionUnit Number="12"><Marker Frame="30" Type="2"/>..., the frames
                                              at which a muscle's onset (1), apex (2) and offset (3) begin, from 1

Frames are given as they are stored; in some sessions the head lies on its side.

Source: Pantic, Valstar, Rademaker and Maat, "Web-Based Database for Facial Expression Analysis", ICME 2005. The layout was
taken from programs that read it, not from the set itself.
"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from realtime_fer.datasets.labelled_faces import LabelledFace, LabelledSet
from realtime_fer.datasets.video_frame import count_frames
from realtime_fer.errors import DatasetError
from realtime_fer.labels import MMI_LABELS

log = logging.getLogger(__name__)

REQUEST_AT: Final = "https://mmifacedb.eu/"
PUBLISHED_PEOPLE: Final = 31
"""In FMPN's folds."""

FRONTAL: Final = 0
PEAK_FRAMES: Final = 3
"""How many frames in a row, around the peak, FMPN takes of each video."""

APEX_BEGINS, APEX_ENDS = "2", "3"
"""Types of a marker: apex, and offset, which ends it."""


@dataclass(frozen=True, slots=True)
class MmiVideo:
    """One video of a basic emotion.

    Attributes:
        subject: "S002".
        path: the file.
        label: index into `MMI_LABELS`.
        view: 0 frontal, 1 from the side, 2 both.
        peak: the middle of the apex, frames from 0; None where no action units were annotated.
    """

    subject: str
    path: Path
    label: int
    view: int
    peak: int | None


def read_mmi(folder: Path) -> list[MmiVideo]:
    """The videos with one of the six emotions, by session.

    Args:
        folder: holds Sessions, or is that folder.

    Raises:
        DatasetError: there are no sessions, one lacks a file, or a file cannot be read.
    """
    sessions = folder / "Sessions" if (folder / "Sessions").is_dir() else folder
    found = sorted((path for path in sessions.glob("*") if path.is_dir()), key=lambda path: (len(path.name), path.name))
    if not any((session / "session.xml").is_file() for session in found):
        there = f"{len(found)} folders, none with session.xml" if sessions.is_dir() else "no such folder"
        raise DatasetError(
            f"{sessions}: expected MMI's folders of sessions, each with session.xml and a video, found {there}; name the "
            f"folder that holds Sessions (on request: {REQUEST_AT})"
        )
    videos = [video for video in map(_video, found) if video is not None]
    if not videos:
        raise DatasetError(
            f"{sessions}: expected videos with one of the emotions 1 to {len(MMI_LABELS)}, found none in {len(found)} "
            f"sessions; download the sessions with emotion annotations ({REQUEST_AT})"
        )
    return videos


def open_mmi(folder: Path, *, views: Sequence[int] = (FRONTAL,), peak_frames: int = PEAK_FRAMES) -> LabelledSet:
    """Frames in a row around the peak of each video, or around its middle where the peak is not annotated.

    Warns in the log where there are fewer people than in the published folds.

    Args:
        views: which views to take; `read` gives the whole frame, which in view 2 shows the head twice.
        peak_frames: how many frames of each video.

    Raises:
        DatasetError: see `read_mmi`; or a video is shorter.
    """
    faces = []
    for video in read_mmi(folder):
        if video.view not in views:
            continue
        count = count_frames(video.path)
        if count < peak_frames:
            raise DatasetError(
                f"{video.path}: expected a video of {peak_frames} frames or more, found {count}; download it again"
            )
        middle = count // 2 if video.peak is None else video.peak
        first = min(max(0, middle - peak_frames // 2), count - peak_frames)
        faces += [
            LabelledFace(video.path, video.label, video.subject, frame=frame) for frame in range(first, first + peak_frames)
        ]
    people = {face.subject for face in faces}
    if 0 < len(people) < PUBLISHED_PEOPLE:
        # No error: everybody downloads a choice of their own from this set.
        log.warning(
            "%s: expected the %d people of the published folds, found %d in these views; if you want all of them, download the "
            "other sessions with emotion annotations (%s); the folds of a part are not the published ones",
            folder,
            PUBLISHED_PEOPLE,
            len(people),
            REQUEST_AT,
        )
    return LabelledSet("mmi", MMI_LABELS, tuple(faces))


def _video(session: Path) -> MmiVideo | None:
    """The session's video; None where it shows none of the six emotions."""
    annotations = [path for path in sorted(session.glob("[!.]*-*.xml")) if not path.name.endswith("aucs.xml")]
    if not annotations:
        return None
    annotation = annotations[0]
    tag = next((tag for tag in _xml(annotation).iter("Metatag") if tag.get("Name") == "Emotion"), None)
    if tag is None:
        return None
    emotion = _number(annotation, "emotion", tag.get("Value"))
    if not 1 <= emotion <= len(MMI_LABELS):
        return None
    for path in (annotation.with_suffix(".avi"), session / "session.xml"):
        if not path.is_file():
            raise DatasetError(
                f"{path}: no such file; expected every session with its video, {annotation.name} and session.xml; "
                f"download session {session.name} again ({REQUEST_AT})"
            )
    track = next(_xml(session / "session.xml").iter("track"), None)
    view = _number(session / "session.xml", "view of a track", None if track is None else track.get("view"))
    subject, _, _ = annotation.stem.partition("-")
    return MmiVideo(subject, annotation.with_suffix(".avi"), emotion - 1, view, _peak(annotation))


def _peak(annotation: Path) -> int | None:
    path = annotation.with_name(f"{annotation.stem}-oao_aucs.xml")
    if not path.is_file():
        return None
    middles = []
    for unit in _xml(path).iter("ActionUnit"):
        frames = {marker.get("Type"): _number(path, "frame", marker.get("Frame")) for marker in unit.iter("Marker")}
        if APEX_BEGINS in frames and APEX_ENDS in frames:
            middles.append((frames[APEX_BEGINS] + frames[APEX_ENDS] - 1) / 2)
    # Muscles move at different times; the middle one of their peaks is nobody's outlier.
    return max(0, round(statistics.median(middles)) - 1) if middles else None


def _xml(path: Path) -> ElementTree.Element:
    try:
        content = path.read_bytes()
        if b"<!ENTITY" in content:  # a few bytes of them can expand to gigabytes
            raise ElementTree.ParseError("it defines entities")
        return ElementTree.fromstring(content)  # noqa: S314
    except (OSError, ElementTree.ParseError) as error:
        raise DatasetError(
            f"{path}: expected MMI's annotation, found none that can be read ({error}); download it again"
        ) from error


def _number(path: Path, what: str, text: str | None) -> int:
    if text is None or not text.strip().isdecimal():
        raise DatasetError(f"{path}: expected the number of the {what}, found {text!r}; download it again ({REQUEST_AT})")
    return int(text)
