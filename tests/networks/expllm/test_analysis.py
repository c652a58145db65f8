from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.networks.expllm import analysis  # noqa: E402
from realtime_fer.networks.expllm.prompts import description_prompt, label_prompt  # noqa: E402
from tests.networks.expllm.tiny import face, tiny_model, tiny_tokenizer  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

TEXT = "**Key Observations:** A slight jaw drop.\n\n**Overall Emotional Interpretation:** Shock.\n\n**Conclusion:** Surprise."


def test_the_answer_is_in_the_history_of_the_second_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def written(_model: object, _tokenizer: object, prompts: list[str], images: Tensor, _limit: int) -> list[str]:
        asked.append(prompts)
        assert images.shape == (2, 256, 32)
        return ["Surprise", "no idea"] if len(asked) == 1 else [TEXT, "The left brow is raised."]

    monkeypatch.setattr(analysis, "write", written)
    first, second = analysis.analyse(tiny_model(), tiny_tokenizer(), [face(), face(seed=1)])
    assert asked == [[label_prompt()] * 2, [description_prompt("Surprise"), description_prompt("no idea")]]
    assert (first.label, second.label, second.answer) == ("Surprise", None, "no idea")
    assert first.sections is not None
    assert (first.sections.rationale, first.sections.conclusion) == ("Shock.", "Surprise.")
    assert [(mention.action, mention.level) for mention in first.actions] == [("Jaw Drop", "slight")]
    assert second.sections is None
    assert second.actions[0].numbers == (7,)


def test_the_whole_way_on_a_tiny_model() -> None:
    (found,) = analysis.analyse(tiny_model(), tiny_tokenizer(), [face()], label_tokens=2, description_tokens=3)
    assert found.label is None
    assert found.sections is None
    assert isinstance(found.description, str)
