"""A warm-up is given once, and ends before the training does.

Why: of two warm-ups one would be ignored; one as long as the training never reaches the learning rate asked for.
Fix: give scheduler.warmup_steps or scheduler.warmup_ratio, less than the whole.
Source: DeepSpeed 0.19.8 accepts total_num_steps < warmup_num_steps silently; transformers 5.23.0 does the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM204", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the warm-ups with each other and with the length."""
    training = experiment.training
    if training is None:
        return
    steps, ratio = training.scheduler.warmup_steps, training.scheduler.warmup_ratio
    if steps is not None and ratio is not None:
        yield Problem(
            "training.scheduler.warmup_ratio",
            "two warm-ups, warmup_steps and warmup_ratio",
            help="remove one of the two",
            related=("training.scheduler.warmup_steps",),
        )
    if steps and training.max_steps and steps >= training.max_steps:
        yield Problem(
            "training.scheduler.warmup_steps",
            f"a warm-up of {steps} steps never ends in a training of {training.max_steps}",
            related=("training.max_steps",),
        )
    if ratio == 1:
        yield Problem("training.scheduler.warmup_ratio", "a warm-up over all steps never ends")
