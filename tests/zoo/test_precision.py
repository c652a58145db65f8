from __future__ import annotations

import platform
from pathlib import Path

import pytest

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.zoo import precision
from realtime_fer.zoo.manifest import read_manifest
from realtime_fer.zoo.precision import multiplies_bytes_fast, with_precision
from realtime_fer.zoo.shelf import ShelvedModel
from tests.zoo.test_manifest import EXPRESSION, write

INT8 = {"file": "m8.onnx", "sha256": "a" * 64, "size_bytes": 2, "calibrated_on": "faces"}


@pytest.fixture
def both(tmp_path: Path) -> ShelvedModel:
    write(tmp_path, {**EXPRESSION, "int8": INT8})
    return ShelvedModel(tmp_path, read_manifest(tmp_path))


def fast(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr(precision, "multiplies_bytes_fast", lambda: answer)


def test_auto_takes_int8_where_the_processor_is_fast_at_it(both: ShelvedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(monkeypatch, True)
    chosen = with_precision(both)
    assert (chosen.precision, chosen.weights, chosen.sha256) == ("int8", both.folder / "m8.onnx", "a" * 64)
    assert with_precision(both, providers=["CPUExecutionProvider"]).precision == "int8"
    assert with_precision(both, providers=["CUDAExecutionProvider", "CPUExecutionProvider"]).precision == "fp32"
    fast(monkeypatch, False)
    chosen = with_precision(both)
    assert (chosen.precision, chosen.weights) == ("fp32", both.folder / both.manifest.file)
    assert chosen.sha256 == both.manifest.sha256


def test_what_is_asked_for_is_taken_whatever_the_processor(both: ShelvedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(monkeypatch, False)
    assert with_precision(both, "int8").precision == "int8"
    fast(monkeypatch, True)
    assert with_precision(both, "fp32").precision == "fp32"


def test_a_model_without_int8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(monkeypatch, True)
    write(tmp_path, EXPRESSION)
    model = ShelvedModel(tmp_path, read_manifest(tmp_path))
    assert with_precision(model).precision == "fp32"
    with pytest.raises(ModelNotFoundError, match=r"found only fp32.*export int8"):
        with_precision(model, "int8")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu sse2 avx2 avx512f", False),
        ("flags : fpu avx512f avx512_vnni", True),
        ("flags : avx2 avx_vnni", True),
        ("Features : fp asimd asimddp", True),
        ("flags : not_avx_vnni_really", False),
    ],
)
def test_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, expected: bool) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    (tmp_path / "cpuinfo").write_text(f"processor : 0\n{flags}\n")
    assert multiplies_bytes_fast(tmp_path / "cpuinfo") is expected
    assert multiplies_bytes_fast(tmp_path / "absent") is False


def test_macs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    for machine, expected in (("arm64", True), ("x86_64", False)):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert multiplies_bytes_fast() is expected
