"""What a busy reasoner costs the fast path: frame latency with it beside frame latency without, in turn, in one run.

    python benchmarks/reasoner_beside_fast_path.py                           the reasoner that is installed, else a stand-in
    python benchmarks/reasoner_beside_fast_path.py --reasoner openai --reasoner-option base_url=http://127.0.0.1:8000/v1 ...
    python benchmarks/reasoner_beside_fast_path.py --reasoner-factory my_module:build --rounds 10 --json result.json

The real service runs on synthetic faces at a camera's pace, publishing to a socket. Blocks of frames with questions, so many
that the reasoner is never idle, and blocks without take turns. Method: README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.synthetic_faces import SyntheticFaces
from realtime_fer.clock import SystemClock
from realtime_fer.errors import RealtimeFerError
from realtime_fer.pipeline.assemble import build_fast_path
from realtime_fer.pipeline.assemble_reasoning import build_reasoning
from realtime_fer.pipeline.fast_path import FastPath
from realtime_fer.pipeline.reasoning_sink import ReasoningSink
from realtime_fer.pipeline.reporting import Reporter
from realtime_fer.pipeline.service import Service
from realtime_fer.publishing.zmq_publisher import ZmqPublisher
from realtime_fer.reasoning.choose import REASONERS
from realtime_fer.reasoning.supervision.health import ReasonerHealth, ReasonerState
from realtime_fer.settings import ReasoningSettings
from realtime_fer.settings_layers import load_settings
from realtime_fer.sources.source import Source
from realtime_fer.types import FrameResult
from realtime_fer.zoo.shelf import list_models

TINY = "chain-of-affect-tiny"
STAND_IN = "benchmarks.busy_reasoner:build"

TARGET_RATIO = 1.5
"""Of the p99s."""

NEVER_IDLE = {"questions_per_s": 1000.0, "burst": 1000, "min_interval_s": 0.0, "refresh_s": 0.0, "min_quality": 0.0}
"""A question for every face of every frame: the newest of each replaces the one that waits."""

START_PATIENCE_S = 300.0
RUN_TIMEOUT_S = 600.0
LOOK_INTERVAL_S = 0.05

MakeSource = Callable[[], Source]


def choose_settings(name: str | None, factory: str | None, options: dict[str, Any]) -> ReasoningSettings:
    """What is asked for, asked without a pause; by default the tiny model if it lies on a shelf, else the stand-in."""
    if name is None and factory is None:
        if any(model.manifest.name == TINY for model in list_models()):
            name = TINY
        else:
            factory = STAND_IN
    flags = {"name": name or "none", "factory": factory, "options": options, **NEVER_IDLE}
    return load_settings(flags={"reasoning": flags}).reasoning


def measure(
    fast_path: FastPath, make_source: MakeSource, settings: ReasoningSettings, *, rounds: int, expression_model: str = ""
) -> dict[str, Any]:
    """Run blocks with and without questions in turn, after one of each to warm up; the order changes from round to round.

    Args:
        make_source: a new source for each block.

    Raises:
        RealtimeFerError: the reasoner cannot be built.
        SystemExit: it does not get ready, or a block fails.
    """
    publisher = ZmqPublisher("tcp://127.0.0.1:*")
    publisher.start()
    reporter = Reporter(publisher, None, expression_model=expression_model, clock=SystemClock())
    sink = build_reasoning(settings, reporter.report_reasoning)
    if sink is None:
        raise SystemExit("a reasoner is needed to be busy; found none")
    blocks: dict[str, list[Block]] = {"without": [], "with": []}
    try:
        sink.start()
        _wait_until_ready(sink)
        for number in range(rounds + 1):
            for kind in ("without", "with") if number % 2 else ("with", "without"):
                block = run_block(fast_path, make_source(), reporter, sink, ask=kind == "with")
                if number:
                    blocks[kind].append(block)
        health = sink.health()
    finally:
        sink.close()
        reporter.end()
        publisher.close(0)
    return compare(blocks["without"], blocks["with"], health)


class Block:
    """One run of the service over one block of frames.

    Attributes:
        latencies_ms: capture to publish, of each frame.
        dropped: frames that were not processed.
        busy: share of the frames on which the reasoner was answering.
    """

    def __init__(self) -> None:
        self.latencies_ms: list[float] = []
        self.dropped = 0
        self.busy = 0.0


class _Asking:
    """Lets frames through to the slow path, or only looks how it is doing."""

    name = "asking"

    def __init__(self, sink: ReasoningSink, ask: bool) -> None:
        self._sink = sink
        self._ask = ask
        self.busy: list[bool] = []

    def put(self, result: FrameResult) -> None:
        if self._ask:
            self._sink.put(result)
        self.busy.append(self._sink.health().state is ReasonerState.BUSY)

    def close(self) -> None:
        """The reasoner goes on into the next block."""


def run_block(fast_path: FastPath, source: Source, reporter: Reporter, sink: ReasoningSink, *, ask: bool) -> Block:
    """Begin when the reasoner is idle, handle every frame of the source, and leave when it is idle again."""
    _wait_until_ready(sink)
    block, asking, clock = Block(), _Asking(sink, ask), SystemClock()

    def publish(result: FrameResult) -> None:
        reporter.report(result)
        block.latencies_ms.append((clock.monotonic_ns() - result.frame.capture_monotonic_ns) / 1e6)

    service = Service(source, fast_path, publish=publish, sinks=[asking], every_frame=not source.is_live, clock=clock)
    assert service.open()
    service.start()
    finished = service.wait(RUN_TIMEOUT_S)
    service.stop()
    if service.error is not None or not finished:
        raise SystemExit(f"a block of frames failed: {service.error or 'did not finish in time'}")
    block.dropped = service.counters.snapshot().frames_dropped
    block.busy = sum(asking.busy) / max(1, len(asking.busy))
    _wait_until_ready(sink)
    return block


def compare(without: Sequence[Block], beside: Sequence[Block], health: ReasonerHealth) -> dict[str, Any]:
    """Percentiles of all frames of each kind, their ratios, and the same round by round."""
    kinds = {"without": without, "with": beside}
    pooled = {kind: _percentiles([value for block in blocks for value in block.latencies_ms]) for kind, blocks in kinds.items()}
    by_round = [
        (_percentiles(one.latencies_ms), _percentiles(other.latencies_ms)) for one, other in zip(without, beside, strict=True)
    ]
    return {
        "latency_ms": pooled,
        "ratio": {p: round(pooled["with"][p] / pooled["without"][p], 3) for p in ("p50", "p99")},
        "ratio_by_round": {p: [round(b[p] / a[p], 3) for a, b in by_round] for p in ("p50", "p99")},
        "frames": {kind: sum(len(block.latencies_ms) for block in blocks) for kind, blocks in kinds.items()},
        "dropped": {kind: sum(block.dropped for block in blocks) for kind, blocks in kinds.items()},
        "busy": {kind: round(float(np.mean([block.busy for block in blocks])), 3) for kind, blocks in kinds.items()},
        "reasoner": {
            "name": health.name,
            "version": health.version,
            "asked": health.asked,
            "answered": health.answered,
            "failed": health.failed,
            "replaced": health.replaced,
            "answer_ms": health.latency_ms,
            "last_error": health.last_error,
        },
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{p}": round(float(v), 3) for p, v in zip((50, 99), np.percentile(values, (50, 99)), strict=True)}


def _wait_until_ready(sink: ReasoningSink) -> None:
    """Until it has loaded, and answered what it was asked."""
    deadline = time.monotonic() + START_PATIENCE_S
    while (health := sink.health()).state is not ReasonerState.READY or health.waiting:
        if health.state is ReasonerState.FAILED or time.monotonic() > deadline:
            raise SystemExit(f"the reasoner is {health.state.value}: {health.last_error}")
        time.sleep(LOOK_INTERVAL_S)


def main() -> None:
    """Measure, print a table and the ratios, write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reasoner", choices=REASONERS, help="default: the tiny model if it is there, else a stand-in")
    parser.add_argument("--reasoner-factory", metavar="MODULE:FUNCTION", help="a reasoner of one's own")
    parser.add_argument("--reasoner-option", action="append", default=[], metavar="KEY=VALUE", help="value read as YAML")
    parser.add_argument("--faces", type=int, default=2, help="synthetic faces in view (default 2)")
    parser.add_argument("--live-fps", type=float, default=30.0, help="pace of the frames (default 30)")
    parser.add_argument("--frames", type=int, default=150, help="of each block (default 150)")
    parser.add_argument("--rounds", type=int, default=6, help="pairs of blocks that count (default 6)")
    parser.add_argument("--detector", default="yolov8n-face")
    parser.add_argument("--json", type=Path, help="write everything there")
    options = parser.parse_args()
    chosen = {key: yaml.safe_load(value) for key, _, value in (text.partition("=") for text in options.reasoner_option)}
    machine = describe_machine()

    def make_source() -> Source:
        return SyntheticFaces(faces=options.faces, width=640, height=480, count=options.frames, live_fps=options.live_fps)

    try:
        settings = choose_settings(options.reasoner, options.reasoner_factory, chosen)
        fast_path, models = build_fast_path(load_settings(flags={"detector": {"name": options.detector}}))
        result = measure(fast_path, make_source, settings, rounds=options.rounds, expression_model=models[-1].name)
    except RealtimeFerError as error:
        raise SystemExit(str(error)) from error
    _print(machine, result)
    if options.json is not None:
        everything = {"machine": machine, "options": vars(options), **result}
        options.json.write_text(json.dumps(everything, indent=1, default=str) + "\n", encoding="utf-8")


def _print(machine: dict[str, object], result: dict[str, Any]) -> None:
    console = Console()
    reasoner, answer_ms = result["reasoner"], result["reasoner"]["answer_ms"] or {}
    console.print(f"{machine['processor']}, {machine['cores']} cores, load {machine['load_1min']}, commit {machine['commit']}")
    console.print(
        f"reasoner {reasoner['name']}: answered {reasoner['answered']} of {reasoner['asked']}, failed {reasoner['failed']}, "
        f"replaced {reasoner['replaced']}, question to answer {answer_ms.get('p50', float('nan')):.0f} ms (median)"
    )
    table = Table("capture to publish", "p50", "p99", "frames", "dropped", "reasoner busy")
    for kind in ("without", "with"):
        p = result["latency_ms"][kind]
        counts = (str(result[what][kind]) for what in ("frames", "dropped"))
        table.add_row(kind, f"{p['p50']:.1f} ms", f"{p['p99']:.1f} ms", *counts, f"{result['busy'][kind]:.0%}")
    console.print(table)
    ratio, rounds = result["ratio"], result["ratio_by_round"]
    console.print(f"with over without: p50 {ratio['p50']:.2f}, p99 {ratio['p99']:.2f} (target: at most {TARGET_RATIO})")
    console.print(f"p99 round by round: {', '.join(f'{value:.2f}' for value in rounds['p99'])}")


if __name__ == "__main__":
    main()
