"""`chain-of-affect-tiny` as the model of a chain, whatever runs its two networks: ONNX Runtime or torch.

The face is looked at once; both questions read the same vectors. It sees what the classifier of the fast path sees: the square
around the face, grey, 48x48 (`expression.face_crop`, shared with that room, so that live faces are cut as in training).
It answers with words that a crowd of taggers chose among, and explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from realtime_fer.errors import ShapeError
from realtime_fer.expression.classifier import softmax
from realtime_fer.expression.face_crop import FaceCrop, cut_face
from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.networks.chain_of_affect_tiny.chat import END_OF_TURN, FaceQuestion, answer_ids, face_question
from realtime_fer.reasoning.chain_of_affect.chain import ChainReasoner, ChainRules
from realtime_fer.reasoning.chain_of_affect.label_set import ChainLabels
from realtime_fer.reasoning.chain_of_affect.model import Reply
from realtime_fer.reasoning.chain_of_affect.prompts import first_question
from realtime_fer.reasoning.keyframes.keyframe import ImageRgb
from realtime_fer.reasoning.request import ReasoningRequest
from realtime_fer.zoo.manifest import ChainManifest

NAME: Final = "chain-of-affect-tiny"

MAX_NEW_TOKENS: Final = 8
"""Every label is one token, and one more ends the answer; a babbling model is cut short."""

FloatArray = npt.NDArray[np.float32]


class TinyNetworks(Protocol):
    """The two networks. Shapes: N faces, S pixels, V vectors a face, H channels, A and B tokens, W words."""

    def look(self, faces: FloatArray) -> FloatArray:
        """Grey faces (N, 1, S, S), 0..255 -> vectors (N, V, H)."""
        ...

    def next_word(self, before_ids: npt.NDArray[np.int64], vectors: FloatArray, after_ids: npt.NDArray[np.int64]) -> FloatArray:
        """Ids (N, A), vectors (N, V, H), ids (N, B) -> logits of the word that comes next (N, W)."""
        ...


@dataclass(frozen=True, slots=True)
class TinyFacts:
    """What the manifest says about how to ask and how to read.

    Attributes:
        labels: what the answers may be.
        temperatures: of the distributions of the first and the second answer.
        size_px, margin: how a face is cut, see `expression.face_crop.cut_face`.
        max_tokens: at most so many tokens and vectors in one text.
    """

    labels: ChainLabels
    temperatures: tuple[float, float]
    size_px: int
    margin: float
    max_tokens: int

    @classmethod
    def of(cls, manifest: ChainManifest) -> TinyFacts:
        """Those of a model folder."""
        labels = ChainLabels(manifest.labels, manifest.none)
        return cls(labels, manifest.temperatures, manifest.crop.size_px, manifest.crop.margin, manifest.max_tokens)


class TinyPicture:
    """One face that was looked at (see `model.Picture`)."""

    def __init__(self, owner: TinyChainModel, vectors: FloatArray) -> None:
        self._owner = owner
        self._vectors = vectors

    def ask(self, question: str, options: Sequence[str]) -> Reply:
        """The answer, and the distribution over all labels by their first tokens.

        Where the model only chooses, the answer is the likeliest of `options`; otherwise it is what the model says, word by
        word, until it ends its turn.

        Raises:
            ShapeError: the question is too long.
        """
        owner = self._owner
        asked = face_question(owner.tokenizer, question)
        logits = self._next_word(asked, [])
        shares = softmax(logits[None, owner.answer_ids], owner.temperature(options))[0].astype(np.float64)
        distribution = dict(zip(owner.facts.labels.every, (shares / shares.sum()).tolist(), strict=True))
        if not owner.in_words:
            return Reply(max(options, key=lambda label: distribution.get(label, 0.0)), distribution)
        said: list[int] = []
        while len(said) < MAX_NEW_TOKENS and (word := int(logits.argmax())) != owner.end_id:
            said.append(word)
            logits = self._next_word(asked, said)
        return Reply(owner.tokenizer.decode(said).strip(), distribution)

    def _next_word(self, asked: FaceQuestion, said: Sequence[int]) -> FloatArray:
        length = len(asked.before) + self._vectors.shape[1] + len(asked.after) + len(said)
        if length > self._owner.facts.max_tokens:
            raise ShapeError(f"question: expected at most {self._owner.facts.max_tokens} tokens with the face, found {length}")
        before, after = (np.asarray([ids], np.int64) for ids in (asked.before, [*asked.after, *said]))
        logits: FloatArray = self._owner.networks.next_word(before, self._vectors, after)[0]
        return logits


class TinyChainModel:
    """Looks at faces and answers the chain's questions (see `model.ChainModel`).

    Args:
        networks, tokenizer, facts: of one model folder.
        version: as answers carry it.
        in_words: let it speak and read what it says, instead of choosing among the labels by their first tokens.

    Raises:
        ModelShapeError: a label is no single token.
    """

    def __init__(
        self,
        networks: TinyNetworks,
        tokenizer: BytePairTokenizer,
        facts: TinyFacts,
        *,
        version: str,
        in_words: bool = False,
    ) -> None:
        self.name = NAME
        self.version = version
        self.networks = networks
        self.tokenizer = tokenizer
        self.facts = facts
        self.in_words = in_words
        self.answer_ids = answer_ids(tokenizer, facts.labels.every)
        self.end_id = tokenizer.special_id(END_OF_TURN)

    def look(self, face_rgb: ImageRgb) -> TinyPicture:
        """Take in a face of any size, uint8 (H, W, 3); what is missing to a square repeats the border."""
        height, width = face_rgb.shape[:2]
        grey = _grey_face(face_rgb, (0.0, 0.0, width, height), self.facts.size_px, 0.0)
        return TinyPicture(self, self.networks.look(grey.astype(np.float32)[None, None]))

    def temperature(self, options: Sequence[str]) -> float:
        """Of the distribution that answers a question with these options: only the second one offers "none"."""
        return self.facts.temperatures[self.facts.labels.none in options]


def tiny_rules(labels: ChainLabels, *, second_after_neutral: bool = True, min_second_probability: float = 0.0) -> ChainRules:
    """How the model is asked: as it was trained, and both questions always, since it can say "none"."""
    return ChainRules(
        first_question=first_question(labels),
        second_after_neutral=second_after_neutral,
        min_second_probability=min_second_probability,
        labels=labels,
    )


def tiny_reasoner(model: TinyChainModel, *, second_after_neutral: bool, min_second_probability: float) -> ChainReasoner:
    """The chain around a model, with the face cut as in its training."""
    rules = tiny_rules(
        model.facts.labels, second_after_neutral=second_after_neutral, min_second_probability=min_second_probability
    )
    return ChainReasoner(model, rules, shown=classifier_view(model.facts.size_px, model.facts.margin))


def classifier_view(size_px: int, margin: float) -> Callable[[ReasoningRequest], ImageRgb]:
    """Shows the face of a request as the classifier of the fast path would see it, uint8 (size_px, size_px, 3), all grey."""

    def view(request: ReasoningRequest) -> ImageRgb:
        return np.repeat(_grey_face(request.crop_rgb, request.face_xyxy, size_px, margin)[..., None], 3, axis=2)

    return view


def _grey_face(rgb: ImageRgb, box_xyxy: tuple[float, float, float, float], size_px: int, margin: float) -> FaceCrop:
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    crop = cut_face(bgr, np.asarray(box_xyxy, np.float32), size_px=size_px, margin=margin, grey=True)
    if crop is None:
        raise ShapeError(f"face: expected a box that touches its picture of {rgb.shape[1]}x{rgb.shape[0]}, found {box_xyxy}")
    return crop
