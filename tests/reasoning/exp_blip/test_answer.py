from __future__ import annotations

import subprocess
import sys

from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind
from realtime_fer.reasoning.exp_blip.answer import KINDS, caption_answer


def test_one_emotion_is_what_it_comes_to() -> None:
    assert caption_answer("the face shows surprise.", CaptionKind.EMOTION, "1").compound_label == "Surprise"
    assert caption_answer("surprise and fear.", CaptionKind.EMOTION, "1").compound_label is None
    assert set(KINDS.values()) == set(CaptionKind)


def test_an_empty_caption_says_nothing() -> None:
    empty = caption_answer("", CaptionKind.EXPRESSION, "1")
    assert (empty.steps[0].label, empty.claims) == ("unknown", ())
    assert len(caption_answer("a" * 9999, CaptionKind.EXPRESSION, "1").steps[0].label) == 4000


def test_neither_it_nor_a_server_needs_torch() -> None:
    code = "import sys, realtime_fer.reasoning.exp_blip.server; assert not {'torch', 'transformers'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
