"""ExpLLM against recordings of the original code: every file and every case of the folder.

All quantities are compared at the tolerances of the README beside the recordings.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from realtime_fer.networks.expllm import prompts  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import from_published  # noqa: E402
from realtime_fer.networks.expllm.checkpoint_keys import is_dropped, published_shapes, require_published  # noqa: E402
from realtime_fer.networks.expllm.config import ExpLlmConfig, VisionSizes  # noqa: E402
from realtime_fer.networks.expllm.generation import generate, padded  # noqa: E402
from realtime_fer.networks.expllm.image_processor import pixel_values, resized, square  # noqa: E402
from realtime_fer.networks.expllm.metrics import score_labels  # noqa: E402
from realtime_fer.networks.expllm.model import NOT_LEARNED, ExpLlm, positions_of  # noqa: E402
from realtime_fer.networks.expllm.prompts import DESCRIPTION, EXPRESSION, FACE_BOX, IMAGE_TOKEN, Turn  # noqa: E402
from realtime_fer.networks.expllm.tokenizer import ExpLlmTokenizer  # noqa: E402
from tests.parity import expllm_recordings as recordings  # noqa: E402
from tests.parity.expllm_recordings import array, picture, read_json  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

FEATURE_TOLERANCE = 1e-5
LOGIT_TOLERANCE = 1e-4
LOSS_TOLERANCE = 1e-5
NEW_TOKENS = 16
LEARNED_AT_THE_END = 12

LLAMA_PIECES = 32000

NEED_VOCABULARY = ("prompts", "label words", "training records")

ran: Counter[str] = Counter()
"""Cases that were run, by kind; the last test counts them."""


@pytest.fixture(scope="module", autouse=True)
def folder(parity_folder: Callable[[str], Path]) -> Iterator[Path]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield parity_folder(recordings.SYSTEM)
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def answered_cases() -> list[str]:
    return [name for name, about in read_json("cases.json").items() if "generated_ids" in about]


def loss_cases() -> list[str]:
    return [name for name, about in read_json("cases.json").items() if "loss" in about]


def prompt_names() -> list[str]:
    return [name for name, about in read_json("prompt_tokens.json").items() if "text" in about]


def variants(of: Any) -> list[str]:
    return [name for name in of if name.startswith("legacy_")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every entry of the files, whatever they are called."""
    tokens = read_json("prompt_tokens.json")
    names: dict[str, list[Any]] = {
        "answered": answered_cases(),
        "learned": loss_cases(),
        "image": list(read_json("pixel_stats.json")),
        "prompt": [(name, variant) for name in prompt_names() for variant in variants(tokens[name])],
        "words": [
            (name, variant) for name, about in tokens.items() if name not in prompt_names() for variant in variants(about)
        ],
        "record": [
            (variant, index) for variant, rows in read_json("train_tokens_labels.json").items() for index in range(len(rows))
        ],
    }
    for name, values in names.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(
                name, values, ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else value
            )


def close(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=tolerance)


# The tiny model, and what it is asked.


def tiny_config() -> ExpLlmConfig:
    values = read_json("config_tiny.json")
    vision, lora = values["vision"], values["lora"]
    settings = {f"lora_{which}_{name}": lora[name] for which in ("llm", "vision") for name in ("r", "alpha", "dropout")}
    config = ExpLlmConfig.from_values(
        {**values["llm"], **settings, "im_patch_token": values["im_patch_token"], "num_patches": values["num_patches"]},
        VisionSizes(vision["hidden_size"], vision["num_hidden_layers"], vision["num_attention_heads"], vision["mlp_ratio"]),
    )
    assert config.alpha / config.rank == lora["scaling"]
    return config


@cache
def tensors() -> dict[str, Tensor]:
    """Published names and values, by the rule."""
    keys = {name: tuple(shape) for name, shape in read_json("keys_tiny.json").items()}
    require_published(keys, tiny_config(), "keys_tiny.json")
    return {
        name: torch.from_numpy(recordings.weight(name, shape)) for name, shape in keys.items() if not name.endswith("inv_freq")
    }


@cache
def tiny_model(attention: str = "sdpa") -> ExpLlm:
    return from_published(tensors().items(), tiny_config(), dtype=torch.float32, attention=attention)


def prompt_ids(about: Any) -> list[list[int]]:
    image_id = read_json("config_tiny.json")["im_patch_token"]
    return [[*row["before"], *[image_id] * row["image_tokens"], *row["after"]] for row in about["prompts"]]


def test_the_rule_makes_the_recorded_weights() -> None:
    values = tensors()
    for name, about in read_json("weights_check.json").items():
        if name.endswith("inv_freq"):
            head = tiny_config().language.hidden_size // tiny_config().language.heads
            value = 1 / 10000 ** (torch.arange(0, head, 2) / head)
            close(tiny_model().language.model.rotary_emb.inv_freq, value, 1e-7)
        else:
            value = values[name]
        assert list(value.shape) == about["shape"]
        close(value.flatten()[:3], about["first3"], 1e-6)
        assert float(value.double().sum()) == pytest.approx(about["sum"], abs=1e-3)
        ran["weights"] += 1


def test_every_tensor_of_the_full_model_has_its_place() -> None:
    full = {name: tuple(shape) for name, shape in read_json("keys_full.json").items()}
    if not full:
        pytest.skip("not part of this set")
    config = ExpLlmConfig()
    require_published(full, config, "keys_full.json")
    assert published_shapes(config) == {name: shape for name, shape in full.items() if not is_dropped(name)}
    with torch.device("meta"):
        model = ExpLlm(config)
    counted = sum(value.numel() for value in model.parameters())
    # Our table of positions is for 16x16 patches, and the token for hidden patches is dropped.
    assert counted == 7_068_744_704 - 1024 * (37 * 37 - 16 * 16) - 1024
    model.train_only_small_parts()
    assert sum(value.numel() for value in model.parameters() if value.requires_grad) == 25_960_448
    ran["full keys"] += len(full)


# Pictures.


def test_image(image: str) -> None:
    found = resized(picture(image))
    assert (found == array("resized_uint8.npz", image)).all()
    about = read_json("pixel_stats.json")[image]
    values = pixel_values([picture(image)])[0]
    assert list(values.shape) == about["shape"]
    assert float(values.double().sum()) == pytest.approx(about["sum"], abs=0.05)
    close(values.double().mean(dim=(1, 2)), about["per_channel_mean"], 1e-6)
    close(values[0, 0, :5], about["first_row_first5_R"], 1e-6)
    close(values[:, 112, 112], about["centre_rgb"], 1e-6)
    ran["pictures"] += 1


# The whole model.


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_answered(answered: str, attention: str) -> None:
    model, about = tiny_model(attention), read_json("cases.json")[answered]
    assert (about["padding_side"], about["pad_token_id"]) == ("left", model.config.pad_id)
    compared: set[str] = set()

    def recorded(what: str, found: Tensor, tolerance: float) -> None:
        """Compare with an array, or with the part of it that was recorded."""
        for suffix, part in (("", found), ("_first4", found[:, :4]), ("_last8", found[:, -8:])):
            key = f"{answered}/{what}{suffix}"
            if key in recordings.arrays("outputs.npz"):
                close(part, array("outputs.npz", key), tolerance)
                compared.add(key)

    pixels = pixel_values([picture(name) for name in about["images"]])
    patches = model.patch_tokens(pixels)
    images = model.image_embeddings(pixels)
    recorded("vision_patch_tokens", patches, FEATURE_TOLERANCE)
    recorded("projector_out", images, FEATURE_TOLERANCE)
    close(patches.double().sum(dim=(1, 2)), about["vision_sum"], 0.02)
    close(patches.double().abs().mean(dim=(1, 2)), about["vision_abs_mean"], 1e-5)
    close(images.double().sum(dim=(1, 2)), about["projector_sum"], 0.02)

    rows = prompt_ids(about)
    ids, mask = padded(rows, model.config.pad_id)
    assert ids.shape[1] == about["padded_length"]
    recorded("prompt_logits", model(ids, images, mask)[0], LOGIT_TOLERANCE)
    with model.without_adapters():
        recorded("nolora_vision_patch_tokens", model.patch_tokens(pixels), FEATURE_TOLERANCE)
        recorded("nolora_prompt_logits", model(ids, model.image_embeddings(pixels), mask)[0], LOGIT_TOLERANCE)

    generated = generate(model, rows, images, NEW_TOKENS)
    assert [row + [0] * (len(generated.logits[0]) - len(row)) for row in generated.token_ids] == about["generated_ids"]
    recorded("step_scores", generated.logits, LOGIT_TOLERANCE)
    best = generated.logits.topk(2, dim=2).values
    for row, ids_of_row in enumerate(generated.token_ids):
        margin = (best[row, : len(ids_of_row), 0] - best[row, : len(ids_of_row), 1]).min()
        assert float(margin) == pytest.approx(about["min_top1_top2_margin"][row], abs=2 * LOGIT_TOLERANCE)
    assert compared == {key for key in recordings.arrays("outputs.npz") if key.startswith(f"{answered}/")}
    ran["cases"] += attention == "sdpa"


def test_learned(learned: str) -> None:
    model, about = tiny_model(), read_json("cases.json")[learned]
    ids, mask = padded(prompt_ids(about), about["pad_token_id"], about["padding_side"])
    labels = torch.full_like(ids, NOT_LEARNED)
    for row, length in enumerate(mask.sum(dim=1).tolist()):
        labels[row, length - LEARNED_AT_THE_END : length] = ids[row, length - LEARNED_AT_THE_END : length]
    images = model.image_embeddings(pixel_values([picture(name) for name in about["images"]]))
    _, loss = model(ids, images, mask, labels)
    assert float(loss) == pytest.approx(about["loss"], abs=LOSS_TOLERANCE)
    assert positions_of(mask)[0].tolist()[:3] == [0, 1, 2]
    ran["cases"] += 1


# Words.


@cache
def tokenizer(variant: str) -> ExpLlmTokenizer:
    return ExpLlmTokenizer(recordings.vocabulary(), legacy={"legacy_true": True, "legacy_false": False}[variant])


def own_prompt(name: str) -> str:
    """The prompt of that name, written by our code."""
    if name == "emotion_eval":
        return prompts.label_prompt()
    if match := re.fullmatch(r"description_eval_after_(\w+)", name):
        return prompts.description_prompt(match[1])
    assert name == "task_face_detect", f"{name}: recorded, but not written here"
    return prompts.conversation_text([Turn(FACE_BOX)])


def expected_ids(tokens: Any, count: str) -> list[int]:
    ids: list[int] = [*tokens["before"], *[LLAMA_PIECES] * tokens[count], *tokens["after"]]
    return ids


def test_prompt(prompt: tuple[str, str]) -> None:
    name, variant = prompt
    about = read_json("prompt_tokens.json")[name]
    text = re.sub(r"\{(\d+) x <im_patch>\}", lambda match: IMAGE_TOKEN * int(match[1]), about["text"])
    assert own_prompt(name) == text
    recorded = about[variant]
    found = tokenizer(variant).encode(text)
    assert found == expected_ids(recorded, "im_patch_count")
    assert (len(found), tokenizer(variant).image_id) == (recorded["length"], recorded["im_patch_id"])
    ran["prompts"] += 1


def test_words(words: tuple[str, str]) -> None:
    name, variant = words
    assert name == "answer_token_ids_after_colon", f"{name}: recorded, but not compared here"
    for word, ids in read_json("prompt_tokens.json")[name][variant].items():
        assert tokenizer(variant).answer_ids(word) == [*ids, tokenizer(variant).eos_id]
        assert tokenizer(variant).decode(ids) == word
        ran["label words"] += 1


def test_record(record: tuple[str, int]) -> None:
    variant, index = record
    about = read_json("train_tokens_labels.json")[variant][index]
    answers = ((DESCRIPTION, about["record"].get("description")), (EXPRESSION, about["record"]["emo"]))
    example = tokenizer(variant).training_example([Turn(task, answer) for task, answer in answers if answer is not None])
    assert example.input_ids == expected_ids(about["tokens"], "im_patch_count")
    assert len(example.input_ids) == about["length"]
    assert [list(span) for span in example.spans] == about["supervised_spans"]
    learned = {place for start, end in example.spans for place in range(start, end)}
    for place, (label, token) in enumerate(zip(example.labels, example.input_ids, strict=True)):
        assert label == (token if place in learned else NOT_LEARNED)
    ran["training records"] += 1


# Scores.


def test_metrics() -> None:
    about = read_json("metrics.json")
    results = about["results"]
    score = score_labels([entry["pred"] for entry in results], [entry["gt"] for entry in results])
    assert score._asdict() == pytest.approx(about["expected"])
    assert all(square(np.zeros((8, 8, 3), np.uint8))[1]._asdict() == entry["offset"] for entry in results)
    ran["scored answers"] += len(results)


# Nothing left out.


def test_every_recording_was_used(folder: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    functions = {getattr(item, "originalname", item.name) for item in own}
    if functions != {name for name, value in globals().items() if name.startswith("test_") and callable(value)}:
        pytest.skip("only a part of this file was asked for")
    with_tokens = recordings.LLAMA_TOKENIZER in os.environ
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - {"README.md"} - recordings.opened.keys() == set(), "recordings that no test opens"
    for name in sorted(recordings.opened):
        if name.endswith(".npz"):
            unread = recordings.arrays(name) - recordings.opened[name]
            assert not unread, f"{name}: arrays that no test compares: {sorted(unread)}"
    tokens = read_json("prompt_tokens.json")
    words = [about for name, about in tokens.items() if name not in prompt_names()]
    expected = {
        "cases": len(read_json("cases.json")),
        "pictures": len(read_json("pixel_stats.json")),
        "weights": len(read_json("weights_check.json")),
        "full keys": len(read_json("keys_full.json")),
        "prompts": sum(len(variants(tokens[name])) for name in prompt_names()),
        "label words": sum(len(about[variant]) for about in words for variant in variants(about)),
        "training records": sum(len(rows) for rows in read_json("train_tokens_labels.json").values()),
        "scored answers": len(read_json("metrics.json").get("results", [])),
    }
    if not with_tokens:
        # Skipped above, each with its reason.
        expected = {name: count for name, count in expected.items() if name not in NEED_VOCABULARY}
    assert {name: ran[name] for name in expected} == expected
    with capsys.disabled():
        print(
            f"\nexpllm: {sum(expected.values())} recorded cases ran: {', '.join(f'{n} {name}' for name, n in expected.items())}"
        )
