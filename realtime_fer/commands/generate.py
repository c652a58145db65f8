"""`realtime-fer generate`: training records made by a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from realtime_fer.networks.expllm.prompts import LABELS

_FOLDER = click.Path(path_type=Path)
_PRICE = click.FloatRange(0)

RESERVED = frozenset({"model", "messages", "stream", "n"})


def _json_object(_context: click.Context, _option: click.Parameter, value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"expected a JSON object, found {value!r}") from error
    if not isinstance(found, dict) or RESERVED & found.keys():
        raise click.BadParameter(f"expected a JSON object without {', '.join(sorted(RESERVED))}, found {value!r}")
    return found


@click.group()
def generate() -> None:
    """Have training records made by a model."""


@generate.command(name="chain-of-thought")
@click.option(
    "--labels-file",
    type=_FOLDER,
    required=True,
    help="JSON list of faces: file_name, emo, and au (24 intensities) or facs (units of FACS).",
)
@click.option("--base-url", required=True, help="Of the server, what stands before /chat/completions.")
@click.option("--model", required=True, help="Its name on the server.")
@click.option(
    "--out",
    type=_FOLDER,
    default=Path("runs/chain-of-thought"),
    show_default=True,
    help="Answers so far, records, rejected faces, counts. The same command goes on where it was stopped.",
)
@click.option(
    "--label", "labels", type=click.Choice(LABELS), multiple=True, help="To choose among; may be repeated.  [default: all]"
)
@click.option("--attempts", type=click.IntRange(1), default=3, show_default=True, help="Descriptions of a face, at most.")
@click.option("--parallel", type=click.IntRange(1), default=4, show_default=True, help="Faces worked on at a time.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many faces.")
@click.option(
    "--active-above",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Share of the full intensity up to which an action does not count as there.",
)
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True, help="Of descriptions.")
@click.option("--max-tokens", type=click.IntRange(1), default=600, show_default=True, help="Of an answer.")
@click.option(
    "--extra-body",
    default="{}",
    callback=_json_object,
    help='More fields of each request, as JSON; null leaves one out: {"max_tokens": null, "max_completion_tokens": 2000}.',
)
@click.option("--api-key-env", default="OPENAI_API_KEY", show_default=True, help="Environment variable with the key.")
@click.option("--send-key-unencrypted", is_flag=True, help="Allow a key over http:// to another machine.")
@click.option("--timeout-s", type=click.FloatRange(0, min_open=True), default=120.0, show_default=True, help="For one attempt.")
@click.option("--retries", type=click.IntRange(0), default=8, show_default=True, help="For lost connections and rate limits.")
@click.option(
    "--deadline-s", type=click.FloatRange(0, min_open=True), default=600.0, show_default=True, help="For one question."
)
@click.option("--prompt-price", type=_PRICE, help="Of a million tokens asked, to tell the cost.")
@click.option("--completion-price", type=_PRICE, help="Of a million tokens answered.")
def chain_of_thought(
    labels_file: Path,
    base_url: str,
    model: str,
    out: Path,
    labels: tuple[str, ...],
    attempts: int,
    parallel: int,
    limit: int | None,
    active_above: float,
    temperature: float,
    max_tokens: int,
    extra_body: dict[str, Any],
    api_key_env: str,
    send_key_unencrypted: bool,
    timeout_s: float,
    retries: int,
    deadline_s: float,
    prompt_price: float | None,
    completion_price: float | None,
) -> None:
    """Descriptions of faces for `train expllm`, by any OpenAI-compatible model, from action-unit labels.

    Pictures are not sent, only what the labels say.
    """
    from realtime_fer.clock import SystemClock
    from realtime_fer.training.expllm.chain_of_thought.asking import Form
    from realtime_fer.training.expllm.chain_of_thought.face_actions import read_face_actions
    from realtime_fer.training.expllm.chain_of_thought.run import RECORDS_FILE, REJECTED_FILE, Prices, generate_descriptions
    from realtime_fer.training.expllm.chain_of_thought.server import server_client

    clock = SystemClock()
    faces = read_face_actions(labels_file, active_above)[:limit]
    summary = generate_descriptions(
        faces,
        out,
        lambda: server_client(
            base_url,
            clock,
            api_key_env=api_key_env or None,
            send_key_unencrypted=send_key_unencrypted,
            timeout_s=timeout_s,
            retries=retries,
        ),
        Form(model, temperature, max_tokens, extra_body),
        labels=labels or LABELS,
        attempts=attempts,
        parallel=parallel,
        deadline_s=deadline_s,
        prices=Prices(prompt_price, completion_price),
        progress=click.echo,
    )
    accepted = f"{summary['accepted']} of {summary['faces']} faces"
    if summary["accepted"]:
        click.echo(f"{out / RECORDS_FILE}: {accepted}; list it for realtime-fer train expllm --data")
    else:
        click.echo(f"{out / REJECTED_FILE}: says what was wrong with each description; accepted: {accepted}")
