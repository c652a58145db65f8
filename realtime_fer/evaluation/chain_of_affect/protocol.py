"""The two published tests of Chain-of-Affect on RAF-DB: which pictures, how they are asked about, and what counts as right.

- `raf-db-basic`: the first question; right where the answer is the label, in upper or lower case.
- `raf-db-compound`: both questions; right where the two answers are the two emotions of the label, in either order, letter by
  letter. A first answer that is no label is pasted into the second question as it came. After "Neutral" the second question
  is left out here: the published test asks it, but no compound holds Neutral, so that the picture is lost either way.

Answers are stripped of white space and nothing else.

Source: finetune_lora_vision_all_ft_only.ipynb of Joe-Shin/Chain-of-Affect-Compound-FER. It prints recalls; their mean is the
README's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from realtime_fer.datasets.chain_records import ChainRecord
from realtime_fer.errors import DatasetError
from realtime_fer.reasoning.chain_of_affect.answer_label import Matching, answer_label
from realtime_fer.reasoning.chain_of_affect.chain import ChainRules, ask_chain
from realtime_fer.reasoning.chain_of_affect.compound_labels import (
    BASIC_LABELS,
    COMPOUND_PAIRS,
    CompoundKind,
    compound_label,
)
from realtime_fer.reasoning.chain_of_affect.label_set import NEUTRAL
from realtime_fer.reasoning.chain_of_affect.model import Picture
from realtime_fer.reasoning.chain_of_affect.prompts import FIRST_QUESTION
from realtime_fer.reasoning.chain_of_affect.variants import NOTEBOOK_BASIC, NOTEBOOK_COMPOUND, ChainVariant

NO_LABEL: Final = "no label"
"""Where an answer is none of the seven."""
ONE_EMOTION: Final = "one emotion"
UNNAMED_PAIR: Final = "unnamed pair"


@dataclass(frozen=True, slots=True)
class ChainCase:
    """One picture of a test, with its true class."""

    image: str
    truth: str


@dataclass(frozen=True, slots=True)
class ChainAnswers:
    """What a model said about one picture, stripped; `second` is None where it was not asked."""

    first: str
    second: str | None = None


@dataclass(frozen=True, slots=True)
class ChainProtocol:
    """One of the two tests.

    Attributes:
        name: what the command line says.
        classes: true classes, in RAF-DB's order.
        others: what else an answer may amount to; always wrong.
        variant: how the published test asks.
        compound: both questions are asked.
    """

    name: str
    classes: tuple[str, ...]
    others: tuple[str, ...]
    variant: ChainVariant
    compound: bool

    @property
    def matching(self) -> Matching:
        """How strictly answers are read."""
        return Matching.EXACT if self.compound else Matching.IGNORE_CASE

    def ask(self, picture: Picture, variant: ChainVariant) -> ChainAnswers:
        """Ask about one picture as the test does."""
        if not self.compound:
            return ChainAnswers(picture.ask(variant.first_question, BASIC_LABELS).text)
        result = ask_chain(picture, ChainRules(first_question=variant.first_question, matching=self.matching))
        return ChainAnswers(result.first.text, None if result.second is None else result.second.text)

    def outcome(self, answers: ChainAnswers) -> str:
        """What answers amount to: one of `classes` or `others`."""
        first = answer_label(answers.first, self.matching)
        if not self.compound:
            return first or NO_LABEL
        second = NEUTRAL if answers.second is None else answer_label(answers.second, self.matching)
        both = compound_label(first, second)
        if both.kind is CompoundKind.COMPOUND:
            return str(both.name)
        return {
            CompoundKind.NEUTRAL: NEUTRAL,
            CompoundKind.SINGLE: ONE_EMOTION,
            CompoundKind.MIXED: UNNAMED_PAIR,
            CompoundKind.UNKNOWN: NO_LABEL,
        }[both.kind]

    def cases(self, records: Sequence[ChainRecord], what: str) -> list[ChainCase]:
        """The pictures of this test among the records of a file, each once, in its order.

        Args:
            what: the file, for errors.

        Raises:
            DatasetError: there is none, or records contradict each other.
        """
        truths: dict[str, str] = {}
        for index, record in enumerate(records):
            where = f"{what}: record {index} (id {record.record_id})"
            if record.primary is None and not self.compound and record.question != FIRST_QUESTION:
                raise DatasetError(f"{where}: expected the published question, found {record.question[:60]!r}")
            if (record.primary is not None) is not self.compound:
                continue
            truth = _compound(record, where) if self.compound else record.answer
            if truths.setdefault(record.image, truth) != truth:
                raise DatasetError(f"{where}: {record.image} is {truth} here and {truths[record.image]} before")
        if not truths:
            kind = "second" if self.compound else "first"
            raise DatasetError(f"{what}: expected {kind} questions for {self.name}, found none among {len(records)} records")
        return [ChainCase(image, truth) for image, truth in truths.items()]


RAF_DB_BASIC: Final = ChainProtocol("raf-db-basic", BASIC_LABELS, (NO_LABEL,), NOTEBOOK_BASIC, compound=False)
RAF_DB_COMPOUND: Final = ChainProtocol(
    "raf-db-compound",
    tuple(COMPOUND_PAIRS),
    (NEUTRAL, ONE_EMOTION, UNNAMED_PAIR, NO_LABEL),
    NOTEBOOK_COMPOUND,
    compound=True,
)

PROTOCOLS: Final = {protocol.name: protocol for protocol in (RAF_DB_BASIC, RAF_DB_COMPOUND)}


def _compound(record: ChainRecord, where: str) -> str:
    label = compound_label(record.primary, record.answer)
    if label.kind is not CompoundKind.COMPOUND or label.name is None:
        raise DatasetError(
            f"{where}: {record.primary} and {record.answer} are no compound of RAF-DB; expected one of its eleven pairs"
        )
    return label.name
