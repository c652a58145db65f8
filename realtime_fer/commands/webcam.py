"""`realtime-fer webcam`: run the service."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from realtime_fer.commands.reasoner_options import read_reasoner_options
from realtime_fer.reasoning.choose import REASONERS
from realtime_fer.settings import DEFAULT_ENDPOINT
from realtime_fer.settings_layers import Nested, load_settings

# Which setting a flag sets; a flag that was not given sets nothing, so that profile and environment count.
FLAG_SETTINGS = {
    "source": ("source", "spec"),
    "every_frame": ("source", "every_frame"),
    "loop": ("source", "loop"),
    "width": ("source", "width"),
    "height": ("source", "height"),
    "fps": ("source", "fps"),
    "wait": ("source", "wait"),
    "detector": ("detector", "name"),
    "detector_size": ("detector", "long_side_px"),
    "detector_interval": ("detector", "interval"),
    "confidence": ("detector", "confidence"),
    "detector_threads": ("detector", "threads"),
    "classifier": ("classifier", "name"),
    "weights": ("classifier", "weights"),
    "smoothing": ("classifier", "smoothing_s"),
    "unknown_below": ("classifier", "unknown_below"),
    "min_quality": ("classifier", "min_quality"),
    "reasoner": ("reasoning", "name"),
    "reasoner_factory": ("reasoning", "factory"),
    "publish": ("publish", "enabled"),
    "bind": ("publish", "bind"),
    "encoding": ("publish", "encoding"),
    "high_water_mark": ("publish", "high_water_mark"),
    "conflate": ("publish", "conflate"),
    "server_key": ("publish", "server_key"),
    "allowed_clients": ("publish", "allowed_clients"),
    "allow_insecure_bind": ("publish", "allow_insecure_bind"),
    "headless": ("output", "headless"),
    "record": ("output", "record"),
    "results": ("output", "results"),
    "summary": ("output", "summary"),
    "duration": ("output", "duration_s"),
}
PROVIDER_SECTIONS = ("detector", "classifier")

_FILE = click.Path(path_type=Path)


@click.command()
@click.option(
    "--source",
    metavar="WHAT",
    help="Camera index or /dev path, video file, rtsp:// or http:// URL, picture, folder of pictures, or demo.  [default: 0]",
)
@click.option(
    "--every-frame/--real-time",
    default=None,
    help="Files: handle every frame, or keep the film's own pace and drop what is late.  [default: real-time]",
)
@click.option("--loop/--once", default=None, help="Files: begin again at the end.  [default: once]")
@click.option("--width", type=int, help="Cameras: wanted width in pixels.")
@click.option("--height", type=int, help="Cameras: wanted height in pixels.")
@click.option(
    "--fps", type=float, help="Cameras: wanted frames a second. Folders: their pictures are a film of so many a second."
)
@click.option("--wait/--no-wait", default=None, help="Live sources: wait for one that is not there yet.  [default: no-wait]")
@click.option(
    "--profile",
    type=_FILE,
    help="Settings from a YAML file, or a shipped profile by name (webcam, robot, network, offline, permissive, reasoning, "
    "expllm).",
)
@click.option(
    "--detector", metavar="NAME", help="Model name, model folder, .onnx or .pt file, or haar.  [default: yolov8n-face]"
)
@click.option(
    "--detector-size",
    type=int,
    metavar="PX",
    help="Long side of the detector's input; larger finds smaller faces.  [default: the model's]",
)
@click.option("--detector-interval", type=int, metavar="N", help="Detect on every n-th frame, track between.  [default: 1]")
@click.option("--detector-threads", type=int, metavar="N", help="Threads of the detector.  [default: 1]")
@click.option("--confidence", type=float, help="Smallest detector score of a new face.  [default: the model's]")
@click.option("--classifier", metavar="NAME", help="Model name or model folder.  [default: emotion-gcn-ferplus]")
@click.option("--weights", type=_FILE, metavar="FILE", help="With --classifier emotion-gcn or fmpn: its file or folder.")
@click.option(
    "--smoothing", type=float, metavar="S", help="Time constant of the smoothing, seconds; 0 is none.  [default: 0.25]"
)
@click.option(
    "--unknown-below",
    type=float,
    metavar="P",
    help="Say unknown where the best probability is smaller.  [default: the model's]",
)
@click.option("--min-quality", type=float, metavar="Q", help="Say unknown where a face is seen less well.  [default: 0.1]")
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="ONNX Runtime execution provider, best first; may be repeated.  [default: CPU]",
)
@click.option(
    "--reasoner",
    type=click.Choice(["none", *REASONERS]),
    help="Who is asked about keyframes, in a process of its own.  [default: none]",
)
@click.option(
    "--reasoner-factory",
    metavar="MODULE:FUNCTION",
    help="A reasoner of your own instead: a function that Python finds here, see realtime_fer/reasoning/reasoner.py.",
)
@click.option(
    "--reasoner-option",
    "reasoner_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Keyword option of the reasoner, the value read as YAML; may be repeated.",
)
@click.option("--bind", metavar="ENDPOINT", help=f"Where to publish, tcp:// or ipc://.  [default: {DEFAULT_ENDPOINT}]")
@click.option("--publish/--no-publish", default=None, help="Publish over ZeroMQ.  [default: publish]")
@click.option("--encoding", type=click.Choice(["json", "msgpack"]), help="Of the messages.  [default: json]")
@click.option("--high-water-mark", type=int, metavar="N", help="Messages kept for a slow subscriber.  [default: 1000]")
@click.option(
    "--conflate/--no-conflate", default=None, help="Keep only the newest message for a slow subscriber.  [default: no-conflate]"
)
@click.option("--server-key", type=_FILE, help="Secret key file made by `realtime-fer keys`: encrypt with CURVE.")
@click.option(
    "--allowed-clients",
    type=_FILE,
    help="Folder of the public keys let in; without it every client that knows the server's key is.",
)
@click.option(
    "--allow-insecure-bind/--no-insecure-bind", default=None, help="Allow an unencrypted endpoint beyond this machine."
)
@click.option(
    "--headless/--window", default=None, help="Without or with a window (q quits).  [default: window if there is a display]"
)
@click.option("--record", type=_FILE, metavar="FILE", help="Write an annotated video (.mp4, .avi, .mkv).")
@click.option("--results", type=_FILE, metavar="FILE", help="Write every frame and reasoning message, one JSON line each.")
@click.option("--summary", type=_FILE, metavar="FILE", help="Write counts, latency and stage timings as JSON at the end.")
@click.option("--duration", type=float, metavar="S", help="Stop after so many seconds.")
@click.option("-v", "--verbose", count=True, help="More log lines; twice for all.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no closing line.")
def webcam(
    profile: Path | None,
    providers: tuple[str, ...],
    reasoner_options: tuple[str, ...],
    verbose: int,
    quiet: bool,
    **flags: Any,
) -> int:
    """Run the service: faces and expressions from a source, published over ZeroMQ.

    \b
    Examples:
      python -m realtime_fer.webcam                            camera 0, window, tcp://127.0.0.1:5556
      python -m realtime_fer.webcam --source demo              no camera needed
      python -m realtime_fer.webcam --source clip.mp4 --every-frame --headless --results r.jsonl
      python -m realtime_fer.webcam --profile launch/robot.yaml
      python -m realtime_fer.webcam --reasoner openai --reasoner-option base_url=http://127.0.0.1:8000/v1
          --reasoner-option model=chain-of-affect              a vision-language model on a server here

    Each flag is also a setting of a profile (section and key) and of the environment
    (REALTIME_FER_<SECTION>__<KEY>); flags win over the environment, and that over the profile.

    Exit code: 0 at the end of the source, 1 when a stage, the source or an output failed for good, 2 for bad usage
    or input, 130 after Ctrl-C, 143 after SIGTERM, 129 where the terminal was closed.
    """
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(level=level, stream=sys.stderr, format="realtime-fer: %(levelname)s: %(message)s")
    chosen: Nested = {}
    for flag, value in flags.items():
        if value is not None:
            section, key = FLAG_SETTINGS[flag]
            chosen.setdefault(section, {})[key] = value
    if providers:
        for section in PROVIDER_SECTIONS:
            chosen.setdefault(section, {})["providers"] = providers
    if reasoner_options:
        chosen.setdefault("reasoning", {})["options"] = read_reasoner_options(reasoner_options)
    if flags["reasoner"] is not None:
        if flags["reasoner_factory"] is not None:
            raise click.UsageError("--reasoner and --reasoner-factory name two reasoners; give one of them")
        chosen["reasoning"]["factory"] = None  # the profile's, if any, is not meant any more
    settings = load_settings(profile=profile, environment=os.environ, flags=chosen)
    # Only now: bad usage is answered before OpenCV and ONNX Runtime are loaded.
    from realtime_fer.pipeline.launch import launch

    return launch(settings, quiet=quiet)
