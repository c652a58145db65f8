from __future__ import annotations

from pathlib import Path

import pytest

tokenizers = pytest.importorskip("tokenizers", reason="needs the vlm extra")
pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError, ModelShapeError, ShapeError  # noqa: E402
from realtime_fer.networks.phi3_vision.chat import one_picture_question  # noqa: E402
from realtime_fer.networks.phi3_vision.tokenizer import NOT_LEARNED, Phi3VisionTokenizer  # noqa: E402
from realtime_fer.reasoning.chain_of_affect.compound_labels import BASIC_LABELS  # noqa: E402
from tests.networks.phi3_vision.tiny import SPECIAL, tiny_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

BOS, END_OF_TEXT, ASSISTANT, END, USER = (
    SPECIAL.index(token) for token in ("<s>", "<|endoftext|>", "<|assistant|>", "<|end|>", "<|user|>")
)


@pytest.fixture
def tokenizer() -> Phi3VisionTokenizer:
    return tiny_tokenizer()


def test_a_picture_is_followed_by_another_beginning(tokenizer: Phi3VisionTokenizer) -> None:
    ids = tokenizer.prompt(one_picture_question("Why?"), [3])
    newline = tokenizer.encode("\n", bos=False)
    assert ids[: 2 + len(newline)] == [BOS, USER, *newline]
    after = ids[2 + len(newline) :]
    assert after[:4] == [-1, -1, -1, BOS]
    assert after[4:] == tokenizer.encode("\nWhy?<|end|>\n<|assistant|>\n", bos=False)
    assert ids[-1] == ASSISTANT


def test_more_beginnings_in_front(tokenizer: Phi3VisionTokenizer) -> None:
    plain = tokenizer.prompt("<|user|>\nA", [])
    assert tokenizer.prompt("<|user|>\nA", [], extra_bos=1) == [BOS, *plain]


def test_each_picture_has_its_own_number(tokenizer: Phi3VisionTokenizer) -> None:
    ids = tokenizer.prompt("<|image_1|> or <|image_2|>", [2, 1])
    assert [token for token in ids if token < 0] == [-1, -1, -2]
    assert ids[0] == BOS
    assert ids[-1] == BOS  # an empty piece is tokenised too


@pytest.mark.parametrize(
    ("text", "counts"),
    [("no tag", [3]), ("<|image_1|>", []), ("<|image_2|><|image_1|>", [1, 1]), ("<|image_1|><|image_1|>", [1])],
)
def test_tags_must_be_in_order_each_once(tokenizer: Phi3VisionTokenizer, text: str, counts: list[int]) -> None:
    with pytest.raises(ShapeError, match="picture tags"):
        tokenizer.prompt(text, counts)


def test_a_training_record(tokenizer: Phi3VisionTokenizer) -> None:
    record = [{"from": "human", "value": "<image>\nWhy?"}, {"from": "gpt", "value": "Fear"}]
    ids, labels = tokenizer.training_example(record, [2])
    asked = [BOS, *tokenizer.prompt(one_picture_question("Why?"), [2])]
    answered = [*tokenizer.encode("Fear<|end|>\n", bos=False), END_OF_TEXT]
    assert ids == asked + answered
    assert labels == [NOT_LEARNED] * len(asked) + answered


def test_later_turns_have_no_beginning(tokenizer: Phi3VisionTokenizer) -> None:
    turns = [("human", "<image>\nA?"), ("gpt", "Fear"), ("human", "B?"), ("gpt", "Anger")]
    ids, labels = tokenizer.training_example([{"from": who, "value": said} for who, said in turns], [1])
    assert len(ids) == len(labels)
    assert ids.count(BOS) == 3  # one more, the prompt's, and the one after the picture
    learned = [token for token in labels if token != NOT_LEARNED]
    expected = tokenizer.encode("Fear<|end|>\n", bos=False) + tokenizer.encode("Anger<|end|>\n", bos=False)
    assert learned == [*expected, END_OF_TEXT]


@pytest.mark.parametrize("turns", [[], ["gpt", "human"], ["human"], ["human", "human"]], ids=str)
def test_turns_must_alternate(tokenizer: Phi3VisionTokenizer, turns: list[str]) -> None:
    with pytest.raises(ShapeError, match="human and gpt in turn"):
        tokenizer.training_example([{"from": who, "value": "A"} for who in turns], [])


def test_labels_are_told_apart_by_their_first_token(tokenizer: Phi3VisionTokenizer) -> None:
    ids = tokenizer.first_ids(BASIC_LABELS)
    assert len(set(ids)) == 7
    assert [tokenizer.decode([token]) for token in ids] == list(BASIC_LABELS)
    with pytest.raises(ModelShapeError, match="begin with the same token"):
        tokenizer.first_ids(["Xa", "Xb"])


def test_answers_are_read_without_special_tokens(tokenizer: Phi3VisionTokenizer) -> None:
    ids = [*tokenizer.encode("Sadness<|end|>\n", bos=False), END_OF_TEXT]
    assert tokenizer.decode(ids) == "Sadness \n"
    assert tokenizer.stop_ids == {END, END_OF_TEXT}


def test_files(tmp_path: Path, tokenizer: Phi3VisionTokenizer) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(ModelNotFoundError, match=r"tokenizer\.json"):
        Phi3VisionTokenizer.from_file(path)
    path.write_text("{}")
    with pytest.raises(ModelCorruptError, match="is no tokenizer"):
        Phi3VisionTokenizer.from_file(path)
    tokenizers.Tokenizer(tokenizers.models.BPE({"<s>": 0}, [])).save(str(path))
    with pytest.raises(ModelShapeError, match=r"no token <\|end\|>"):
        Phi3VisionTokenizer.from_file(path)
    tokenizer._tokenizer.save(str(path))
    assert Phi3VisionTokenizer.from_file(path).encode("A fear") == tokenizer.encode("A fear")
