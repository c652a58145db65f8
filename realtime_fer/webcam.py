"""The service's front door: `python -m realtime_fer.webcam`, the same as `realtime-fer webcam`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from realtime_fer.cli import run
from realtime_fer.commands.webcam import webcam


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and return the exit code."""
    return run(webcam, arguments, "realtime-fer webcam")


if __name__ == "__main__":
    sys.exit(main())
