"""First words of `realtime-fer evaluate` that are commands of their own: what they ask for is something else."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

WORDS: Final = {
    "chain-of-affect": (
        "realtime_fer.commands.evaluate.chain:evaluate_chain_of_affect",
        "the vision-language chain, with options of its own",
    ),
    "expllm": ("realtime_fer.commands.evaluate.expllm:evaluate_expllm", "ExpLLM's labels, as published"),
    "exp-blip": ("realtime_fer.commands.evaluate.exp_blip:evaluate_exp_blip", "scores of Exp-BLIP's captions"),
    "folds": (
        "realtime_fer.commands.evaluate.folds:evaluate_folds",
        "one table of the reports of a cross-validation's folds",
    ),
}
"""Where each is, imported when it is asked for, and what the help says of it."""


class WithWords(click.Command):
    """`evaluate MODEL`, unless the first word is one of `WORDS`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if not args or args[0] not in WORDS:
            return super().make_context(info_name, args, parent, **extra)
        module, _, attribute = WORDS[args[0]][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Others"):
            for word, (_, what) in WORDS.items():
                formatter.write_text(f"{ctx.command_path} {word} --help: {what}")
