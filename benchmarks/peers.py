"""Side by side with what people use today: the same pictures, faces and clips, the same machine, one run.

    python benchmarks/peers.py --data face-detection/val --ferplus ferplus_valid.npz --clips clips --json peers.json
    python benchmarks/peers.py --data face-detection/val --peers haar mediapipe --limit 20

Detectors against OpenCV Haar, MediaPipe and MTCNN; classifiers against the network of the `fer` package; the whole service
against `fer`'s way through a film. Peers are installed into environments of their own when they are first asked for. One
that cannot be installed or run stands in the table as a blank with its reason. Method: README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.peer_contenders import (
    PEERS,
    Contender,
    Runner,
    detector_contenders,
    expression_contenders,
    video_contenders,
)
from benchmarks.peer_environments import PeerError
from benchmarks.peer_runs import parse_faces, parse_probabilities
from benchmarks.peer_scores import labelled_picture, pictures_in, score_expressions, score_faces, score_video, spread
from benchmarks.peer_tables import DETECTOR_COLUMNS, EXPRESSION_COLUMNS, VIDEO_COLUMNS, Row, print_section
from realtime_fer.datasets.ferplus import NOT_COUNTED, load_ferplus, majority_labels
from realtime_fer.errors import DatasetError, RealtimeFerError

UNSEEN_FILM, UNSEEN_PICTURE = "no_face.mp4", "free-mountain-vector-01.jpg"
"""Cartoons in the folder of clips, without a face; no model of ours was trained on them."""

CONSOLE_WIDTH = 200
"""The table of the detectors is this wide also where the output goes to a file."""

DEFAULT_VIDEOS = ("WolfgangLanger_Pexels.mp4", "face_noface.mov")

DETECTOR_NOTES = (
    "AP50 is the better of two runs, at usual thresholds and at lowered ones; recall and false faces at the usual ones.",
    "False faces a picture: our models were trained with the negatives in view, so on those they have an advantage over the "
    "peers; the unseen ones are frames of one cartoon and one drawing, all alike.",
    "Every detector has one core and is asked for one thread; time from array to boxes, labelled pictures only.",
    "Box styles differ: at an overlap of 0.5, tight or wide boxes miss the labels; hence the recall at 0.3 as well.",
)
EXPRESSION_NOTES = (
    "fer's network does not know contempt, which counts as never recognised; it learnt FER2013's own labels, not the crowd's.",
    "fer-tflite is what the package runs by default, fer-keras the network it was made from, both on the picture as it is. "
    "fer-package: the package told that the picture is a face; it adds ten pixels on each side, here of padding.",
    "One core, one face at a time.",
)
VIDEO_NOTES = (
    "Decoding included, loading not. As a user gets them: all cores, default threads (ours: one a network). Ours also tracks, "
    "smooths and publishes over ZeroMQ; fer finds faces with its Haar cascade and writes a table, no annotated film.",
)


def compare_detectors(
    runner: Runner,
    contenders: Sequence[Contender],
    data: Path,
    *,
    negatives: Path | None,
    clips: Path | None,
    limit: int | None,
) -> list[Row]:
    """One row a detector.

    Args:
        data: folder in YOLO layout.
        negatives: pictures without faces.
        clips: folder with the drawing and the cartoon without faces.
        limit: at most so many pictures of each kind.
    """
    pictures = {path: labelled_picture(path, data) for path in pictures_in((data / "images").absolute(), limit)}
    with tempfile.TemporaryDirectory() as scratch:
        without_faces = {} if negatives is None else {"negatives": pictures_in(negatives.absolute(), limit)}
        if clips is not None:
            without_faces["unseen"] = spread(unseen_pictures(clips.absolute(), Path(scratch)), limit)
        everything = [*pictures, *(path for group in without_faces.values() for path in group)]
        all_list, labelled_list = Path(scratch, "all.txt"), Path(scratch, "labelled.txt")
        all_list.write_text("\n".join(map(str, everything)), encoding="utf-8")
        labelled_list.write_text("\n".join(map(str, pictures)), encoding="utf-8")

        def figures(contender: Contender) -> dict[str, Any]:
            usual = runner.run(contender, "usual", str(all_list))
            thorough = runner.run(contender, "open", str(labelled_list))
            found = parse_faces(usual.results, everything)
            scores = score_faces(pictures, found, parse_faces(thorough.results, list(pictures)), without_faces)
            return {**usual.about, "pictures": len(pictures), **scores}

        return [_row(contender, figures) for contender in contenders]


def unseen_pictures(clips: Path, scratch: Path) -> list[Path]:
    """The drawing and every frame of the cartoon, written to `scratch` without loss.

    Raises:
        DatasetError: they are not in `clips`.
    """
    for name in (UNSEEN_PICTURE, UNSEEN_FILM):
        if not (clips / name).is_file():
            raise DatasetError(f"{clips / name}: expected there for pictures without faces, found nothing")
    paths = [clips / UNSEEN_PICTURE]
    film = cv2.VideoCapture(str(clips / UNSEEN_FILM))
    while True:
        there, frame = film.read()
        if not there:
            return paths
        paths.append(scratch / f"unseen_{len(paths):04d}.png")
        cv2.imwrite(str(paths[-1]), frame)


def compare_expressions(runner: Runner, contenders: Sequence[Contender], ferplus: Path, limit: int | None) -> list[Row]:
    """One row a classifier; faces that count under the majority protocol."""
    faces = load_ferplus(ferplus)
    labels = majority_labels(faces.votes)
    rows = np.flatnonzero(labels != NOT_COUNTED)
    rows = rows if limit is None else rows[:: max(1, len(rows) // limit)][:limit]
    with tempfile.TemporaryDirectory() as scratch:
        counted = Path(scratch, "faces.npy")
        np.save(counted, faces.images[rows])

        def figures(contender: Contender) -> dict[str, Any]:
            output = runner.run(contender, str(counted))
            return {**output.about, **score_expressions(parse_probabilities(output.results, len(rows)), labels[rows])}

        return [_row(contender, figures) for contender in contenders]


def compare_video(runner: Runner, contenders: Sequence[Contender], clip: Path) -> list[Row]:
    """One row a way through the clip.

    Raises:
        DatasetError: there is no such clip.
    """
    if not clip.is_file():
        raise DatasetError(f"{clip}: expected a film, found nothing")

    def figures(contender: Contender) -> dict[str, Any]:
        output = runner.run(contender, str(clip.absolute()), one_thread=False)
        if len(output.results) != 1:
            raise PeerError(f"{contender.worker}: expected one line on the clip, found {len(output.results)}")
        return {**output.about, **score_video(output.results[0])}

    return [_row(contender, figures) for contender in contenders]


def _row(contender: Contender, figures: Callable[[Contender], dict[str, Any]]) -> Row:
    row: Row = {"name": contender.name, "ours": contender.ours}
    try:
        return {**row, **figures(contender)}
    except PeerError as error:
        return {**row, "blank": str(error)}


def compare(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Everything asked for, printed as it is done; returns what goes into the JSON line.

    Raises:
        RealtimeFerError: data or models of ours cannot be used.
    """
    runner, peers = Runner(arguments.environments), arguments.peers
    document: dict[str, Any] = {"machine": describe_machine(), "limit": arguments.limit}
    console.print(", ".join(f"{key} {value}" for key, value in document["machine"].items()), highlight=False)
    if arguments.data:
        beside = arguments.data.parent / "negatives"
        negatives = arguments.negatives or (beside if beside.is_dir() else None)
        contenders = detector_contenders(peers, arguments.long_sides)
        rows = compare_detectors(
            runner, contenders, arguments.data, negatives=negatives, clips=arguments.clips, limit=arguments.limit
        )
        document["detectors"] = rows
        print_section(console, f"Faces on {arguments.data}", rows, DETECTOR_COLUMNS, DETECTOR_NOTES)
    if arguments.ferplus:
        rows = compare_expressions(runner, expression_contenders(peers), arguments.ferplus, arguments.limit)
        document["expressions"] = rows
        print_section(console, f"Expressions on {arguments.ferplus}", rows, EXPRESSION_COLUMNS, EXPRESSION_NOTES)
    if arguments.clips:
        document["videos"] = {}
        for name in arguments.videos:
            rows = compare_video(runner, video_contenders(peers), arguments.clips / name)
            document["videos"][name] = rows
            print_section(console, f"Whole service on {name}", rows, VIDEO_COLUMNS, VIDEO_NOTES)
    return document


def main() -> None:
    """Parse, compare, print tables and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="pictures with faces: images/, labels/ and perhaps ignore/")
    parser.add_argument("--negatives", type=Path, help="pictures without faces (default: ../negatives beside --data)")
    parser.add_argument("--ferplus", type=Path, help="FER+ npz file")
    parser.add_argument("--clips", type=Path, help="folder with the films, and the cartoons without faces")
    parser.add_argument("--videos", nargs="*", default=DEFAULT_VIDEOS, help="films of that folder (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="default: all")
    parser.add_argument("--long-sides", nargs="*", type=int, default=[640], help="our detectors also at these (default 640)")
    parser.add_argument("--environments", type=Path, default=Path("runs/peers"), help="of the peers (default %(default)s)")
    parser.add_argument("--limit", type=int, help="pictures of each kind, and faces; for a quick look")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    if not (arguments.data or arguments.ferplus or arguments.clips):
        parser.error("nothing to compare on: give --data, --ferplus or --clips")
    try:
        document = compare(arguments, Console(width=CONSOLE_WIDTH))
    except RealtimeFerError as error:
        raise SystemExit(str(error)) from error
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document))


if __name__ == "__main__":
    main()
