from __future__ import annotations

import pickle
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from realtime_fer.errors import ModelCorruptError, ModelNotFoundError  # noqa: E402
from realtime_fer.networks.fmpn.weight_files import NETS, find_files, read_state  # noqa: E402

pytestmark = pytest.mark.torch


def test_three_files_or_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="whole epochs there: none"):
        find_files(tmp_path)
    for net in NETS:
        (tmp_path / f"latest_net_{net}.pth").touch()
    assert find_files(tmp_path) == {net: tmp_path / f"latest_net_{net}.pth" for net in NETS}
    (tmp_path / "other.pth").touch()
    for wrong in ("other.pth", "absent_net_cls.pth"):
        with pytest.raises(ModelNotFoundError, match=f"{wrong}: expected a folder with"):
            find_files(tmp_path / wrong)
    (tmp_path / "latest_net_cls.pth").unlink()
    with pytest.raises(ModelNotFoundError, match=r"epoch latest: .*none of cls"):
        find_files(tmp_path / "latest_net_fusion.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_are_read_from_new_and_old_files(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "1_net_fusion.pth"
    torch.save({"a": torch.arange(3)}, path, _use_new_zipfile_serialization=zipped)
    assert read_state(path)["a"].tolist() == [0, 1, 2]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("evil"),)  # type: ignore[return-value]


def test_files_that_are_something_else_are_refused_and_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.pth"
    with pytest.raises(ModelNotFoundError, match="found no file"):
        read_state(path)
    path.write_bytes(b"no torch file")
    with pytest.raises(ModelCorruptError, match="torch cannot read it"):
        read_state(path)
    path.write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ModelCorruptError, match="torch cannot read it"):
        read_state(path)
    assert not (tmp_path / "evil").exists()
    for wrong, found in (([1], "list"), ({}, "dict"), ({"epoch": 3, "model": {}}, "entries epoch, model")):
        torch.save(wrong, path)
        with pytest.raises(ModelCorruptError, match=rf"bare state_dict .* found {found}"):
            read_state(path)
