"""A training from a run folder to a run folder: begun or taken up, and what it tells, does and leaves, whatever the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from realtime_fer.training.vlm.order import RecordOrder
from realtime_fer.training.vlm.processes import Tell, loaded, teller
from realtime_fer.training.vlm.run_folder import AnyRecipe, begin, leave, taken_up
from realtime_fer.training.vlm.steps import StepRun, StepTask

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass(frozen=True, slots=True)
class VlmRun(Generic[AnyRecipe]):
    """One run of a training.

    Attributes:
        out: its folder.
        accelerator: where it computes.
        recipe: of the folder where the run goes on, else what was asked for.
        saved: what its checkpoint held; None for a new run.
        marks: what each of its checkpoints says besides: of which records and which model it is.
        tell: takes lines; silent in all processes but the first.
    """

    out: Path
    accelerator: Accelerator
    recipe: AnyRecipe
    saved: Mapping[str, Any] | None
    marks: Mapping[str, Any]
    tell: Tell

    def train(
        self,
        task: StepTask,
        order: RecordOrder,
        examples: Any,
        collate: Callable[[Sequence[Any]], Any],
        *,
        steps: int,
        about: str,
        save: Callable[[Mapping[str, Any]], None],
        workers: int = 0,
        stop_after: int | None = None,
    ) -> None:
        """Step to the end of the schedule, or to `stop_after`.

        Args:
            task: what is trained.
            order: of the records.
            examples: a data set for torch's loader, which is asked for a `Draw`.
            collate: puts examples side by side.
            steps: of the whole schedule.
            about: what the records are; begins the first line told.
            save: writes the result; given what the checkpoint beside it holds.
            workers: processes that prepare pictures; 0 prepares them here.
        """
        where = self.accelerator
        run = StepRun(where, self.recipe, task, order.records, self.saved)
        self.tell(
            f"{about}; {run.trainable} numbers to learn; "
            f"{steps} steps of {self.recipe.batch} on {where.num_processes} x {where.device.type}"
        )
        stop = min(steps, stop_after or steps)
        mine = order.micro_batches(run.step, stop, where.process_index, where.num_processes)

        def keep(contents: dict[str, Any]) -> None:
            leave(self.out, {**self.marks, **contents})
            save(contents)

        run.run_to(stop, loaded(where, examples, mine, collate, workers), total=steps, save=keep, tell=self.tell)


def open_run(
    out: Path,
    recipe: AnyRecipe,
    accelerator: Accelerator,
    *,
    marks: Mapping[str, Any],
    trained_key: str,
    resume: bool,
    progress: Tell | None,
) -> VlmRun[AnyRecipe]:
    """Begin a run in a folder, or take up the one that is there.

    Args:
        recipe: for a new run; one that is taken up keeps its own.
        marks: "records" and "base": short names of the data and of the model, which must be what they were; and what else a
            checkpoint of this training holds at least.
        trained_key: name of what was trained, in its checkpoints.
        progress: told lines by the first process alone; None tells the log.

    Raises:
        DatasetError: there is a run already, or none to take up, or it is of another training, data or model.
    """
    saved = None
    if resume:
        own = frozenset((*marks, trained_key))
        recipe, saved = taken_up(out, type(recipe), own, records=marks["records"], base=marks["base"])
    elif accelerator.is_main_process:
        begin(out, recipe)
    return VlmRun(out, accelerator, recipe, saved, marks, teller(accelerator, progress))
