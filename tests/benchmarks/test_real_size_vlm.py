"""The script on the tiny sizes: weights written, loaded and asked, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "real_size_vlm.py"

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_exp_blip_is_written_once_and_measured(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "exp-blip", "--folder", str(tmp_path), "--size", "tiny"]
    command += ["--new-tokens", "5", "--repeats", "1", "--threads", "1", "--json", str(tmp_path / "figures.json")]
    first = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert first.returncode == 0, first.stderr
    assert "writing random weights" in first.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["peak_memory_gb"]["after_answers"] >= figures["weights_gb"] > 0
    assert figures["tokens_per_s"]["median"] > 0
    assert figures["load_s"] > 0
