"""Who is compared, and how each is run: ours from the shelf, the peers from their environments."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peer_environments import FER, MEDIAPIPE, MTCNN, Environment, PeerError, prepare_environment
from benchmarks.peer_runs import Output, run_worker
from realtime_fer.labels import FERPLUS_LABELS
from realtime_fer.zoo.manifest import DetectorManifest, ExpressionManifest
from realtime_fer.zoo.shelf import list_models

PEERS = ("haar", "mediapipe", "mtcnn", "fer")


@dataclass(frozen=True)
class Contender:
    """One line of a table: whose environment runs which worker with which first arguments."""

    name: str
    worker: str | Path
    arguments: tuple[str, ...]
    environment: Environment | None = None
    ours: bool = False


class Runner:
    """Runs contenders' workers; an environment is tried once, and what went wrong is remembered.

    Args:
        environments: folder that holds them.
    """

    def __init__(self, environments: Path) -> None:
        self._environments = environments
        self._tried: dict[str, Path | PeerError] = {}

    def run(self, contender: Contender, *arguments: str, one_thread: bool = True) -> Output:
        """Its worker's output.

        Raises:
            PeerError: it could not be installed or run.
        """
        python = self._python(contender.environment)
        print(f"{contender.name} {' '.join(a for a in arguments if '/' not in a)}".rstrip(), file=sys.stderr, flush=True)
        return run_worker(python, contender.worker, (*contender.arguments, *arguments), one_thread=one_thread)

    def _python(self, environment: Environment | None) -> Path | str:
        if environment is None:
            return sys.executable
        if environment.name not in self._tried:
            print(f"environment {environment.name}", file=sys.stderr, flush=True)
            try:
                self._tried[environment.name] = prepare_environment(environment, self._environments)
            except PeerError as error:
                self._tried[environment.name] = error
        outcome = self._tried[environment.name]
        if isinstance(outcome, PeerError):
            raise outcome
        return outcome


def detector_contenders(peers: Sequence[str], long_sides: Sequence[int]) -> list[Contender]:
    """Every face detector on the shelf at its own input size and at the others asked for, then the peers."""
    contenders = []
    for model in list_models():
        if isinstance(model.manifest, DetectorManifest):
            own = model.manifest.long_side_px
            named = {f"{model.manifest.name}, {own} px": model.manifest.name}
            named |= {f"{model.manifest.name}, {px} px": f"{model.manifest.name}@{px}" for px in long_sides if px != own}
            contenders += [Contender(title, "our_faces", (name,), ours=True) for title, name in named.items()]
    if "haar" in peers:
        contenders.append(Contender("OpenCV Haar", "our_faces", ("haar",)))
    if "mediapipe" in peers:
        contenders += [Contender(f"MediaPipe {w} range", "mediapipe_faces", (w,), MEDIAPIPE) for w in ("short", "full")]
    if "mtcnn" in peers:
        contenders.append(Contender("MTCNN (facenet-pytorch)", "mtcnn_faces", (), MTCNN))
    return contenders


def expression_contenders(peers: Sequence[str]) -> list[Contender]:
    """Every FER+ classifier on the shelf, then the peer's network in its two forms, and as the package asks it."""
    manifests = [model.manifest for model in list_models()]
    ours = [m.name for m in manifests if isinstance(m, ExpressionManifest) and set(m.labels) == set(FERPLUS_LABELS)]
    contenders = [Contender(name, "our_expressions", (name,), ours=True) for name in ours]
    if "fer" in peers:
        contenders += [Contender(f"fer-{form}", "fer_expressions", (form,), FER) for form in ("tflite", "keras", "package")]
    return contenders


def video_contenders(peers: Sequence[str]) -> list[Contender]:
    """The service with each detector on the shelf, then the peer."""
    detectors = [model.manifest.name for model in list_models() if isinstance(model.manifest, DetectorManifest)]
    contenders = [Contender(f"service, {name}", "our_video", (name,), ours=True) for name in detectors]
    return [*contenders, Contender("fer video", "fer_video", (), FER)] if "fer" in peers else contenders
