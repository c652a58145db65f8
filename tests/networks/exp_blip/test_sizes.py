from __future__ import annotations

import pytest

from realtime_fer.errors import ShapeError
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes


def test_the_published_image_gives_257_vectors() -> None:
    assert PUBLISHED.image_tokens == 257


@pytest.mark.parametrize(
    ("values", "named"),
    [({"image_px": 225}, "image_px"), ({"vision_heads": 3}, "vision_heads"), ({"opt_end_id": 50272}, "opt_end_id")],
)
def test_sizes_that_do_not_go_together(values: dict[str, int], named: str) -> None:
    with pytest.raises(ShapeError, match=named):
        ExpBlipSizes(**values)  # type: ignore[arg-type]
