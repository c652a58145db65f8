from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console

from benchmarks import peer_contenders, peers
from benchmarks.peer_contenders import Contender, Runner, detector_contenders, expression_contenders, video_contenders
from benchmarks.peer_environments import Environment, PeerError, last_line, prepare_environment
from benchmarks.peer_runs import FacesClassified, FacesFound, parse_faces, parse_output, parse_probabilities, run_worker
from benchmarks.peer_scores import (
    durations,
    labelled_picture,
    only_sizes,
    pictures_in,
    score_expressions,
    score_faces,
    score_video,
    spread,
)
from benchmarks.peer_tables import Column, comparison_table, print_section, verdicts
from benchmarks.peer_workers import measuring
from realtime_fer.errors import DatasetError
from realtime_fer.evaluation.detection.pictures import LabelledPicture
from realtime_fer.labels import FERPLUS_LABELS, FERPLUS_VOTE_COLUMNS
from realtime_fer.types import FaceDetection
from realtime_fer.zoo.shelf import list_models

ABOUT = {"versions": {"python": "3"}}

FAKE_DETECTOR = """
import json, sys
from pathlib import Path
print(json.dumps({"versions": {"fake": "1"}, "confidence": 0.5}))
mode, pictures = sys.argv[-2:]
for path in Path(pictures).read_text().splitlines():
    boxes = [] if "empty" in path else [[10, 10, 60, 60, 0.9]]
    if mode == "open":
        boxes.append([100, 10, 150, 60, 0.2])
    print(json.dumps({"path": path, "boxes": boxes, "ms": 2.0, "cpu_ms": 3.0}))
"""
FAKE_CLASSIFIER = """
import json, sys
import numpy as np
print(json.dumps({"versions": {}}))
for row, face in enumerate(np.load(sys.argv[1])):
    print(json.dumps({"row": row, "probabilities": [float(face[0, 0] == i) for i in range(8)], "ms": 1.0, "cpu_ms": 1.0}))
"""
FAKE_VIDEO = """
import json
print(json.dumps({"versions": {}}))
print(json.dumps({"frames": 50, "frames_with_face": 40, "faces": 60, "wall_s": 2.0, "cpu_s": 1.0}))
"""
BROKEN = "import sys\nprint('noise', file=sys.stderr)\nraise RuntimeError('no weights in the wheel')\n"


@pytest.fixture
def script(tmp_path: Path) -> Any:
    def write(text: str, name: str = "worker.py") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled pictures: one with two faces, of which a thorough detector finds the second."""
    folder = tmp_path / "val"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for name in ("mk_1", "os_1"):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.zeros((100, 200, 3), np.uint8))
    face, second = "0 0.175 0.35 0.25 0.5", "0 0.625 0.35 0.25 0.5"
    (folder / "labels" / "mk_1.txt").write_text(f"{face}\n{second}\n", encoding="utf-8")
    (folder / "labels" / "os_1.txt").write_text(f"{face}\n", encoding="utf-8")
    return folder


def negatives_in(folder: Path) -> Path:
    folder.mkdir()
    for name in ("empty_1", "full_1"):
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((100, 200, 3), np.uint8))
    return folder


def found(*boxes: tuple[float, float, float, float, float], ms: float = 1.0) -> FacesFound:
    return FacesFound([FaceDetection(np.asarray(box[:4], np.float32), box[4]) for box in boxes], ms, ms / 2)


def labelled(*faces: tuple[float, float, float, float], name: str = "mk_1.jpg") -> LabelledPicture:
    return LabelledPicture(name, np.asarray(faces, np.float32).reshape(-1, 4), np.zeros((0, 4), np.float32))


# What workers print


def test_output_is_a_line_of_versions_and_results() -> None:
    output = parse_output(json.dumps(ABOUT) + "\n" + '{"a": 1}\n{"a": 2}\n', "fake")
    assert output.about == ABOUT
    assert output.results == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "first line with its versions"), ("hello", "expected JSON lines"), ("[1]", "JSON objects"), ('{"a": 1}', "versions")],
)
def test_other_output_is_refused(text: str, says: str) -> None:
    with pytest.raises(PeerError, match=says):
        parse_output(text, "fake")


def test_faces_come_in_the_order_asked_for() -> None:
    lines = [
        {"path": "/b.jpg", "boxes": [], "ms": 3, "cpu_ms": 4},
        {"path": "/a.jpg", "boxes": [[1, 2, 3, 4, 0.5]], "ms": 1, "cpu_ms": 2},
    ]
    faces = parse_faces(lines, [Path("/a.jpg"), Path("/b.jpg")])
    assert list(faces) == [Path("/a.jpg"), Path("/b.jpg")]
    assert faces[Path("/a.jpg")].faces[0].bbox_xyxy.tolist() == [1, 2, 3, 4]
    assert faces[Path("/a.jpg")].faces[0].confidence == 0.5
    assert (faces[Path("/b.jpg")].ms, faces[Path("/b.jpg")].cpu_ms) == (3, 4)


def test_a_picture_without_an_answer_is_named() -> None:
    with pytest.raises(PeerError, match=r"no answer for 1 of 1 pictures, the first a.jpg"):
        parse_faces([], [Path("/a.jpg")])


@pytest.mark.parametrize("line", [{}, {"path": "/a.jpg", "boxes": [[1, 2, 3]], "ms": 1, "cpu_ms": 1}])
def test_a_wrong_line_of_faces_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(PeerError, match="boxes of five numbers"):
        parse_faces([line], [Path("/a.jpg")])


def test_probabilities_of_every_face() -> None:
    lines = [{"row": row, "probabilities": [0.0] * row + [1.0] + [0.0] * (7 - row), "ms": row, "cpu_ms": 2} for row in range(3)]
    classified = parse_probabilities(lines, 3)
    assert classified.probabilities.argmax(axis=1).tolist() == [0, 1, 2]
    assert classified.ms.tolist() == [0, 1, 2]


@pytest.mark.parametrize("faces", [1, 3])
def test_missing_or_additional_faces_are_refused(faces: int) -> None:
    lines = [{"row": row, "probabilities": [0.125] * 8, "ms": 1, "cpu_ms": 1} for row in range(2)]
    with pytest.raises(PeerError, match=f"each of {faces} faces"):
        parse_probabilities(lines, faces)


def test_probabilities_of_another_number_of_classes_are_refused() -> None:
    with pytest.raises(PeerError, match=r"found shape \(1, 7\)"):
        parse_probabilities([{"row": 0, "probabilities": [0.1] * 7, "ms": 1, "cpu_ms": 1}], 1)


# Running them


def test_a_worker_runs_in_a_folder_of_its_own(script: Any) -> None:
    text = 'import json, os\nprint(json.dumps({"versions": {}}))\nprint(json.dumps({"cwd": os.getcwd(), "in": os.listdir()}))'
    (result,) = run_worker(sys.executable, script(text), ()).results
    assert result["in"] == []
    assert not Path(result["cwd"]).exists()


def test_one_thread_is_asked_for_unless_told_otherwise(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    text = 'import json, os\nprint(json.dumps({"versions": {}, "threads": os.environ.get("OMP_NUM_THREADS")}))'
    assert run_worker(sys.executable, script(text), ()).about["threads"] == "1"
    assert run_worker(sys.executable, script(text), (), one_thread=False).about["threads"] is None


def test_a_failing_worker_gives_its_last_line(script: Any) -> None:
    with pytest.raises(PeerError, match=r"RuntimeError: no weights in the wheel \(exit code 1\)"):
        run_worker(sys.executable, script(BROKEN), ())


def test_a_hanging_worker_is_ended(script: Any) -> None:
    with pytest.raises(PeerError, match=r"not done after 0.5 s"):
        run_worker(sys.executable, script("import threading\nthreading.Event().wait()"), (), timeout_s=0.5)


def test_a_python_that_is_not_there(tmp_path: Path, script: Any) -> None:
    with pytest.raises(PeerError, match="cannot be started"):
        run_worker(tmp_path / "python", script(""), ())


def test_measuring_writes_what_is_parsed(data: Path, tmp_path: Path) -> None:
    paths = pictures_in(data / "images", None)
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    results = io.StringIO()
    measuring.find_faces_on(listed, lambda image: [[0, 0, image.shape[1], image.shape[0], 0.5]], results)
    faces = parse_faces(map(json.loads, results.getvalue().splitlines()), paths)
    assert [f.faces[0].bbox_xyxy.tolist() for f in faces.values()] == [[0, 0, 200, 100]] * 2
    assert all(f.ms > 0 for f in faces.values())


def test_classes_are_put_in_our_order(tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", np.zeros((2, 48, 48), np.uint8))
    results = io.StringIO()
    answer = np.arange(7, dtype=np.float32)
    measuring.classify_faces(tmp_path / "faces.npy", lambda _: answer, [6, 3, 5, 4, 0, 1, 2, None], results)
    classified = parse_probabilities(map(json.loads, results.getvalue().splitlines()), 2)
    assert classified.probabilities[1].tolist() == [6, 3, 5, 4, 0, 1, 2, 0]


def test_our_detector_worker_runs_as_shipped(data: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    paths = pictures_in(data / "images", None)
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    output = run_worker(sys.executable, "our_faces", ("haar", "usual", str(listed)))
    assert output.about["confidence"] == 0.35
    assert len(output.about["sha256"]) == 64
    assert all(not f.faces for f in parse_faces(output.results, paths).values())


def test_our_classifier_worker_runs_as_shipped(tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", np.full((2, 48, 48), 90, np.uint8))
    output = run_worker(sys.executable, "our_expressions", ("emotion-gcn-ferplus", str(tmp_path / "faces.npy")))
    assert parse_probabilities(output.results, 2).probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_our_video_worker_handles_every_frame(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (160, 120))
    for _ in range(6):
        writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    (result,) = run_worker(sys.executable, "our_video", ("haar", str(clip)), one_thread=False).results
    assert (result["frames"], result["faces"]) == (6, 0)
    assert result["wall_s"] > 0


# Environments


class FakeRun:
    """Stands in for subprocess.run: makes what venv would, and fails where a command has a given word."""

    def __init__(self, failing: str | None = None) -> None:
        self.failing = failing
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if self.failing in command:
            return subprocess.CompletedProcess(command, 1, "", "collecting\nERROR: No matching distribution found\nhint\n")
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return subprocess.CompletedProcess(command, 0, "", "")


WANTED = Environment("thing", ("thing==1",), ("picky==2",))


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = FakeRun()
    monkeypatch.setattr("benchmarks.peer_environments.subprocess.run", run)
    python = prepare_environment(WANTED, tmp_path)
    assert python == tmp_path / "thing" / "bin" / "python"
    making, installing, alone = run.commands
    assert making[0] == sys.executable
    assert installing[0] == alone[0] == str(python)
    assert installing[-1] == "thing==1"
    assert alone[-2:] == ["--no-deps", "picky==2"]
    assert prepare_environment(WANTED, tmp_path) == python
    assert len(run.commands) == 3
    prepare_environment(Environment("thing", ("thing==2",)), tmp_path)
    assert len(run.commands) == 5


def test_a_package_that_cannot_be_installed_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.peer_environments.subprocess.run", FakeRun(failing="thing==1"))
    with pytest.raises(PeerError, match=r"pip install thing==1: ERROR: No matching distribution found$"):
        prepare_environment(WANTED, tmp_path)
    run = FakeRun()
    monkeypatch.setattr("benchmarks.peer_environments.subprocess.run", run)
    prepare_environment(WANTED, tmp_path)
    assert len(run.commands) == 3, "half an installation is not taken for a whole one"


def test_a_failed_environment_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fail(environment: Environment, folder: Path) -> Path:
        tried.append((environment.name, folder))
        raise PeerError("no network")

    monkeypatch.setattr(peer_contenders, "prepare_environment", fail)
    runner = Runner(tmp_path)
    for name in ("a", "b"):
        with pytest.raises(PeerError, match="no network"):
            runner.run(Contender(name, "worker", (), WANTED))
    assert tried == [("thing", tmp_path)]


def test_the_last_line_is_the_reason() -> None:
    assert last_line("one\n\n two \n\n") == "two"
    assert last_line("ERROR: why\nhint\n") == "ERROR: why"
    assert last_line("") == "no message"
    assert len(last_line("x" * 1000)) == 300


def test_every_model_on_the_shelf_is_compared() -> None:
    detectors = [m.manifest.name for m in list_models() if m.manifest.task == "face-detection"]
    contenders = detector_contenders((), (224,))
    assert [c.arguments[0] for c in contenders] == [a for name in detectors for a in (name, f"{name}@224")]
    assert all(c.ours for c in contenders)
    assert [c.name for c in detector_contenders(("haar", "mediapipe", "mtcnn", "fer"), ())][len(detectors) :] == [
        "OpenCV Haar",
        "MediaPipe short range",
        "MediaPipe full range",
        "MTCNN (facenet-pytorch)",
    ]
    assert "emotion-gcn-ferplus" in [c.name for c in expression_contenders(())]
    assert [c.name for c in expression_contenders(("fer",)) if not c.ours] == ["fer-tflite", "fer-keras", "fer-package"]
    assert len(video_contenders(("fer",))) == len(detectors) + 1


# Scores


def test_limits_spread_over_all() -> None:
    paths = [Path(str(i)) for i in range(10)]
    assert [p.name for p in spread(paths, 4)] == ["0", "2", "5", "7"]
    assert spread(paths, None) == spread(paths, 11) == paths


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none"):
        pictures_in(tmp_path, None)


def test_labels_are_read_in_pixels(data: Path) -> None:
    picture = labelled_picture(data / "images" / "mk_1.png", data)
    assert picture.faces_xyxy.tolist() == [[10, 10, 60, 60], [100, 10, 150, 60]]


def test_faces_of_other_sizes_count_neither_way() -> None:
    picture = only_sizes(labelled((0, 0, 30, 90), (0, 0, 40, 90), (0, 0, 300, 400), (0, 0, 301, 400)), 40, 300)
    assert picture.faces_xyxy[:, 2].tolist() == [40, 300]
    assert picture.ignored_xyxy[:, 2].tolist() == [30, 301]


def test_figures_of_a_detector() -> None:
    a, b, empty, full = (Path(name) for name in ("mk_1.jpg", "os_2.jpg", "empty.jpg", "full.jpg"))
    pictures = {a: labelled((0, 0, 50, 50)), b: labelled((0, 0, 50, 50), (100, 0, 114, 20), name="os_2.jpg")}
    usual = {a: found((0, 0, 50, 50, 0.9), ms=2), b: found(ms=4), empty: found(), full: found((0, 0, 9, 9, 1), (0, 0, 8, 8, 1))}
    thorough = {a: usual[a], b: found((0, 0, 50, 50, 0.1), (100, 0, 114, 20, 0.1))}
    figures = score_faces(pictures, usual, thorough, {"negatives": [empty, full]})
    assert figures["ap50_12px"] == {"all": 1.0, "mk": 1.0, "mk+rf": 1.0, "os": 1.0}
    assert figures["ap50_16px"]["all"] == 1.0
    assert figures["recall_40_300px"] == {"all": 0.5, "mk": 1.0, "mk+rf": 1.0, "os": 0.0}
    assert figures["faces_40_300px"]["all"] == 2
    assert (figures["false_faces_negatives"], figures["pictures_with_false_face_negatives"]) == (1.0, 0.5)
    assert (figures["ms_p50"], figures["cpu_s"]) == (3.0, 0.0015)


def test_the_better_run_gives_the_average_precision() -> None:
    path = Path("mk_1.jpg")
    pictures = {path: labelled((0, 0, 50, 50))}
    good, bad = {path: found((0, 0, 50, 50, 0.9))}, {path: found((200, 0, 250, 50, 0.9))}
    assert score_faces(pictures, good, bad, {})["ap50_12px"]["all"] == 1.0
    assert score_faces(pictures, bad, good, {})["ap50_12px"]["all"] == 1.0
    assert score_faces(pictures, bad, good, {})["recall_40_300px"]["all"] == 0.0


def test_small_faces_count_in_one_of_the_two_precisions() -> None:
    path = Path("mk_1.jpg")
    pictures = {path: labelled((0, 0, 50, 50), (100, 0, 114, 20))}
    figures = score_faces(pictures, {path: found((0, 0, 50, 50, 0.9))}, {path: found()}, {})
    assert figures["ap50_16px"]["all"] == 1.0
    assert figures["ap50_12px"]["all"] == pytest.approx(51 / 101, abs=1e-4)


def test_a_box_of_another_style_is_on_the_face_all_the_same() -> None:
    path = Path("mk_1.jpg")
    pictures = {path: labelled((0, 0, 50, 50))}
    for box, strict, loose in (((0, 0, 50, 20), 0, 1), ((0, 0, 50, 14), 0, 0), ((0, 0, 50, 25), 1, 1), ((0, 0, 75, 75), 0, 1)):
        usual = {path: found((*box, 0.9))}
        figures = score_faces(pictures, usual, usual, {})
        assert (figures["recall_40_300px"]["all"], figures["recall_40_300px_at_0.3"]["all"]) == (strict, loose), box


def test_nothing_to_count_is_no_figure() -> None:
    path = Path("mk_1.jpg")
    figures = score_faces({path: labelled((0, 0, 20, 20))}, {path: found()}, {path: found()}, {})
    assert figures["recall_40_300px"]["all"] is None
    json.dumps(figures, allow_nan=False)


def test_figures_of_a_classifier_without_contempt() -> None:
    labels = np.arange(8)
    probabilities = np.eye(8)
    probabilities[7] = np.eye(8)[0]
    figures = score_expressions(FacesClassified(probabilities, np.ones(8), np.ones(8)), labels)
    assert (figures["n"], figures["accuracy"], figures["uar"]) == (8, 0.875, 0.875)
    assert figures["uar_without_contempt"] == 1.0
    assert figures["per_class"]["contempt"] == 0.0
    assert figures["ece"] == 0.125


def test_figures_of_a_film() -> None:
    figures = score_video({"frames": 50, "frames_with_face": 40, "faces": 60, "wall_s": 2.0, "cpu_s": 1.0})
    assert (figures["fps"], figures["cpu_ms_per_frame"], figures["faces_per_frame"]) == (25.0, 20.0, 1.2)


def test_durations_are_median_and_mean() -> None:
    assert durations([1, 2, 9], [3, 3, 6]) == {"ms_p50": 2.0, "ms_p95": 8.3, "cpu_s": 0.004}


# Tables

COLUMNS = (
    Column("good", ("figures", "good"), "high"),
    Column("ms", ("ms",), "low", "{:.1f}"),
    Column("n", ("n",), "", "{:.0f}"),
)
ROWS: list[dict[str, Any]] = [
    {"name": "mine", "ours": True, "figures": {"good": 0.9}, "ms": 5.0, "n": 3},
    {"name": "theirs", "ours": False, "figures": {"good": 0.5}, "ms": 2.0, "n": 4},
    {"name": "lost", "ours": False, "blank": "pip install lost: ERROR: no such thing"},
]


def printed(rows: list[dict[str, Any]]) -> str:
    console = Console(width=120, file=io.StringIO())
    print_section(console, "Title", rows, COLUMNS, ["a note"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_peer_that_could_not_run_is_a_blank_with_its_reason() -> None:
    lines = printed(ROWS).splitlines()
    (blank,) = [line for line in lines if line.startswith("│ lost")]
    assert [cell.strip() for cell in blank.strip("│").split("│")] == ["lost", "-", "-", "-"]
    assert "lost: blank, pip install lost: ERROR: no such thing" in lines
    assert "Note: a note" in lines
    assert any("mine (ours)" in line and "0.900" in line and "5.0" in line for line in lines)


def test_losses_stand_beside_wins() -> None:
    assert "mine against theirs: better in good; worse in ms" in verdicts(ROWS, COLUMNS)
    assert "mine against theirs: better in nothing; worse in nothing" in verdicts(
        [ROWS[0], {**ROWS[0], "name": "theirs", "ours": False}], COLUMNS
    )


def test_the_best_of_each_column_is_bold() -> None:
    table = comparison_table("", ROWS, COLUMNS)
    cells = [list(column.cells) for column in table.columns[1:]]
    assert cells == [["[bold]0.900[/bold]", "0.500", "-"], ["5.0", "[bold]2.0[/bold]", "-"], ["3", "4", "-"]]


# All together


def test_detectors_side_by_side(data: Path, tmp_path: Path, script: Any) -> None:
    contenders = [
        Contender("fake", script(FAKE_DETECTOR), (), ours=True),
        Contender("broken", script(BROKEN, "broken.py"), ()),
    ]
    negatives = negatives_in(tmp_path / "negatives")
    fake, broken = peers.compare_detectors(Runner(tmp_path), contenders, data, negatives=negatives, clips=None, limit=None)
    assert fake["ap50_12px"]["all"] == 1.0, "the thorough run finds the second face"
    assert fake["recall_40_300px"]["all"] == pytest.approx(2 / 3, abs=1e-4)
    assert fake["false_faces_negatives"] == 0.5
    assert (fake["ms_p50"], fake["cpu_s"], fake["versions"]) == (2.0, 0.003, {"fake": "1"})
    assert "no weights in the wheel" in broken["blank"]


def test_classifiers_side_by_side(tmp_path: Path, script: Any) -> None:
    votes = np.zeros((9, 10), np.uint8)
    votes[np.arange(8), np.arange(8)] = 9
    votes[8, :3] = 3  # no majority: does not count
    images = np.repeat(np.arange(9, dtype=np.uint8), 48 * 48).reshape(9, 48, 48)
    np.savez(tmp_path / "faces.npz", images=images, votes=votes, vote_names=np.asarray(FERPLUS_VOTE_COLUMNS))
    contenders = [Contender("fake", script(FAKE_CLASSIFIER), ())]
    (row,) = peers.compare_expressions(Runner(tmp_path), contenders, tmp_path / "faces.npz", None)
    assert (row["n"], row["accuracy"], row["uar"]) == (len(FERPLUS_LABELS), 1.0, 1.0)
    (row,) = peers.compare_expressions(Runner(tmp_path), contenders, tmp_path / "faces.npz", 4)
    assert row["n"] == 4


def test_films_side_by_side(tmp_path: Path, script: Any) -> None:
    clip = tmp_path / "clip.mp4"
    with pytest.raises(DatasetError, match="expected a film"):
        peers.compare_video(Runner(tmp_path), [], clip)
    clip.touch()
    contenders = [
        Contender("fake", script(FAKE_VIDEO), ()),
        Contender("silent", script("print('{\"versions\": {}}')", "s.py"), ()),
    ]
    fake, silent = peers.compare_video(Runner(tmp_path), contenders, clip)
    assert fake["fps"] == 25.0
    assert "expected one line" in silent["blank"]


def test_unseen_pictures_are_the_drawing_and_every_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "UNSEEN_FILM", "film.avi")
    with pytest.raises(DatasetError, match="pictures without faces"):
        peers.unseen_pictures(tmp_path, tmp_path)
    (tmp_path / peers.UNSEEN_PICTURE).touch()
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    paths = peers.unseen_pictures(tmp_path, tmp_path)
    assert len(paths) == 4
    assert all(path.is_file() for path in paths)


def test_everything_asked_for_is_in_the_document(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Any
) -> None:
    fake = [Contender("fake", script(FAKE_DETECTOR), (), ours=True)]
    monkeypatch.setattr(peers, "detector_contenders", lambda _peers, _sides: fake)
    negatives_in(tmp_path / "negatives")
    arguments = argparse.Namespace(
        data=data, negatives=None, clips=None, ferplus=None, videos=[], peers=[], long_sides=[], environments=tmp_path, limit=1
    )
    console = Console(width=200, file=io.StringIO())
    document = peers.compare(arguments, console)
    assert document["machine"]["cores"] >= 1
    assert [row["pictures_negatives"] for row in document["detectors"]] == [1], "the negatives beside the data are taken"
    assert "expressions" not in document
    json.dumps(document, allow_nan=False)
