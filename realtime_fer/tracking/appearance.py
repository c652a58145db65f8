"""Whether a face that the detector missed is still there, by how its place looks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MIN_LIKENESS = 0.4
"""A face half hidden by a hand keeps about 0.5 with how it looked a moment ago; a wall, a sky or another scene has
about 0."""

FaceCrop = npt.NDArray[np.uint8]


class AppearanceMemory:
    """Remembers how each tracked face looked when the detector last saw it.

    A tracker alone would go on for a while after a face has left or the scene was cut; with this, a missed face is
    believed only while the picture at its predicted place still looks like it.
    """

    def __init__(self, *, min_likeness: float = MIN_LIKENESS) -> None:
        self._min_likeness = min_likeness
        self._seen: dict[int, FaceCrop] = {}

    def still_there(self, track_id: int, crop: FaceCrop | None, *, detected: bool) -> bool:
        """Whether to report this track on this frame.

        Args:
            crop: the face cut at the track's box, uint8, the same shape each time; None where the box shows nothing.
            detected: True where the detector saw the face on this frame; it is then believed and remembered.
        """
        if detected:
            if crop is not None:
                self._seen[track_id] = crop
            return True
        before = self._seen.get(track_id)
        if before is None:
            return True
        return crop is not None and likeness(before, crop) >= self._min_likeness

    def forget(self, track_id: int) -> None:
        """Drop what is known of an ended track; an unknown id is no error."""
        self._seen.pop(track_id, None)


def likeness(a: FaceCrop, b: FaceCrop) -> float:
    """Normalised cross-correlation of two crops of one shape, in [-1, 1]; 0 where either is of one even colour.

    Brightness and contrast do not count, so a light that is switched on does not end a face.
    """
    x = a.astype(np.float32).ravel()
    y = b.astype(np.float32).ravel()
    x -= x.mean()
    y -= y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else 0.0
