"""Many small pictures with captions on one large one, for a person to look through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime_fer.errors import DatasetError
from realtime_fer.types import ImageBgr

TILE_PX = 200
COLUMNS = 8
GAP_PX = 12
LINE_PX = 18
HEADING_PX = 34

WHITE, INK, FAINT = (255, 255, 255), (30, 30, 30), (235, 235, 235)
FONT = cv2.FONT_HERSHEY_SIMPLEX
HEADING_SCALE, CAPTION_SCALE = 0.7, 0.42

SHORTEST_CAPTION = 6
"""Letters that a caption keeps however narrow its tile is."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One picture, uint8 BGR of any size, and the lines under it."""

    image_bgr: ImageBgr
    caption: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Tiles under one heading; without tiles the heading stands alone."""

    heading: str
    tiles: Sequence[Tile]


def contact_sheet(sections: Sequence[Section], *, columns: int = COLUMNS, tile_px: int = TILE_PX) -> ImageBgr:
    """All sections, at least one, under one another; uint8 BGR.

    Every picture is fitted into a square of `tile_px`, small ones enlarged without smoothing so that their pixels show.
    """
    width = columns * (tile_px + GAP_PX) + GAP_PX
    return np.concatenate([_drawn(section, columns, tile_px, width) for section in sections])


def write_contact_sheet(path: Path, sections: Sequence[Section], *, columns: int = COLUMNS, tile_px: int = TILE_PX) -> Path:
    """Write a contact sheet as PNG; its folder is made when absent.

    Raises:
        DatasetError: it cannot be written there.
    """
    sheet = contact_sheet(sections, columns=columns, tile_px=tile_px)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot write the contact sheet ({error.strerror}); name a folder you may write to"
        ) from error
    return path


def shortened(text: str, width_px: int) -> str:
    """The text as it fits under a tile: its beginning and its end, for names of files differ most at their ends."""
    for kept in range(len(text), SHORTEST_CAPTION, -1):
        ending = kept * 2 // 3
        candidate = text if kept == len(text) else f"{text[: kept - ending]}..{text[-ending:]}"
        if cv2.getTextSize(candidate, FONT, CAPTION_SCALE, 1)[0][0] <= width_px:
            return candidate
    return text[:SHORTEST_CAPTION]


def _drawn(section: Section, columns: int, tile_px: int, width: int) -> ImageBgr:
    lines = max((len(tile.caption) for tile in section.tiles), default=0)
    row_px = tile_px + lines * LINE_PX + GAP_PX
    rows = -(-len(section.tiles) // columns)
    sheet = np.full((HEADING_PX + GAP_PX + rows * row_px, width, 3), WHITE, np.uint8)
    _write(sheet, section.heading, GAP_PX, HEADING_PX - 8, HEADING_SCALE, thickness=2)
    for index, tile in enumerate(section.tiles):
        left = GAP_PX + index % columns * (tile_px + GAP_PX)
        top = HEADING_PX + GAP_PX // 2 + index // columns * row_px
        sheet[top : top + tile_px, left : left + tile_px] = _fitted(tile.image_bgr, tile_px)
        for number, line in enumerate(tile.caption, start=1):
            _write(sheet, shortened(line, tile_px), left, top + tile_px + number * LINE_PX - 4, CAPTION_SCALE)
    return sheet


def _fitted(image: ImageBgr, side_px: int) -> ImageBgr:
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    square = np.full((side_px, side_px, 3), FAINT, np.uint8)
    left, top = (side_px - size[0]) // 2, (side_px - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=interpolation)
    return square


def _write(sheet: ImageBgr, text: str, left: int, baseline: int, scale: float, *, thickness: int = 1) -> None:
    # OpenCV's fonts know ASCII alone.
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(sheet, plain, (left, baseline), FONT, scale, INK, thickness, cv2.LINE_AA)
