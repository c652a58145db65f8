"""Words for parts of a face and for what they do, and which action unit both make together.

The pairs follow the names of FACS; captions written by GPT-3.5 rarely use the phrases of the supplement's table itself.
"""

from __future__ import annotations

from typing import Final

PARTS: Final = (
    ("inner brow", r"inner (?:eye)?brows?"),
    ("outer brow", r"outer (?:eye)?brows?"),
    ("brow", r"(?:eye)?brows?"),
    ("forehead", r"foreheads?"),
    ("upper lid", r"upper (?:eye)?lids?"),
    ("lower lid", r"lower (?:eye)?lids?"),
    ("lid", r"(?:eye)?lids?"),
    ("eye", r"eyes?"),
    ("cheek", r"cheeks?"),
    ("nose", r"nose"),
    ("nasolabial", r"nasolabial(?: (?:folds?|furrows?|lines?))?"),
    ("corner", r"(?:lip|mouth) corners?|corners? of the (?:mouth|lips?)"),
    ("upper lip", r"upper lips?"),
    ("lower lip", r"lower lips?"),
    ("lip", r"lips?"),
    ("mouth", r"mouth"),
    ("chin", r"chin"),
    ("jaw", r"jaw"),
    ("neck", r"neck"),
    ("tongue", r"tongue"),
)
"""Part and its pattern, longest first: what an earlier one takes a later one does not see."""

MOVES: Final = (
    ("up", r"rais(?:e|es|ed|ing)|lift(?:s|ed|ing)?|elevat(?:e|es|ed|ing)|upwards?|arch(?:es|ed|ing)?"),
    ("down", r"(?:lower(?:s|ed|ing)|lower(?= brow))|drop(?:s|ped|ping)?|depress(?:es|ed|ing)?|downwards?|down"),
    ("knit", r"furrow(?:s|ed|ing)?|frown(?:s|ed|ing)?|knit(?:s|ted)?|drawn together"),
    ("tighten", r"tighten(?:s|ed|ing)?|tens(?:e|es|ed|ing)"),
    ("narrow", r"narrow(?:s|ed|ing)?|squint(?:s|ed|ing)?"),
    ("widen", r"widen(?:s|ed|ing)?"),
    ("open wide", r"wide(?:ly)? open(?:ed)?"),
    ("wrinkle", r"wrinkl(?:e|es|ed|ing)|scrunch(?:es|ed|ing)?|crinkl(?:e|es|ed|ing)"),
    ("part", r"part(?:s|ed|ing)?|separat(?:e|es|ed|ing)|open(?:s|ed|ing)?|apart"),
    ("press", r"press(?:es|ed|ing)?(?: together)?|compress(?:es|ed|ing)?"),
    ("pucker", r"pucker(?:s|ed|ing)?|purs(?:e|es|ed|ing)"),
    ("stretch", r"stretch(?:es|ed|ing)?"),
    ("suck", r"suck(?:s|ed|ing)?"),
    ("deepen", r"deepen(?:s|ed|ing)?"),
    ("close", r"clos(?:e|es|ed|ing)|shut"),
    ("dimple", r"dimpl(?:e|es|ed|ing)"),
    ("show", r"stick(?:s|ing)?|stuck out|protrud(?:es|ed|ing)"),
    ("pull", r"pull(?:s|ed|ing)?"),
)
"""Movement and its pattern. A pull counts as the direction it is given; see `action_mentions`."""

ACTION_OF: Final = {
    ("inner brow", "up"): ("AU1",),
    ("outer brow", "up"): ("AU2",),
    ("brow", "up"): ("AU1", "AU2"),
    ("brow", "down"): ("AU4",),
    ("brow", "knit"): ("AU4",),
    ("forehead", "knit"): ("AU4",),
    ("upper lid", "up"): ("AU5",),
    ("eye", "widen"): ("AU5",),
    ("eye", "open wide"): ("AU5",),
    ("cheek", "up"): ("AU6",),
    ("lid", "tighten"): ("AU7",),
    ("upper lid", "tighten"): ("AU7",),
    ("lower lid", "tighten"): ("AU7",),
    ("lower lid", "up"): ("AU7",),
    ("eye", "narrow"): ("AU7",),
    ("nose", "wrinkle"): ("AU9",),
    ("upper lip", "up"): ("AU10",),
    ("nasolabial", "deepen"): ("AU11",),
    ("corner", "up"): ("AU12",),
    ("corner", "pull"): ("AU12",),
    ("corner", "tighten"): ("AU14",),
    ("corner", "dimple"): ("AU14",),
    ("corner", "down"): ("AU15",),
    ("lower lip", "down"): ("AU16",),
    ("chin", "up"): ("AU17",),
    ("lip", "pucker"): ("AU18",),
    ("tongue", "show"): ("AU19",),
    ("lip", "stretch"): ("AU20",),
    ("neck", "tighten"): ("AU21",),
    ("lip", "tighten"): ("AU23",),
    ("lip", "press"): ("AU24",),
    ("lip", "part"): ("AU25",),
    ("upper lip", "part"): ("AU25",),
    ("lower lip", "part"): ("AU25",),
    ("mouth", "part"): ("AU25",),
    ("lip", "open wide"): ("AU25",),
    ("mouth", "open wide"): ("AU25",),
    ("jaw", "down"): ("AU26",),
    ("mouth", "stretch"): ("AU27",),
    ("lip", "suck"): ("AU28",),
    ("eye", "close"): ("AU43",),
}
"""Pairs that name something. A raised brow, without which side of it, is both of its units."""
