from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.datasets.expllm_records import ExpLlmFace, ExpLlmRecord  # noqa: E402
from realtime_fer.training.expllm.examples import ExpLlmBatch, ExpLlmExamples, collate  # noqa: E402
from realtime_fer.training.expllm.objective import ExpLlmLoss  # noqa: E402
from realtime_fer.training.vlm.order import Draw  # noqa: E402
from tests.networks.expllm.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from tests.training.expllm.tiny_set import TINY, save_face  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> ExpLlmBatch:
    """Two conversations of different lengths."""
    path = tmp_path_factory.mktemp("faces") / "a.png"
    save_face(path, 30)
    records = [ExpLlmRecord("a.png", "Fear", "Words."), ExpLlmRecord("a.png", "Anger")]
    examples = ExpLlmExamples([ExpLlmFace(record, path) for record in records], tiny_tokenizer(), TINY)
    return collate([examples[Draw(0, 0)], examples[Draw(1, 1)]])


def test_it_is_the_networks_own_loss(batch: ExpLlmBatch) -> None:
    """Which is compared with the recordings; here logits are computed where something is learned alone."""
    model = tiny_model()
    with torch.no_grad():
        images = model.image_embeddings(batch.pixel_values)
        _, expected = model(batch.input_ids, images, batch.attention_mask, batch.labels)
        assert float(ExpLlmLoss(model, "float32")(batch)) == pytest.approx(float(expected), abs=1e-5)


def test_gradients_reach_what_is_to_learn_and_nothing_else(batch: ExpLlmBatch) -> None:
    model = copy.deepcopy(tiny_model())
    model.train_only_small_parts()
    ExpLlmLoss(model, "float32")(batch).backward()
    reached = {name for name, value in model.named_parameters() if value.grad is not None}
    assert reached == {name for name, _ in model.named_parameters() if ".lora_" in name or name.startswith("projector.")}


def test_bfloat16_is_near(batch: ExpLlmBatch) -> None:
    with torch.no_grad():
        exact, mixed = (float(ExpLlmLoss(tiny_model(), name)(batch)) for name in ("float32", "bfloat16"))  # type: ignore[arg-type]
    assert mixed != exact
    assert mixed == pytest.approx(exact, rel=0.05)
