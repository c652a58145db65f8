"""A converted folder in the layout of transformers' own BLIP-2, for programs that load nothing else.

One thing has no place in it: the norm behind the image encoder, whose epsilon is 1e-5 here and 1e-6 there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from realtime_fer.errors import ModelError, ModelShapeError, missing_extra
from realtime_fer.networks.exp_blip.converted import load_converted
from realtime_fer.networks.exp_blip.preprocessing import MEAN_RGB, STD_RGB
from realtime_fer.networks.exp_blip.tokenizer import BEGIN, PAD, OptTokenizer

try:
    from tokenizers import AddedToken, Tokenizer, processors
    from transformers import GenerationConfig
except ImportError as error:
    raise missing_extra("Exp-BLIP", "vlm", error) from error

IMAGE_TOKEN: Final = "<image>"  # noqa: S105  (a word of the vocabulary)
BICUBIC: Final = 3
"""PIL's number for it."""
CHAT_TEMPLATE_FILE: Final = "no_prompt.jinja"
CHAT_TEMPLATE: Final = BEGIN
"""Whatever is asked, a caption begins as in training: without a prompt."""


def write_hub_layout(folder: Path, out: Path) -> None:
    """Write weights, settings, tokenizer and picture processor.

    Args:
        folder: that `convert_exp_blip` finished, with OPT's vocab.json and merges.txt.
        out: made where it is missing; never the same folder.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_converted` and `OptTokenizer.from_folder`.
        ModelShapeError: the vocabulary leaves another id for the picture than the network has.
        ModelError: `out` is the converted folder itself.
    """
    if folder.resolve() == out.resolve():
        raise ModelError(f"{out}: is the converted folder itself; name another one for the result")
    OptTokenizer.from_folder(folder)
    model = load_converted(folder)
    sizes = model.sizes
    tokenizer: Any = OptTokenizer.library_tokenizer(folder)
    if tokenizer.get_vocab_size() != sizes.image_token_id:
        raise ModelShapeError(
            f"{folder}: expected a vocabulary of {sizes.image_token_id} tokens, so that the picture's is the next one, found "
            f"{tokenizer.get_vocab_size()}"
        )
    out.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(tokenizer, out, sizes.opt_begin_id)
    model.blip.generation_config = GenerationConfig(
        bos_token_id=sizes.opt_begin_id, pad_token_id=sizes.opt_pad_id, eos_token_id=sizes.opt_end_id
    )
    model.blip.save_pretrained(str(out))
    picture = {
        "image_processor_type": "BlipImageProcessor",
        "do_resize": True,
        "size": {"height": sizes.image_px, "width": sizes.image_px},
        "resample": BICUBIC,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN_RGB,
        "image_std": STD_RGB,
        "do_convert_rgb": True,
    }
    _write_json(out / "preprocessor_config.json", {**picture, "processor_class": "Blip2Processor"})
    _write_json(out / "processor_config.json", {"processor_class": "Blip2Processor", "num_query_tokens": sizes.queries})
    (out / CHAT_TEMPLATE_FILE).write_text(CHAT_TEMPLATE, encoding="utf-8")


def _write_tokenizer(tokenizer: Tokenizer, out: Path, begin_id: int) -> None:
    tokenizer.add_special_tokens([AddedToken(IMAGE_TOKEN, special=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", pair=f"{BEGIN} $A {BEGIN} $B", special_tokens=[(BEGIN, begin_id)]
    )
    tokenizer.save(str(out / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": BEGIN,
        "pad_token": PAD,
        "image_token": IMAGE_TOKEN,
        "clean_up_tokenization_spaces": False,
    }
    _write_json(out / "tokenizer_config.json", settings)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
