"""Phi-3.5-vision as the model of a chain, computing once what both questions share.

Both begin with the same picture: its vectors and the cached keys and values of everything up to the first differing word are
kept, and the second question is read on from there. Answers and logits are those of two separate calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from realtime_fer.errors import SettingsError, missing_extra
from realtime_fer.fingerprint import files_fingerprint
from realtime_fer.networks.phi3_vision.chat import one_picture_question
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision
from realtime_fer.networks.phi3_vision.generation import generate
from realtime_fer.networks.phi3_vision.image_processor import tile_pictures
from realtime_fer.networks.phi3_vision.lora import OLD_WEIGHTS_FILE, WEIGHTS_FILE, LoraAdapter
from realtime_fer.networks.phi3_vision.model import Phi3Vision
from realtime_fer.networks.phi3_vision.sequence import TokenSequence
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer
from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner, ChainRules
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_COMPOUND, ChainVariant, chain_variant
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("Phi-3.5-vision", "vlm", error) from error

NAME: Final = "chain-of-affect"

MAX_NEW_TOKENS: Final = 16
"""The longest label is four tokens with its end; the prototype allowed 1000."""

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


class Phi3VisionPicture:
    """One face that was taken in (see `chain_model.Picture`)."""

    def __init__(self, owner: Phi3VisionChainModel, features: Tensor, token_counts: Sequence[int]) -> None:
        self._owner = owner
        self._features = features
        self._token_counts = token_counts
        self._sequence = TokenSequence(owner.model)
        self._read: list[int] = []

    @torch.inference_mode()
    def ask(self, question: str, options: Sequence[str]) -> Reply:
        """The answer, and the distribution over the seven labels by their first tokens.

        Where the model only chooses, the answer is the likeliest of `options`; otherwise it is what the model says.
        """
        owner = self._owner
        hidden = self.read(question)
        at_first = owner.model.logits(hidden[0, -1])[owner.first_ids].double().softmax(dim=0)
        distribution = dict(zip(BASIC_LABELS, at_first.tolist(), strict=True))
        if not owner.in_words:
            return Reply(max(options, key=distribution.__getitem__), distribution)
        (answer,) = generate(
            owner.model, self._sequence, hidden, stop_ids=owner.tokenizer.stop_ids, max_new_tokens=owner.max_new_tokens
        )
        return Reply(owner.tokenizer.decode(answer).strip(), distribution)

    @torch.inference_mode()
    def read(self, question: str) -> Tensor:
        """Read a question up to where the answer begins -> hidden states of its last tokens, (1, n, D)."""
        owner = self._owner
        ids = owner.tokenizer.prompt(one_picture_question(question), self._token_counts, owner.variant.extra_bos)
        # At least one token is read, for its logits, even where the same question comes again.
        shared = min(_common_length(self._read, ids), len(ids) - 1)
        self._sequence.rewind(shared)
        self._read = ids
        new = torch.tensor([ids[shared:]])
        vectors_read = sum(token < 0 for token in ids[:shared])
        return self._sequence.extend(owner.model.embed(new, self._features[vectors_read:]))


class Phi3VisionChainModel:
    """A loaded model that answers the chain's questions (see `chain_model.ChainModel`).

    Args:
        model, tokenizer: of one checkpoint.
        variant: how texts begin and pictures are cut.
        version: which weights, for answers.
        in_words: let it speak and read what it says, instead of choosing among the labels by their first tokens.
        max_new_tokens: at most so many in one answer in words.

    Raises:
        ModelShapeError: the first tokens of the labels do not tell them apart.
    """

    def __init__(
        self,
        model: Phi3Vision,
        tokenizer: Phi3VisionTokenizer,
        variant: ChainVariant = NOTEBOOK_COMPOUND,
        *,
        version: str,
        in_words: bool = False,
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> None:
        self.name = NAME
        self.version = version
        self.model = model
        self.tokenizer = tokenizer
        self.variant = variant
        self.in_words = in_words
        self.max_new_tokens = max_new_tokens
        self.first_ids = tokenizer.first_ids(BASIC_LABELS)

    @torch.inference_mode()
    def look(self, face_rgb: ImageRgb) -> Phi3VisionPicture:
        """Cut a face, uint8 (H, W, 3), into tiles and encode them.

        Raises:
            ShapeError: it is no such picture, or too narrow.
        """
        tiled = tile_pictures([face_rgb], self.variant.num_crops)
        return Phi3VisionPicture(self, self.model.image_features(tiled.pixel_values, tiled.image_sizes), tiled.token_counts)


def build_chain_of_affect(
    checkpoint: str,
    adapter: str | None = None,
    *,
    merge: bool = True,
    variant: str = NOTEBOOK_COMPOUND.name,
    device: str = "auto",
    dtype: str = "bfloat16",
    threads: int | None = None,
    in_words: bool = False,
    min_second_probability: float = 0.0,
    neutral_hint: bool = False,
    face_margin: float | None = 0.0,
) -> ChainReasoner:
    """Load Chain-of-Affect; for `child_factory`, in a process of its own.

    Args:
        checkpoint: folder of microsoft/Phi-3.5-vision-instruct, or of a merged fine-tune.
        adapter: folder of the published adapter; None where the checkpoint is merged, or for the base model.
        merge: add the adapter to the weights; false keeps it apart, through peft.
        variant: name in `chain_variants.VARIANTS`.
        device: "cpu", "cuda", "cuda:1", ...; "auto" takes a GPU where there is one.
        dtype: name in `DTYPES`.
        threads: of torch on the CPU; None leaves its own choice.
        in_words, min_second_probability, neutral_hint, face_margin: see `Phi3VisionChainModel`, `ChainRules`, `ChainReasoner`.

    Raises:
        SettingsError: a name is not known.
        ModelError: something about the files.
    """
    if dtype not in DTYPES:
        raise SettingsError(f"dtype: expected one of {', '.join(DTYPES)}, found {dtype!r}")
    asked = chain_variant(variant)
    if threads is not None:
        torch.set_num_threads(threads)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    folder = Path(checkpoint)
    tokenizer = Phi3VisionTokenizer.from_file(folder / "tokenizer.json")
    lora = None if adapter is None else LoraAdapter.from_folder(Path(adapter))
    model = load_phi3_vision(folder, dtype=DTYPES[dtype], device=device, adapter=lora if merge else None)
    if lora is not None and not merge:
        lora.attach_to(model)
    rules = ChainRules(
        first_question=asked.first_question, neutral_hint=neutral_hint, min_second_probability=min_second_probability
    )
    version = weights_version(folder, None if adapter is None else Path(adapter))
    return ChainReasoner(Phi3VisionChainModel(model, tokenizer, asked, version=version, in_words=in_words), rules, face_margin)


def weights_version(checkpoint: Path, adapter: Path | None) -> str:
    """A short name for the weights in these folders, that changes when they do.

    Large files are sampled, see `files_fingerprint`.
    """
    version = f"base {files_fingerprint([checkpoint / 'config.json', *sorted(checkpoint.glob('*.safetensors'))])}"
    if adapter is None:
        return version
    weights = (adapter / WEIGHTS_FILE, adapter / OLD_WEIGHTS_FILE)
    return f"{version}, adapter {files_fingerprint(weights)}"


def _common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two texts share at their beginning."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length
