"""Write a trained tiny model as a folder that both forms run from: ONNX for the service, safetensors for transformers.

Large weights are rounded to float16 in both, as stored; both compute in float32. The two forms are compared before anything
is written.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from realtime_fer.datasets.ferplus import NOT_COUNTED
from realtime_fer.errors import ModelError, missing_extra
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.networks.chain_of_affect_tiny.chat import face_question
from realtime_fer.reasoning.chain_of_affect.tiny import NAME, TinyNetworks
from realtime_fer.reasoning.chain_of_affect.tiny_onnx import OnnxNetworks
from realtime_fer.training.exporting.calibration import fit_temperature
from realtime_fer.zoo.manifest import MANIFEST_NAME, read_manifest

try:
    import onnx
    import torch
    from safetensors.torch import save_file
except ImportError as error:
    raise missing_extra("exporting chain-of-affect-tiny", "train,vlm", error) from error

from realtime_fer.networks.chain_of_affect_tiny.config import ChainOfAffectTinyConfig
from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny
from realtime_fer.networks.compact_emotion_gcn import FACE_SIZE_PX
from realtime_fer.reasoning.chain_of_affect.tiny_torch import TorchNetworks
from realtime_fer.training.chain_of_affect_tiny.face_graph import face_graph
from realtime_fer.training.chain_of_affect_tiny.language_graph import language_graph
from realtime_fer.training.chain_of_affect_tiny.questions import FIRST_WORDINGS, LABELS, SECOND_WORDINGS, second_wording
from realtime_fer.training.chain_of_affect_tiny.vocabulary import save_for_transformers
from realtime_fer.training.exporting.half_storage import FLOAT16_LARGEST, SMALLEST, store_half
from realtime_fer.training.exporting.model_folder import file_entry
from realtime_fer.training.exporting.trained import load_average

log = logging.getLogger(__name__)

FACE_FILE: Final = f"{NAME}-face.onnx"
LANGUAGE_FILE: Final = f"{NAME}-language.onnx"
WEIGHTS_FILE: Final = "model.safetensors"
CONFIG_FILE: Final = "config.json"
TOKENIZER_FILE: Final = "tokenizer.json"
FURTHER_FILES: Final = ("tokenizer_config.json", "chat_template.jinja")
"""What transformers' tokenizer class wants; nothing here reads them."""

LOGIT_TOLERANCE: Final = 0.1
"""Between the forms, in a logit of the order of 10: ONNX rounds the convolutions once more, after folding."""

BOX_MARGIN: Final = 0.0
"""As the classifier's, see `export_expression.BOX_MARGIN`."""

LICENCE: Final = "Apache-2.0"
LICENCE_NOTE: Final = (
    "The crowd votes of FER+ are MIT (Microsoft); the images they belong to are FER2013's, published for research, so check "
    "their terms before commercial use."
)
DESCRIPTION: Final = (
    "A vision-language model of a few million parameters that answers Chain-of-Affect's two questions in words: which emotion "
    "a face shows most, and which next, or none. It names what a crowd of taggers would; it explains nothing and measures no "
    "muscles."
)
TRAINED_ON: Final = "FER+ training split: 28,558 grey FER2013 faces with the votes of about ten taggers each"


def load_trained(checkpoint: Path) -> tuple[ChainOfAffectTiny, dict[str, Any]]:
    """The moving average of a training run, in evaluation mode, and everything else the checkpoint holds.

    Raises:
        ModelNotFoundError, ModelCorruptError: see `exporting.trained.load_average`.
    """

    def network(saved: Mapping[str, Any]) -> ChainOfAffectTiny:
        return ChainOfAffectTiny(ChainOfAffectTinyConfig(**saved["config"]))

    return load_average(checkpoint, "a chain-of-affect-tiny training", network)


def export_chain_of_affect_tiny(checkpoint: Path, out: Path, *, version: str = "1.0", trained_on: str = TRAINED_ON) -> Path:
    """Write the model folder; each file appears whole, the manifest last.

    Args:
        checkpoint: `last.pt` of a training run.
        out: folder of the model, made when absent.

    Returns:
        Path of the manifest.

    Raises:
        ModelNotFoundError, ModelCorruptError: as `load_trained`.
        ModelError: the two forms answer differently; nothing is written then.
    """
    model, saved = load_trained(checkpoint)
    temperatures = fitted_temperatures(saved["held_out"])
    model.config.temperatures = [round(value, 4) for value in temperatures]
    round_to_half(model)
    properties = {"licence": LICENCE, "licence_note": LICENCE_NOTE, "task": "chain-of-affect"}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as name:
        draft = Path(name)
        onnx.save(store_half(face_graph(model, properties)), str(draft / FACE_FILE))
        onnx.save(store_half(language_graph(model, properties)), str(draft / LANGUAGE_FILE))
        model.config.architectures = [ChainOfAffectTiny.__name__]
        model.config.save_pretrained(draft)
        save_file(stored_tensors(model), str(draft / WEIGHTS_FILE), metadata={"format": "pt"})
        save_for_transformers(saved["tokenizer"], draft, model.config.max_position_embeddings)
        tokenizer = BytePairTokenizer.from_file(draft / TOKENIZER_FILE)
        worst = compare(TorchNetworks(model), OnnxNetworks(draft / FACE_FILE, draft / LANGUAGE_FILE), tokenizer)
        log.info("%s: largest difference of a logit between torch and ONNX %.2g", NAME, worst)
        written = {
            "name": NAME,
            "version": version,
            "task": "chain-of-affect",
            **file_entry(draft / FACE_FILE),
            "licence": LICENCE,
            "licence_note": LICENCE_NOTE,
            "description": DESCRIPTION,
            "trained_on": trained_on,
            "labels": list(LABELS.first),
            "none": LABELS.none,
            "crop": {"size_px": FACE_SIZE_PX, "colour": "grey", "margin": BOX_MARGIN},
            "temperatures": model.config.temperatures,
            "max_tokens": model.config.max_position_embeddings,
            "language": file_entry(draft / LANGUAGE_FILE),
            "tokenizer": file_entry(draft / TOKENIZER_FILE),
            "torch_form": [file_entry(draft / file) for file in (WEIGHTS_FILE, CONFIG_FILE, *FURTHER_FILES)],
        }
        (draft / MANIFEST_NAME).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
        read_manifest(draft)
        # The manifest last: until it is there, the old one's hashes tell that the files beside it are not its own.
        files = sorted(path for path in draft.iterdir() if path.name != MANIFEST_NAME)
        for path in (*files, draft / MANIFEST_NAME):
            path.chmod(0o644)  # safetensors writes for its owner alone
            os.replace(path, out / path.name)
    return out / MANIFEST_NAME


def fitted_temperatures(held_out: Mapping[str, Any]) -> tuple[float, float]:
    """Temperatures of the first and the second answer, fitted on the faces that training held out."""

    def fitted(question: str) -> float:
        logits, labels = held_out[f"{question}_logits"].numpy(), held_out[f"{question}_labels"].numpy()
        counted = labels != NOT_COUNTED
        return fit_temperature(logits[counted], labels[counted])

    return fitted("first"), fitted("second")


def round_to_half(model: ChainOfAffectTiny) -> None:
    """Round, in place, what `stored_tensors` stores in float16."""
    with torch.no_grad():
        for value in model.state_dict().values():
            if _is_large(value):
                value.copy_(value.half().float())


def stored_tensors(model: ChainOfAffectTiny) -> dict[str, Any]:
    """The state dict, tensors of `SMALLEST` numbers and more in float16."""
    return {name: (value.half() if _is_large(value) else value).contiguous() for name, value in model.state_dict().items()}


def compare(one: TinyNetworks, other: TinyNetworks, tokenizer: BytePairTokenizer) -> float:
    """Largest difference of a logit over blank, graded and noisy faces and all questions.

    Raises:
        ModelError: it is above `LOGIT_TOLERANCE`, or no number.
    """
    shape = (1, FACE_SIZE_PX, FACE_SIZE_PX)
    ramp = np.broadcast_to(np.linspace(0, 255, FACE_SIZE_PX), shape)
    noise = np.random.default_rng(0).integers(0, 256, (2, *shape))
    faces = np.stack([np.zeros(shape), np.full(shape, 255), ramp, 255 - ramp, *noise]).astype(np.float32)
    texts = [
        *FIRST_WORDINGS,
        *(second_wording(number, label) for number in range(len(SECOND_WORDINGS)) for label in LABELS.first),
    ]
    seen = (one.look(faces), other.look(faces))
    worst = 0.0
    for text in texts:
        asked = face_question(tokenizer, text)
        before, after = (np.tile(np.asarray(ids, np.int64), (len(faces), 1)) for ids in (asked.before, asked.after))
        logits = [networks.next_word(before, vectors, after) for networks, vectors in zip((one, other), seen, strict=True)]
        difference = float(np.abs(logits[0] - logits[1]).max())
        # Written so that a not-a-number fails too.
        if not difference <= LOGIT_TOLERANCE:
            raise ModelError(f"{NAME}: ONNX differs from torch by {difference:.3g} in a logit (at most {LOGIT_TOLERANCE})")
        worst = max(worst, difference)
    return worst


def _is_large(value: Any) -> bool:
    return bool(value.is_floating_point() and value.numel() >= SMALLEST and value.abs().max() <= FLOAT16_LARGEST)
