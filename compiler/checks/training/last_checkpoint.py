"""A checkpoint interval longer than the training leaves nothing to resume from.

Why: a job killed in its last minute would begin again at step 0.
Fix: lower training.checkpoint.every_steps below training.max_steps.
Source: transformers 5.23.0, Trainer saves where step % save_steps == 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM213", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the interval with the length, where that is given in steps."""
    training = experiment.training
    if training and training.max_steps and training.checkpoint.every_steps >= training.max_steps:
        yield Problem(
            "training.checkpoint.every_steps",
            f"the first checkpoint would come at step {training.checkpoint.every_steps} of {training.max_steps}",
            related=("training.max_steps",),
        )
