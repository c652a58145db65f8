from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.training.chain_of_affect.examples import ChainBatch, ChainExamples, collate  # noqa: E402
from realtime_fer.training.chain_of_affect.objective import ChainLoss  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_config, tiny_model, tiny_tokenizer  # noqa: E402
from tests.training.chain_of_affect.tiny_set import VOCABULARY, generated_records, save_set  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def model() -> Phi3Vision:
    return tiny_model(tiny_config(VOCABULARY)).requires_grad_(False)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> ChainBatch:
    """One first question and one second, of different lengths."""
    folder = save_set(tmp_path_factory.mktemp("set"))
    records = [generated_records()[0], generated_records()[-1]]
    paths = {path.name: path for path in folder.rglob("*.png")}
    examples = ChainExamples(records, paths, tiny_tokenizer(), 1)
    return collate([examples[Draw(0, 0)], examples[Draw(1, 0)]])


def test_it_is_the_mean_over_what_is_learned_of_all_logits(model: Phi3Vision, batch: ChainBatch) -> None:
    """The plain way: all logits of each row by itself, without its padding, then the library's own shift and mask."""
    sums, count = 0.0, 0
    for row in range(2):
        kept = int((batch.labels[row] != -100).nonzero().max()) + 1
        logits = model(
            batch.input_ids[row : row + 1, :kept], batch.pixel_values[row : row + 1], batch.image_sizes[row : row + 1]
        )
        target = batch.labels[row, 1:kept]
        sums += float(torch.nn.functional.cross_entropy(logits[0, :-1], target, ignore_index=-100, reduction="sum"))
        count += int((target != -100).sum())
    assert count == int((batch.labels != -100).sum())
    assert float(ChainLoss(model, "float32")(batch)) == pytest.approx(sums / count, abs=1e-4)


def test_mixed_precision_is_close_and_ends_in_float32(model: Phi3Vision, batch: ChainBatch) -> None:
    exact, mixed = ChainLoss(model, "float32")(batch), ChainLoss(model, "bfloat16")(batch)
    assert mixed.dtype == torch.float32
    assert float(exact) != float(mixed)
    assert float(mixed) == pytest.approx(float(exact), rel=0.05)
