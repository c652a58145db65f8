from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")

from safetensors.torch import load_file  # noqa: E402

from realtime_fer.errors import ModelCorruptError  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.networks.expllm.model import ExpLlm  # noqa: E402
from realtime_fer.training.expllm.trained import save_trained, save_whole  # noqa: E402
from realtime_fer.training.vlm.trained import trained_tensors  # noqa: E402
from tests.networks.expllm.tiny import VISION, tiny_model  # noqa: E402
from tests.training.expllm.tiny_set import save_checkpoint  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def model() -> ExpLlm:
    found = copy.deepcopy(tiny_model())
    found.train_only_small_parts()
    return found


def test_what_is_saved(model: ExpLlm, tmp_path: Path) -> None:
    save_trained(tmp_path / "new", trained_tensors(model), {"step": 3})
    assert load_file(str(tmp_path / "new" / "trained.safetensors")).keys() == trained_tensors(model).keys()
    assert json.loads((tmp_path / "new" / "trained.json").read_text()) == {"step": 3}


def test_the_whole_model_in_files_of_bounded_size(model: ExpLlm, tmp_path: Path) -> None:
    start = save_checkpoint(tmp_path / "start")
    with torch.no_grad():
        model.projector[0].bias.add_(1)
    save_whole(tmp_path / "whole", model, start, max_file_bytes=40_000)
    files = sorted(path.name for path in (tmp_path / "whole").glob("*.safetensors"))
    assert len(files) > 2
    assert files[-1] == f"model-{len(files):05d}-of-{len(files):05d}.safetensors"
    read = load_expllm(tmp_path / "whole", dtype=torch.float32, vision=VISION)
    assert all(torch.equal(value, read.get_parameter(name)) for name, value in model.named_parameters())
    assert (tmp_path / "whole" / "tokenizer.model").is_file()
    with pytest.raises(ModelCorruptError, match="is the folder that training began with"):
        save_whole(tmp_path / "start", model, start)
