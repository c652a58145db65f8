"""Words for facial actions, as patterns: parts of the face, what they do, how much, and on which side."""

from __future__ import annotations

import re
from typing import Final

INTENSITY_WORDS: Final = {
    "faint": "slight", "minimal": "slight", "minimally": "slight", "minor": "slight", "slight": "slight", "slightly": "slight",
    "subtle": "slight", "subtly": "slight", "mild": "slight", "mildly": "slight", "gentle": "slight", "gently": "slight",
    "weak": "slight", "partial": "slight", "partially": "slight",
    "moderate": "moderate", "moderately": "moderate", "noticeable": "moderate", "noticeably": "moderate", "visible": "moderate",
    "significant": "strong", "significantly": "strong", "pronounced": "strong", "prominent": "strong", "prominently": "strong",
    "strong": "strong", "strongly": "strong", "intense": "strong", "marked": "strong", "markedly": "strong", "wide": "strong",
    "widely": "strong", "highly": "strong", "considerable": "strong", "considerably": "strong", "notably": "strong",
    "fully": "strong",
}  # fmt: skip
"""Words for how much, and the level each stands for."""


REACH: Final = 60
"""Letters at most between a part of the face and its movement."""

CLAUSE_ENDS: Final = re.compile(
    r"(?<=[a-z0-9)*])[.!?](?=\s|$)|[,;\u2014](?=\s|\w)|:(?!\s*[01]?\.\d)(?=\s|\w)|\n"
    r"|\b(?:while|whereas|although|though|but|which|that|along with|accompanied by)\b",
    re.IGNORECASE,
)
JOINED: Final = re.compile(r"\s*(?:and|or|/|&)\s+(?:the\s+|both\s+|left\s+|right\s+)?", re.IGNORECASE)
SIDE: Final = re.compile(r"\b(?:left|right|both|leftward|rightward)\b", re.IGNORECASE)
INTENSITY: Final = re.compile(r"\b(?:" + "|".join(sorted(INTENSITY_WORDS, key=len, reverse=True)) + r")\b", re.IGNORECASE)
FIGURE: Final = re.compile(r"\b(?:0?\.\d+|1\.0+)\b")
DENIAL: Final = re.compile(
    r"\b(?:no|not(?! only)|\w+n['\u2019]t|cannot|without|lack(?:s|ing)?(?: of)?|absence of|absent|neither|nor|never"
    r"|fails? to)\b",
    re.IGNORECASE,
)
DENIAL_ENDS: Final = re.compile(r"\band (?:the|his|her|their|both)\b", re.IGNORECASE)
"""What a denial before it does not reach beyond."""
DENIED_BEHIND: Final = re.compile(
    r"\b(?:(?<!and )(?<!with )(?:absent|inactive|missing)|(?:not|\w+n['\u2019]t) (?:\w+ly )?"
    r"(?:present|active|activated|visible|evident|seen|observed|detected|noticeable))\b",
    re.IGNORECASE,
)
"""Behind an action, says that it is not there; "and absent" begins with the next one."""

_UP: Final = r"rais\w*|elevat\w*|lift\w*|upward\w*|upturn\w*"
_DOWN: Final = r"depress\w*|downward\w*|lowering|lowered|droop\w*|drop\w*|pulled down"
_IN: Final = r"suck\w*|tuck\w*|inward\w*|drawn in|engag\w*"

NOUNS: Final = re.compile(
    "|".join(
        f"(?P<{part}>{pattern})"
        for part, pattern in {
            "brow": r"\b(?:eye)?brows?\b",
            "lid": r"\beye-?lids?\b|\blids?\b",
            "eye": r"\beyes?\b",
            "upper_lip": r"\bupper lip\b",
            "lower_lip": r"\blower lip\b",
            "corner": r"\b(?:lip|mouth) corners?\b|\bcorners?(?: of (?:the |both |his |her )?(?:lips?|mouth))?\b|\bsmil\w+\b",
            "lips": r"\blips?\b|\blip-(?=suck)",
            "jaw": r"\bjaw\b|\bmouth\b",
            "chin": r"\bchin\b",
            "cheek": r"\bcheeks?\b",
            "nose": r"\bnose\b|\bnasal\b",
        }.items()
    ),
    re.IGNORECASE,
)

MOVEMENTS: Final = {
    part: {action: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for action, pattern in actions.items()}
    for part, actions in {
        "eye": {
            "Eye Close": r"clos(?:ed?|ure|ing)|squint\w*|narrow\w*|shut",
            "Lid Raise": r"wid(?:e|en\w*)(?: open)?|open(?:ed|ness)?",
        },
        "lid": {"Lid Raise": _UP + r"|wid(?:e|en\w*)", "Eye Close": r"clos(?:ed?|ure|ing)|lowered|lowering|droop\w*"},
        "brow": {
            "Brow Lower": r"lower(?:ed|ing|er)?(?! lip)|furrow\w*|frown\w*|downward\w*|downturn\w*|downward",
            "Brow Raise": _UP + r"|arch\w*",
        },
        "jaw": {
            "Jaw Drop": r"drop\w*|open\w*|slack\w*|agape|lowered|lowering",
            "Jaw Slide": r"slid\w*|shift\w*|lateral\w*|sideways|(?:left|right)ward|to the (?:left|right)",
            "Jaw Thrust": r"thrust\w*|forward|protru\w*",
        },
        "corner": {
            "Lip Corner Pull": _UP + r"|pull\w*(?!\s+(?:\w+\s+)?down)|smil\w*|turned up|upturned",
            "Lip Corner Stretch": r"stretch\w*",
        },
        "upper_lip": {"Upper Lip Raise": _UP + r"|retract\w*", "Upper Lip Suck": _IN},
        "lower_lip": {"Lower Lip Depress": _DOWN, "Lower Lip Suck": _IN},
        "lips": {
            "Lip Pucker": r"pucker\w*|purs\w*",
            "Lip Corner Stretch": r"stretch\w*",
            "Lip Suck": r"suck\w*|tuck\w*|inward\w*",
        },
        "chin": {"Chin Raise": _UP},
        "cheek": {"Cheek Puff": r"puff\w*|inflat\w*|blow\w*"},
        "nose": {"Nose Wrinkle": r"wrinkl\w*|scrunch\w*|crinkl\w*"},
    }.items()
}
