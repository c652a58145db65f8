"""Converted checkpoints of ExpLLM and Exp-BLIP as reasoners of the running service.

The networks are tiny and write given texts, but everything else is what a user has: the authors' files, the conversion, the
reasoner by its name in a process of its own, and the messages that are published.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")
pytest.importorskip("accelerate", reason="needs the vlm extra")

from tests.commands.test_webcam_reasoning import CHECKOUT, ENVIRONMENT  # noqa: E402
from tests.reasoning.exp_blip import scripted as exp_blip  # noqa: E402
from tests.reasoning.expllm import scripted as expllm  # noqa: E402

# The process of the reasoner imports torch and transformers, beside whatever else this machine does.
pytestmark = [pytest.mark.torch, pytest.mark.timeout(180)]

PATIENT = {"REALTIME_FER_REASONING__FINISH_S": "120"}
"""Twenty frames are over long before the weights are loaded."""


def answers(tmp_path: Path, reasoner: str, checkpoint: Path, *options: str) -> list[dict[str, Any]]:
    """What the service published of its questions about the demo's faces."""
    given = [f"checkpoint={checkpoint}", "device=cpu", "dtype=float32", "threads=1", *options]
    arguments = ["--headless", "--source", "demo:20", "--every-frame", "--no-publish", "--reasoner", reasoner]
    arguments += [part for option in given for part in ("--reasoner-option", option)]
    done = subprocess.run(
        [sys.executable, "-m", "realtime_fer.webcam", *arguments, "--results", tmp_path / "r", "--summary", tmp_path / "s"],
        capture_output=True,
        text=True,
        timeout=170,
        cwd=CHECKOUT,
        env={**ENVIRONMENT, **PATIENT},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reasoning = json.loads((tmp_path / "s").read_text())["reasoning"]
    lines = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    said = [line for line in lines if line["kind"] == "reasoning"]
    assert (reasoning["asked"], reasoning["answered"]) == (2, 2), said
    assert sorted(line["track_id"] for line in said) == [1, 2]
    return [line["answer"] for line in said]


def test_expllm_runs_from_the_authors_files(tmp_path: Path) -> None:
    for answer in answers(tmp_path, "expllm", expllm.converted_scripted(tmp_path / "expllm")):
        steps = {step["question"]: step for step in answer["steps"]}
        assert list(steps) == ["label", "description", "rationale", "conclusion"]
        assert steps["label"]["label"] == expllm.LABEL
        assert sum(steps["label"]["distribution"].values()) == pytest.approx(1.0)
        assert steps["description"]["label"] == "".join(expllm.DESCRIPTION)
        claims = [(claim["kind"], claim["code"], claim["side"], claim["present"]) for claim in answer["claims"]]
        assert claims == [
            ("expression", None, None, True),
            ("action_unit", "AU12", None, True),
            ("action_unit", "AU1", "left", True),
            ("action_unit", "AU2", "left", True),
            ("action_unit", "AU4", None, False),
        ]
        assert answer["model"] == "expllm"
        assert answer["text"].startswith("The face is said to show happiness")


def test_exp_blip_runs_from_the_authors_files(tmp_path: Path) -> None:
    folder = exp_blip.converted_scripted(tmp_path / "exp_blip")
    for answer in answers(tmp_path, "exp-blip", folder, "beams=1", "max_new_tokens=20"):
        assert [(step["question"], step["label"]) for step in answer["steps"]] == [("caption", "".join(exp_blip.PIECES))]
        assert [(claim["name"], claim["code"]) for claim in answer["claims"]] == [
            ("happiness", None),
            ("lip corner puller", "AU12"),
            ("brow lowerer", "AU4"),
        ]
        assert answer["model"] == "exp-blip"
        assert answer["version"].startswith("Exp-BLIP ")
