from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("tokenizers", reason="needs the vlm extra")

from realtime_fer.errors import ModelNotFoundError, SettingsError  # noqa: E402
from realtime_fer.networks.phi3_vision.chat import one_picture_question  # noqa: E402
from realtime_fer.networks.phi3_vision.checkpoint import load_phi3_vision, save_checkpoint  # noqa: E402
from realtime_fer.networks.phi3_vision.image_processor import tile_pictures  # noqa: E402
from realtime_fer.networks.phi3_vision.model import Phi3Vision  # noqa: E402
from realtime_fer.networks.phi3_vision.tokenizer import Phi3VisionTokenizer  # noqa: E402
from realtime_fer.reasoning.chain_of_affect import phi3_vision as phi3_vision_chain  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.chain import ChainRules, ask_chain  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.model import Reply  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.phi3_vision import Phi3VisionChainModel, build_chain_of_affect, weights_version  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION, second_candidates, second_question  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_COMPOUND, ChainVariant  # noqa: E402
from realtime_fer.reasoning.supervision.child_factory import build_reasoner  # noqa: E402
from realtime_fer.reasoning.supervision.child_replies import answer_values, read_answer  # noqa: E402
from tests.networks.phi3_vision.test_lora import random_adapter, write  # noqa: E402
from tests.networks.phi3_vision.tiny import TOWER, config_values, face, tiny_config, tiny_model, tiny_tokenizer  # noqa: E402
from tests.reasoning.questions import request  # noqa: E402

pytestmark = pytest.mark.torch

SMALL = ChainVariant("small", FIRST_QUESTION, num_crops=1, extra_bos=0)
WORDS = tiny_tokenizer()

LIMITS = [300, 325, 400, 460, 470, 1024]
"""Keys from which on a text is long. The questions below are 453, 465 and 328 tokens, and share 320."""
VOCABULARY = 400


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def chain_model(model: Phi3Vision, variant: ChainVariant = SMALL, **options: Any) -> Phi3VisionChainModel:
    return Phi3VisionChainModel(model, WORDS, variant, version="v", **options)


@pytest.fixture(scope="module")
def model() -> Phi3Vision:
    return tiny_model(tiny_config(VOCABULARY))


def independent(model: Phi3Vision, question: str, seed: int, extra_bos: int = 0) -> Any:
    """Logits after a question in a pass of its own, without a cache."""
    tiled = tile_pictures([face(seed)], 1)
    ids = WORDS.prompt(one_picture_question(question), tiled.token_counts, extra_bos)
    with torch.no_grad():
        return model(torch.tensor([ids]), tiled.pixel_values, tiled.image_sizes)[0, -1]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("extra_bos", [0, 1])
def test_shared_equals_independent(limit: int, extra_bos: int) -> None:
    """The same logits, distributions and answers, whatever was asked before, on either side of the change of rope."""
    model = tiny_model(tiny_config(VOCABULARY, original_max_positions=limit))
    chain = chain_model(model, ChainVariant("small", FIRST_QUESTION, 1, extra_bos), in_words=True)
    looked = chain.look(face(3))
    for question in (FIRST_QUESTION, second_question("Fear"), second_question("Anger"), FIRST_QUESTION, "Why?", "Why?"):
        shared = looked.ask(question, BASIC_LABELS)
        alone = chain.look(face(3)).ask(question, BASIC_LABELS)
        assert shared.text == alone.text
        assert shared.distribution is not None
        assert alone.distribution is not None
        assert list(shared.distribution.values()) == pytest.approx(list(alone.distribution.values()), abs=1e-5)
        with torch.inference_mode():
            logits = model.logits(looked.read(question)[0, -1])
        assert torch.allclose(logits, independent(model, question, 3, extra_bos), atol=1e-4)


def test_the_whole_chain_equals_two_calls(model: Phi3Vision) -> None:
    for seed in range(4):
        chain = chain_model(model)
        result = ask_chain(chain.look(face(seed)), ChainRules(first_question=FIRST_QUESTION, second_after_neutral=True))
        first = chain.look(face(seed)).ask(FIRST_QUESTION, BASIC_LABELS)
        second = chain.look(face(seed)).ask(second_question(first.text), second_candidates(first.text))
        assert (result.primary, result.secondary) == (first.text, second.text)


def test_only_what_differs_is_read_again(model: Phi3Vision, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chain_model(model)
    read: list[int] = []
    whole = Phi3Vision.hidden_states

    def counted(self: Phi3Vision, embeddings: Any, *others: Any) -> Any:
        read.append(embeddings.shape[1])
        return whole(self, embeddings, *others)

    monkeypatch.setattr(Phi3Vision, "hidden_states", counted)
    tower = model.images.img_processor
    encoded: list[int] = []
    hook = tower.register_forward_hook(lambda _module, inputs, _out: encoded.append(len(inputs[0])))
    looked = chain.look(face())
    first, second = (WORDS.prompt(one_picture_question(q), [313]) for q in (FIRST_QUESTION, second_question("Fear")))
    looked.ask(FIRST_QUESTION, BASIC_LABELS)
    looked.ask(second_question("Fear"), BASIC_LABELS)
    looked.ask(second_question("Fear"), BASIC_LABELS)
    hook.remove()
    shared = next(i for i, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)
    assert shared > 313
    assert read == [len(first), len(second) - shared, 1]
    assert encoded == [2]


def test_the_distribution_is_over_the_first_tokens_of_the_labels(model: Phi3Vision) -> None:
    reply = chain_model(model).look(face(5)).ask(FIRST_QUESTION, BASIC_LABELS)
    logits = independent(model, FIRST_QUESTION, 5)[WORDS.first_ids(BASIC_LABELS)].double()
    expected = (logits.exp() / logits.exp().sum()).tolist()
    assert reply.distribution is not None
    assert tuple(reply.distribution) == BASIC_LABELS
    assert list(reply.distribution.values()) == pytest.approx(expected, abs=1e-5)
    assert sum(reply.distribution.values()) == pytest.approx(1)
    assert reply.text == BASIC_LABELS[int(np.argmax(expected))]


def test_a_choice_is_made_among_the_options_only(model: Phi3Vision) -> None:
    looked = chain_model(model).look(face(5))
    best = looked.ask(FIRST_QUESTION, BASIC_LABELS)
    others = second_candidates(best.text)
    again = looked.ask(FIRST_QUESTION, others)
    assert again.text in others
    assert again.distribution == pytest.approx(best.distribution, abs=1e-5)


def saying(answer: list[int]) -> Phi3Vision:
    """A model that says these tokens: each is followed by the next, whatever the picture."""
    model = tiny_model(tiny_config(VOCABULARY))
    state = model.state_dict()
    with torch.no_grad():
        for name in state:
            if "o_proj" in name or "down_proj" in name:
                state[name].zero_()  # what comes out depends on the last token alone
        state["model.embed_tokens.weight"].zero_()
        state["lm_head.weight"].zero_()
        chain = [WORDS.encode("<|assistant|>", bos=False)[-1], *answer]
        for index, (token, following) in enumerate(zip(chain, [*chain[1:], chain[-1]], strict=True)):
            state["model.embed_tokens.weight"][token, index] = 1
            state["lm_head.weight"][following, index] = 1
    return model


@pytest.mark.parametrize(
    ("said", "text"), [("Sadness<|end|>\n<|endoftext|>", "Sadness"), ("Maybe.<|endoftext|>", "Maybe."), ("<|end|>", "")]
)
def test_words_stop_at_the_right_token(said: str, text: str) -> None:
    chain = chain_model(saying(WORDS.encode(said, bos=False)), in_words=True)
    looked = chain.look(face())
    reply = looked.ask(FIRST_QUESTION, BASIC_LABELS)
    assert reply.text == text
    assert reply.distribution is not None
    # The answer leaves no trace in the next question.
    assert looked.ask(FIRST_QUESTION, BASIC_LABELS).text == text


def test_a_babbling_model_is_cut_off() -> None:
    babble = WORDS.encode("abc", bos=False)
    chain = chain_model(saying(babble), in_words=True, max_new_tokens=9)
    assert chain.look(face()).ask(FIRST_QUESTION, BASIC_LABELS).text == "abc" + "c" * (9 - len(babble))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    config = tiny_config(VOCABULARY)
    save_checkpoint(tiny_model(config), folder)
    (folder / "config.json").write_text(json.dumps(config_values(config)))
    tokenizer: Phi3VisionTokenizer = WORDS
    tokenizer._tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def small_tower(monkeypatch: pytest.MonkeyPatch) -> None:
    """config.json does not state the sizes of the image encoder."""

    def load(folder: Path, **options: Any) -> Phi3Vision:
        return load_phi3_vision(folder, tower=TOWER, **options)

    monkeypatch.setattr(phi3_vision_chain, "load_phi3_vision", load)


@pytest.mark.usefixtures("small_tower")
@pytest.mark.parametrize("merge", [True, False])
def test_a_reasoner_is_built_from_folders(folder: Path, tmp_path: Path, merge: bool) -> None:
    pytest.importorskip("peft", reason="needs the vlm extra")
    write(tmp_path, random_adapter().tensors())
    options = {"checkpoint": str(folder), "adapter": str(tmp_path), "merge": merge, "device": "cpu", "dtype": "float32"}
    reasoner = build_reasoner("realtime_fer.reasoning.chain_of_affect.phi3_vision:build_chain_of_affect", options)
    asked = request(crop=face(7))
    answer = reasoner.reason(asked)
    assert read_answer(answer_values(answer)) == answer
    assert reasoner.name == answer.model_name == "chain-of-affect"
    assert reasoner.version == weights_version(folder, tmp_path)
    merged = tiny_model(tiny_config(VOCABULARY))
    random_adapter().merge_into(merged)
    looked = chain_model(merged, NOTEBOOK_COMPOUND).look(asked.crop_rgb[1:4, 1:3])
    expected = looked.ask(NOTEBOOK_COMPOUND.first_question, BASIC_LABELS)
    assert answer.steps[0].label == expected.text
    assert answer.steps[0].distribution == pytest.approx(expected.distribution, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"), [({"dtype": "int8"}, "dtype: expected one of"), ({"variant": "x"}, "chain variant")]
)
def test_unknown_names_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build_chain_of_affect("nowhere", **options)  # type: ignore[arg-type]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"nowhere.*tokenizer\.json"):
        build_chain_of_affect(str(tmp_path / "nowhere"))


def test_the_version_changes_with_the_weights(folder: Path, tmp_path: Path) -> None:
    before = weights_version(folder, None)
    assert before == weights_version(folder, None)
    assert before.startswith("base ")
    write(tmp_path, random_adapter().tensors())
    first = weights_version(folder, tmp_path)
    assert first.startswith(f"{before}, adapter ")
    tensors = random_adapter().tensors()
    next(iter(tensors.values()))[-1, -1] += 1
    write(tmp_path, tensors)
    assert weights_version(folder, tmp_path) != first


def test_replies_are_plain_values(model: Phi3Vision) -> None:
    reply = chain_model(model).look(face()).ask(FIRST_QUESTION, BASIC_LABELS)
    assert isinstance(reply, Reply)
    assert all(type(value) is float for value in (reply.distribution or {}).values())
