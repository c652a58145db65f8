"""The 27 action units of Exp-BLIP's captions, and the words for them.

Source: Table 1 of the paper's supplement (Yuan, Zeng, Shan, BMVC 2023).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ActionPhrase(NamedTuple):
    """One action unit in words.

    Attributes:
        name: what FACS calls it.
        verb: what a face does, after "to".
        third_person: what a person does, after "a person who".
    """

    name: str
    verb: str
    third_person: str


def _phrase(name: str, verb: str) -> ActionPhrase:
    first, _, rest = verb.partition(" ")
    ending = "es" if first.endswith(("s", "sh", "ch", "x", "z")) else "s"
    return ActionPhrase(name, verb, f"{first}{ending} {rest}")


ACTION_PHRASES: Final = {
    "AU1": _phrase("inner brow raiser", "raise inner eyebrow"),
    "AU2": _phrase("outer brow raiser", "raise outer eyebrow"),
    "AU4": _phrase("brow lowerer", "lower brow"),
    "AU5": _phrase("upper lid raiser", "raise upper lid"),
    "AU6": _phrase("cheek raiser", "raise cheek"),
    "AU7": _phrase("lid tightener", "tighten lids"),
    "AU8": _phrase("lips toward each other", "pull lips toward each other"),
    "AU9": _phrase("nose wrinkler", "wrinkle nose"),
    "AU10": _phrase("upper lip raiser", "raise upper lip"),
    "AU11": _phrase("nasolabial deepener", "deepen nasolabial"),
    "AU12": _phrase("lip corner puller", "pull lip corner"),
    "AU14": _phrase("dimpler", "tighten lip corner"),
    "AU15": _phrase("lip corner depressor", "depress lip corner"),
    "AU16": _phrase("lower lip depressor", "depress lower lip"),
    "AU17": _phrase("chin raiser", "raise chin"),
    "AU18": _phrase("lip pucker", "pucker lips"),
    "AU19": _phrase("tongue show", "stick tongue out"),
    "AU20": _phrase("lip stretch", "stretch lips"),
    "AU21": _phrase("neck tightener", "tighten neck"),
    "AU22": _phrase("lip funneler", "show lip funneler"),
    "AU23": _phrase("lip tightener", "tighten lips"),
    "AU24": _phrase("lip pressor", "press lips"),
    "AU25": _phrase("lips part", "separate lips"),
    "AU26": _phrase("jaw drop", "drop jaw"),
    "AU27": _phrase("mouth stretch", "stretch mouth"),
    "AU28": _phrase("lip suck", "suck lips"),
    "AU43": _phrase("eyes closed", "close eyes"),
}
"""By action unit, in order of number."""
