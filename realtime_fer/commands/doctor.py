"""`realtime-fer doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click

from realtime_fer import __version__

CORE_PACKAGES = ("numpy", "opencv-python", "scipy", "pyzmq", "pydantic", "msgpack", "click", "rich", "PyYAML")

# As in pyproject.toml.
EXTRA_PACKAGES = {
    "demo": ("scikit-image", "matplotlib"),
    "yolo": ("ultralytics",),
    "train": ("torch", "accelerate", "onnx", "scikit-learn", "matplotlib", "pillow"),
    "vlm": ("torch", "transformers", "peft", "accelerate", "safetensors", "pillow"),
    "captions": ("pycocoevalcap",),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        level: "ok", "note" (an option that is not there) or "problem" (the service will not run as it is).
        mend: the command or step that changes it; empty where nothing is to be done.
    """

    area: str
    level: str
    what: str
    mend: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON list.")
def doctor(as_json: bool) -> int:
    """What is installed, which accelerators, cameras and models there are, what is missing and how to mend it.

    Exit code 1 if the service cannot run as things are.
    """
    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    return 1 if any(finding.level == "problem" for finding in findings) else 0


def examine() -> list[Finding]:
    """Look at this machine; opens no camera and loads no model."""
    checks: tuple[Callable[[], list[Finding]], ...] = (_system, _packages, _runtime, _models, _cameras, _display)
    return [finding for check in checks for finding in check()]


def _system() -> list[Finding]:
    cores = os.cpu_count() or 1
    return [
        Finding(
            "system",
            "ok",
            f"realtime-fer {__version__}, Python {platform.python_version()}, {platform.platform()}, {cores} cores",
        )
    ]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> list[Finding]:
    findings = []
    missing = [name for name in CORE_PACKAGES if _version(name) is None and _version(f"{name}-headless") is None]
    present = ", ".join(f"{name} {_version(name)}" for name in CORE_PACKAGES if name not in missing)
    findings.append(Finding("packages", "ok", present))
    if missing:
        findings.append(Finding("packages", "problem", f"missing: {', '.join(missing)}", 'pip install "realtime-fer[cpu]"'))
    for extra, names in EXTRA_PACKAGES.items():
        absent = [name for name in names if _version(name) is None]
        if absent:
            findings.append(
                Finding(
                    "extras", "note", f"{extra}: not installed ({', '.join(absent)})", f'pip install "realtime-fer[{extra}]"'
                )
            )
        else:
            findings.append(Finding("extras", "ok", f"{extra}: installed"))
    return findings


def _runtime() -> list[Finding]:
    if _version("onnxruntime") is not None and _version("onnxruntime-gpu") is not None:
        return [
            Finding(
                "runtime",
                "problem",
                "onnxruntime and onnxruntime-gpu are both installed and overwrite each other",
                'pip uninstall -y onnxruntime onnxruntime-gpu && pip install "realtime-fer[gpu]"',
            )
        ]
    try:
        from realtime_fer.inference.session import available_providers

        providers = available_providers()
    except ImportError:
        return [Finding("runtime", "problem", "ONNX Runtime is not installed", 'pip install "realtime-fer[cpu]" (or [gpu])')]
    findings = [Finding("runtime", "ok", f"ONNX Runtime providers: {', '.join(providers)}")]
    if shutil.which("nvidia-smi") and "CUDAExecutionProvider" not in providers:
        findings.append(
            Finding(
                "runtime",
                "note",
                "an NVIDIA driver is here, but ONNX Runtime has no CUDA provider",
                'pip uninstall -y onnxruntime && pip install "realtime-fer[gpu]", then --provider CUDAExecutionProvider',
            )
        )
    return findings


def _models() -> list[Finding]:
    from realtime_fer.errors import ModelError
    from realtime_fer.zoo.shelf import find_model, model_folders, verify_model

    findings = []
    found = model_folders()
    for folder in found:
        try:
            model = find_model(str(folder))
            m = model.manifest
            # Tens of gigabytes: `realtime-fer models verify` compares their sums, too.
            small = m.task != "checkpoint"
            verify_model(model, sums=small)
            state = "whole" if small else "all files there, sums not compared"
            findings.append(Finding("models", "ok", f"{m.name} {m.version} ({m.licence}): {state}"))
        except ModelError as error:
            findings.append(Finding("models", "problem", str(error), "restore the file, or reinstall the package"))
    if not found:
        findings.append(Finding("models", "problem", "no models found", "reinstall the package, or set REALTIME_FER_MODELS"))
    return findings


def _cameras() -> list[Finding]:
    from realtime_fer.sources.camera import list_cameras

    cameras = list_cameras()
    if not cameras:
        return [
            Finding(
                "cameras",
                "note",
                "no camera found",
                "plug one in; in a container pass --device /dev/video0; or use --source demo",
            )
        ]
    return [Finding("cameras", "ok", str(camera)) for camera in cameras]


def _display() -> list[Finding]:
    from realtime_fer.display.window import display_available

    if display_available():
        return [Finding("display", "ok", "a window can be opened")]
    return [Finding("display", "note", "no display: the service runs headless", "set DISPLAY, or use --record out.mp4")]


def _print(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape

    colours = {"ok": "green", "note": "yellow", "problem": "red"}
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        level = f"[{colours[finding.level]}]{finding.level:<8}[/]"
        console.print(f"{level} {finding.area:<9} {escape(finding.what)}")
        if finding.mend:
            console.print(f"{'':<8} {'':<9} -> {escape(finding.mend)}")
