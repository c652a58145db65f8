"""Published files, as small as they come, through the importers; and files that would run code if they were let."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the vlm extra")
pytest.importorskip("transformers", reason="needs the vlm extra")
pytest.importorskip("peft", reason="needs the vlm extra")
pytest.importorskip("onnx", reason="needs the train extra")
pytest.importorskip("onnxruntime")

from realtime_fer.errors import ModelCorruptError, ModelError, ModelNotFoundError, ModelShapeError, SettingsError  # noqa: E402
from realtime_fer.networks.exp_blip.converted import load_converted  # noqa: E402
from realtime_fer.networks.expllm.checkpoint import load_expllm  # noqa: E402
from realtime_fer.networks.phi3_vision.lora import LoraAdapter  # noqa: E402
from realtime_fer.zoo import import_checkpoint  # noqa: E402
from realtime_fer.zoo import import_published as import_published_module  # noqa: E402
from realtime_fer.zoo.catalogue import find_published  # noqa: E402
from realtime_fer.zoo.import_checkpoint import import_exp_blip, import_expllm  # noqa: E402
from realtime_fer.zoo.import_options import ImportOptions  # noqa: E402
from realtime_fer.zoo.import_published import import_published, use_of  # noqa: E402
from realtime_fer.zoo.manifest import CheckpointManifest, ExpressionManifest  # noqa: E402
from realtime_fer.zoo.own_weights import classifier_name  # noqa: E402
from realtime_fer.zoo.shelf import find_model, list_models, verify_model  # noqa: E402
from realtime_fer.zoo.user_folder import fetched_folder, models_folder  # noqa: E402
from tests.networks.emotion_gcn import tiny as tiny_gcn  # noqa: E402
from tests.networks.exp_blip.test_checkpoint import opt_folder, saved, stage_two, trimmed  # noqa: E402
from tests.networks.exp_blip.tiny import SIZES  # noqa: E402
from tests.networks.expllm.tiny import VISION, tiny_config, write_published  # noqa: E402
from tests.networks.phi3_vision.test_lora import random_adapter, write  # noqa: E402
from tests.networks.phi3_vision.tiny import tiny_model  # noqa: E402
from tests.zoo.test_download import Told  # noqa: E402

pytestmark = pytest.mark.torch


class Hostile:
    """A pickle of this runs code where it is opened carelessly."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.write_text, (self.witness, "ran")


def hostile(path: Path) -> Path:
    torch.save({"model": Hostile(path.parent / "witness")}, path)
    return path


def bring(name: str, *weights: Path, told: Told | None = None, **options: Any) -> Path:
    replace = options.pop("replace", False)
    return import_published(find_published(name), weights, ImportOptions(**options), told or Told(), replace=replace)


def test_a_hostile_file_does_run_where_it_is_opened_carelessly(tmp_path: Path) -> None:
    torch.load(hostile(tmp_path / "w.pth"), weights_only=False)
    assert (tmp_path / "witness").read_text() == "ran"


def hostile_emotion_gcn(folder: Path) -> tuple[str, Path]:
    return "emotion-gcn", hostile(folder / "w.pth")


def hostile_words(folder: Path) -> tuple[str, Path]:
    hostile(folder / "emb.pkl")
    return "emotion-gcn", tiny_gcn.save_checkpoint(folder / "w.pth", tiny_gcn.trained_looking("densenet121", "emotion-gcn"))


def hostile_fmpn(folder: Path) -> tuple[str, Path]:
    for net in ("resface", "fusion", "cls"):
        hostile(folder / f"200_net_{net}.pth")
    return "fmpn", folder


def hostile_adapter(folder: Path) -> tuple[str, Path]:
    write(folder, {})
    (folder / "adapter_model.safetensors").unlink()
    hostile(folder / "adapter_model.bin")
    return "chain-of-affect", folder


def hostile_expllm(folder: Path) -> tuple[str, Path]:
    (folder / "config.json").write_text("{}")
    for name in ("tokenizer.model", "tokenizer_config.json"):
        (folder / name).write_bytes(b"words")
    hostile(folder / "pytorch_model.bin")
    return "expllm", folder


def hostile_exp_blip(folder: Path) -> tuple[str, Path]:
    return "exp-blip", hostile(folder / "w.pth")


def hostile_opt(folder: Path) -> tuple[str, Path]:
    hostile(folder / "pytorch_model.bin")
    return "exp-blip", saved(folder, {"query_tokens": torch.zeros(1)})


@pytest.mark.parametrize(
    "given",
    [hostile_emotion_gcn, hostile_words, hostile_fmpn, hostile_adapter, hostile_expllm, hostile_exp_blip, hostile_opt],
)
def test_a_hostile_file_runs_nowhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Callable[[Path], tuple[str, Path]]
) -> None:
    tiny_gcn.shrink(monkeypatch)
    folder = tmp_path / "given"
    folder.mkdir()
    name, weights = given(folder)
    for words in ("vocab.json", "merges.txt"):
        (folder / words).write_text("{}")
    with pytest.raises(ModelCorruptError, match=r"\S+: .*(torch|cannot be read)"):
        bring(name, weights, opt=folder if name == "exp-blip" else None)
    assert not list(tmp_path.rglob("witness"))
    assert not list(home.rglob("manifest.json"))


@pytest.mark.parametrize("name", ["emotion-gcn", "emotion-gcn-affwild2"])
def test_emotion_gcn_becomes_a_classifier_of_that_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tiny_gcn.shrink(monkeypatch)
    checkpoint = tiny_gcn.save_checkpoint(tmp_path / "w.pth", tiny_gcn.trained_looking("densenet121", "emotion-gcn"))
    words = tmp_path / "emb.pkl"
    torch.save(tiny_gcn.word_embeddings(), words)
    folder = bring(name, checkpoint, words, size_px=112, licence="GPL-3.0-only")
    assert folder == home / "models" / name == models_folder() / name
    model = find_model(classifier_name(name, None))
    assert model.folder == folder
    assert isinstance(model.manifest, ExpressionManifest)
    assert model.manifest.licence == "GPL-3.0-only"
    assert model.manifest.labels[1] == ("happiness" if name == "emotion-gcn" else "anger")
    verify_model(model)
    card = (folder / "CARD.md").read_text()
    assert "non-commercial research" in card
    assert "Not verified" in card
    assert name in {found.folder.name for found in list_models()}
    with pytest.raises(ModelError, match="is there already; give --replace"):
        bring(name, checkpoint, words)
    bring(name, checkpoint, embeddings=words, size_px=112, replace=True)
    with pytest.raises(ModelNotFoundError, match=r"expected one checkpoint, found \S+w\.pth, "):
        bring("emotion-gcn", checkpoint, checkpoint, replace=True)


def test_fmpn_goes_to_its_export(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    module = ModuleType("realtime_fer.training.fmpn.export")

    def export_fmpn(weights: Path, out: Path, **settings: Any) -> None:
        asked.append((weights, out, settings))
        raise ModelShapeError("as far as this test goes")

    module.export_fmpn, module.LICENCE = export_fmpn, "LicenseRef-unknown"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    files = [tmp_path / f"200_net_{net}.pth" for net in ("cls", "fusion", "resface")]
    for file in files:
        file.write_bytes(b"w")
    for given in ([tmp_path], files):
        with pytest.raises(ModelShapeError):
            bring("fmpn", *given, size_px=64)
    settings = {"size_px": 64, "licence": "LicenseRef-unknown"}
    assert asked == [(given, models_folder() / "fmpn", settings) for given in (tmp_path, files[0])]


def test_the_adapter_is_checked_and_taken_in(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    adapter = random_adapter()
    source = write(tmp_path, adapter.tensors())
    folder = bring("chain-of-affect", source, told=told)
    assert set(LoraAdapter.from_folder(folder).modules) == set(adapter.modules)
    manifest = find_model("chain-of-affect").manifest
    assert isinstance(manifest, CheckpointManifest)
    assert (manifest.system, manifest.needs) == ("chain-of-affect", ("phi-3.5-vision-instruct",))
    assert {file.file for file in manifest.made_from} == {"adapter_config.json", "adapter_model.safetensors"}
    assert any("2 modules" in line and "275 and 64,964,640" in line for line in told.lines)
    assert any("not compared with its base" in line for line in told.lines)
    base = tmp_path / "base"
    base.mkdir()
    checked: list[Path] = []
    monkeypatch.setattr(import_checkpoint, "_require_fits_base", lambda found, where: checked.append(where))
    bring("chain-of-affect", source / "adapter_model.safetensors", base=base, replace=True)
    assert checked == [base]
    (folder / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelCorruptError):
        verify_model(find_model("chain-of-affect"))


def test_an_adapter_of_another_base_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime_fer.networks.phi3_vision import config, model

    adapter = random_adapter()
    tiny = tiny_model()
    monkeypatch.setattr(config.Phi3VisionConfig, "from_file", lambda path: path)
    monkeypatch.setattr(model, "Phi3Vision", lambda _: tiny)
    import_checkpoint._require_fits_base(adapter, tmp_path)
    adapter.modules["model.layers.99.mlp.down_proj"] = next(iter(adapter.modules.values()))
    with pytest.raises(ModelShapeError, match="was it made for another one"):
        import_checkpoint._require_fits_base(adapter, tmp_path)


def test_a_broken_adapter_leaves_nothing(home: Path, tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors(), r=5)
    with pytest.raises(ModelShapeError, match="expected rank 5"):
        bring("chain-of-affect", tmp_path)
    assert not [path for path in (home / "models").rglob("*") if path.is_file()]
    (tmp_path / "adapter_config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"expected adapter_config\.json in .*models fetch chain-of-affect"):
        bring("chain-of-affect", tmp_path)


def test_expllm_is_converted_and_brings_its_words(home: Path, tmp_path: Path) -> None:
    published, out, told = tmp_path / "ckpt", tmp_path / "out", Told()
    write_published(published, tiny_config())
    entry = find_published("expllm")
    with pytest.raises(ModelNotFoundError, match=r"expected tokenizer\.model in \S+ckpt, \S+, found none; give --tokenizer"):
        import_expllm(entry, [published], out, ImportOptions(), told, vision=VISION)
    words = fetched_folder("vicuna-7b-v1.5-tokenizer")
    words.mkdir(parents=True)
    (words / "tokenizer.model").touch()
    with pytest.raises(ModelNotFoundError, match=r"expected tokenizer_config\.json in \S+ckpt, \S+, found none; give --tok"):
        import_expllm(entry, [published], out, ImportOptions(), told, vision=VISION)
    (words / "tokenizer_config.json").write_text("{}")
    with pytest.raises(ModelCorruptError, match=r"tokenizer\.model: is empty; fetch it again"):
        import_expllm(entry, [published], out, ImportOptions(), told, vision=VISION)
    assert not out.exists(), "nothing is converted before"
    (words / "tokenizer.model").write_bytes(b"words")
    import_expllm(entry, [published], out, ImportOptions(dtype="float32"), told, vision=VISION)
    assert (out / "tokenizer.model").read_bytes() == b"words"
    assert load_expllm(out, vision=VISION, dtype=torch.float32).training is False
    model = find_model(str(out))
    verify_model(model)
    assert isinstance(model.manifest, CheckpointManifest)
    assert model.manifest.file.endswith(".safetensors")
    assert {"config.json", "tokenizer.model", "conversion.json"} <= {file.file for file in model.manifest.files}
    assert model.manifest.licence == "LicenseRef-unknown"
    assert "Llama 2 Community License" in model.manifest.licence_note
    with pytest.raises(ModelNotFoundError, match=r"expected a checkpoint's folder, found .*config\.json"):
        import_expllm(entry, [published / "config.json"], out, ImportOptions(), told, vision=VISION)


def test_exp_blip_is_converted_with_opt_and_its_words(home: Path, tmp_path: Path) -> None:
    state, told, out = stage_two(), Told(), tmp_path / "out"
    source, opt = saved(tmp_path, trimmed(state)), opt_folder(tmp_path / "opt", state)
    entry = find_published("exp-blip")
    with pytest.raises(
        ModelNotFoundError, match=r"vocab\.json in \S+opt, found none; give --opt FOLDER, or: .*models fetch opt"
    ):
        import_exp_blip(entry, [source], out, ImportOptions(opt=opt), told, sizes=SIZES)
    (opt / "vocab.json").write_text("{}")
    (opt / "merges.txt").touch()
    with pytest.raises(ModelCorruptError, match=r"merges\.txt: is empty"):
        import_exp_blip(entry, [source], out, ImportOptions(opt=opt), told, sizes=SIZES)
    assert not out.exists(), "nothing is converted before"
    (opt / "merges.txt").write_text("#version: 0.2\n")
    import_exp_blip(entry, [source], out, ImportOptions(opt=opt, dtype="bfloat16"), told, sizes=SIZES)
    load_converted(out, verify=True)
    assert (out / "vocab.json").is_file()
    model = find_model(str(out))
    verify_model(model)
    assert isinstance(model.manifest, CheckpointManifest)
    assert model.manifest.needs == ()
    of_opt = sorted(path.name for path in opt.glob("*.safetensors"))
    assert of_opt
    assert [file.file for file in model.manifest.made_from] == [source.name, *of_opt]
    with pytest.raises(ModelNotFoundError, match="expected one file of weights"):
        import_exp_blip(entry, [tmp_path], out, ImportOptions(opt=opt), told, sizes=SIZES)


def test_an_import_that_is_stopped_is_no_model_and_goes_on(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime_fer.networks.checkpoint_writing import write_tensors
    from realtime_fer.networks.expllm import convert

    published = tmp_path / "ckpt"
    write_published(published, tiny_config())
    (published / "tokenizer.model").write_bytes(b"words")
    (published / "tokenizer_config.json").write_text("{}")
    out = tmp_path / "out"

    def stopped(path: Path, tensors: Any) -> None:
        if path.name.startswith("model-00002"):
            raise KeyboardInterrupt
        write_tensors(path, tensors)

    entry = find_published("expllm")
    with monkeypatch.context() as patch:
        patch.setattr(convert, "write_tensors", stopped)
        with pytest.raises(KeyboardInterrupt):
            import_expllm(entry, [published], out, ImportOptions(), Told(), vision=VISION)
    with pytest.raises(ModelNotFoundError):
        find_model(str(out))
    told = Told()
    import_expllm(entry, [published], out, ImportOptions(), told, vision=VISION)
    assert any("already there, and whole" in line for line in told.lines)
    verify_model(find_model(str(out)))


def test_what_is_used_as_it_is(home: Path, tmp_path: Path) -> None:
    content = b"x" * 500_000
    for name in ("tokenizer.model", "tokenizer_config.json", "special_tokens_map.json"):
        (tmp_path / name).write_bytes(content)
    assert bring("vicuna-7b-v1.5-tokenizer", tmp_path) == fetched_folder("vicuna-7b-v1.5-tokenizer")
    assert bring("vicuna-7b-v1.5-tokenizer") == fetched_folder("vicuna-7b-v1.5-tokenizer"), "once more, from there"


def test_an_adapter_in_the_older_form_is_not_hidden_by_the_one_before(home: Path, tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors())
    folder = bring("chain-of-affect", tmp_path)
    (tmp_path / "adapter_model.safetensors").unlink()
    later = {name: value + 1 for name, value in random_adapter().tensors().items()}
    torch.save(later, tmp_path / "adapter_model.bin")
    bring("chain-of-affect", tmp_path, replace=True)
    found = LoraAdapter.from_folder(folder).tensors()
    assert all(torch.equal(found[name], value) for name, value in later.items())


def test_an_option_without_meaning_is_refused(home: Path, tmp_path: Path) -> None:
    for name, option, says in (
        ("expllm", {"opt": tmp_path}, "--opt: has no meaning for expllm, which takes --tokenizer, --dtype, --licence"),
        ("fmpn", {"dtype": "float16"}, "--dtype: has no meaning for fmpn, which takes --size, --licence; leave it out"),
        ("opt-6.7b", {"licence": "MIT"}, "--licence: has no meaning for weights that are kept as they are"),
    ):
        with pytest.raises(SettingsError, match=says):
            bring(name, tmp_path, **option)
    with pytest.raises(SettingsError, match=r"--to: opt-6\.7b is kept as it is in \S+opt-6\.7b; leave it out"):
        import_published(find_published("opt-6.7b"), [tmp_path], ImportOptions(), Told(), out=tmp_path / "out")
    with pytest.raises(SettingsError, match="--size: has no meaning for a package, which takes no options of weights"):
        ImportOptions(size_px=3).require_taken(None)


def test_nothing_to_import(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="chain-of-affect: was not fetched; give --weights PATH"):
        bring("chain-of-affect")
    with pytest.raises(ModelNotFoundError, match=r"absent: no such file.*models show expllm"):
        bring("expllm", tmp_path / "absent")


def test_a_checkpoints_manifest_is_told_apart(home: Path, tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors())
    folder = bring("chain-of-affect", tmp_path)
    stored = json.loads((folder / "manifest.json").read_text())
    assert stored["task"] == "checkpoint"
    (folder / "manifest.json").write_text(json.dumps({**stored, "system": "another"}))
    with pytest.raises(ModelCorruptError, match="system"):
        find_model("chain-of-affect")


def test_an_import_that_fails_leaves_the_older_one(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, other = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    other.mkdir()
    write(source, random_adapter().tensors())
    folder = bring("chain-of-affect", source)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(other, random_adapter().tensors(), r=5)
    with pytest.raises(ModelShapeError):
        bring("chain-of-affect", other, replace=True)
    verify_model(find_model("chain-of-affect"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["chain-of-affect"]

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setitem(import_published_module.IMPORTERS, "chain-of-affect", full)
        with pytest.raises(OSError, match="No space"):
            bring("chain-of-affect", source, replace=True)
    verify_model(find_model("chain-of-affect"))
    # One that has changed files is no model until an import is whole.

    def damages(entry: Any, weights: Any, out: Path, *_: Any) -> None:
        (out / "adapter_model.safetensors").write_bytes(b"half")
        raise ModelCorruptError("as far as this test goes")

    monkeypatch.setitem(import_published_module.IMPORTERS, "chain-of-affect", damages)
    with pytest.raises(ModelCorruptError, match="as far as"):
        bring("chain-of-affect", source, replace=True)
    with pytest.raises(ModelNotFoundError):
        find_model("chain-of-affect")


def test_the_command_that_is_told_is_for_the_folder_it_lies_in(home: Path) -> None:
    gcn, llm = find_published("emotion-gcn"), find_published("expllm")
    shelf = models_folder()
    assert use_of(gcn, shelf / "emotion-gcn") == "realtime-fer webcam --classifier emotion-gcn"
    assert use_of(gcn, Path("/ssd/x")) == "realtime-fer webcam --classifier /ssd/x"
    for folder in (shelf / "expllm", Path("/ssd/x")):
        assert f"--reasoner expllm --reasoner-option checkpoint={folder} " in use_of(llm, folder)


def test_weights_are_not_imported_into_their_own_folder(home: Path, tmp_path: Path) -> None:
    write(tmp_path, random_adapter().tensors())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for given in (tmp_path, tmp_path / "adapter_model.safetensors"):
        with pytest.raises(ModelError, match="is where the weights lie; name a folder of its own with --to"):
            import_published(find_published("chain-of-affect"), [given], ImportOptions(), Told(), out=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_how_words_are_cut_is_the_checkpoints_to_say(home: Path, tmp_path: Path) -> None:
    published, words = tmp_path / "ckpt", tmp_path / "words"
    write_published(published, tiny_config())
    (published / "tokenizer_config.json").write_text('{"legacy": true}')
    words.mkdir()
    (words / "tokenizer_config.json").write_text('{"legacy": false}')
    entry, out = find_published("expllm"), tmp_path / "out"
    with pytest.raises(ModelNotFoundError, match=r"expected tokenizer\.model in \S+words, found none"):
        import_expllm(entry, [published], out, ImportOptions(tokenizer=words), Told(), vision=VISION)
    (words / "tokenizer.model").write_bytes(b"words")
    import_expllm(entry, [published], out, ImportOptions(tokenizer=words), Told(), vision=VISION)
    assert (out / "tokenizer_config.json").read_text() == '{"legacy": true}'
    (published / "tokenizer_config.json").unlink()
    again = tmp_path / "again"
    import_expllm(entry, [published], again, ImportOptions(tokenizer=words), Told(), vision=VISION)
    assert (again / "tokenizer_config.json").read_text() == '{"legacy": false}'
    assert {file.file for file in find_model(str(again)).manifest.further_files} >= {"tokenizer_config.json", "tokenizer.model"}
