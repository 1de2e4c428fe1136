"""An evaluation needs something to evaluate on, and answers need prompts.

Why: without evaluation data there would be no evaluation at all, and nobody would be told; text and tokens ask nothing
that a model could answer.
Fix: add data.eval or data.eval_fraction, or remove what is asked for under training.evaluation.
Source: transformers 5.23.0, Trainer: eval_strategy without an eval_dataset raises only once the model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData
from llmc.compiler.language.sections.training import Training

CODE, SEVERITY = "LLM206", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the wish to evaluate with the data."""
    training, data = experiment.training, experiment.data
    if training is None or not isinstance(data, TrainingData):
        return
    if data.eval is not None or data.eval_fraction is not None:
        yield from _unanswerable(training, data)
        return
    for name in ("every_steps", "generation"):
        if getattr(training.evaluation, name) is not None:
            message = "evaluation is asked for, but data.eval is not given"
            yield Problem(f"training.evaluation.{name}", message, related=("data",))


def _unanswerable(training: Training, data: TrainingData) -> Iterator[Problem]:
    if training.evaluation.generation is None:
        return
    rows = [("data.eval", data.eval)] if data.eval else data.splits()
    for key, split in rows:
        if split.format in ("text", "tokens"):
            message = f"answers are asked for, and the evaluation data are {split.format}"
            yield Problem("training.evaluation.generation", message, related=(f"{key}.format",))
            return
