"""Have Exp-BLIP write about every picture of a test, and score what it wrote. Needs torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from realtime_fer.datasets.picture_file import read_picture
from realtime_fer.evaluation.asking import Progress, batches_left, require_pictures, spread_over
from realtime_fer.evaluation.exp_blip.cases import CaptionCase, read_caption_cases
from realtime_fer.evaluation.exp_blip.clip_score import clip_score, require_clip_folder
from realtime_fer.evaluation.exp_blip.recognition import action_unit_figures, emotion_figures
from realtime_fer.evaluation.exp_blip.scores import WITHOUT_JAVA, CaptionScores, score_captions
from realtime_fer.evaluation.kept_answers import KeptAnswers
from realtime_fer.fingerprint import records_fingerprint
from realtime_fer.networks.exp_blip.action_mentions import named_actions
from realtime_fer.networks.exp_blip.emotion_mentions import named_emotions
from realtime_fer.networks.exp_blip.generation import CAPTIONING_TASK
from realtime_fer.reasoning.exp_blip.factory import build
from realtime_fer.reasoning.exp_blip.loading import weights_version
from realtime_fer.reasoning.exp_blip.reasoner import ExpBlipReasoner

CAPTIONS_NAME: Final = "captions.jsonl"
REPORT_NAME: Final = "report.json"
DIGITS: Final = 4


def evaluate_exp_blip(
    *,
    model: Path,
    data: Path,
    images: Path,
    out: Path,
    kind: str = "exp",
    clip: Path | None = None,
    batch: int = 8,
    beams: int = CAPTIONING_TASK.num_beams,
    max_new_tokens: int = CAPTIONING_TASK.max_new_tokens,
    device: str = "auto",
    device_map: str | Mapping[str, Any] | None = None,
    dtype: str = "float16",
    bits: int | None = None,
    threads: int | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Caption the pictures, and give every figure that the records allow.

    Args:
        model: converted folder.
        data: see `cases`.
        images: folder of the pictures.
        out: folder for captions.jsonl and report.json. Captions that it has already, of the same test, are kept.
        kind: au, emot or exp: which training the weights are of.
        clip: folder of a CLIP model for CLIPScore; None leaves it out.
        batch: pictures at once.
        beams, max_new_tokens: 5 and 200 as published.
        device, device_map, dtype, bits, threads: see `placement.choose_placement`.
        limit: at most so many pictures, from all over the test, for a trial.
        progress: told of each batch.

    Returns:
        What report.json holds: `bleu`, `rouge_l`, `cider`, `meteor` (over the pictures with references), `clip_score`,
        `action_units`, `emotion`; null where records or packages do not allow a figure, and `left_out` says why.

    Raises:
        DatasetError: records, pictures or earlier captions cannot be used.
        ModelError: something about the model's files.
        SettingsError: a name is not known, or this machine has not what is asked for.
    """
    cases = read_caption_cases(data)
    require_pictures([case.image for case in cases], images, data)
    if clip is not None:
        require_clip_folder(clip)
    what = {
        "kind": kind,
        "records": records_fingerprint((c.image, c.references, sorted(c.action_units or ()), c.emotion) for c in cases),
        "weights": weights_version(model),
        "dtype": dtype,
        "bits": bits,
        "beams": beams,
        "max_new_tokens": max_new_tokens,
    }
    cases = spread_over(cases, limit)
    reasoner: ExpBlipReasoner | None = None
    with KeptAnswers(out / CAPTIONS_NAME, what, ("caption",)) as kept:
        for shown in batches_left(cases, lambda case: kept.of(case.image) is not None, batch, progress):
            if reasoner is None:  # only where something is left to ask
                places: dict[str, Any] = {"device": device, "device_map": device_map, "dtype": dtype, "bits": bits}
                reasoner = build(str(model), kind=kind, beams=beams, max_new_tokens=max_new_tokens, threads=threads, **places)
            written = reasoner.captioner.describe([read_picture(images / case.image) for case in shown], reasoner.settings)
            for case, found in zip(shown, written, strict=True):
                kept.add(case.image, {"caption": found[0].text})
        captions = [str((kept.of(case.image) or {})["caption"]) for case in cases]
    report = {**what, "n": len(cases), **caption_figures(captions, cases)}
    if clip is None:
        report["left_out"]["clip_score"] = "no CLIP model was named (--clip)"
    else:
        pictures = [read_picture(images / case.image) for case in cases]
        report["clip_score"] = round(clip_score(pictures, captions, clip), DIGITS)
    (out / REPORT_NAME).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def caption_figures(captions: Sequence[str], cases: Sequence[CaptionCase]) -> dict[str, Any]:
    """Every figure but CLIPScore; arguments side by side."""
    left_out: dict[str, str] = {}
    figures: dict[str, Any] = {"clip_score": None, "action_units": None, "emotion": None, "left_out": left_out}
    referred = [(text, case.references) for text, case in zip(captions, cases, strict=True) if case.references]
    scores: CaptionScores | None = None
    if referred:
        scores = score_captions([text for text, _ in referred], [references for _, references in referred])
        if scores.meteor is None:
            left_out["meteor"] = WITHOUT_JAVA
    else:
        left_out["bleu, rouge_l, cider, meteor"] = "no record has a caption to compare with"
    figures |= {
        "captions_with_references": len(referred),
        "bleu": None if scores is None else [round(value, DIGITS) for value in scores.bleu],
        "rouge_l": None if scores is None else round(scores.rouge_l, DIGITS),
        "cider": None if scores is None else round(scores.cider, DIGITS),
        "meteor": None if scores is None or scores.meteor is None else round(scores.meteor, DIGITS),
    }
    seen = [(named_actions(text), case.action_units) for text, case in zip(captions, cases, strict=True)]
    known = [(named, units) for named, units in seen if units is not None]
    if any(units for _, units in known):
        figures["action_units"] = asdict(action_unit_figures([named for named, _ in known], [units for _, units in known]))
    else:
        left_out["action_units"] = "no record has an action unit"
    felt = [(named_emotions(text), case.emotion) for text, case in zip(captions, cases, strict=True)]
    told = [(named, emotion) for named, emotion in felt if emotion is not None]
    if told:
        figures["emotion"] = asdict(emotion_figures([named for named, _ in told], [emotion for _, emotion in told]))
    else:
        left_out["emotion"] = "no record has an emotion"
    return figures
