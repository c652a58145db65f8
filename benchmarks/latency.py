"""What the service costs: latency end to end, every stage, frames a second, drops, CPU seconds a frame.

    python benchmarks/latency.py                                     synthetic faces, every frame and at 30 fps
    python benchmarks/latency.py --clip clip.mp4 --detector-interval 2
    python benchmarks/latency.py --faces 0 1 3 10 --resolution 1280x720 --json result.json

Each row is one run of the real service (the same code as `python -m realtime_fer.webcam`) with a subscriber in another
process. Method: README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.synthetic_faces import SyntheticFaces
from realtime_fer.clock import SystemClock
from realtime_fer.pipeline.assemble import build_fast_path
from realtime_fer.pipeline.reporting import Reporter, health_content
from realtime_fer.pipeline.service import Service
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from realtime_fer.settings_layers import load_settings
from realtime_fer.sources.choose import open_source
from realtime_fer.sources.source import Source

RUN_TIMEOUT_S = 600
MODEL_STAGES = ("detect_model", "classify_model")
"""Run time of the networks alone; everything else in a frame is the pipeline's own cost."""
STAGE_ORDER = (
    "queue",
    "detect",
    "detect_model",
    "track",
    "crop",
    "quality",
    "classify",
    "classify_model",
    "smooth",
    "publish",
    "total",
    "frame",
)


@dataclass(frozen=True)
class Case:
    """One run."""

    name: str
    clip: str | None
    faces: int
    width: int
    height: int
    live_fps: float | None
    detector_interval: int
    frames: int


def measure(case: Case, warmup_frames: int, detector: str, threads: int) -> dict[str, Any]:
    """Run one case: warm up, then measure with fresh counters and a fresh subscriber."""
    settings = load_settings(
        flags={
            "detector": {"name": detector, "interval": case.detector_interval, "threads": threads},
            "classifier": {"threads": threads},
        }
    )
    fast_path, models = build_fast_path(settings)
    _run(case, fast_path, models, publisher=None, frames=warmup_frames)
    publisher = ZmqPublisher("tcp://127.0.0.1:*")
    publisher.start()
    command = [sys.executable, str(Path(__file__).with_name("receiver.py")), publisher.endpoint]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert receiver.stdout is not None
    assert receiver.stdout.readline() == "ready\n"
    before = resource.getrusage(resource.RUSAGE_SELF)
    service = _run(case, fast_path, models, publisher=publisher, frames=case.frames)
    after = resource.getrusage(resource.RUSAGE_SELF)
    received = json.loads(receiver.communicate(timeout=60)[0])
    publisher.close()
    counts = service.counters.snapshot()
    means = {name: window.mean() or 0.0 for name, window in service.counters.stages.items()}
    # Stages that run on some frames only (the detector between intervals) are weighted by how often they ran.
    share = {name: len(window) / max(1, counts.frames_processed) for name, window in service.counters.stages.items()}
    models_ms = sum(means.get(name, 0.0) * share.get(name, 0.0) for name in MODEL_STAGES)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "case": asdict(case),
        "frames": {"captured": counts.frames_captured, "processed": counts.frames_processed, "dropped": counts.frames_dropped},
        "faces_per_frame": round(counts.faces_total / max(1, counts.frames_processed), 2),
        "fps": counts.fps,
        "capture_to_publish_ms": service.counters.latency.percentiles(),
        "capture_to_received_ms": _percentiles(list(received["received_ms"].values())),
        "messages_lost": received["lost"],
        "cpu_s_per_frame": round(cpu_s / max(1, counts.frames_processed), 5),
        "stage_ms": {
            name: service.counters.stages[name].percentiles() for name in STAGE_ORDER if name in service.counters.stages
        },
        "frame_mean_ms": round(means.get("frame", 0.0), 3),
        "models_mean_ms": round(models_ms, 3),
        "overhead_percent": round(100 * (means.get("frame", 0.0) - models_ms) / models_ms, 1) if models_ms else None,
        "models": [model.name for model in models],
    }


def _run(case: Case, fast_path: Any, models: Any, *, publisher: ZmqPublisher | None, frames: int) -> Service:
    clock = SystemClock()
    source = _source(case, frames)
    reporter = Reporter(publisher, None, expression_model=models[-1].name, clock=clock)

    def report_health() -> None:
        if publisher is not None:
            publisher.publish(health_content(service, models=models, publisher=publisher, heartbeat_interval_s=1.0))

    service = Service(source, fast_path, publish=reporter.report, report_health=report_health, every_frame=not source.is_live)
    assert service.open()
    service.start()
    finished = service.wait(RUN_TIMEOUT_S)
    service.stop()
    if service.error is not None or not finished:
        raise SystemExit(f"{case.name}: {service.error or 'did not finish in time'}")
    return service


def _source(case: Case, frames: int) -> Source:
    if case.clip is not None:
        return open_source(case.clip, every_frame=case.live_fps is None)
    return SyntheticFaces(faces=case.faces, width=case.width, height=case.height, count=frames, live_fps=case.live_fps)


def _percentiles(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {f"p{p}": round(float(v), 3) for p, v in zip((50, 95, 99), np.percentile(values, (50, 95, 99)), strict=True)}


def _cases(arguments: argparse.Namespace) -> list[Case]:
    width, height = (int(part) for part in arguments.resolution.split("x"))
    paces: list[float | None] = [None, arguments.live_fps]
    cases = []
    for clip in arguments.clip or [None]:
        for faces in [0] if clip else arguments.faces:
            for interval in arguments.detector_interval:
                for pace in paces:
                    what = Path(clip).name if clip else f"{faces} faces {width}x{height}"
                    how = "every frame" if pace is None else ("own pace" if clip else f"{pace:g} fps")
                    name = f"{what}, {how}, detector 1/{interval}"
                    cases.append(Case(name, clip, faces, width, height, pace, interval, arguments.frames))
    return cases


def main() -> None:
    """Parse, measure each case, print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", nargs="+", help="video files instead of synthetic faces")
    parser.add_argument("--faces", nargs="+", type=int, default=[1, 3], help="synthetic faces in view (default 1 3)")
    parser.add_argument("--resolution", default="640x480", help="of the synthetic frames (default 640x480)")
    parser.add_argument("--detector-interval", nargs="+", type=int, default=[1])
    parser.add_argument("--detector", default="yolov8n-face")
    parser.add_argument("--threads", type=int, default=1, help="of each network (default 1)")
    parser.add_argument("--live-fps", type=float, default=30.0, help="pace of the live runs (default 30)")
    parser.add_argument("--frames", type=int, default=300, help="of each synthetic run (default 300)")
    parser.add_argument("--warmup", type=int, default=60, help="frames before measuring (default 60)")
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    machine = describe_machine()
    results = [measure(case, arguments.warmup, arguments.detector, arguments.threads) for case in _cases(arguments)]
    _print(machine, results)
    document = {"machine": machine, "results": results}
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document))


def _print(machine: dict[str, object], results: list[dict[str, Any]]) -> None:
    console = Console(width=170)
    what = ("processor", "cores", "load_1min", "system", "packages", "commit")
    console.print(", ".join(f"{key} {machine[key]}" for key in what))
    table = Table(
        "run",
        "faces",
        "fps",
        "dropped",
        "capture-publish p50/95/99",
        "capture-received p50/95/99",
        "CPU s/frame",
        "frame = nets + own",
        "overhead",
    )
    for r in results:
        own = r["frame_mean_ms"] - r["models_mean_ms"]
        table.add_row(
            r["case"]["name"],
            str(r["faces_per_frame"]),
            f"{r['fps']:.1f}",
            f"{r['frames']['dropped']}/{r['frames']['captured']}",
            _three(r["capture_to_publish_ms"]),
            _three(r["capture_to_received_ms"]),
            f"{r['cpu_s_per_frame']:.4f}",
            f"{r['frame_mean_ms']:.2f} = {r['models_mean_ms']:.2f} + {own:.2f} ms",
            "-" if r["overhead_percent"] is None else f"{r['overhead_percent']:.1f} %",
        )
    console.print(table)
    stages = Table("stage, p50 / p95 ms", *(r["case"]["name"] for r in results))
    for stage in STAGE_ORDER:
        cells = [r["stage_ms"].get(stage) for r in results]
        stages.add_row(stage, *("-" if cell is None else f"{cell['p50']:.2f} / {cell['p95']:.2f}" for cell in cells))
    console.print(stages)


def _three(percentiles: dict[str, float] | None) -> str:
    return "-" if percentiles is None else " / ".join(f"{value:.1f}" for value in percentiles.values()) + " ms"


if __name__ == "__main__":
    main()
