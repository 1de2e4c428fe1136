"""An evaluation every so many steps needs something to evaluate on.

Why: without data.eval there would be no evaluation at all, and nobody would be told.
Fix: add data.eval or data.eval_fraction, or remove what is asked for under training.evaluation.
Source: transformers 5.23.0, Trainer: eval_strategy without an eval_dataset raises only once the model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM206", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the wish to evaluate with the data."""
    training, data = experiment.training, experiment.data
    if training is None or not isinstance(data, TrainingData):
        return
    if data.eval is not None or data.eval_fraction is not None:
        return
    for name in ("every_steps", "generation"):
        if getattr(training.evaluation, name) is not None:
            message = "evaluation is asked for, but data.eval is not given"
            yield Problem(f"training.evaluation.{name}", message, related=("data",))
