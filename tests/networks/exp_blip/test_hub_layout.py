from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from transformers import AutoTokenizer, Blip2ForConditionalGeneration  # noqa: E402
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil  # noqa: E402

from realtime_fer.errors import ModelError, ModelShapeError  # noqa: E402
from realtime_fer.networks.exp_blip.converted import load_converted  # noqa: E402
from realtime_fer.networks.exp_blip.hub_layout import CHAT_TEMPLATE_FILE, write_hub_layout  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import pixel_values  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES, faces  # noqa: E402
from tests.reasoning.exp_blip.scripted import PIECES, converted_scripted  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_librarys_own_classes_write_the_same_caption(tmp_path: Path) -> None:
    folder, out = converted_scripted(tmp_path), tmp_path / "hub"
    write_hub_layout(folder, out)
    ours, theirs = load_converted(folder), Blip2ForConditionalGeneration.from_pretrained(str(out)).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    pixels = BlipImageProcessorPil.from_pretrained(str(out))(faces(1), return_tensors="pt")["pixel_values"]
    assert torch.equal(pixels, pixel_values(faces(1), SIZES.image_px))
    begin = ours.sizes.opt_begin_id
    assert theirs.generation_config.eos_token_id == ours.sizes.opt_end_id
    assert tokenizer("")["input_ids"] == [begin]
    assert tokenizer.encode((out / CHAT_TEMPLATE_FILE).read_text(), add_special_tokens=False) == [begin]
    picture = tokenizer.convert_tokens_to_ids("<image>")
    assert picture == theirs.config.image_token_id
    ids = torch.tensor([[picture] * ours.sizes.queries + [begin]])
    with torch.inference_mode():
        found = theirs(pixel_values=pixels, input_ids=ids).logits
        expected = ours(pixels, torch.tensor([[begin]]))
        written = theirs.generate(pixel_values=pixels, input_ids=ids, max_new_tokens=30, do_sample=False)
    # The epsilon of one norm is not theirs to set.
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    assert tokenizer.decode(written[0], skip_special_tokens=True).strip() == "".join(PIECES)


def test_a_vocabulary_that_leaves_another_id_for_the_picture(tmp_path: Path) -> None:
    folder = converted_scripted(tmp_path)
    vocabulary = (folder / "vocab.json").read_text(encoding="utf-8")
    (folder / "vocab.json").write_text(vocabulary.replace("{", '{"more": 999, ', 1), encoding="utf-8")
    with pytest.raises(ModelShapeError, match="so that the picture's is the next one"):
        write_hub_layout(folder, tmp_path / "hub")


def test_the_converted_folder_is_left_alone(tmp_path: Path) -> None:
    folder = converted_scripted(tmp_path)
    with pytest.raises(ModelError, match="is the converted folder itself"):
        write_hub_layout(folder, folder)
