"""Bring published weights, fetched or brought by hand, onto the shelf."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from realtime_fer.errors import ModelError, ModelNotFoundError, RealtimeFerError, SettingsError
from realtime_fer.zoo.catalogue import Importer, Published
from realtime_fer.zoo.download import Progress
from realtime_fer.zoo.fetch import is_fetched
from realtime_fer.zoo.folder_lock import locked
from realtime_fer.zoo.import_checkpoint import import_chain_of_affect, import_exp_blip, import_expllm
from realtime_fer.zoo.import_classifier import import_emotion_gcn, import_fmpn
from realtime_fer.zoo.import_options import ImportOptions
from realtime_fer.zoo.manifest import MANIFEST_NAME
from realtime_fer.zoo.shelf import find_model, verify_model
from realtime_fer.zoo.take_in import take_in
from realtime_fer.zoo.user_folder import as_typed, fetched_folder, models_folder

Step = Callable[[Published, Sequence[Path], Path, ImportOptions, Progress], None]

IMPORTERS: Final[dict[Importer, Step]] = {
    "emotion-gcn": lambda entry, weights, out, options, _: import_emotion_gcn(entry, weights, out, options),
    "fmpn": lambda entry, weights, out, options, _: import_fmpn(entry, weights, out, options),
    "chain-of-affect": import_chain_of_affect,
    "expllm": import_expllm,
    "exp-blip": import_exp_blip,
}
"""Those that make a model folder; "as-is" keeps the files as they are."""


def import_published(
    entry: Published,
    weights: Sequence[Path],
    options: ImportOptions,
    progress: Progress,
    *,
    out: Path | None = None,
    replace: bool = False,
) -> Path:
    """Make a model folder of published weights, and verify it.

    Args:
        weights: files or folders; none takes what `fetch` left.
        out: the folder; None for the shelf of imported models.
        replace: an older import of the same name goes; where this one fails before it changes a file, it stays.

    Returns:
        The model folder; for weights that are used as they are, the folder of files.

    Raises:
        ModelNotFoundError: nothing to import, or something it needs is missing.
        ModelCorruptError, ModelShapeError: the files are not what they should be.
        ModelError: a model of that name is there, `out` is where the weights lie, or another process works on it.
        MissingExtraError: torch is not installed.
        SettingsError: an option that these weights have no use for.
    """
    options.require_taken(entry.importer)
    if entry.importer == "as-is" and out is not None:
        raise SettingsError(f"--to: {entry.name} is kept as it is in {fetched_folder(entry.name)}; leave it out")
    for path in weights:
        if not path.exists():
            raise ModelNotFoundError(f"{path}: no such file or folder; for where {entry.name} lies: {_show(entry)}")
    if not weights:
        if not is_fetched(entry):
            raise ModelNotFoundError(f"{entry.name}: was not fetched; give --weights PATH, or see: {_show(entry)}")
        weights = [fetched_folder(entry.name)]
    if entry.importer == "as-is":
        return take_in(entry, list(weights), progress)
    out = out or models_folder() / entry.name
    if any(out.resolve() == (path if path.is_dir() else path.parent).resolve() for path in weights):
        raise ModelError(f"{out}: is where the weights lie; name a folder of its own with --to")
    with locked(out), _older_stays_whole(out, replace):
        IMPORTERS[entry.importer](entry, weights, out, options, progress)
        (out / "CARD.md").write_text(_card(entry, weights, out), encoding="utf-8")
        verify_model(find_model(str(out)))
    return out


@contextmanager
def _older_stays_whole(out: Path, replace: bool) -> Iterator[None]:
    """Take an older manifest away while files may change, and put it back where the import failed and none did."""
    path = out / MANIFEST_NAME
    if not path.exists():
        yield
        return
    if not replace:
        raise ModelError(f"{out}: is there already; give --replace to import it anew")
    text = path.read_bytes()
    try:
        older = find_model(str(out))
    except ModelError:
        older = None
    path.unlink()
    try:
        yield
    except (RealtimeFerError, OSError):
        if older is not None and not path.exists():
            with suppress(ModelError, OSError):
                verify_model(older)
                path.with_name(f"{MANIFEST_NAME}.part").write_bytes(text)
                os.replace(path.with_name(f"{MANIFEST_NAME}.part"), path)
        raise


def use_of(entry: Published, folder: Path) -> str:
    """The command that uses the model of this entry, once it lies in that folder."""
    use = entry.use
    if folder != models_folder() / entry.name:
        use = use.replace(f"{{models}}/{entry.name}", str(folder)).replace(
            f"--classifier {entry.name}", f"--classifier {folder}"
        )
    return as_typed(use)


def _show(entry: Published) -> str:
    return f"realtime-fer models show {entry.name}"


def _card(entry: Published, weights: Sequence[Path], out: Path) -> str:
    lines = [
        f"# {entry.name}",
        "",
        f"{entry.title}. {entry.what}",
        "",
        f"Imported from {', '.join(path.name for path in weights)}; published at {', '.join(entry.pages)}.",
        "",
        "## Licences",
        "",
        *(f"- {licence.of}: {licence.name} ({licence.url}). {licence.means}" for licence in entry.licences),
        "",
        "## Use",
        "",
        f"    {use_of(entry, out)}",
        "",
    ]
    if entry.unverified:
        lines += ["## Not verified", "", *(f"- {line}" for line in entry.unverified), ""]
    return "\n".join(lines)
