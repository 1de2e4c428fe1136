"""A training needs exactly one length: epochs or max_steps.

Why: with both, one of the two would be ignored; with neither, some library's default would decide what you pay.
Fix: give training.epochs or training.max_steps.
Source: transformers 5.23.0, TrainingArguments: max_steps overrides num_train_epochs silently.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM202", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Count the lengths given."""
    training = experiment.training
    if training is None:
        return
    if training.epochs is None and training.max_steps is None:
        yield Problem("training", "training has no length", help="add `epochs: 1` or `max_steps: 1000`")
    if training.epochs is not None and training.max_steps is not None:
        yield Problem(
            "training.max_steps",
            "training has two lengths, epochs and max_steps",
            help="remove one of the two",
            related=("training.epochs",),
        )
