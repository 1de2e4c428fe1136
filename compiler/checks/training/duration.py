"""A training needs exactly one length: epochs, max_steps or max_tokens.

Why: with two, one of the two would be ignored; with neither, some library's default would decide what you pay.
Fix: give one of training.epochs, training.max_steps and training.max_tokens.
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
    given = [name for name in ("epochs", "max_steps", "max_tokens") if getattr(training, name) is not None]
    if not given:
        yield Problem("training", "training has no length", help="add `epochs: 1` or `max_steps: 1000`")
    for name in given[1:]:
        message = f"training has two lengths, {given[0]} and {name}"
        yield Problem(f"training.{name}", message, help="remove one of the two", related=(f"training.{given[0]}",))
