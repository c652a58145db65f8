"""`realtime-fer train`: make the weights that ship, and those of the published systems; one file a training."""

from __future__ import annotations

import click

from realtime_fer.commands.train.chain import chain_of_affect
from realtime_fer.commands.train.chain_tiny import chain_of_affect_tiny
from realtime_fer.commands.train.detector import detector
from realtime_fer.commands.train.emotion_gcn import emotion_gcn
from realtime_fer.commands.train.emotion_gcn_ferplus import emotion_gcn_ferplus
from realtime_fer.commands.train.exp_blip import exp_blip
from realtime_fer.commands.train.expllm import expllm
from realtime_fer.commands.train.face_lite import face_lite
from realtime_fer.commands.train.fmpn import fmpn


@click.group()
def train() -> None:
    """Train the shipped models (extra: train). The same command runs on a CPU and on a GPU."""


for _command in (
    chain_of_affect,
    chain_of_affect_tiny,
    detector,
    emotion_gcn,
    emotion_gcn_ferplus,
    exp_blip,
    expllm,
    face_lite,
    fmpn,
):
    train.add_command(_command)
