from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.errors import ModelShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.caption_kinds import CaptionKind  # noqa: E402
from realtime_fer.networks.exp_blip.captioner import ExpBlipCaptioner  # noqa: E402
from realtime_fer.networks.exp_blip.checkpoint import fill  # noqa: E402
from realtime_fer.networks.exp_blip.generation import GenerationSettings, generate  # noqa: E402
from realtime_fer.networks.exp_blip.model import ExpBlip  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from tests.networks.exp_blip.test_model import model  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, faces, published_state, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = GenerationSettings(num_beams=2, max_new_tokens=6, captions=2)


def captioner(kind: CaptionKind = CaptionKind.EXPRESSION) -> ExpBlipCaptioner:
    """A network whose end mark is that of the tokenizer."""
    tokenizer = tiny_tokenizer()
    with torch.device("meta"):
        made = ExpBlip(replace(SIZES, opt_end_id=tokenizer.end_id))
    fill(made, published_state(model()), "tiny", torch.device("cpu"), lambda _name: torch.float32)
    return ExpBlipCaptioner(made, tokenizer, kind)


def test_captions_are_the_generated_ids_in_words() -> None:
    ours, pictures = captioner(), faces(2)
    prompt = ours.tokenizer.prompt_ids("a face")
    ids = generate(ours.model, pixel_values(pictures, SIZES.image_px), prompt, SHORT)
    texts = [[caption.text for caption in captions] for captions in ours.describe(pictures, SHORT, "a face")]
    assert texts == [[ours.tokenizer.decode(row) for row in captions] for captions in ids]
    assert [len(captions) for captions in texts] == [2, 2]


@pytest.mark.parametrize(
    ("kind", "units", "emotions"),
    [
        (CaptionKind.ACTIONS, ("AU12",), ()),
        (CaptionKind.EMOTION, (), ("happiness",)),
        (CaptionKind.EXPRESSION, ("AU12",), ("happiness",)),
    ],
)
def test_each_kind_names_what_it_tells(kind: CaptionKind, units: tuple[str, ...], emotions: tuple[str, ...]) -> None:
    found = captioner(kind).read("the lip corners pulled upwards indicate happiness.")
    assert (found.action_units, found.emotions) == (units, emotions)


def test_another_tokenizer() -> None:
    with pytest.raises(ModelShapeError, match="is it OPT's"):
        ExpBlipCaptioner(model(), tiny_tokenizer())
