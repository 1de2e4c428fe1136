"""Streamed data have no known length, so epochs cannot be counted.

Why: the schedule needs the number of steps before the first one; the Trainer stops without it.
Fix: give training.max_steps or training.max_tokens instead of epochs.
Source: transformers 5.23.0, Trainer: max_steps has to be specified where the data loader has no length.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM284", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for epochs over a stream."""
    data, training = experiment.data, experiment.training
    if isinstance(data, TrainingData) and data.streaming and training and training.epochs is not None:
        yield Problem("training.epochs", "epochs of data that are streamed", related=("data.streaming",))
