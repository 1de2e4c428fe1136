"""An evaluation every so many steps needs something to evaluate on.

Why: without data.eval there would be no evaluation at all, and nobody would be told.
Fix: add data.eval, or remove training.evaluation.every_steps.
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
    if training.evaluation.every_steps is not None and data.eval is None:
        yield Problem(
            "training.evaluation.every_steps", "evaluation is asked for, but data.eval is not given", related=("data",)
        )
