"""Exp-BLIP against recordings of the original code: every file and every case of the folder.

All quantities are compared at the tolerances of the README beside the recordings.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.networks.exp_blip.checkpoint import fill, required_places  # noqa: E402
from realtime_fer.networks.exp_blip.generation import GenerationSettings, generate  # noqa: E402
from realtime_fer.networks.exp_blip.losses import captioning_loss, contrastive_loss, writing_loss  # noqa: E402
from realtime_fer.networks.exp_blip.model import ExpBlip  # noqa: E402
from realtime_fer.networks.exp_blip.preprocessing import normalise, pixel_values, scale  # noqa: E402
from realtime_fer.networks.exp_blip.sizes import PUBLISHED, ExpBlipSizes  # noqa: E402
from realtime_fer.networks.exp_blip.stage_one import MATCH, ExpBlipStageOne  # noqa: E402
from realtime_fer.networks.exp_blip.text_processing import processed_caption  # noqa: E402
from realtime_fer.networks.exp_blip.tokenizer import MAX_TRAINING_TOKENS, OptTokenizer  # noqa: E402
from tests.parity import exp_blip_recordings as recordings  # noqa: E402
from tests.parity.exp_blip_recordings import picture, read_arrays, read_json  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

PIXEL_TOLERANCE = 1e-6
FEATURE_TOLERANCE = 1e-5
"""Image embeddings, Q-Former, input of OPT; losses and figures of the first stage."""
LOGIT_TOLERANCE = 5e-5
WEIGHT_TOLERANCE = 1e-5
"""Of recorded sums, which have five digits behind the point."""
OPT_TOKENIZER = "REALTIME_FER_OPT_TOKENIZER"
"""Environment variable: folder with vocab.json and merges.txt of facebook/opt-6.7b, which are not ours to ship."""

TINY = ExpBlipSizes(
    image_px=56,
    patch_px=14,
    vision_hidden=64,
    vision_intermediate=279,
    vision_layers=2,
    vision_heads=4,
    qformer_hidden=48,
    qformer_intermediate=96,
    qformer_layers=2,
    qformer_heads=4,
    queries=8,
    bert_words=70,
    bert_positions=64,
    bert_decode_id=69,
    matching_hidden=32,
    opt_hidden=64,
    opt_intermediate=160,
    opt_layers=2,
    opt_heads=4,
    opt_words=120,
    opt_positions=128,
    opt_end_id=106,
    image_token_id=119,
)

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


def captioning_cases() -> list[str]:
    return [name for name, case in read_json("cases.json").items() if "generate" in case]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every entry of the files, whatever they are called."""
    names = {
        "case": captioning_cases(),
        "image": recordings.picture_names(),
        "text": [name for name in read_json("text_processing.json") if not name.startswith("_")],
    }
    for name, values in names.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values)


def close(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=tolerance)


def original_state(stage: str) -> dict[str, Tensor]:
    shapes = read_json(f"keys_tiny_{stage}.json")
    return {key: torch.from_numpy(recordings.weight(key, tuple(shape))) for key, shape in shapes.items()}


@cache
def captioner(attention: str = "sdpa") -> ExpBlip:
    with torch.device("meta"):
        model = ExpBlip(TINY, attention)
    fill(model, original_state("stage2"), "tiny", torch.device("cpu"), lambda _name: torch.float32)
    return model


@cache
def first_stage(attention: str = "sdpa") -> ExpBlipStageOne:
    model = ExpBlipStageOne(TINY, attention)
    fill(model, original_state("stage1"), "tiny", torch.device("cpu"), lambda _name: torch.float32)
    return model


def pixels_of(names: list[str]) -> Tensor:
    """The recorded inputs, of which `test_pixels` shows that ours are the same."""
    return torch.stack([torch.from_numpy(read_arrays("pixels.npz")[f"{name}/pixels56"]) for name in names])


# The weights themselves, and their names.


@pytest.mark.parametrize("stage", ["stage2", "stage1"])
def test_weights_are_made_as_recorded(stage: str) -> None:
    state = original_state(stage)
    expected = read_json("weights_check.json")[stage]
    # Nothing is recorded for what only counts upwards, is another tensor's second name, or is the temperature.
    plain = {key for key in state if not key.endswith(("position_ids", "temp")) and key not in recordings.TIED}
    assert plain <= expected.keys() <= state.keys()
    for key, about in expected.items():
        assert list(state[key].shape) == about["shape"]
        close(state[key].flatten()[:3].numpy(), about["first3"], PIXEL_TOLERANCE)
        # Summing thousands of float32 in float64: the last digit written is all that is known.
        assert float(state[key].double().sum()) == pytest.approx(about["sum"], abs=WEIGHT_TOLERANCE)
        ran["weights"] += 1


def test_names_and_shapes_of_the_full_size() -> None:
    with torch.device("meta"):
        needed = {"stage2": required_places(ExpBlip(PUBLISHED)), "stage1": required_places(ExpBlipStageOne(PUBLISHED))}
    stage2, stage1 = read_json("keys_full_stage2.json"), read_json("keys_full_stage1_without_vit.json")
    vision = {key: shape for key, shape in stage2.items() if key.startswith("visual_encoder.")}
    for stage, stored in (("stage2", stage2), ("stage1", {**stage1, **vision})):
        without = {key for key in stored if key in recordings.TIED or key.endswith("position_ids")}
        assert stored.keys() - without == needed[stage].keys()
        for key, place in needed[stage].items():
            assert tuple(stored[key]) == place.shape, key
    ran["full names"] += len(stage2) + len(stage1)


# Pictures and texts.


def test_pixels(image: str) -> None:
    recorded, about = read_arrays("pixels.npz"), read_json("pixel_stats_224.json")[image]
    rgb = picture(image)
    np.testing.assert_array_equal(scale(rgb), recorded[f"{image}/resized224_uint8"])
    close(normalise(scale(rgb, 56)), recorded[f"{image}/pixels56"], PIXEL_TOLERANCE)
    (pixels,) = pixel_values([rgb])
    assert list(pixels.shape) == about["shape"]
    # Six digits were written; the sum has three.
    close(float(pixels.double().sum()), about["sum"], 1e-3)
    close(pixels.double().mean(dim=(1, 2)), about["per_channel_mean"], PIXEL_TOLERANCE)
    close(pixels[0, 0, :5], about["first_row_first5_R"], PIXEL_TOLERANCE)
    close(pixels[:, 112, 112], about["centre_rgb"], PIXEL_TOLERANCE)
    ran["pictures"] += 1


@cache
def tokenizer() -> OptTokenizer:
    folder = os.environ.get(OPT_TOKENIZER)
    if not folder:
        pytest.skip(f"{OPT_TOKENIZER} is not set: tokenisation needs OPT's vocabulary")
    return OptTokenizer.from_folder(Path(folder))


def test_text(text: str) -> None:
    about, constants = read_json("text_processing.json")[text], read_json("text_processing.json")["_constants"]
    assert processed_caption(about["raw"]) == about["processed"]
    assert len(about["raw"].split()) == about["words_raw"]
    ours = tokenizer()
    assert [ours.begin_id, ours.pad_id, ours.end_id] == [constants["bos"], constants["pad"], constants["newline_id"]]
    assert ours.prompt_ids() == constants["empty_prompt_ids"]
    assert ours.caption_ids(about["raw"], max_tokens=1000) == about["opt_ids"]
    assert ours.caption_ids(about["raw"], MAX_TRAINING_TOKENS) == about["opt_ids_truncated_32"]
    assert ours.decode(about["opt_ids_truncated_32"]) == about["decoded_truncated"].strip()
    ran["texts"] += 1


def test_the_published_sizes_use_the_recorded_ids() -> None:
    constants = read_json("text_processing.json")["_constants"]
    assert PUBLISHED.opt_begin_id == constants["bos"]
    assert PUBLISHED.opt_pad_id == constants["pad"]
    assert PUBLISHED.opt_end_id == constants["newline_id"]
    assert constants["vocab_len"] <= PUBLISHED.image_token_id < PUBLISHED.opt_words


# Captions.


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_caption(case: str, attention: str) -> None:
    about, recorded, model = read_json("cases.json")[case], read_arrays("outputs.npz"), captioner(attention)
    assert about["eos_token_id"] == model.sizes.opt_end_id
    pixels, prompt = pixels_of(about["images"]), about["prompt_ids"]
    face = model.look(pixels)
    text = torch.tensor([prompt] * len(pixels))
    logits = model.logits(face, text)
    expected_logits = recorded[f"{case}/prompt_logits"]
    close(logits[:, -expected_logits.shape[1] :], expected_logits, LOGIT_TOLERANCE)
    compared = {
        "vit_before_ln": model.blip.vision_model(pixels, output_hidden_states=True).hidden_states[-1],
        "image_embeds": face.image,
        "qformer_out": face.queries,
        "opt_inputs": face.prefix,
    }
    for name, found in compared.items():
        if f"{case}/{name}" in recorded:
            close(found, recorded[f"{case}/{name}"], FEATURE_TOLERANCE)

    asked = GenerationSettings(
        num_beams=about["generate"]["num_beams"],
        max_new_tokens=about["generate"]["max_length"],
        min_length=about["generate"]["min_length"],
    )
    captions = [best for (best,) in generate(model, pixels, prompt, asked)]
    end = [model.sizes.opt_end_id]
    expected = [
        row[: -len(end)] if ended else row for row, ended in zip(about["generated_ids"], about["finished"], strict=True)
    ]
    for row, ended, raw in zip(about["generated_ids"], about["finished"], about["raw_sequences"], strict=True):
        filled = [*prompt, *row]
        assert (row[-1:] == end) == ended
        assert raw == filled + [model.sizes.opt_pad_id] * (len(raw) - len(filled))
    # The case where the limit cuts beams off is optional; ranking them as the authors' library did makes it equal too.
    assert captions == expected
    _check_beam_scores(model, face, prompt, about)
    _check_steps(model, face, prompt, about, recorded, case)
    ran[f"captions, {attention}"] += 1


def _log_probabilities(model: ExpBlip, face: Any, prompt: list[int], row: list[int], index: int) -> Tensor:
    """Logits that each token of a recorded caption was chosen by, (n, V)."""
    one = type(face)(*(part[index : index + 1] for part in face))
    logits = model.logits(one, torch.tensor([[*prompt, *row]]))
    return logits[0, model.sizes.queries + len(prompt) - 1 : -1]


def _check_steps(model: ExpBlip, face: Any, prompt: list[int], about: Any, recorded: Any, case: str) -> None:
    if f"{case}/step_scores" not in recorded:
        assert "min_top1_top2_margin" not in about
        return
    steps = recorded[f"{case}/step_scores"]
    for index, row in enumerate(about["generated_ids"]):
        logits = _log_probabilities(model, face, prompt, row, index)
        close(logits, steps[index, : len(row)], LOGIT_TOLERANCE)
        best = logits.topk(2, dim=1).values
        margin = float((best[:, 0] - best[:, 1]).min())
        assert margin == pytest.approx(about["min_top1_top2_margin"][index], abs=2 * LOGIT_TOLERANCE)


def _check_beam_scores(model: ExpBlip, face: Any, prompt: list[int], about: Any) -> None:
    """The score by the old rule: the sum over the caption, by the ids of prompt and caption without the end mark."""
    for index, expected in enumerate(about.get("sequences_scores_transformers_4_26", ())):
        row = about["generated_ids"][index]
        chosen = _log_probabilities(model, face, prompt, row, index).log_softmax(dim=1)[range(len(row)), row]
        length = len(prompt) + len(row) - about["finished"][index]
        # Five digits were written.
        assert float(chosen.sum()) / length == pytest.approx(expected, abs=LOGIT_TOLERANCE)


def test_loss() -> None:
    about, model = read_json("cases.json")["loss"], captioner()
    rows, pad = about["text_ids"], about["text_pad_id"]
    assert (pad, about["padding_side"]) == (model.sizes.opt_pad_id, "right")
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    logits = model(pixels_of(about["images"]), ids, mask)
    close(captioning_loss(logits, ids, mask), about["loss"], FEATURE_TOLERANCE)
    ran["losses"] += 1


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_first_stage(attention: str) -> None:
    about, recorded, model = read_json("cases.json")["stage1"], read_arrays("outputs.npz"), first_stage(attention)
    assert (about["pad"], about["dec_bos"]) == (model.sizes.bert_pad_id, model.sizes.bert_decode_id)
    ids = torch.tensor(about["text_ids"])
    assert set(ids[:, 0].tolist()) == {about["cls"]}
    assert all(about["sep"] in row for row in ids.tolist())
    image = model.image_embeddings(pixels_of(about["images"]))
    faces, texts = model.image_features(image), model.text_features(ids)
    similarity = model.similarity(faces, texts)
    count = len(ids)
    pairs = [(face, text) for face in range(count) for text in range(count)]
    match = model.match_logits(image[[face for face, _ in pairs]], ids[[text for _, text in pairs]])[:, MATCH]
    writing = model.writing_logits(image, ids)
    found = {
        "image_feats": faces,
        "text_feats": texts,
        "itc_max_sim": similarity,
        "itm_match_logit": match.reshape(count, count),
        "lm_logits": writing,
    }
    assert {name for name in recorded if name.startswith("stage1/")} == {f"stage1/{name}" for name in found}
    for name, values in found.items():
        tolerance = LOGIT_TOLERANCE if name == "lm_logits" else FEATURE_TOLERANCE
        close(values, recorded[f"stage1/{name}"], tolerance)
    close(contrastive_loss(similarity, model.temperature), about["itc_loss_single_process"], FEATURE_TOLERANCE)
    close(writing_loss(writing, ids, about["pad"]), about["lm_loss"], FEATURE_TOLERANCE)
    ran[f"first stage, {attention}"] += 1


# Nothing left out.


def test_every_recording_was_used(folder: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    own = [item for item in request.session.items if item.path == request.path]
    functions = {getattr(item, "originalname", item.name) for item in own}
    if functions != {name for name, value in globals().items() if name.startswith("test_") and callable(value)}:
        pytest.skip("only a part of this file was asked for")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - {"README.md"} - recordings.opened.keys() == set(), "recordings that no test opens"
    for name in sorted(recordings.opened):
        if name.endswith(".npz"):
            unread = set(read_arrays(name)) - recordings.opened[name]
            assert not unread, f"{name}: arrays that no test compares: {sorted(unread)}"
    cases, captions = read_json("cases.json"), captioning_cases()
    assert cases.keys() - set(captions) == {"loss", "stage1"}, "cases of a kind that no test knows"
    expected = {
        "captions, sdpa": len(captions),
        "captions, eager": len(captions),
        "losses": 1,
        "first stage, sdpa": 1,
        "first stage, eager": 1,
        "pictures": len(list((folder / "images").iterdir())),
        "texts": len(read_json("text_processing.json")) - 1,
        "weights": sum(len(keys) for keys in read_json("weights_check.json").values()),
        "full names": len(read_json("keys_full_stage2.json")) + len(read_json("keys_full_stage1_without_vit.json")),
    }
    if OPT_TOKENIZER not in os.environ:
        # Skipped above, each with its reason.
        del expected["texts"]
    assert dict(ran) == expected
    counts = ", ".join(f"{count} {name}" for name, count in expected.items())
    with capsys.disabled():
        print(f"\nexp-blip: {sum(expected.values())} recorded cases ran: {counts}")
