"""Published classifiers: from the authors' files to a model folder, by the exports that `realtime-fer export` uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from realtime_fer.errors import ModelNotFoundError
from realtime_fer.networks.emotion_gcn.word_embeddings import FILE_NAMES
from realtime_fer.zoo.catalogue import Published
from realtime_fer.zoo.import_options import ImportOptions


def import_emotion_gcn(entry: Published, weights: Sequence[Path], out: Path, options: ImportOptions) -> None:
    """Export an Emotion-GCN, its graph folded.

    Args:
        weights: the checkpoint, and the word vectors under one of their usual names where they are not an option.

    Raises:
        ModelError: as `training.emotion_gcn.export.export_emotion_gcn`.
        MissingExtraError: torch is not installed.
    """
    from realtime_fer.training.emotion_gcn.export import LICENCE, export_emotion_gcn

    words = options.embeddings or next((path for path in weights if path.name in FILE_NAMES), None)
    checkpoint = _one(entry, [path for path in weights if path != words])
    export_emotion_gcn(
        checkpoint,
        out,
        embeddings=words,
        dataset=entry.dataset,
        size_px=options.size_px,
        licence=options.licence or LICENCE,
    )


def import_fmpn(entry: Published, weights: Sequence[Path], out: Path, options: ImportOptions) -> None:
    """Export FMPN with its motion mask.

    Args:
        weights: the folder of the three files, or one or all of these.

    Raises:
        ModelError: as `training.fmpn.export.export_fmpn`.
        MissingExtraError: torch is not installed.
    """
    from realtime_fer.training.fmpn.export import LICENCE, export_fmpn

    chosen = weights[0] if weights and len({path.parent for path in weights}) == 1 else _one(entry, weights)
    export_fmpn(chosen, out, size_px=options.size_px, licence=options.licence or LICENCE)


def _one(entry: Published, paths: Sequence[Path]) -> Path:
    if len(paths) != 1:
        found = ", ".join(map(str, paths)) or "none"
        raise ModelNotFoundError(
            f"{entry.name}: expected one checkpoint, found {found}; see: realtime-fer models show {entry.name}"
        )
    return paths[0]
