"""`realtime-fer keyframes`: which faces of a recording would be asked about, when and why."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from realtime_fer.reasoning.keyframes.keyframe import Keyframe

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("clip")
@click.option("--plot", type=_FILE, metavar="FILE", help="Draw probabilities and keyframes over time (.png, .svg, .pdf).")
@click.option("--profile", type=_FILE, help="Settings of the fast path from a YAML file, or a shipped profile by name.")
@click.option("--questions-per-s", type=float, help="Budget, over all faces.  [default: 0.5]")
@click.option("--burst", type=int, help="Questions that may come at once after a quiet time.  [default: 2]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a keyframe.")
def keyframes(
    clip: str, plot: Path | None, profile: Path | None, questions_per_s: float | None, burst: int | None, as_json: bool
) -> None:
    """Run the fast path on every frame of CLIP (a video file or demo:N) and list its keyframes.

    A keyframe is a face that is worth a question to a reasoner: it is new, its expression changed and has settled, its
    probabilities are mixed or uncertain, its picture became better, or nothing was asked for long. No reasoner is needed.
    """
    from realtime_fer.pipeline.assemble import build_fast_path
    from realtime_fer.pipeline.output_files import require_writable
    from realtime_fer.reasoning.keyframes.plot import ClipTrace, draw_keyframes
    from realtime_fer.reasoning.keyframes.selection import DEFAULT_BURST, DEFAULT_QUESTIONS_PER_S, KeyframeSelector
    from realtime_fer.settings_layers import load_settings
    from realtime_fer.sources.choose import open_source
    from realtime_fer.sources.pictures import PictureSource

    if plot is not None:
        require_writable(plot)
    source = open_source(clip, every_frame=True)
    if source.is_live:
        raise click.UsageError(f"{clip}: expected a recording, found a live source; record it first (webcam --record)")
    if isinstance(source, PictureSource):
        raise click.UsageError(f"{clip}: expected a film, found pictures that do not follow each other in time")
    selector = KeyframeSelector(
        questions_per_s=DEFAULT_QUESTIONS_PER_S if questions_per_s is None else questions_per_s,
        burst=DEFAULT_BURST if burst is None else burst,
    )
    fast_path, _ = build_fast_path(load_settings(profile=profile, environment=os.environ))
    trace = ClipTrace()
    source.open()
    try:
        while (frame := source.read()) is not None:
            result = fast_path.process(frame)
            chosen = selector.update(result)
            trace.add(result, chosen)
            for keyframe in chosen:
                click.echo(json.dumps(_as_values(keyframe)) if as_json else _as_line(keyframe))
    finally:
        source.close()
    if plot is not None:
        draw_keyframes(trace, plot, title=f"{Path(source.name).name}: smoothed probabilities and keyframes")
        click.echo(f"wrote {plot}", err=True)


def _as_line(keyframe: Keyframe) -> str:
    evidence = keyframe.evidence
    change = "" if evidence.change is None else f", moved {evidence.change:.2f} since the last question"
    return (
        f"{keyframe.decided_s:8.2f} s  face {keyframe.track_id:<3} {keyframe.reason.value:<18} "
        f"{evidence.best_label} {evidence.best_probability:.2f}, {evidence.second_label} {evidence.second_probability:.2f}"
        f"{change}; frame {keyframe.frame_id}, quality {evidence.quality:.2f}"
    )


def _as_values(keyframe: Keyframe) -> dict[str, Any]:
    probabilities = zip(keyframe.labels, keyframe.probabilities.tolist(), strict=True)
    return {
        "keyframe_id": keyframe.keyframe_id,
        "track_id": keyframe.track_id,
        "frame_id": keyframe.frame_id,
        "captured_s": round(keyframe.captured_s, 6),
        "decided_s": round(keyframe.decided_s, 6),
        "reason": keyframe.reason.value,
        "evidence": asdict(keyframe.evidence),
        "probabilities": {label: round(p, 6) for label, p in probabilities},
    }
