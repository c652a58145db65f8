from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from realtime_fer.errors import MissingExtraError, ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError
from realtime_fer.inference.session import available_providers, open_session, run_session


@pytest.fixture
def doubling_model(tmp_path: Path) -> Path:
    """y = x + x on (batch, 2)."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
    )
    path = tmp_path / "doubling.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_runs_a_model(doubling_model: Path) -> None:
    session = open_session(doubling_model)
    (y,) = session.run(None, {"x": np.array([[1.0, 2.0]], np.float32)})
    np.testing.assert_array_equal(y, [[2.0, 4.0]])


def test_session_follows_the_rules_for_threads(doubling_model: Path) -> None:
    options = open_session(doubling_model, intra_op_threads=2).get_session_options()
    assert options.intra_op_num_threads == 2
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.log_severity_level == 4


def test_default_is_one_thread_on_the_cpu(doubling_model: Path) -> None:
    session = open_session(doubling_model)
    assert session.get_session_options().intra_op_num_threads == 1
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_available_providers_name_the_cpu() -> None:
    assert "CPUExecutionProvider" in available_providers()


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08" + bytes(range(256)) * 8])
def test_unreadable_file_is_corrupt(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelCorruptError, match=r"broken\.onnx") as raised:
        open_session(path)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is not None
    assert capfd.readouterr().err == ""


def test_truncated_file_is_corrupt(doubling_model: Path) -> None:
    content = doubling_model.read_bytes()
    doubling_model.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelCorruptError):
        open_session(doubling_model)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        open_session(tmp_path / "nowhere.onnx")


def test_unknown_provider_names_what_there_is(doubling_model: Path) -> None:
    with pytest.raises(ModelError, match=r"AbacusExecutionProvider.*CPUExecutionProvider"):
        open_session(doubling_model, providers=("AbacusExecutionProvider",))


def test_fall_back_to_another_provider_is_refused(doubling_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["GpuProvider", "CPUExecutionProvider"])

    class FellBack:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime, "InferenceSession", FellBack)
    with pytest.raises(ModelError, match=r"asked for GpuProvider.*fell back to CPUExecutionProvider"):
        open_session(doubling_model, providers=("GpuProvider", "CPUExecutionProvider"))


def test_no_threads_at_all_is_refused(doubling_model: Path) -> None:
    with pytest.raises(ModelError, match="intra_op_threads"):
        open_session(doubling_model, intra_op_threads=0)


def test_run_session_returns_the_outputs(doubling_model: Path) -> None:
    (y,) = run_session(open_session(doubling_model), None, {"x": np.ones((3, 2), np.float32)}, "doubling")
    assert y.shape == (3, 2)


def test_run_session_translates_a_refusal(doubling_model: Path) -> None:
    with pytest.raises(ModelShapeError, match=r"doubling: .* x \(1, 5\)") as raised:
        run_session(open_session(doubling_model), None, {"x": np.ones((1, 5), np.float32)}, "doubling")
    assert "\n" not in str(raised.value)


def test_missing_onnxruntime_names_the_extra(doubling_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"realtime-fer\[cpu\]"):
        open_session(doubling_model)
