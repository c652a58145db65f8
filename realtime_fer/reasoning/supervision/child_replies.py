"""What a child may say, and how strictly the parent reads it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from realtime_fer.errors import MessageError, ShapeError
from realtime_fer.reasoning.claims import Claim, ClaimKind
from realtime_fer.reasoning.outcome import ChainStep, ReasoningAnswer
from realtime_fer.reasoning.supervision.child_frames import Header

MAX_NAME_CHARS = 200
"""Labels, names and versions."""

MAX_TEXT_CHARS = 4000
"""The sentence of an answer, and error messages, which are cut."""

MAX_STEPS = 16
MAX_LABELS = 256
"""Of one distribution."""

MAX_CLAIMS = 64
"""There are about thirty action units, and two sides."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The reasoner is built."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CannotStart:
    """It cannot be built; `permanent` where trying again cannot help."""

    error: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, still to be read by `read_answer`: a bad one spoils only its own question."""

    request_id: int
    values: object


@dataclass(frozen=True, slots=True)
class Raised:
    """The reasoner raised; with `fatal` the process ends itself."""

    request_id: int
    error: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class Saying:
    """An answer that is being made: the words of one step so far."""

    request_id: int
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The reasoner has stopped, as it was told to."""

    request_id: int


Reply = Ready | CannotStart | Answered | Raised | Saying | Cancelled


def reply_values(reply: Reply) -> dict[str, Any]:
    """A reply as a header for `encode_frame`."""
    match reply:
        case Ready(name, version):
            return {"kind": "ready", "name": name, "version": version}
        case CannotStart(error, permanent):
            return {"kind": "cannot_start", "error": error[:MAX_TEXT_CHARS], "permanent": permanent}
        case Answered(request_id, values):
            return {"kind": "answered", "request_id": request_id, "answer": values}
        case Raised(request_id, error, fatal):
            return {"kind": "raised", "request_id": request_id, "error": error[:MAX_TEXT_CHARS], "fatal": fatal}
        case Saying(request_id, step, text):
            return {"kind": "saying", "request_id": request_id, "step": step, "text": text}
        case Cancelled(request_id):
            return {"kind": "cancelled", "request_id": request_id}


def read_reply(header: Header) -> Reply:
    """A reply from the child.

    Raises:
        MessageError: not one of ours.
    """
    match header:
        case {"kind": "ready", "name": str(name), "version": str(version)} if name and _are_short(name, version):
            return Ready(name, version)
        case {"kind": "cannot_start", "error": str(error), "permanent": bool(permanent)}:
            return CannotStart(_one_line(error), permanent)
        case {"kind": "answered", "request_id": int(request_id), "answer": values}:
            return Answered(request_id, values)
        case {"kind": "raised", "request_id": int(request_id), "error": str(error), "fatal": bool(fatal)}:
            return Raised(request_id, _one_line(error), fatal)
        case {"kind": "saying", "request_id": int(request_id), "step": str(step), "text": str(text)} if step:
            return Saying(request_id, _text(step, "step", MAX_NAME_CHARS), _text(text, "text", MAX_TEXT_CHARS))
        case {"kind": "cancelled", "request_id": int(request_id)}:
            return Cancelled(request_id)
    raise MessageError(f"reply of the reasoner's process: not one of ours: {_glimpse(header)}")


def newest_words(replies: list[Reply]) -> list[Reply]:
    """The same replies without the words that the next reply says again and more of."""
    return [
        reply
        for reply, following in zip_longest(replies, replies[1:])
        if not (
            isinstance(reply, Saying)
            and isinstance(following, Saying)
            and (reply.request_id, reply.step) == (following.request_id, following.step)
        )
    ]


def answer_values(answer: ReasoningAnswer) -> dict[str, Any]:
    """An answer as JSON values; without the grounding of claims, which is not the reasoner's to say."""
    return {
        "steps": [
            {
                "question": step.question,
                "label": step.label,
                "distribution": None if step.distribution is None else dict(step.distribution),
            }
            for step in answer.steps
        ],
        "compound_label": answer.compound_label,
        "text": answer.text,
        "model_name": answer.model_name,
        "model_version": answer.model_version,
        "claims": [
            {
                "kind": claim.kind.value,
                "name": claim.name,
                "code": claim.code,
                "side": claim.side,
                "intensity": claim.intensity,
                "present": claim.present,
            }
            for claim in answer.claims
        ],
    }


def read_answer(values: object) -> ReasoningAnswer:
    """The answer in JSON values; the grounding of each claim is unknown, whatever they say about it.

    Raises:
        MessageError: a field is missing, of another type, too long, or says something impossible.
    """
    answer = _object(values, "answer")
    steps = answer.get("steps")
    if not isinstance(steps, list) or len(steps) > MAX_STEPS:
        raise MessageError(f"answer: steps: expected a list of at most {MAX_STEPS}, found {_glimpse(steps)}")
    claims = answer.get("claims")
    if not isinstance(claims, list) or len(claims) > MAX_CLAIMS:
        raise MessageError(f"answer: claims: expected a list of at most {MAX_CLAIMS}, found {_glimpse(claims)}")
    compound = answer.get("compound_label")
    try:
        return ReasoningAnswer(
            steps=tuple(_read_step(step) for step in steps),
            compound_label=None if compound is None else _text(compound, "compound_label", MAX_NAME_CHARS),
            text=_text(answer.get("text"), "text", MAX_TEXT_CHARS),
            model_name=_text(answer.get("model_name"), "model_name", MAX_NAME_CHARS),
            model_version=_text(answer.get("model_version"), "model_version", MAX_NAME_CHARS),
            claims=tuple(_read_claim(claim) for claim in claims),
        )
    except ShapeError as error:
        raise MessageError(str(error)) from error


def _read_step(values: object) -> ChainStep:
    step = _object(values, "step")
    distribution = step.get("distribution")
    return ChainStep(
        question=_text(step.get("question"), "question", MAX_NAME_CHARS),
        label=_text(step.get("label"), "label", MAX_TEXT_CHARS),
        distribution=None if distribution is None else _read_distribution(distribution),
    )


def _read_claim(values: object) -> Claim:
    claim = _object(values, "claim")
    kind, side, present = (claim.get(key) for key in ("kind", "side", "present"))
    if kind not in [known.value for known in ClaimKind]:
        raise MessageError(f"answer: claim: expected kind action_unit or expression, found {_glimpse(kind)}")
    if side is not None and side not in ("left", "right"):
        raise MessageError(f"answer: claim: expected side left, right or none, found {_glimpse(side)}")
    if not isinstance(present, bool):
        raise MessageError(f"answer: claim: expected present to be true or false, found {_glimpse(present)}")
    code, intensity = claim.get("code"), claim.get("intensity")
    return Claim(
        kind=ClaimKind(kind),
        name=_text(claim.get("name"), "name of a claim", MAX_NAME_CHARS),
        code=None if code is None else _text(code, "code of a claim", MAX_NAME_CHARS),
        side=side,
        intensity=None if intensity is None else _text(intensity, "intensity of a claim", MAX_NAME_CHARS),
        present=present,
    )


def _read_distribution(values: object) -> dict[str, float]:
    shares = _object(values, "distribution")
    if len(shares) > MAX_LABELS:
        raise MessageError(f"answer: distribution: expected at most {MAX_LABELS} labels, found {len(shares)}")
    for label, share in shares.items():
        _text(label, "label of a distribution", MAX_NAME_CHARS)
        if isinstance(share, bool) or not isinstance(share, (int, float)):
            raise MessageError(f"answer: distribution: expected numbers, found {_glimpse(share)}")
    return {label: float(share) for label, share in shares.items()}


def _object(values: object, what: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise MessageError(f"answer: {what}: expected an object, found {_glimpse(values)}")
    return values


def _text(value: object, what: str, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise MessageError(f"answer: {what}: expected text of at most {limit} characters, found {_glimpse(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a character: JSON can say it, but nothing that is published can
        raise MessageError(f"answer: {what}: expected text, found {_glimpse(value)}, which is not Unicode") from error
    return value


def _are_short(*names: str) -> bool:
    return all(len(name) <= MAX_NAME_CHARS for name in names)


def _one_line(text: str) -> str:
    return " ".join(text[:MAX_TEXT_CHARS].split())


def _glimpse(value: object) -> str:
    """Enough of a strange value to recognise it."""
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:80] + "..."
