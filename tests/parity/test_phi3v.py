"""Phi-3.5-vision against recordings of the original code: every file and every case of the folder.

All quantities are compared at the tolerances of the README beside the recordings.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
transformers = pytest.importorskip("transformers", reason="needs the vlm extra")
tokenizers = pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.networks.phi3_vision import image_embedding  # noqa: E402
from realtime_fer.networks.phi3_vision.chat import Message, chat_text, one_picture_question  # noqa: E402
from realtime_fer.networks.phi3_vision.config import Phi3VisionConfig, VisionTowerSizes  # noqa: E402
from realtime_fer.networks.phi3_vision.generation import greedy_steps  # noqa: E402
from realtime_fer.networks.phi3_vision.image_processor import TiledPictures, scale_and_pad, tile_pictures  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import PREFIX, LoraAdapter, LowRank  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.networks.phi3_vision.non_lora_state import stripped_names  # noqa: E402
from realtime_fer.networks.phi3_vision.rope import LongRope  # noqa: E402
from realtime_fer.networks.phi3_vision.sequence import TokenSequence  # noqa: E402
from realtime_fer.networks.phi3_vision.tile_layout import image_token_count, tile_layout  # noqa: E402
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.phi3_vision import Phi3VisionChainModel  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_COMPOUND  # noqa: E402
from tests.parity import phi3v_recordings as recordings  # noqa: E402
from tests.parity.phi3v_recordings import expanded, picture, read_arrays, read_json  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

TILE_TOLERANCE = 1e-6
GLOBAL_TILE_TOLERANCE = 1e-5
TOLERANCE = 1e-4
"""Features, embeddings, cache, logits, log-probabilities."""
ROPE_TOLERANCE = 1e-5
FAR_ROPE_TOLERANCE = 2e-2
"""From position 5000 on, where float32 angles are coarse."""
MERGED_TOLERANCE = 1e-6
NEW_TOKENS = 16

ran: Counter[str] = Counter()
"""Cases that were run, by kind; the last test counts them."""

FloatArray = npt.NDArray[np.floating[Any]]


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every entry of the files, whatever they are called."""
    names = {
        "case": list(read_json("cases.json").get("cases", {})),
        "pixels": list(read_json("cases.json").get("preprocess", {})),
        "rope": [(size, kind) for size, sets in read_json("rope.json").items() for kind in ("short", "long") if kind in sets],
        "lora_case": list(read_json("lora.json").get("cases", {})),
        "prompt": [entry["name"] for entry in read_json("prompts.json").get("inference", [])],
        "training": range(len(read_json("prompts.json").get("training", []))),
        "asked": list(read_json("e2e_vocab32064.json").get("cases", {})),
        "mistake": list(read_json("sensitivity.json")),
    }
    for name, values in names.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=str if name != "rope" else "-".join)


# The tiny model, and what it is asked.


def tiny_config(**other: int) -> Phi3VisionConfig:
    values = read_json("tiny_config.json")
    clip = values["clip"]
    tower = VisionTowerSizes(
        clip["hidden_size"], clip["intermediate_size"], clip["num_hidden_layers"], clip["num_attention_heads"]
    )
    return Phi3VisionConfig.from_values({**values["model"], **other}, tower)


def by_rule(config: Phi3VisionConfig, attention: str = "sdpa") -> Phi3Vision:
    model = Phi3Vision(config, attention).eval()
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    model.load_state_dict({name: torch.from_numpy(recordings.weight(name, shape)) for name, shape in shapes.items()})
    return model


@cache
def tiny_model(attention: str = "sdpa") -> Phi3Vision:
    return by_rule(tiny_config(), attention)


@cache
def tiled(names: tuple[str, ...], num_crops: int) -> TiledPictures:
    return tile_pictures([picture(name) for name in names], num_crops)


class Asked(NamedTuple):
    """A case: ids (B, L), its pictures, and which positions are no padding."""

    input_ids: Tensor
    pictures: TiledPictures | None
    mask: Tensor | None

    @property
    def real(self) -> npt.NDArray[np.bool_]:
        kept: npt.NDArray[np.bool_] = (torch.ones_like(self.input_ids) if self.mask is None else self.mask).bool().numpy()
        return kept


@cache
def asked_case(name: str) -> Asked:
    about = read_json("cases.json")["cases"][name]
    ids = torch.tensor([expanded(row["input_ids_rle"]) for row in about["rows"]])
    assert ids.shape[1] == about["seq_len"]
    pictures = tuple(image for row in about["rows"] for image in row["images"])
    mask = None
    if any(row["left_pad"] for row in about["rows"]):
        mask = torch.stack([(torch.arange(ids.shape[1]) >= row["left_pad"]).long() for row in about["rows"]])
    return Asked(ids, tiled(pictures, about["num_crops"]) if pictures else None, mask)


def features_of(model: Phi3Vision, pictures: TiledPictures | None) -> Tensor | None:
    return None if pictures is None else model.image_features(pictures.pixel_values, pictures.image_sizes)


def close(found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=tolerance)


# Names and weights.


def test_the_tiny_model_has_the_recorded_tensors_and_the_rule_makes_their_values() -> None:
    keys = read_json("tiny_keys.json")
    if not keys:
        pytest.skip("not part of this set")
    state = tiny_model().state_dict()
    assert {name: list(value.shape) for name, value in state.items()} == {name: about["shape"] for name, about in keys.items()}
    for name, about in keys.items():
        value = state[name].double()
        close(value.flatten()[:4], about["first4"], 1e-6)
        close([value.sum(), value.square().sum()], [about["sum"], about["sumsq"]], 1e-3)
        ran["tiny keys"] += 1


def test_the_full_model_has_the_published_tensors() -> None:
    full = read_json("full_keys.json")
    if not full:
        pytest.skip("not part of this set")
    path = recordings.find("tokenizer/config.json")
    assert path is not None
    recordings.opened.setdefault("tokenizer/config.json", set())
    with torch.device("meta"):
        model = Phi3Vision(Phi3VisionConfig.from_file(path))
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    assert shapes == full["keys"]
    assert sum(value.numel() for value in model.parameters()) == full["total_params"]
    ran["full keys"] += len(shapes)


# Pictures.


def test_every_recorded_size_has_its_tiles_and_tokens() -> None:
    table = read_json("num_img_tokens.json")
    if not table:
        pytest.skip("not part of this set")
    assert table["columns"] == ["width", "height", "num_crops", "padded_height", "padded_width", "num_img_tokens"]
    for width, height, num_crops, *expected in table["rows"]:
        layout = tile_layout(width, height, num_crops)
        found = [layout.height, layout.width, image_token_count(layout.height, layout.width)]
        assert found == expected, (width, height, num_crops)
        ran["picture sizes"] += 1


def test_pictures_are_made_by_the_rule() -> None:
    for name, about in read_json("images.json").items():
        made = picture(name)
        assert hashlib.sha256(made.tobytes()).hexdigest() == about["sha256_rgb_bytes"]
        assert made[0, :4].tolist() == about["first_pixels"]
        assert made[-1, -1].tolist() == about["last_pixel"]
        ran["pictures"] += 1


def test_pixels(pixels: str) -> None:
    about = read_json("cases.json")["preprocess"][pixels]
    recorded = read_arrays(f"pixels_{pixels}.npz")
    for expected in about["hd"]:
        scaled = scale_and_pad(picture(expected["image"]), about["num_crops"])
        assert scaled.shape == (expected["hd_h"], expected["hd_w"], 3)
        assert int(scaled.sum(dtype=np.int64)) == expected["hd_uint8_sum"]
        assert hashlib.sha256(scaled.tobytes()).hexdigest() == expected["hd_uint8_sha256"]
    found = tiled(tuple(about["images"]), about["num_crops"])
    values = found.pixel_values
    assert list(values.shape) == about["pixel_values_shape"]
    assert found.image_sizes.tolist() == about["image_sizes"]
    assert list(found.token_counts) == about["num_img_tokens"]
    close(values[:, 1:, :, 5::24, 7::24], recorded["strided"][:, 1:], TILE_TOLERANCE)
    close(values[:, :1, :, 5::24, 7::24], recorded["strided"][:, :1], GLOBAL_TILE_TOLERANCE)
    flat = values.double().flatten(3)
    close(flat.mean(dim=3), recorded["tile_mean"], 1e-5)
    close(flat.std(dim=3, correction=0), recorded["tile_std"], 1e-5)
    close(flat.amin(dim=3), recorded["tile_min"], GLOBAL_TILE_TOLERANCE)
    close(flat.amax(dim=3), recorded["tile_max"], GLOBAL_TILE_TOLERANCE)
    close(values[:, 0, :, 100], recorded["global_row100"], GLOBAL_TILE_TOLERANCE)
    close(values[:, 0, :, :4, :4], recorded["global_corner"], GLOBAL_TILE_TOLERANCE)
    ran["pixels"] += 1


# Positions.


def test_rope(rope: tuple[str, str]) -> None:
    size, kind = rope
    about = read_json("rope.json")[size]
    recorded = about[kind]
    if size == "tiny":
        config = tiny_config()
    else:
        path = recordings.find("tokenizer/config.json")
        assert path is not None
        config = Phi3VisionConfig.from_file(path)
    assert (config.head_size, config.original_max_positions, config.max_positions) == (
        about["head_dim"],
        about["original_max"],
        about["max"],
    )
    angles = LongRope(config)
    assert angles.scale == pytest.approx(about["scaling"], abs=1e-7)
    angles.use_long = angles.is_long(recorded["seq_len"])
    assert angles.use_long == (kind == "long")
    np.testing.assert_allclose(angles.inverse_frequencies(torch.device("cpu")), recorded["inv_freq"], rtol=1e-6)
    cos, sin = angles(torch.zeros(1), torch.tensor([recorded["positions"]]))
    half = about["head_dim"] // 2
    for index, position in enumerate(recorded["positions"]):
        tolerance = ROPE_TOLERANCE if position < 5000 else FAR_ROPE_TOLERANCE
        for found, expected in ((cos, recorded["cos"]), (sin, recorded["sin"])):
            close(found[0, index, :half], expected[index], tolerance)
            close(found[0, index, half:], expected[index], tolerance)
    ran["rope"] += 1


# The whole model.


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_model(case: str, attention: str) -> None:
    model = tiny_model(attention)
    about = read_json("cases.json")["cases"][case]
    recorded = read_arrays(f"case_{case}.npz")
    asked = asked_case(case)
    features = features_of(model, asked.pictures)
    if asked.pictures is not None and features is not None:
        assert list(asked.pictures.token_counts) == about["num_img_tokens"]
        assert asked.pictures.image_sizes.tolist() == about["image_sizes"]
        assert list(asked.pictures.pixel_values.shape) == about["pixel_values_shape"]
        # All tiles, those that only fill up too.
        tower = model.images.img_processor
        patches = tower(asked.pictures.pixel_values.flatten(0, 1)).unflatten(0, asked.pictures.pixel_values.shape[:2])
        close(patches[:, :, recorded["clip_patch_idx"]], recorded["clip_feat"])
        close(features[recorded["img_rows"]], recorded["img_embeds"])
        close(features.norm(dim=1), recorded["img_row_norm"])

    sequence = TokenSequence(model)
    hidden = sequence.extend(model.embed(asked.input_ids, features), asked.mask)
    logits = model.logits(hidden).numpy()
    at = recorded["logits_idx"]
    assert model.rope.use_long == (about["rope"] == "long")
    close(logits[:, -1], recorded["logits_last"])
    close(logits[:, at][asked.real[:, at]], recorded["logits_at"][asked.real[:, at]])
    close(np.logaddexp.reduce(logits.astype(np.float64), axis=2)[asked.real], recorded["logits_lse"][asked.real])
    assert (logits.argmax(axis=2)[asked.real] == recorded["logits_argmax"][asked.real]).all()
    for name, layer, values in (("kcache_l0", 0, "keys"), ("vcache_l0", 0, "values"), ("kcache_l1", 1, "keys")):
        close(getattr(sequence.cache.layers[layer], values)[:, :, recorded["kcache_pos"]], recorded[name])

    steps = list(islice(greedy_steps(model, sequence, hidden), NEW_TOKENS))
    token_ids = torch.stack([step.token_ids for step in steps], dim=1)
    assert token_ids.tolist() == recorded["gen_ids"].tolist() == about["gen_ids"]
    scores = torch.stack([step.logits for step in steps], dim=1)
    close(scores, recorded["gen_scores"])
    best = scores.topk(2, dim=2).values
    close(best[..., 0] - best[..., 1], recorded["gen_gap"], 2 * TOLERANCE)
    assert (sequence.length > model.config.original_max_positions) == (about["crosses"] or about["rope"] == "long")
    ran["cases"] += attention == "sdpa"


def test_the_cache_changes_nothing(case: str) -> None:
    """The last generated token again, from one pass over everything before it."""
    model, asked = tiny_model(), asked_case(case)
    recorded = read_arrays(f"case_{case}.npz")
    generated = torch.from_numpy(recorded["gen_ids"]).long()
    ids = torch.cat([asked.input_ids, generated[:, :-1]], dim=1)
    mask = None if asked.mask is None else torch.cat([asked.mask, torch.ones_like(generated[:, :-1])], dim=1)
    pictures = asked.pictures
    logits = model(ids, *((None, None) if pictures is None else (pictures.pixel_values, pictures.image_sizes)), mask)
    close(logits[:, -1], recorded["gen_scores"][:, -1])


# The adapter.


@cache
def tiny_adapter() -> LoraAdapter:
    about = read_json("lora.json")
    keys = {name: tuple(entry["shape"]) for name, entry in about["adapter_keys"].items()}
    tensors = {name: torch.from_numpy(recordings.adapter_tensor(name, shape, about["r"])) for name, shape in keys.items()}
    for name, entry in about["adapter_keys"].items():
        close(tensors[name].flatten()[:4], entry["first4"], 1e-6)
        ran["adapter tensors"] += 1
    modules = {}
    for module in about["target_modules"]:
        embedding = f"{PREFIX}{module}.lora_embedding_A" in tensors
        ends = ("lora_embedding_A", "lora_embedding_B") if embedding else ("lora_A.weight", "lora_B.weight")
        down, up = (tensors.pop(f"{PREFIX}{module}.{end}") for end in ends)
        modules[module] = LowRank(down, up, embedding)
    assert not tensors
    adapter = LoraAdapter(modules, about["r"], about["lora_alpha"])
    assert adapter.scale == about["scaling"]
    return adapter


@cache
def merged_model() -> Phi3Vision:
    model = by_rule(tiny_config())
    tiny_adapter().merge_into(model)
    return model


@cache
def attached_model() -> Phi3Vision:
    model = by_rule(tiny_config())
    tiny_adapter().attach_to(model)
    return model


def test_the_adapter_has_the_modules_of_the_published_rule_and_merges_to_the_recorded_weights() -> None:
    about = read_json("lora.json")
    if not about:
        pytest.skip("not part of this set")
    assert set(about["target_modules"]) == adapted_modules()
    state = merged_model().state_dict()
    for name, expected in about["merged_weight_checks"].items():
        value = state[name].double()
        close(value.flatten()[:8], expected["first8"], MERGED_TOLERANCE)
        close([value.sum(), value.square().sum()], [expected["sum"], expected["sumsq"]], 1e-3)
        ran["merged weights"] += 1


def adapted_modules() -> set[str]:
    """Everything linear and every embedding, but for the words themselves."""
    kinds = (torch.nn.Linear, torch.nn.Embedding)
    names = {name for name, module in tiny_model().named_modules() if isinstance(module, kinds)}
    return names - {"lm_head", "model.embed_tokens"}


@pytest.mark.parametrize("form", ["merged", "attached"])
def test_adapter(lora_case: str, form: str) -> None:
    if form == "attached":
        pytest.importorskip("peft", reason="needs the vlm extra")
    model = merged_model() if form == "merged" else attached_model()
    about = read_json("lora.json")["cases"][lora_case]
    arrays = read_arrays("lora.npz")
    recorded = {name.removeprefix(f"{lora_case}."): name for name in arrays if name.startswith(f"{lora_case}.")}
    asked = asked_case(lora_case)
    features = features_of(model, asked.pictures)
    if features is not None and "img_rows" in recorded:
        close(features[arrays[recorded["img_rows"]]], arrays[recorded["img_embeds"]])
    sequence = TokenSequence(model)
    hidden = sequence.extend(model.embed(asked.input_ids, features), asked.mask)
    logits = model.logits(hidden).numpy()
    at = arrays[recorded["logits_idx"]]
    close(logits[:, -1], arrays[recorded["merged.logits_last"]])
    close(logits[:, at][asked.real[:, at]], arrays[recorded["merged.logits_at"]][asked.real[:, at]])
    steps = list(islice(greedy_steps(model, sequence, hidden), NEW_TOKENS))
    found = torch.stack([step.token_ids for step in steps], dim=1).tolist()
    assert found == arrays[recorded["gen_ids"]].tolist() == about["gen_ids"]
    best = torch.stack([step.logits for step in steps]).topk(2, dim=-1).values
    assert float((best[..., 0] - best[..., 1]).min()) == pytest.approx(about["min_gap"], abs=2 * TOLERANCE)
    without = read_arrays(f"case_{lora_case}.npz")["logits_last"]
    assert np.abs(logits[:, -1] - without).max() == pytest.approx(about["delta_vs_base_logits_last"], abs=2 * TOLERANCE)
    assert about["merged_vs_unmerged"] < TOLERANCE
    ran["adapter cases"] += form == "merged"


def test_names_in_the_file_beside_the_adapter() -> None:
    about = read_json("non_lora_keys.json")
    if not about:
        pytest.skip("not part of this set")
    own = set(tiny_model().state_dict())
    # The names as saved: those of the model, under peft's; adapted layers one level lower.
    adapted = {f"{module}.{last}" for module in adapted_modules() for last in ("weight", "bias")}
    saved = {PREFIX + (re.sub(r"([^.]+)$", r"base_layer.\1", name) if name in adapted else name) for name in own}
    assert Counter(map(pattern, saved)) == about["saved_key_patterns"]
    names = set(stripped_names(saved).values())
    assert Counter(map(pattern, names & own)) == about["after_strip_loaded"]
    assert Counter(map(pattern, names - own)) == about["after_strip_ignored"]
    missing = dict(about["missing_after_load"])
    missing.pop("model.vision_embed_tokens.wte.weight", None)  # a second name of the embedding in the original
    assert Counter(map(pattern, own - names)) == missing
    ran["saved names"] += len(saved)


def pattern(name: str) -> str:
    return re.sub(r"\.layers\.\d+\.", ".layers.{i}.", name)


# Words.


@cache
def tokenizer() -> Phi3VisionTokenizer:
    path = recordings.find("tokenizer/tokenizer.json")
    assert path is not None
    recordings.opened.setdefault("tokenizer/tokenizer.json", set())
    return Phi3VisionTokenizer.from_file(path)


def counts_for(sizes: list[list[int]], num_crops: int) -> list[int]:
    layouts = [tile_layout(width, height, num_crops) for width, height in sizes]
    return [image_token_count(layout.height, layout.width) for layout in layouts]


def test_prompt(prompt: str) -> None:
    (about,) = [entry for entry in read_json("prompts.json")["inference"] if entry["name"] == prompt]
    assert chat_text([Message("user", about["user_content"])]) == about["chat_text"]
    counts = counts_for(about["image_wh"], about["num_crops"])
    layouts = [tile_layout(width, height, about["num_crops"]) for width, height in about["image_wh"]]
    assert [[layout.height, layout.width] for layout in layouts] == about["image_sizes"]
    ids = tokenizer().prompt(about["chat_text"], counts)
    assert ids == expanded(about["input_ids"])
    assert len(ids) == about["length"]
    assert about["attention_mask_all_ones"]
    ran["prompts"] += 1


def test_training_sequence(training: int) -> None:
    about = read_json("prompts.json")["training"][training]
    pictures = sum(turn["value"].count("<image>") for turn in about["conversations"])
    assert len(about["image_sizes"]) == pictures
    counts = [image_token_count(height, width) for height, width in about["image_sizes"]]
    example = tokenizer().training_example(about["conversations"], counts)
    assert example.input_ids == expanded(about["input_ids"])
    assert example.labels == expanded(about["labels"])
    assert len(example.input_ids) == about["length"]
    assert sum(label != -100 for label in example.labels) == about["n_supervised"]
    ran["training sequences"] += 1


def test_words_and_ids() -> None:
    about = read_json("prompts.json")
    if not about:
        pytest.skip("not part of this set")
    ours, library = tokenizer(), tokenizers.Tokenizer.from_file(str(recordings.find("tokenizer/tokenizer.json")))
    assert {token: library.token_to_id(token) for token in about.get("special_ids", {})} == about.get("special_ids", {})
    if "len_tokenizer" in about:
        assert library.get_vocab_size(with_added_tokens=True) == about["len_tokenizer"]
        assert library.get_vocab_size(with_added_tokens=False) == about["base_vocab"]
    if "text_only" in about:
        assert ours.prompt(about["text_only"]["chat_text"], []) == expanded(about["text_only"]["input_ids"])
    for label, entry in about.get("labels", {}).items():
        ids = ours.encode(f"{label}<|end|>\n", bos=False)
        assert ids == entry["response_ids"]
        assert [library.id_to_token(token) for token in ids] == entry["tokens"]
        assert ours.first_ids([label]) == ids[:1]
        ran["label words"] += 1
    for entry in about.get("decode", []):
        assert ours.decode(entry["ids"]) == entry["text_skip_special"]
        assert ours.decode(entry["ids"]).strip() == entry["stripped"]
        ran["decoded texts"] += 1
    if "chat_template_multiturn" in about:
        asked = [Message("user", "<|image_1|>\nA?"), Message("assistant", "Sadness"), Message("user", "B?")]
        assert chat_text(asked) == about["chat_template_multiturn"]
    for entry in about.get("raw_tokenise", []):
        assert ours.encode(entry["text"]) == entry["ids"]
        assert ours.encode(entry["text"], bos=False) == entry["no_bos"]
        ran["raw texts"] += 1


# The real vocabulary and the real questions, on small weights.


@cache
def model_with_real_words() -> Phi3Vision:
    about = read_json("e2e_vocab32064.json")
    model = by_rule(tiny_config(vocab_size=32064, bos_token_id=1, eos_token_id=32000, pad_token_id=32000))
    state = model.state_dict()
    close(state["model.embed_tokens.weight"].flatten()[: len(about["embed_first4"])], about["embed_first4"], 1e-6)
    close(state["lm_head.weight"].flatten()[: len(about["lm_head_first4"])], about["lm_head_first4"], 1e-6)
    return model


def question_of(name: str) -> str:
    (about,) = [entry for entry in read_json("prompts.json")["inference"] if entry["name"] == name]
    return str(about["chat_text"])


def test_question(asked: str) -> None:
    model, about = model_with_real_words(), read_json("e2e_vocab32064.json")["cases"][asked]
    arrays = read_arrays("e2e_vocab32064.npz")
    pictures = tiled((about["image"],), about["num_crops"])
    assert list(pictures.token_counts) == about["num_img_tokens"]
    assert pictures.image_sizes.tolist() == about["image_sizes"]
    ids = tokenizer().prompt(question_of(asked), pictures.token_counts)
    assert len(ids) == about["length"]
    sequence = TokenSequence(model)
    hidden = sequence.extend(model.embed(torch.tensor([ids]), features_of(model, pictures)))
    logits = model.logits(hidden[0, -1])
    best = logits.topk(10)
    assert best.indices.tolist() == about["top10_ids"]
    close(best.values, about["top10"])
    assert float(logits.logsumexp(dim=0)) == pytest.approx(about["logsumexp"], abs=TOLERANCE)
    close(logits[arrays["cols"]], arrays[asked])

    steps = list(islice(greedy_steps(model, sequence, hidden), len(about["greedy8"])))
    token_ids = [int(step.token_ids) for step in steps]
    assert token_ids == about["greedy8"]
    assert tokenizer().decode(token_ids) == about["decoded"]
    two_best = torch.cat([step.logits for step in steps]).topk(2, dim=1).values
    assert float((two_best[:, 0] - two_best[:, 1]).min()) == pytest.approx(about["min_gap"], abs=2 * TOLERANCE)

    # Every label with its end, one after the other on the same cached question.
    for label, expected in about["label_token_logprobs"].items():
        answer = tokenizer().encode(f"{label}<|end|>", bos=False)
        sequence.rewind(len(ids))
        later = model.logits(sequence.extend(model.embed(torch.tensor([answer]))))[0, :-1]
        distributions = torch.cat([logits[None], later]).log_softmax(dim=1)
        close(distributions[range(len(answer)), answer], expected)
    ran["questions"] += 1


def test_the_chain_on_the_real_words_equals_two_calls() -> None:
    """Both questions on one cached picture give the recorded logits, whichever came before."""
    about, arrays = read_json("e2e_vocab32064.json"), None
    if not about:
        pytest.skip("not part of this set")
    arrays = read_arrays("e2e_vocab32064.npz")
    model = model_with_real_words()
    chain = Phi3VisionChainModel(model, tokenizer(), NOTEBOOK_COMPOUND, version="tiny")
    for name in {entry["image"] for entry in about["cases"].values() if entry["num_crops"] == chain.variant.num_crops}:
        looked = chain.look(picture(name))
        for case, entry in [*about["cases"].items(), *about["cases"].items()]:
            question = question_of(case).removeprefix("<|user|>\n<|image_1|>\n").removesuffix("<|end|>\n<|assistant|>\n")
            if entry["image"] != name or one_picture_question(question) != question_of(case):
                continue
            reply = looked.ask(question, BASIC_LABELS)
            close(model.logits(looked.read(question)[0, -1])[arrays["cols"]], arrays[case])
            first = np.array([entry["label_token_logprobs"][label][0] for label in BASIC_LABELS])
            expected = np.exp(first) / np.exp(first).sum()
            assert reply.distribution is not None
            close(list(reply.distribution.values()), expected, TOLERANCE)
            assert reply.text == BASIC_LABELS[int(expected.argmax())]
            ran["chain questions"] += 1


# Typical mistakes: what each would change was recorded, and is seen here when it is made on purpose.


@contextmanager
def made(mistake: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Phi3Vision]:
    """The tiny model with one mistake."""
    model = by_rule(tiny_config())
    state, embedding = model.state_dict(), model.images
    tower = embedding.img_processor.vision_model
    with monkeypatch.context() as patch:
        if mistake == "no_attention_scaling":
            model.rope.scale = 1.0
        elif mistake in ("always_short", "always_long"):
            patch.setattr(model.rope, "is_long", lambda keys: mistake == "always_long")
        elif mistake == "clip_layer_last":
            tower.encoder.layers.append(tower.encoder.layers[-1])
        elif mistake == "clip_layer_minus3":
            del tower.encoder.layers[-1]
        elif mistake == "post_layernorm_applied":
            embedding.img_processor.register_forward_hook(lambda _m, _i, out: tower.post_layernorm(out))
        elif mistake == "global_before_sub":
            embedding.register_forward_hook(_global_first)
        elif mistake == "swap_glb_sub_GN":
            glb = embedding.glb_GN.clone()
            embedding.glb_GN.copy_(embedding.sub_GN[0])
            embedding.sub_GN.copy_(glb[None])
        elif mistake in ("merge_channel_major", "merge_2x2_transposed"):
            right = image_embedding.merge_patches
            patch.setattr(image_embedding, "merge_patches", lambda features: _merged_wrongly(right(features), mistake))
        elif mistake == "gate_up_swapped":
            for name in [name for name in state if name.endswith("gate_up_proj.weight")]:
                state[name].copy_(torch.cat(state[name].chunk(2)[::-1]))
        elif mistake == "projector_gelu_tanh":
            embedding.img_projection[1] = torch.nn.GELU(approximate="tanh")
        elif mistake == "clip_gelu_not_quick":
            for layer in tower.encoder.layers:
                layer.mlp.activation_fn = torch.nn.GELU()
        elif mistake == "rope_interleaved":
            module = type(model.model).__module__
            patch.setattr(f"{module}.apply_rotary_pos_emb", _rotate_interleaved)
        else:
            assert mistake == "none", f"{mistake}: recorded, but not made here"
        yield model


def _global_first(_module: Any, inputs: Any, out: Tensor) -> Tensor:
    """Reorder the rows of one picture; the projector works row by row, so it may be done after it."""
    (size,) = inputs[1].tolist()
    sub = 12 * (size[0] // 336) * (12 * (size[1] // 336) + 1)
    return torch.cat([out[sub + 1 :], out[sub : sub + 1], out[:sub]])


def _merged_wrongly(merged: Tensor, mistake: str) -> Tensor:
    blocks = merged.reshape(*merged.shape[:3], 2, 2, -1)
    order = (0, 1, 2, 5, 3, 4) if mistake == "merge_channel_major" else (0, 1, 2, 4, 3, 5)
    return blocks.permute(order).flatten(3)


def _rotate_interleaved(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor) -> Any:
    """Neighbours are rotated with each other, with angles laid out for halves."""

    def rotated(x: Tensor) -> Tensor:
        turned = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
        return x * cos[:, None] + turned * sin[:, None]

    return rotated(q), rotated(k)


def test_mistake(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for case, expected in read_json("sensitivity.json")[mistake].items():
        recorded, asked = read_arrays(f"case_{case}.npz"), asked_case(case)
        with made(mistake, monkeypatch) as model:
            features = features_of(model, asked.pictures)
            assert features is not None
            logits = model.logits(model.hidden_states(model.embed(asked.input_ids, features), asked.mask)).numpy()
        at = recorded["logits_idx"]
        found = [
            np.abs(features.numpy()[recorded["img_rows"]] - recorded["img_embeds"]).max(),
            np.abs(logits[:, -1] - recorded["logits_last"]).max(),
            np.abs(logits[:, at] - recorded["logits_at"]).max(),
            (logits.argmax(axis=2) != recorded["logits_argmax"]).mean(),
        ]
        close(found[:3], expected[:3], 2 * TOLERANCE)
        assert found[3] == pytest.approx(expected[3], abs=0.003)
        ran["mistakes"] += 1


# Nothing left out.


def test_every_recording_was_used(folder: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    functions = {getattr(item, "originalname", item.name) for item in own}
    if functions != {name for name, value in globals().items() if name.startswith("test_") and callable(value)}:
        pytest.skip("only a part of this file was asked for")
    for name in ("tiny_config.json", "images.json", "cases.json"):
        read_json(name)
    not_compared = {"README.md", "tokenizer/generation_config.json", "tokenizer/preprocessor_config.json"}
    not_compared |= {"tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json"}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - not_compared - recordings.opened.keys() == set(), "recordings that no test opens"
    for name in sorted(recordings.opened):
        if name.endswith(".npz"):
            unread = set(read_arrays(name)) - recordings.opened[name]
            assert not unread, f"{name}: arrays that no test compares: {sorted(unread)}"
    cases, prompts = read_json("cases.json"), read_json("prompts.json")
    expected = {
        "cases": len(cases.get("cases", {})),
        "pixels": len(cases.get("preprocess", {})),
        "picture sizes": len(read_json("num_img_tokens.json").get("rows", [])),
        "pictures": len(read_json("images.json")),
        "rope": sum(kind in sets for sets in read_json("rope.json").values() for kind in ("short", "long")),
        "tiny keys": len(read_json("tiny_keys.json")),
        "full keys": len(read_json("full_keys.json").get("keys", {})),
        "adapter cases": len(read_json("lora.json").get("cases", {})),
        "merged weights": len(read_json("lora.json").get("merged_weight_checks", {})),
        "prompts": len(prompts.get("inference", [])),
        "training sequences": len(prompts.get("training", [])),
        "label words": len(prompts.get("labels", {})),
        "decoded texts": len(prompts.get("decode", [])),
        "raw texts": len(prompts.get("raw_tokenise", [])),
        "questions": len(read_json("e2e_vocab32064.json").get("cases", {})),
        "mistakes": sum(len(cases) for cases in read_json("sensitivity.json").values()),
    }
    assert {name: ran[name] for name in expected} == expected
    with capsys.disabled():
        print(
            f"\nphi3v: {sum(expected.values())} recorded cases ran: {', '.join(f'{n} {name}' for name, n in expected.items())}"
        )
