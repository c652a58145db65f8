"""A described frame as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from realtime_fer.describing.described_moment import DescribedFace, DescribedMoment
from realtime_fer.reasoning.claims import Claim, Grounding


def moment_lines(described: DescribedMoment) -> Iterator[str]:
    """The frame, then each face with what was measured, what was said, and how both stand to each other."""
    moment = described.moment
    where = moment.name if moment.time_s is None else f"{moment.name} at {moment.time_s:.2f} s (frame {moment.frame_id})"
    if moment.problem is not None:
        yield f"{where}: {moment.problem}"
        return
    count = len(described.faces)
    yield f"{where}: {'no face' if not count else '1 face' if count == 1 else f'{count} faces'}"
    for face in described.faces:
        yield from _face_lines(face)


def _face_lines(face: DescribedFace) -> Iterator[str]:
    x0, y0, x1, y1 = (round(float(edge)) for edge in face.seen.track.bbox_xyxy)
    seen = face.seen.expression
    measured = "not classified" if seen is None else f"{seen.label} {float(seen.probabilities.max()):.2f}"
    yield f"  face {face.seen.track.track_id}, {x1 - x0} x {y1 - y0} px at ({x0}, {y0}); measured: {measured}"
    if face.answer is None:
        yield f"    no answer: {face.error}"
        return
    yield f"    {face.answer.text}"
    for step in face.answer.steps:
        # A whole text keeps its paragraphs.
        yield from (
            f"    {step.question}: {line}" if not number else f"      {line}"
            for number, line in enumerate(line for line in step.label.splitlines() if line.strip())
        )
    for claim in face.answer.claims:
        yield f"    {_claim_line(claim)}"


def _claim_line(claim: Claim) -> str:
    words = [part for part in (claim.intensity, claim.side, claim.name) if part]
    named = " ".join(words) + (f" ({claim.code})" if claim.code else "")
    verdict = {
        Grounding.AGREE: f"agrees with {claim.evidence}",
        Grounding.CONTRADICT: f"contradicts {claim.evidence}",
        Grounding.UNKNOWN: "nothing measured that could tell",
    }[claim.grounding]
    return f"claims {'' if claim.present else 'no '}{named}: {verdict}"
