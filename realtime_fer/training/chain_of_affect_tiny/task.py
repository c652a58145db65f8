"""The tiny model as a task for the loop: its network, lessons, losses and held-out figures."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from realtime_fer.datasets.ferplus import NOT_COUNTED, FerPlus, majority_labels
from realtime_fer.datasets.ferplus_pairs import secondary_labels
from realtime_fer.errors import DatasetError, missing_extra

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise missing_extra("training chain-of-affect-tiny", "train", error) from error

from realtime_fer.networks.chain_of_affect_tiny.byte_pairs import BytePairTokenizer
from realtime_fer.networks.chain_of_affect_tiny.chat import END_OF_TURN, IMAGE, answer_ids
from realtime_fer.networks.chain_of_affect_tiny.config import ChainOfAffectTinyConfig
from realtime_fer.networks.chain_of_affect_tiny.model import ChainOfAffectTiny
from realtime_fer.networks.compact_emotion_gcn import BACKBONES
from realtime_fer.training.chain_of_affect_tiny.lessons import COLUMNS, EpochLessons, Lesson
from realtime_fer.training.chain_of_affect_tiny.objective import Questions, lesson_losses
from realtime_fer.training.chain_of_affect_tiny.questions import LABELS, every_text
from realtime_fer.training.chain_of_affect_tiny.recipe import TinyRecipe
from realtime_fer.training.chain_of_affect_tiny.vocabulary import make_tokenizer
from realtime_fer.training.emotion_gcn_ferplus.scoring import accuracy_and_recall
from realtime_fer.training.expression_augmentation import augment
from realtime_fer.training.loop.run_files import History, Panel, draw_panels, load_checkpoint

WARM_UP_FRACTION: Final = 0.1
CLIP_NORM: Final = 1.0
SCORING_BATCH: Final = 256
FITTED_FACES: Final = 1024
"""From so many unspoiled training faces the projector learns how its channels are spread."""


def config_of(recipe: TinyRecipe, backbone: str, tokenizer: BytePairTokenizer, words: int) -> ChainOfAffectTinyConfig:
    """The sizes of the network that a recipe asks for."""
    trunk = BACKBONES[backbone]
    return ChainOfAffectTinyConfig(
        stem=trunk.stem,
        stages=trunk.stages,
        vocab_size=words,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        image_token_id=tokenizer.special_id(IMAGE),
        eos_token_id=tokenizer.special_id(END_OF_TURN),
        labels=LABELS.every,
        answer_token_ids=answer_ids(tokenizer, LABELS.every),
    )


def answers_to(
    model: ChainOfAffectTiny, seen: Tensor, questions: Questions, told: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.float32]:
    """Logits of the labels as the first word of an answer, float32 (N, 9).

    Args:
        seen: what the tower sees of the faces, (N, 1 + P, C).
        told: the label that the second question names for each face, (N,); None asks the first question.
    """
    batches = []
    with torch.no_grad():
        for start in range(0, len(seen), SCORING_BATCH):
            vectors = model.projector(seen[start : start + SCORING_BATCH])
            part = None if told is None else told[start : start + SCORING_BATCH]
            before, after = questions.first(0, len(vectors)) if part is None else questions.second(0, part)
            batches.append(model.read(before, vectors, after)[:, 0, questions.answers].float().cpu().numpy())
    return np.concatenate(batches)


class TinyTask:
    """FER+ faces, and both questions, answered by the crowd; for `train_run`.

    Args:
        recipe: what is asked for.
        faces, held_out: see `emotion_gcn_ferplus.crowd.training_faces`.
        device: where it computes.
    """

    warm_up_fraction = WARM_UP_FRACTION
    clip_norm = CLIP_NORM
    never_decayed: Collection[str] = ("projector.address", "language.model.embed_tokens.weight")

    def __init__(self, recipe: TinyRecipe, faces: FerPlus, held_out: FerPlus, device: str) -> None:
        self._recipe = recipe
        self._device = device
        self._faces, self._held_out = faces, held_out
        self._vision = load_checkpoint(Path(recipe.vision_from))
        if "cooccurrence" not in self._vision:
            raise DatasetError(f"{recipe.vision_from}: expected a checkpoint of an expression training, found one of another")
        self._tokenizer_text = make_tokenizer(every_text())
        content = json.loads(self._tokenizer_text)
        tokenizer = BytePairTokenizer(content)
        backbone = self._vision["recipe"].get("backbone", "small")
        self._config = config_of(recipe, backbone, tokenizer, len(content["model"]["vocab"]))
        self._questions = Questions(tokenizer, device)
        self._generator = torch.Generator(device=device)
        self._generator.manual_seed(recipe.seed)
        self._held_out_seen: Tensor | None = None
        self._answers: dict[str, Tensor] = {}

    def network(self) -> ChainOfAffectTiny:
        network = ChainOfAffectTiny(self._config)
        try:
            network.tower.load_trunk(self._vision["average"])
        except RuntimeError as error:
            raise DatasetError(
                f"{self._recipe.vision_from}: expected a checkpoint of an expression training ({error})"
            ) from error
        network.projector.fit(self._see(network, self._faces.images[:FITTED_FACES]))
        return network

    def batches(self, epoch: int) -> EpochLessons:
        return EpochLessons(self._faces.votes, self._recipe.batch, self._recipe.seed, epoch)

    def losses(self, model: Any, batch: Lesson) -> dict[str, Tensor]:
        pictures = torch.from_numpy(self._faces.images[batch.rows]).to(self._device).float().unsqueeze(1)
        pictures = augment(pictures, self._generator, self._recipe.camera_share)
        with torch.autocast(device_type=pictures.device.type, dtype=torch.bfloat16):
            with torch.no_grad():
                seen = model.tower(pictures.contiguous(memory_format=torch.channels_last))
            return lesson_losses(model, model.projector(seen), batch, self._questions)

    def held_out_figures(self, average: Any) -> dict[str, float]:
        average.eval()
        if self._held_out_seen is None:
            # The tower never changes.
            self._held_out_seen = self._see(average, self._held_out.images)
        primary, secondary = (
            in_label_order(majority_labels(self._held_out.votes)),
            in_label_order(secondary_labels(self._held_out.votes)),
        )
        told = np.maximum(primary, 0)
        first = answers_to(average, self._held_out_seen, self._questions, None)
        second = answers_to(average, self._held_out_seen, self._questions, told)
        named = {"first_logits": first, "second_logits": second, "first_labels": primary, "second_labels": secondary}
        self._answers = {name: torch.from_numpy(value) for name, value in named.items()}
        figures = (*accuracy_and_recall(first, primary), *accuracy_and_recall(second, secondary))
        return dict(
            zip(("held_out_first", "held_out_first_uar", "held_out_second", "held_out_second_uar"), figures, strict=True)
        )

    def own_contents(self) -> dict[str, Any]:
        return {
            "generator": self._generator.get_state(),
            "config": self._config.to_diff_dict(),
            "tokenizer": self._tokenizer_text,
            # For the export, which fits the temperatures.
            "held_out": self._answers,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        self._generator.set_state(saved["generator"].cpu())

    def draw(self, history: History, path: Path) -> None:
        loss = Panel("Loss", "cross-entropy to the crowd's words", {"first": "first question", "second": "second question"})
        accuracy = Panel(
            "Answers",
            "held-out part of the training file",
            {
                "held_out_first": "first, WAR",
                "held_out_first_uar": "first, UAR",
                "held_out_second": "second, accuracy",
                "held_out_second_uar": "second, UAR",
            },
        )
        draw_panels(history, [loss, accuracy], path)

    def _see(self, network: ChainOfAffectTiny, images: npt.NDArray[np.uint8]) -> Tensor:
        parts = []
        with torch.no_grad():
            for start in range(0, len(images), SCORING_BATCH):
                part = torch.from_numpy(images[start : start + SCORING_BATCH])
                parts.append(network.tower(part.to(next(network.parameters()).device).float().unsqueeze(1)))
        return torch.cat(parts)


def in_label_order(columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Vote columns, `NO_SECOND` and `NOT_COUNTED` -> numbers in `LABELS.every`; `NOT_COUNTED` stays."""
    number_of = np.array([*np.argsort(COLUMNS), len(COLUMNS), NOT_COUNTED])
    return np.asarray(number_of[columns], np.int64)
