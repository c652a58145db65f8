from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from realtime_fer.networks.expllm.answer import Sections, label_of, sections_of

FORMS = [
    "**Key Observations:** Eyes closed.\n\n**Overall Emotional Interpretation:** Calm.\n\n**Conclusion:** Neutral.",
    "**Key Observations:**  \nEyes closed.\n\n**Overall Emotional Interpretation:**\nCalm.\n\n**Conclusion:**\nNeutral.",
    "**Key Observations**: Eyes closed.\n\n**Emotional Interpretation**: Calm.\n\n**Conclusion**: Neutral.",
    "**Key Observations**\nEyes closed.\n\n**Overall Emotional Interpretation**\nCalm.\n\n**Conclusion**\nNeutral.",
    "Key Observations: Eyes closed.\n\nOverall Emotional Interpretation: Calm.\n\nConclusion: Neutral.",
    "### Key Observations\nEyes closed.\n\n### Overall Emotional Interpretation\nCalm.\n\n### Conclusion\nNeutral.",
    "Key Observations\nEyes closed.\n\nEmotional interpretation\nCalm.\n\nCONCLUSION\nNeutral.",
]


@pytest.mark.parametrize("description", FORMS)
def test_every_spelling_of_the_headings(description: str) -> None:
    assert sections_of(description) == Sections("Eyes closed.", "Calm.", "Neutral.")


@pytest.mark.parametrize(
    "description",
    [
        "",
        "The eyes are closed. Conclusion: Neutral.",
        "**Key Observations:** Eyes closed.\n\n**Conclusion:** Neutral.",
        "**Conclusion:** Neutral.\n\n**Key Observations:** Eyes.\n\n**Overall Emotional Interpretation:** Calm.",
        "Key Observations: a\n\nOverall Emotional Interpretation: b\n\nConclusion drawn from it all",
    ],
)
def test_other_texts_have_no_parts(description: str) -> None:
    assert sections_of(description) is None


def test_a_label_is_the_whole_answer() -> None:
    assert label_of(" Contempt\n") == "Contempt"
    assert [label_of(answer) for answer in ("fear", "Neutral.", "", "Sad", "Happiness Sadness")] == [None] * 5


@pytest.mark.shared_data
def test_published_descriptions_split() -> None:
    data = Path(os.environ.get("REALTIME_FER_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (data / "expllm").is_dir():
        pytest.skip(f"{data}: no descriptions")
    records = json.loads((data / "expllm" / "sample_records.json").read_text(encoding="utf-8"))
    parts = [sections_of(record["description"]) for record in records]
    assert all(part is not None and all(part) for part in parts)
