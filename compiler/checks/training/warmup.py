"""A warm-up is given once, and ends before the training does, or before its decay begins.

Why: of two warm-ups one would be ignored; one as long as the training never reaches the learning rate asked for.
Fix: give scheduler.warmup_steps or scheduler.warmup_ratio, less than the whole.
Source: DeepSpeed 0.19.8 accepts total_num_steps < warmup_num_steps silently; transformers 5.23.0 does the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.training import Training

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
    yield from _overlap(training)


def _overlap(training: Training) -> Iterator[Problem]:
    """Compare the warm-up with the decay, where the schedule has one."""
    schedule, decay = training.scheduler, training.scheduler.decay_ratio or 0
    share = schedule.warmup_ratio or 0
    if schedule.warmup_steps and training.max_steps:
        share = schedule.warmup_steps / training.max_steps
    if share < 1 < round(share + decay, 9):
        key = "warmup_steps" if schedule.warmup_steps else "warmup_ratio"
        yield Problem(
            "training.scheduler.decay_ratio",
            f"the warm-up takes {share:.0%} of all steps and the decay {decay:.0%}",
            help="make them smaller, so that some steps are left at the peak",
            why="the rate would begin to fall before it has risen",
            related=(f"training.scheduler.{key}",),
        )
