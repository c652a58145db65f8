from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from realtime_fer.errors import ShapeError  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.config import ChainOfAffectTinyConfig  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.face_tower import FaceTower  # noqa: E402
from realtime_fer.networks.chain_of_affect_tiny.model import MIN_SPREAD, ChainOfAffectTiny, FaceProjector  # noqa: E402
from realtime_fer.networks.compact_emotion_gcn import BACKBONES, CompactEmotionGcn  # noqa: E402

pytestmark = pytest.mark.torch


def tiny() -> ChainOfAffectTiny:
    torch.manual_seed(0)
    small = BACKBONES["small"]
    return ChainOfAffectTiny(
        ChainOfAffectTinyConfig(
            stem=small.stem,
            stages=small.stages,
            vocab_size=40,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            labels=("A", "none"),
            answer_token_ids=(7, 8),
        )
    ).eval()


def faces(count: int = 2) -> Any:
    return torch.randint(0, 256, (count, 1, 48, 48), generator=torch.Generator().manual_seed(0)).float()


def test_the_tower_sees_what_the_classifier_sees() -> None:
    torch.manual_seed(0)
    classifier = CompactEmotionGcn(np.eye(8), backbone=BACKBONES["small"])
    # Statistics as after a training, not those of a new network.
    classifier.train()(faces(8))
    tower = FaceTower(BACKBONES["small"].stem, BACKBONES["small"].stages)
    tower.load_trunk(classifier.eval().state_dict())
    seen = tower(faces())
    assert seen.shape == (2, 10, 192)
    assert torch.allclose(seen[:, 0], classifier.features(faces()), atol=1e-5)
    # The summary is the learned pooling over the places, row by row.
    assert torch.allclose(seen[:, 0], (seen[:, 1:] * tower.pooling.flatten(1).T).sum(dim=1), atol=1e-5)


def test_the_tower_never_learns() -> None:
    model = tiny().train()
    assert not any(value.requires_grad for value in model.tower.parameters())
    before = model.tower.stem_norm.running_mean.clone()
    model.look(faces())
    assert torch.equal(before, model.tower.stem_norm.running_mean)
    assert model.projector.training
    with pytest.raises(RuntimeError):
        model.tower.load_trunk(CompactEmotionGcn(np.eye(8), backbone=BACKBONES["medium"]).state_dict())


def test_the_projector_standardises_summary_and_places_apart() -> None:
    projector = FaceProjector(3, 4, 5)
    seen = torch.randn(50, 5, 3) * torch.tensor([1.0, 10.0, 0.0]) + 4
    seen[:, 0] += 100
    projector.fit(seen)
    standard = (seen[:, :1] - projector.mean[0]) / projector.spread[0]
    assert torch.allclose(standard.mean(dim=(0, 1)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(standard.std(dim=(0, 1))[:2], torch.ones(2), atol=1e-4)
    assert projector.spread[0, 2] == pytest.approx(MIN_SPREAD)
    assert projector.mean[1, 0] < 10
    # Each place has an address of its own, even where it sees the same.
    vectors = projector(torch.zeros(1, 5, 3))
    assert not torch.allclose(vectors[:, 1], vectors[:, 2])


def test_a_call_with_ids_and_pixels_reads_the_face_at_its_place() -> None:
    model = tiny()
    ids = torch.tensor([[1, 4, 9, 11], [1, 4, 9, 12]])
    expected = model.read(ids[:, :1], model.look(faces()), ids[:, 2:])
    assert torch.equal(model(ids, faces()), expected)
    assert expected.shape == (2, 1, 40)
    assert not torch.allclose(expected, model(ids, faces().flip(0)))
    for wrong in ([[1, 2, 9, 11], [1, 4, 9, 12]], [[4, 1, 9, 11], [1, 4, 9, 12]], [[4, 4, 9, 11], [1, 4, 9, 12]]):
        with pytest.raises(ShapeError, match="one image token"):
            model(torch.tensor(wrong), faces())


def test_later_words_change_nothing_before_them() -> None:
    model = tiny()
    vectors, before = model.look(faces()), torch.tensor([[1, 5]] * 2)
    whole = model.read(before, vectors, torch.tensor([[6, 9, 3]] * 2), last=2)
    part = model.read(before, vectors, torch.tensor([[6, 9]] * 2))
    assert torch.allclose(whole[:, :1], part, atol=1e-5)


def test_saved_and_loaded_by_transformers_it_is_the_same(tmp_path: Path) -> None:
    model = tiny()
    model.save_pretrained(tmp_path)
    loaded, told = ChainOfAffectTiny.from_pretrained(tmp_path, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    assert (loaded.config.labels, loaded.config.stages) == (["A", "none"], model.config.stages)
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    ids = torch.tensor([[1, 4, 9, 11]] * 2)
    assert torch.allclose(model(ids, faces()), loaded.eval()(ids, faces()), atol=1e-5)


def test_transformers_own_generation_says_the_likeliest_words() -> None:
    model = tiny()
    embedded = model.embed(torch.tensor([[1, 5]]), model.look(faces(1)), torch.tensor([[6, 9]]))
    said = model.language.generate(inputs_embeds=embedded, max_new_tokens=3, do_sample=False, eos_token_id=39)[0].tolist()
    after = [6, 9]
    for word in said:
        logits = model.read(torch.tensor([[1, 5]]), model.look(faces(1)), torch.tensor([after]))
        assert int(logits[0, -1].argmax()) == word
        after.append(word)
