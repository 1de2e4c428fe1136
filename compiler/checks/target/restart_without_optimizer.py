"""A job that may be started again must save the optimizer's state.

Why: a run cannot be continued without it; the restart would fail, or forget what the optimizer had learned.
Fix: leave save_optimizer out, or allow no restart on the target: no spot, retries or requeue.
Source: deepspeed 0.19.8, runtime/engine.py: load_checkpoint reads the optimizer's files beside the model's.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes, SageMaker, Slurm, Target

CODE, SEVERITY = "LLM457", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every target's reasons for a restart where only the weights are saved."""
    if experiment.training is None or experiment.training.checkpoint.save_optimizer:
        return
    for name, target in experiment.targets.items():
        key = _restarts(target)
        if key:
            yield Problem(
                "training.checkpoint.save_optimizer",
                f"target '{name}' may start the job again, by {key}",
                related=(f"targets.{name}.{key}",),
            )


def _restarts(target: Target) -> str | None:
    """The key by which a target starts a job again."""
    if isinstance(target, SageMaker) and target.spot:
        return "spot"
    if isinstance(target, SageMaker | Kubernetes) and target.retries:
        return "retries"
    return "requeue" if isinstance(target, Slurm) and target.requeue else None
