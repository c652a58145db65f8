"""The `--summary` file: what a run did and what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from realtime_fer.errors import PublishingError
from realtime_fer.pipeline.service import Service
from realtime_fer.publishing.results_writer import open_at_once
from realtime_fer.reasoning.supervision.health import ReasonerHealth


def summarise(
    service: Service, *, models: list[dict[str, str]], messages_published: int, reasoner: ReasonerHealth | None = None
) -> dict[str, Any]:
    """Counts and timings as plain values.

    `latency_ms` is capture to publish: from the stamp at the grab to the message handed to ZeroMQ. `stage_ms` are
    medians. `pictures_skipped` could not be decoded and are no frames. `faces_total` counts faces over all processed
    frames, `tracks_total` different people. `reasoning` is null where no reasoner was asked for; its `latency_ms` is
    question to answer.
    """
    counts = service.counters.snapshot()
    stages = {name: window.percentiles() for name, window in service.counters.stages.items()}
    return {
        "source": service.source.name,
        "frames_captured": counts.frames_captured,
        "frames_processed": counts.frames_processed,
        "frames_dropped": counts.frames_dropped,
        "dropped_by_cause": counts.dropped_by_cause,
        "pictures_skipped": service.source.pictures_skipped,
        "frames_with_face": counts.frames_with_face,
        "faces_total": counts.faces_total,
        "tracks_total": counts.tracks_total,
        "fps": counts.fps,
        "duration_s": round(counts.duration_s, 3),
        "latency_ms": service.counters.latency.percentiles() or {"p50": None, "p95": None, "p99": None},
        "stage_ms": {name: values["p50"] for name, values in sorted(stages.items()) if values is not None},
        "models": models,
        "reasoning": None if reasoner is None else _reasoning(reasoner),
        "messages_published": messages_published,
        "restarts": {worker.name: worker.restarts for worker in service.workers},
        "source_problem": service.source.problem,
        "error": service.error,
    }


def _reasoning(reasoner: ReasonerHealth) -> dict[str, Any]:
    return {
        "name": reasoner.name,
        "version": reasoner.version,
        "asked": reasoner.asked,
        "answered": reasoner.answered,
        "failed": reasoner.failed,
        "timed_out": reasoner.timed_out,
        "replaced": reasoner.replaced,
        "cancelled": reasoner.cancelled,
        "restarts": reasoner.restarts,
        "latency_ms": reasoner.latency_ms or {"p50": None, "p95": None, "p99": None},
        "last_error": reasoner.last_error,
    }


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Write the summary; a file is replaced whole or not at all.

    Raises:
        PublishingError: it cannot be written.
    """
    text = json.dumps(summary, indent=2) + "\n"
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            with open(path, "w", encoding="utf-8", opener=open_at_once) as device:
                device.write(text)  # into it: replacing a pipe, device or link (/dev/stdout) would destroy it
            return
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise PublishingError(f"{path}: the summary cannot be written ({error.strerror})") from error
