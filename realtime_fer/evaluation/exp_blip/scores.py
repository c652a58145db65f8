"""How near captions come to what people or rules wrote: BLEU, METEOR, ROUGE-L and CIDEr, by the code of the COCO evaluation.

Sources: Papineni et al., ACL 2002 (BLEU); Denkowski and Lavie, WMT 2014 (METEOR 1.5); Lin, 2004 (ROUGE-L); Vedantam et al.,
CVPR 2015 (CIDEr). Package: pycocoevalcap, which runs METEOR in Java.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from realtime_fer.errors import SettingsError, ShapeError, missing_extra

WITHOUT_JAVA: Final = "METEOR is left out: it runs in Java, and there is no java here; install a Java runtime"

_WORD: Final = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class CaptionScores:
    """Over a set of captions; all but CIDEr lie in [0, 1], CIDEr in [0, 10].

    Attributes:
        n: captions.
        bleu: BLEU-1 to BLEU-4 of the whole set.
        rouge_l, cider: means over the captions.
        meteor: of the whole set, which weighs longer texts more; None where there is no Java.
        meteor_each: of each caption, the best over its references; empty where there is no Java.
    """

    n: int
    bleu: tuple[float, float, float, float]
    rouge_l: float
    cider: float
    meteor: float | None
    meteor_each: tuple[float, ...] = ()


def score_captions(captions: Sequence[str], references: Sequence[Sequence[str]], *, java: str | None = None) -> CaptionScores:
    """Score captions, one a picture, against one or more references each.

    Both are cut into words in lower case, without punctuation, as the tokeniser of the COCO evaluation does; see `words_of`.

    Args:
        java: the program; None looks for it, and leaves METEOR out where there is none.

    Raises:
        ShapeError: lengths that differ, no caption, or a picture without a reference.
        SettingsError: Java is there and METEOR does not answer.
        MissingExtraError: pycocoevalcap is not installed.
    """
    if len(captions) != len(references) or not captions:
        raise ShapeError(
            f"captions: expected as many as lists of references and at least one, found {len(captions)} and {len(references)}"
        )
    bare = [number for number, texts in enumerate(references) if not any(words_of(text) for text in texts)]
    if bare:
        raise ShapeError(f"captions: picture {bare[0]} has no reference with a word in it")
    try:
        from pycocoevalcap.bleu.bleu import Bleu
        from pycocoevalcap.cider.cider import Cider
        from pycocoevalcap.rouge.rouge import Rouge
    except ImportError as error:
        raise missing_extra("scoring captions", "captions", error) from error
    said = {number: [words_of(text)] for number, text in enumerate(captions)}
    truth = {number: [words for text in texts if (words := words_of(text))] for number, texts in enumerate(references)}
    bleu, _ = Bleu(4).compute_score(truth, said, verbose=0)
    rouge_l, _ = Rouge().compute_score(truth, said)
    cider, _ = Cider().compute_score(truth, said)
    meteor, each = _meteor(truth, said) if java or shutil.which("java") else (None, ())
    return CaptionScores(
        n=len(captions),
        bleu=(float(bleu[0]), float(bleu[1]), float(bleu[2]), float(bleu[3])),
        rouge_l=float(rouge_l),
        cider=float(cider),
        meteor=meteor,
        meteor_each=each,
    )


def words_of(text: str) -> str:
    """Lower-case words with one space between; apostrophes and hyphens within a word stay."""
    return " ".join(_WORD.findall(text.lower()))


def _meteor(truth: dict[int, list[str]], said: dict[int, list[str]]) -> tuple[float, tuple[float, ...]]:
    from pycocoevalcap.meteor.meteor import Meteor

    scorer: Any = Meteor()
    process: subprocess.Popen[bytes] = scorer.meteor_p
    try:
        whole, each = scorer.compute_score(truth, said)
        return float(whole), tuple(map(float, each))
    except (OSError, ValueError) as error:
        # It has ended, or said something that is no number: what it complained of says why.
        process.kill()
        said_last = (process.stderr.read().decode(errors="replace") if process.stderr else "").strip().splitlines()[-1:]
        raise SettingsError(f"METEOR: java does not answer ({said_last or error}); it needs 2 GB of memory") from error
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.kill()
        process.wait()
