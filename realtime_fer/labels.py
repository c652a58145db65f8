"""Expression classes and their order, per data set.

An order is part of a model's contract: class `i` of its output is entry `i` of its labels. Names follow
the noun forms of Chain-of-Affect, in lower case; `ROS4HRI_NAMES` maps them to REP-155's adjectives.
"""

from __future__ import annotations

from typing import Final

FERPLUS_LABELS: Final = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The eight expression classes of FER+ in the order of its vote columns (Barsoum et al., ICMI 2016)."""

FERPLUS_VOTE_COLUMNS: Final = (*FERPLUS_LABELS, "unknown", "not_a_face")
"""All ten vote columns of FER+."""

AFFECTNET_LABELS: Final = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
"""The first seven classes of AffectNet in its order (Mollahosseini et al., 2019); the eighth is contempt."""

AFFWILD2_LABELS: Final = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""The seven expression classes of Aff-Wild2 in the order of its files' header (Kollias & Zafeiriou, BMVC 2019)."""

CKPLUS_LABELS: Final = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""The emotions of CK+, its labels 1 to 7 (Lucey et al., CVPR Workshops 2010). A neutral face is none of them."""

MMI_LABELS: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""The emotions of MMI, its labels 1 to 6 (Pantic et al., ICME 2005)."""

JAFFE_LABELS: Final = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""The seven expressions of JAFFE in the order of their codes (Lyons et al., FG 1998)."""

UNKNOWN: Final = "unknown"
"""Published where the service does not say which expression a face shows."""

EXPRESSION_LABELS: Final = (*FERPLUS_LABELS, UNKNOWN)
"""Every label a message may carry."""

ROS4HRI_NAMES: Final = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprised",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "scared",
    "contempt": "contemptuous",
    "unknown": "",
}
"""Names of the `hri_msgs/Expression` message (REP-155), where an empty string says "not known"."""
