"""The best checkpoint can only be kept if every checkpoint is evaluated.

Why: without an evaluation at its step, nobody knows how good a checkpoint is; the Trainer refuses to start.
Fix: evaluate every so many steps, and save at a multiple of that.
Source: transformers 5.23.0, training_args.py: load_best_model_at_end needs save_steps to be a multiple of eval_steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM288", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two intervals."""
    training = experiment.training
    if training is None or not training.checkpoint.keep_best:
        return
    every, saved = training.evaluation.every_steps, training.checkpoint.every_steps
    if every is None:
        yield Problem("training.checkpoint.keep_best", "the best checkpoint is asked for, and none is evaluated")
    elif saved % every:
        yield Problem(
            "training.checkpoint.every_steps",
            f"a checkpoint every {saved} steps, an evaluation every {every}: most checkpoints are not evaluated",
            help=f"save every {max(saved // every, 1) * every} steps",
            related=("training.evaluation.every_steps",),
        )
