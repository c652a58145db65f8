"""Each peer in a virtual environment of its own, made when it is first asked for; nothing is installed in ours."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INSTALL_TIMEOUT_S = 1800.0
"""Over a slow line TensorFlow or torch takes minutes; half an hour means that it hangs."""

STAMP = "installed.txt"
"""In each environment; holds what was asked for, so that another wish makes a new installation."""

REASON_CHARS = 300
"""A reason stands in one line of a report."""


class PeerError(Exception):
    """A peer cannot be installed or run; the message is one line and ends up in the report."""


@dataclass(frozen=True)
class Environment:
    """What is installed for a peer.

    Attributes:
        name: folder of the environment.
        requirements: installed with all they need.
        without_dependencies: installed alone, because they demand more than is used here.
    """

    name: str
    requirements: tuple[str, ...]
    without_dependencies: tuple[str, ...] = ()


MEDIAPIPE = Environment("mediapipe", ("mediapipe==0.10.21",))

# facenet-pytorch asks for torch below 2.3 and Pillow below 10.3; its MTCNN runs on newer ones just as well.
MTCNN = Environment(
    "mtcnn", ("torch>=2.2", "torchvision>=0.17", "opencv-python-headless<5", "requests", "tqdm"), ("facenet-pytorch==2.6.0",)
)

# fer also asks for moviepy (sound of the annotated film), torch (another face detector) and the GPU build of TensorFlow.
FER = Environment(
    "fer",
    (
        "tensorflow-cpu==2.19.1",
        "opencv-contrib-python<5",
        "pandas",
        "matplotlib",
        "requests",
        "tqdm",
        "setuptools<81",
        "pillow",
    ),
    ("fer==25.10.3",),
)


def prepare_environment(environment: Environment, folder: Path, *, timeout_s: float = INSTALL_TIMEOUT_S) -> Path:
    """Make the environment under `folder` unless it is there already.

    Returns:
        Its Python.

    Raises:
        PeerError: it cannot be made, or a package cannot be installed.
    """
    home = (folder / environment.name).absolute()
    python = home / "bin" / "python"
    wanted = "\n".join((*environment.requirements, "without dependencies:", *environment.without_dependencies)) + "\n"
    stamp = home / STAMP
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(home)], f"making {home}", timeout_s)
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*install, *environment.requirements], f"pip install {' '.join(environment.requirements)}", timeout_s)
    if environment.without_dependencies:
        names = environment.without_dependencies
        _run([*install, "--no-deps", *names], f"pip install --no-deps {' '.join(names)}", timeout_s)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def last_line(text: str) -> str:
    """What a failing program said last, shortened to one line; pip's and Python's own errors stand there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no message"])[-1][:REASON_CHARS]


def _run(command: list[str], what: str, timeout_s: float) -> None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"{what}: not done after {timeout_s:g} s") from error
    except OSError as error:
        raise PeerError(f"{what}: {error}") from error
    if result.returncode != 0:
        raise PeerError(f"{what}: {last_line(result.stderr or result.stdout)}")
